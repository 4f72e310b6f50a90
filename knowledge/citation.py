"""《民法典》第一千零七十九条 <-> ArticleRef."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NATION = "中华人民共和国"
_DIGITS = "零一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = r"[零〇一二两三四五六七八九十百千]+|\d+"
_CITATION = re.compile(
    rf"(?:《(?P<law>[^《》]{{2,60}})》|(?P<bare>[\u4e00-\u9fff（）]{{2,40}}?))\s*第?\s*(?P<article>{_NUMERAL})\s*条?"
    rf"(?:之(?P<inserted>[一二三四五六七八九十]+))?(?:\s*第\s*(?P<paragraph>{_NUMERAL})\s*款)?(?:\s*第\s*[（(]?(?P<item>{_NUMERAL})[）)]?\s*项)?"
)


@dataclass(frozen=True, slots=True, order=True)
class ArticleRef:
    """One article of one law. `law` is the full official name; `article` is digits, an inserted one "120之一"."""

    law: str
    article: str
    paragraph: int | None = None
    item: int | None = None

    @property
    def short_law(self) -> str:
        return self.law.removeprefix(NATION)

    def __str__(self) -> str:
        """As a villager reads it: 《民法典》第1079条第3款."""
        base, _, inserted = self.article.partition("之")
        tail = f"之{inserted}" if inserted else ""
        paragraph = f"第{self.paragraph}款" if self.paragraph else ""
        item = f"第{self.item}项" if self.item else ""
        return f"《{self.short_law}》第{base}条{tail}{paragraph}{item}"


def parse(text: str) -> ArticleRef | None:
    """The one citation that `text` is, with or without 《》; the law's name is as written. None when it is none."""
    match = _CITATION.fullmatch(text.strip().rstrip("。"))
    return _ref(match) if match else None


def find(text: str) -> Iterator[ArticleRef]:
    """Every citation with book-title marks in a running text, in order."""
    for match in _CITATION.finditer(text):
        if match["law"]:
            yield _ref(match)


def _ref(match: re.Match[str]) -> ArticleRef:
    article = str(number(match["article"])) + (f"之{match['inserted']}" if match["inserted"] else "")
    paragraph = number(match["paragraph"]) if match["paragraph"] else None
    item = number(match["item"]) if match["item"] else None
    return ArticleRef((match["law"] or match["bare"]).strip(), article, paragraph, item)


def article_key(heading: str) -> str | None:
    """第一百二十条之一 -> "120之一"; None when the heading is not an article's."""
    match = re.fullmatch(rf"第({_NUMERAL})条(?:之([一二三四五六七八九十]+))?", heading.strip())
    return f"{number(match[1])}" + (f"之{match[2]}" if match[2] else "") if match else None


def number(numeral: str) -> int:
    """A Chinese or Arabic numeral below 10,000 as an int."""
    if numeral.isdigit() and numeral.isascii():
        return int(numeral)
    total, digit = 0, 0
    for char in numeral.replace("〇", "零").replace("两", "二"):
        if char in _UNITS:
            total += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            digit = _DIGITS.index(char)
    return total + digit


def numeral(value: int) -> str:
    """An int from 1 to 9,999 as laws write it: 1079 -> 一千零七十九."""
    out, zero = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit, value = divmod(value, size)
        if digit:
            out += ("零" if zero and out else "") + _DIGITS[digit] + unit
            zero = False
        elif out:
            zero = True
    return out.removeprefix("一") if out.startswith("一十") else out
