"""Questions that other hands than the library's wrote and labelled: what answers each, and on which articles it rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from faq import tables
from knowledge.library import ArticleText, Entry

AROUND = "asked-around.tsv"  # harder than what people ask


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, told in one message or in several `turns`.

    `entry`: the id of what answers it, empty when nothing does; `articles`: short law and article, best first. `usual`: not written around
    the words that most people would say.
    """

    turns: tuple[str, ...]
    matter: str
    entry: str
    articles: tuple[tuple[str, str], ...]
    usual: bool = True

    @property
    def text(self) -> str:
        """All that was said."""
        return " ".join(self.turns)


def read(training: Path) -> list[Asked]:
    """All of `asked-*.tsv`. Raises `ValueError` that names file and line of a row that cannot be read."""
    return [_row(path, n, row) for path in sorted(training.glob("asked-*.tsv")) for n, row in tables.numbered(path)]


def _row(path: Path, n: int, row: list[str]) -> Asked:
    try:
        turns, matter, entry, articles = row
        return Asked(tuple(turns.split("‖")), matter, entry, tuple(_article(a) for a in articles.split("|")), path.name != AROUND)
    except ValueError as e:
        raise ValueError(f"{path.name}:{n}: not question, matter, entry, articles: {row!r}") from e


def _article(text: str) -> tuple[str, str]:
    law, article = text.rsplit(" ", 1)
    return law, article


@dataclass(frozen=True, slots=True)
class Labels:
    """The classes of labelled questions: entries, matters, articles, in this order.

    `targets` is a csr_matrix of shape (questions, classes); `blocks` is where each kind ends; `of_article` is each article's class, shape
    (articles,), and the number of classes where it has none; `matter` is each question's matter, shape (questions,).
    """

    targets: Any
    blocks: tuple[int, ...]
    of_article: Any
    matter: Any


def label(rows: Sequence[Asked], entries: Sequence[Entry], matters: Sequence[str], articles: Sequence[ArticleText], later: float) -> Labels:
    """`later`: what an article's target loses for each one that stands before it."""
    at_entry = {e.id: i for i, e in enumerate(entries)}
    at_article = {(a.ref.short_law, a.ref.article): i for i, a in enumerate(articles)}
    named = [[at_article[a] for a in row.articles if a in at_article] for row in rows]
    used = sorted({i for found in named for i in found})
    blocks = np.cumsum([0, len(entries), len(matters), len(used)])
    class_of = {i: int(blocks[2]) + n for n, i in enumerate(used)}
    targets = sparse.lil_matrix((len(rows), int(blocks[-1])), dtype=np.float32)
    of_question = np.zeros(len(rows), dtype=np.int32)
    for n, row in enumerate(rows):
        entry = at_entry.get(row.entry)
        if entry is not None:
            targets[n, entry] = 1
        matter = row.matter if entry is None else entries[entry].matter
        if matter in matters:
            of_question[n] = matters.index(matter)
            targets[n, int(blocks[1]) + of_question[n]] = 1
        for place, i in enumerate(named[n]):
            targets[n, class_of[i]] = max(0.0, 1.0 - later * place)
    none = int(blocks[-1])
    of_article = np.array([class_of.get(i, none) for i in range(len(articles))], dtype=np.int32)
    return Labels(targets.tocsr(), tuple(int(b) for b in blocks[1:]), of_article, of_question)
