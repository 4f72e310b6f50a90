"""Corpora of three layouts become statutes that know when they hold."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from knowledge.citation import ArticleRef
from knowledge.statutes import from_jsonl, from_markdown
from knowledge.texts import TextError

MARKDOWN = """# 演示养蜂条例

2020年1月2日 某某会议通过

2021年3月4日 修正

<!-- INFO END -->

## 第一章 总则

第一条　为了演示，制定本条例。

第二条 养蜂人应当：

（一）看好蜂箱；

（二）爱护邻里。

## 第二章 附则

第二条之一 蜂箱离路三米。
"""


def test_markdown_in_the_layout_of_lawrefbook(tmp_path):
    (tmp_path / "行政法规").mkdir()
    (tmp_path / "行政法规" / "演示养蜂条例(2021-03-04).md").write_text(MARKDOWN, encoding="utf-8")
    (statute,) = from_markdown(tmp_path)
    assert (statute.law, statute.version, statute.level) == ("演示养蜂条例", date(2021, 3, 4), "行政法规")
    assert [(a.number, a.chapter) for a in statute.articles] == [
        ("1", "第一章 总则"), ("2", "第一章 总则"), ("2之一", "第二章 附则"),
    ]
    assert statute.articles[1].text == "养蜂人应当：\n（一）看好蜂箱；\n（二）爱护邻里。"


def test_markdown_without_a_date_in_its_name_takes_the_newest_of_its_history(tmp_path):
    (tmp_path / "演示养蜂条例.md").write_text(MARKDOWN, encoding="utf-8")
    assert next(from_markdown(tmp_path)).version == date(2021, 3, 4)


@pytest.mark.parametrize("zipped", [False, True])
def test_jsonl_takes_the_newest_version_and_leaves_known_laws(tmp_path, zipped):
    rows = [
        {"category": "条例", "law": "工伤保险条例", "version": v, "article": "第十四条", "chapter": "", "text": f"第十四条 {v}"}
        for v in ("2003-04-27", "2010-12-20")
    ] + [{"category": "法律", "law": "民法典", "version": "2020-05-28", "article": "第一条", "chapter": "", "text": "为了"}]
    text = "\n".join(json.dumps(r, ensure_ascii=False) for r in rows)
    path = tmp_path / ("a.jsonl.gz" if zipped else "a.jsonl")
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    (statute,) = from_jsonl(path, frozenset({"中华人民共和国民法典"}))
    assert statute.version == date(2010, 12, 20)
    assert statute.articles[0].text == "2010-12-20"


def test_a_broken_line_is_named(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"law": "甲法", "version": null, "article": "第一条", "text": "一"}\n{坏\n', encoding="utf-8")
    with pytest.raises(TextError, match="第 2 行"):
        list(from_jsonl(path))


DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("law", "day", "version"),
    [
        ("治安管理处罚法", date(2026, 1, 1), date(2025, 6, 27)),
        ("仲裁法", date(2026, 2, 28), date(2017, 9, 1)),
        ("仲裁法", date(2026, 3, 1), date(2025, 9, 12)),
        ("农村集体经济组织法", DAY, date(2024, 6, 28)),
        ("公司法", DAY, date(2023, 12, 29)),
        ("农村土地承包法", DAY, date(2018, 12, 29)),
        ("村民委员会组织法", date(2026, 1, 1), date(2025, 10, 28)),
        ("农业法", DAY, date(2012, 12, 28)),
        ("农业法", date(2027, 1, 1), date(2026, 8, 28)),
    ],
)
def test_a_law_is_read_in_the_version_of_the_day(library, law, day, version):
    article = library.article(ArticleRef(library.resolve(law) or f"中华人民共和国{law}", "1"), day)
    assert article is not None
    assert article.version == version


@pytest.mark.parametrize(
    ("law", "day"),
    [
        ("噪声污染防治法", DAY),  # replaced by 生态环境法典 on 2026-08-15
        ("医疗保障法", DAY),  # in force on 2027-01-01 only
        ("民事诉讼法", date(2023, 12, 31)),  # this version since 2024-01-01
        ("村民委员会组织法", date(2025, 12, 31)),
    ],
)
def test_what_is_not_in_force_is_not_shown(library, law, day):
    assert library.article(ArticleRef(f"中华人民共和国{law}", "1"), day) is None


def test_the_corpus_is_all_there(library):
    counts = library.counts()
    assert counts["statute"] >= 320  # those whose text is in articles
    assert counts["article"] >= 25_000


def test_full_text_search_finds_two_character_words(library):
    found = library.full_text(["拖欠", "劳动报酬"], 10)
    assert any(ref.law == "中华人民共和国劳动法" or ref.law == "中华人民共和国劳动合同法" for ref, _ in found)
