"""What may not be in the library's texts: references that do not hold, numbers from nowhere, promises, long sentences."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from knowledge.citation import ArticleRef, number
from knowledge.items import Item
from knowledge.library import Library

FORBIDDEN = ("一定能赢", "肯定能赢", "包赢", "必胜", "稳赢", "保证能", "肯定能", "一定会判", "百分之百", "找人收拾", "做假证据", "编个理由", "堵门讨", "堵路讨")
LONG = 60  # characters of a sentence that can still be read out
SHARED = 1 / 3  # of the two-character terms of `says` that must stand in the article
Outside = Callable[[ArticleRef], str | None]  # the text of an article that our corpora do not hold

_REGULATION = re.compile(r"条例|规定|解释|办法|规则|意见|批复|细则|决定$")
_TOLD = ("title", "answer", "steps", "papers", "deadline", "where", "aloud", "audience", "facts", "question", "outcome", "lesson", "text", "names", "items", "time", "cost")
_READ_OUT = ("answer", "steps", "deadline", "aloud", "text", "lesson")
_HOTLINE = re.compile(r"(?<![\d.])(1\d{2}|1\d{4}|96\d{3})(?![\d.]|\s*(?:元|万|年|天|日|个|亩|块|米|斤|岁|户|平|条|%|％|多))")
_ITEM = re.compile(r"[（(][一二三四五六七八九十]+[）)]")
_FIGURE = re.compile(r"([0-9]+(?:\.[0-9]+)?|[零一二两三四五六七八九十百千万]+)\s*(周岁|个月|小时|个工作日|工作日|[年天日元倍岁%％])")
_SAME = {"天": "日", "周岁": "岁", "％": "%", "个工作日": "日", "工作日": "日"}


def faults(item: Item, library: Library, today: date, outside: Outside = lambda _: None) -> list[str]:
    """Everything wrong with one item, in the reader's language; nothing when it may stand."""
    return [*_references(item, library, today, outside), *_basis(item, library, today, outside), *_words(item, library.hotlines)]


def told(item: Item) -> str:
    """Everything of an item that people get to see or hear, a line each."""
    return "\n".join(text for name in _TOLD if name in item for text in _texts(item[name]))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list() | tuple():
            for part in value:
                yield from _texts(part)


def _references(item: Item, library: Library, today: date, outside: Outside) -> Iterator[str]:
    for row in item.get("refs", ()):
        law = library.resolve(row["law"])
        ref = ArticleRef(law or row["law"], str(row["article"]), row.get("paragraph"), row.get("item"))
        article = library.article(ref, today) if law else None
        text = article.text if article else None if law else outside(ref)
        if law and article is None:
            yield f"{ref} 没有这一条，或者现在不施行"
        elif not law and text is None and not _REGULATION.search(row["law"]):
            yield f"没有《{row['law']}》这部法律"
        if text is not None:
            share = shared(row["says"], text)
            if share < SHARED:
                yield f"{ref} 说的不是“{row['says']}”（用词只有 {share:.0%} 相同）"
            if ref.paragraph and ref.paragraph > len(paragraphs(text)):
                yield f"{ref} 没有这一款"


def _basis(item: Item, library: Library, today: date, outside: Outside) -> Iterator[str]:
    for text in item.get("basis", ()):
        name, number_ = text.rsplit(" ", 1)
        law = library.resolve(name)
        ref = ArticleRef(law or name, number_)
        if (law and library.article(ref, today) is None) or not (law or outside(ref) or _REGULATION.search(name)):
            yield f"法律基础“{text}”没有这一条，或者现在不施行"


def shared(says: str, text: str) -> float:
    """The share of the two-character terms of a claim that stand in a text."""
    pairs = _pairs(says)
    return len(pairs & _pairs(text)) / max(1, len(pairs))


def paragraphs(text: str) -> list[str]:
    """The paragraphs (款) of an article's text; its items (项) belong to the one before."""
    return [p for p in text.split("\n") if not _ITEM.match(p)]


def _words(item: Item, hotlines: Mapping[str, str]) -> Iterator[str]:
    text = told(item)
    yield from (f"不能这么说：“{w}”" for w in FORBIDDEN if w in text)
    for n in _HOTLINE.findall(text):
        if n not in hotlines and not re.search(rf"{n}\s*(?:元|块|天|亩|平|斤|岁|米)", text):
            yield f"电话 {n} 不在电话表里"
    for name in _READ_OUT:
        for line in _texts(item.get(name, "")):
            yield from (f"一句话 {len(s)} 个字，太长：“{s[:20]}…”" for s in re.split(r"[。！？；\n]", line) if len(s) > LONG)


def figures_without_source(item: Item, articles: Iterable[str]) -> list[str]:
    """Terms, sums and ages in an entry that none of these articles names."""
    known = {(n, unit) for _, n, unit in _figures("\n".join(articles))}
    said = "\n".join(text for name in ("answer", "steps", "deadline") for text in _texts(item.get(name, "")))
    return [shown for shown, n, unit in _figures(said) if (n, unit) not in known]


def _figures(text: str) -> list[tuple[str, str, str]]:
    """Each figure: as it stands, its number, its unit; a week of 万 is left as it is written."""
    return [(n + unit, n if "." in n or "万" in n else str(number(n)), _SAME.get(unit, unit)) for n, unit in _FIGURE.findall(text)]


def near_duplicates(items: Iterable[Item], least: float = 0.85) -> list[tuple[str, str, str, str]]:
    """Questions of different entries that share nearly all pairs of characters (Jaccard): (id, question, id, question)."""
    asked = [(item["id"], q, _pairs(q)) for item in items for q in item["questions"]]
    often = Counter(pair for _, _, pairs in asked for pair in pairs)
    seen: dict[str, list[int]] = {}
    found = set[tuple[int, int]]()
    for n, (key, _, pairs) in enumerate(asked):
        # Two sets this alike share one of the rarest of each (prefix filtering: Chaudhuri, Ganti & Kaushik 2006).
        rarest = sorted(pairs, key=lambda p: (often[p], p))[: len(pairs) - math.ceil(least * len(pairs)) + 1] if len(pairs) > 3 else []
        rivals = {k for pair in rarest for k in seen.get(pair, ()) if asked[k][0] != key}
        found |= {(k, n) for k in rivals if len(pairs & asked[k][2]) / len(pairs | asked[k][2]) >= least}
        for pair in rarest:
            seen.setdefault(pair, []).append(n)
    return [(*asked[k][:2], *asked[n][:2]) for k, n in sorted(found)]


def _pairs(text: str) -> frozenset[str]:
    run = "".join(re.findall(r"\w", text))
    return frozenset(a + b for a, b in pairwise(run))
