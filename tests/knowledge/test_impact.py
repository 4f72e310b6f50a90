"""A law changes: what is touched, and what was the law on an earlier day."""

import json
import shutil
from datetime import date

import pytest

from knowledge import impact
from knowledge.build import CONTENT, Sources, build
from knowledge.citation import ArticleRef
from knowledge.library import Library, Reference
from knowledge.texts import TextError

OLD = {
    "第一条": "养犬应当依法登记。",
    "第二条": "犬只伤人的，饲养人应当立即送医，并依法承担赔偿责任。",
    "第三条": "饲养人应当每年给犬只接种狂犬病疫苗。",
    "第四条": "本法自2020年1月1日起施行。",
}
NEW = {
    "第一条": "养犬应当依法登记。",
    "第二条": "饲养人应当每年给犬只接种狂犬病疫苗。",
    "第三条": "犬只伤人的，饲养人应当在一小时内送医，先行垫付医药费，并依法承担赔偿责任。",
    "第四条": "遛犬应当牵绳。",
    "第五条": "本法自2027年3月1日起施行。",
}
ENTRY = """
matter: tort.animal
entries:
  - id: tort.animal.{slug}
    title: 狗咬人了
    questions: [{slug}狗咬人, {slug}被狗咬了怎么办, {slug}邻居的狗咬我, {slug}狗咬了谁赔, {slug}狗咬伤人了]
    answer: 狗的主人要马上送医，并且要赔。
    steps: [先去打针。, 再找狗的主人要钱。]
    papers: [病历]
    where: [派出所]
    refs:
      - {{law: 养犬法, article: "{article}", says: 犬只伤人的应当依法承担赔偿责任}}
    aloud: 被狗咬了先去打针，留好病历，再找狗的主人赔医药费，谈不拢找村里调解。
    valid_from: 2020-01-01
    author: farun
    status: drafted
    reviewed_on: null
    review_due: 2027-05-31
"""
TODAY = date(2026, 11, 22)


def corpus(path, version, articles, law="养犬法"):
    rows = [{"law": law, "version": version, "category": "法律", "chapter": "", "article": n, "text": t} for n, t in articles.items()]
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return path


@pytest.fixture
def shelf(tmp_path):
    content = tmp_path / "content"
    for name in ("cases", "notices", "materials", "directory"):
        (content / name).mkdir(parents=True)
        shutil.copy(sorted((CONTENT / name).glob("*.yaml"))[0], content / name)
    for name in ("matters.yaml", "hotlines.yaml", "terms.yaml"):
        shutil.copy(CONTENT / name, content)
    entries = tmp_path / "entries"
    entries.mkdir()
    for slug, article in (("bite", "2"), ("register", "1"), ("vaccine", "3")):
        (entries / f"{slug}.yaml").write_text(ENTRY.format(slug=slug, article=article), encoding="utf-8")
    base = corpus(tmp_path / "base.jsonl", "2019-06-01", OLD)

    def bake(*newer):
        target = tmp_path / f"{len(newer)}.db"
        build(Sources((base,), entries, newer, content), target, str.split)
        return Library(target)

    return bake


def test_a_new_version_touches_what_reads_otherwise_and_nothing_else(shelf, tmp_path):
    found = impact.touched(shelf(), shelf(corpus(tmp_path / "new.jsonl", "2026-11-01", NEW)), TODAY)
    by_article = {t.ref.article: t for t in found}
    assert set(by_article) == {"2", "3"}
    bite = by_article["2"]
    assert bite.since == date(2027, 3, 1)  # the day that the law itself names
    assert bite.cited_by == ("tort.animal.bite",)
    assert "- 犬只伤人的，饲养人应当立即送医，并依法承担赔偿责任。" in bite.diff()
    assert bite.moved is None
    assert by_article["3"].moved.ref == ArticleRef("养犬法", "2")  # the same rule under another number


def test_the_same_text_again_touches_nothing(shelf, tmp_path):
    same = {**OLD, "第四条": "本法自2020年1月1日起施行。"}
    assert impact.touched(shelf(), shelf(corpus(tmp_path / "new.jsonl", "2026-11-01", same)), TODAY) == []


def test_an_older_version_does_not_push_out_the_newer_one(shelf, tmp_path):
    new = shelf(corpus(tmp_path / "old.jsonl", "2015-01-01", NEW))
    assert new.article(ArticleRef("养犬法", "2"), TODAY).text == OLD["第二条"]


def test_a_part_of_a_law_is_refused(shelf, tmp_path):
    part = corpus(tmp_path / "part.jsonl", "2026-11-01", {"第二条": "改了。"})
    with pytest.raises(TextError, match="要整部法律"):
        shelf(part)


def test_both_versions_stay_and_each_day_has_its_own(shelf, tmp_path):
    new = shelf(corpus(tmp_path / "new.jsonl", "2026-11-01", NEW))
    ref = ArticleRef("养犬法", "2")
    assert new.article(ref, date(2027, 2, 28)).text == OLD["第二条"]
    assert new.article(ref, date(2027, 3, 1)).text == NEW["第二条"]


def test_a_question_about_an_earlier_day_gets_the_rule_of_that_day(shelf, tmp_path):
    new = shelf(corpus(tmp_path / "new.jsonl", "2026-11-01", NEW))
    refs = [Reference(ArticleRef("养犬法", "3"), "犬只伤人的赔偿")]
    (change,) = new.changes(refs, date(2026, 5, 1), date(2027, 6, 1))
    assert change.since == date(2027, 3, 1)
    assert change.then.ref.article == "2"
    assert new.changes(refs, date(2027, 4, 1), date(2027, 6, 1)) == ()
    (before_any,) = new.changes(refs, date(2018, 1, 1), date(2027, 6, 1))
    assert before_any.then is None


def test_an_older_version_fills_the_time_before(shelf, tmp_path):
    earlier = {**OLD, "第二条": "犬只伤人的，饲养人应当赔偿医药费。", "第四条": "本法自2010年1月1日起施行。"}
    old = corpus(tmp_path / "old.jsonl", "2009-10-01", earlier)
    library = shelf(old)
    ref = ArticleRef("养犬法", "2")
    assert library.article(ref, date(2015, 5, 1)).text == earlier["第二条"]
    assert library.article(ref, TODAY).text == OLD["第二条"]
    assert impact.touched(shelf(), library, TODAY) == []
    refs = [Reference(ref, "犬只伤人的赔偿")]
    (change,) = library.changes(refs, date(2015, 5, 1), TODAY)
    assert (change.since, change.then.text) == (date(2020, 1, 1), earlier["第二条"])
