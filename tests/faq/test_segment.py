"""The tokenizer: one spelling, whole terms, nothing but words."""

from datetime import date

import pytest

from faq import segment
from faq.index import TRAINING
from faq.tables import rows


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("工资工资！！！！！", "工资工资!!"),
        ("欠\u200b钱\ufeff不还", "欠钱不还"),
        ("我是〔姓名〕的邻居", "我是 的邻居"),
        ("  咋办  ", "咋办"),
        ("老闆拖欠工資，離婚彩禮要退嗎", "老板拖欠工资,离婚彩礼要退吗"),
    ],
)
def test_one_spelling(typed, plain):
    assert segment.normalise(typed) == plain


@pytest.mark.parametrize(
    ("said", "standard"),
    [
        ("俺家娃16岁被打了咋整", "我家孩子十六岁被打了怎么办"),
        ("佢唔肯俾錢", "他不肯给钱"),
        ("娃娃亲算数不", "娃娃亲算数不"),  # the longest is read first
        ("2024年3月5日借了3000块", "2024年三月五日借了3000块"),
        ("车牌粤b12345 重1.5吨 3-8月", "车牌粤b12345 重1.5吨 3-8月"),
    ],
)
def test_dialect_and_small_numbers_are_read_in_standard_words(said, standard):
    assert segment.standard(said) == standard


def test_every_dialect_word_is_listed_once_and_normalised():
    said = [word for word, _ in rows(segment.DIALECT)]
    assert len(said) == len(set(said)) > 100
    assert [w for w in said if segment.normalise(w) != w] == []


@pytest.mark.parametrize("term", ["人身安全保护令", "宅基地", "包工头", "外嫁女", "法律援助", "劳动仲裁", "承包经营权"])
def test_terms_of_the_user_dictionary_stay_whole(term):
    assert term in segment.words(f"我想问{term}怎么弄")


def test_stop_words_and_punctuation_go():
    assert segment.words("请问，怎么办？？？") == []


def test_characters_are_one_run():
    assert segment.characters("欠 我 3000 元！") == "欠我3000元"


def test_empty_text_has_no_words():
    assert segment.words("") == []
    assert segment.words("😀，。") == []


def test_both_tokenizers_cut_alike_all_that_we_have(library):
    """Statutes, the library and the training texts: the fast one may run because there is no difference at all."""
    pytest.importorskip("rjieba")
    training = [row[0] for path in sorted(TRAINING.glob("*.tsv")) for row in rows(path)]
    asked = [q for e in library.entries() for q in e.questions]
    told = [" ".join([e.title, e.answer, *e.steps, e.aloud]) for e in library.entries()]
    articles = [a.text for a in library.articles(date(2026, 11, 22))]
    slow, fast = segment.reference(), segment.fast()
    texts = {segment.plain(t) for t in [*training, *asked, *told, *articles]}
    assert len(texts) > 40_000
    assert [t for t in texts if list(slow.cut(t)) != list(fast.cut(t))] == []


@pytest.mark.parametrize(("text", "parted"), [("3-8月", "3 8月"), ("重1.5kg", "重1.5 kg"), ("cd-2 5g", "cd 2 5g")])
def test_numbers_are_parted_from_what_is_joined_to_them(text, parted):
    assert segment.plain(text) == parted
