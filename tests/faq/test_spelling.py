"""Words of the same sound."""

import pytest

from faq.spelling import COST, COST_ALIKE, Spelling


@pytest.fixture(scope="module")
def spelling(index_dir):
    return Spelling(index_dir)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("老板不发公资怎么办", "老板不发工资怎么办"),
        ("去发院告他要带啥", "去法院告他要带啥"),
        ("被派出锁叫去了", "被派出所叫去了"),
        ("叛决书下来了他不给钱", "判决书下来了他不给钱"),
    ],
)
def test_a_word_of_the_same_sound_is_read_as_what_was_meant(spelling, typed, meant):
    assert spelling.read(typed)[0] == meant


@pytest.mark.parametrize("text", ["老板拖欠工资，没签合同", "他家的狗咬了我家的羊", "彩礼八万八能退吗", "", "abc 123", "。。。"])
def test_what_is_written_well_stays(spelling, text):
    assert spelling.read(text) == (text, ())


def test_a_correction_says_what_it_gains_above_its_cost(spelling):
    text, (correction,) = spelling.read("仲才委的人说不管")
    assert text == "仲裁委的人说不管"
    assert correction.written in "仲才委"
    assert correction.meant in "仲裁委"
    assert correction.gain > 0
    assert COST < COST_ALIKE


def test_ordinary_questions_are_seldom_changed(spelling, golden):
    lines = (golden / "questions.tsv").read_text(encoding="utf-8").splitlines()[1:]
    changed = [line for line in lines if spelling.read(line.split("\t")[0])[1]]
    assert 0 < len(changed) < 0.05 * len(lines)


def test_the_search_reads_what_was_meant_and_says_the_text_as_it_was(retriever):
    found = retriever.search("老板不发公资怎么办")
    assert found.question == "老板不发公资怎么办"
    assert found.hits[0].matter == "labour.wages.arrears"
    assert [c.meant for c in retriever.corrections("老板不发公资怎么办")] == ["工资"]
