"""Which articles a question rests on: the likely entries' own, and what the statutes' texts say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from faq.arrays import Floats, Ints, Postings, load
from faq.features import grams
from knowledge.citation import ArticleRef

MOST = 5
ALIKE = 40  # articles kept that read like an entry
CITED = 0.4  # what it counts to be cited in an entry's answer, beside being its legal basis
OF_ENTRY = 0.12  # and to read like the entry
OF_QUESTION = 0.2  # and to read like the question itself
LATER = 0.1  # what an article loses for each one that stands before it in the entry
SPREAD = 6.5  # how sharply entries' scores become shares: an article that several likely entries rest on comes first
LOW, HIGH = 2, 3  # characters of an n-gram


class References:
    """Articles in force on the day of the build. Cited ones come first in the list, then all others."""

    def __init__(self, folder: Path) -> None:
        rows: list[list[str]] = json.loads((folder / "articles.json").read_text(encoding="utf-8"))
        self._articles = rows
        self._known = {(law, article) for law, article in rows}
        self._entry: Ints = load(folder, "cited.entry")
        self._article: Ints = load(folder, "cited.article")
        self._weight: Floats = load(folder, "cited.weight")
        self._statutes = Postings.load(folder, "statutes")

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._known

    def best(self, text: str, entries: Floats) -> tuple[ArticleRef, ...]:
        """At most five articles, best first, for a question to which the entries have these scores."""
        scores = self.scores(text, entries)
        order = np.argpartition(-scores, MOST)[:MOST]
        order = order[np.argsort(-scores[order], kind="stable")]
        return tuple(ArticleRef(*self._articles[i]) for i in order.tolist())

    def scores(self, text: str, entries: Floats) -> Floats:
        """Shape (articles,)."""
        shares = np.exp(SPREAD * (entries - entries.max()))
        shares /= shares.sum()
        cited = np.bincount(
            self._article, weights=shares[self._entry] * self._weight, minlength=len(self._articles)
        )
        return np.asarray(cited + np.float32(OF_QUESTION) * self._statutes.scores(grams(text, LOW, HIGH)), dtype=np.float32)
