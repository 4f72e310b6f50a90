"""Citations are read as people write them, and written as people read them."""

import pytest

from knowledge.citation import ArticleRef, article_key, find, number, numeral, parse


@pytest.mark.parametrize(
    ("text", "law", "article", "paragraph", "item"),
    [
        ("民法典 1079", "民法典", "1079", None, None),
        ("《中华人民共和国民法典》第一千零七十九条第三款第（二）项", "中华人民共和国民法典", "1079", 3, 2),
        ("刑法第一百三十三条之一", "刑法", "133之一", None, None),
        ("刑法 133之一", "刑法", "133之一", None, None),
        ("劳动合同法第30条第1款", "劳动合同法", "30", 1, None),
        ("《公司法》第十条。", "公司法", "10", None, None),
    ],
)
def test_one_citation_is_read(text, law, article, paragraph, item):
    assert parse(text) == ArticleRef(law, article, paragraph, item)


@pytest.mark.parametrize("text", ["", "民法典", "1079", "第十条", "今天天气好"])
def test_what_is_no_citation_is_none(text):
    assert parse(text) is None


def test_every_citation_of_a_running_text_is_found():
    text = "依据《民法典》第十条、《刑法》第一百三十三条之一，还有《劳动法》第四十四条第（三）项。"
    assert [str(r) for r in find(text)] == ["《民法典》第10条", "《刑法》第133条之一", "《劳动法》第44条第3项"]


def test_numerals_go_both_ways():
    assert [number(numeral(n)) for n in range(1, 2000)] == list(range(1, 2000))
    assert (numeral(10), numeral(101), numeral(1010), numeral(1242)) == ("十", "一百零一", "一千零一十", "一千二百四十二")


def test_article_headings():
    assert article_key("第一百二十条之一") == "120之一"
    assert article_key("第十七条") == "17"
    assert article_key("第一章") is None
