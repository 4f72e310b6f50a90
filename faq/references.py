"""Which articles a question rests on: the likely entries' own, those of questions like it, and what the statutes' texts say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from faq.arrays import Floats, Ints, Postings, load
from faq.features import DOCUMENT
from faq.ranker import Labelled
from knowledge.citation import ArticleRef

MOST = 5
ALIKE = 40  # articles kept that read like an entry
CITED = 0.4  # what it counts to be cited in an entry's answer, beside being its legal basis
OF_ENTRY = 0.12  # and to read like the entry
LATER = 0.1  # what an article loses for each one that stands before it in the entry or in a question's label
SPREAD = 6.5  # how sharply entries' scores become shares: an article that several likely entries rest on comes first
BORROWED = 3.0  # what the ridge over labelled questions counts for the article itself
CHAPTER = 0.2  # and for its chapter
OF_QUESTION = 1.0  # what it counts to have the question's own words, or its characters: all of them


class References:
    """Articles in force on the day of the build. `asked`: what the ridge over labelled questions says of a question."""

    def __init__(self, folder: Path, asked: Labelled) -> None:
        rows: list[list[str]] = json.loads((folder / "articles.json").read_text(encoding="utf-8"))
        self._articles = rows
        self._known = {f"{ArticleRef(law, article).short_law} {article}" for law, article in rows}
        self._entry: Ints = load(folder, "cited.entry")
        self._article: Ints = load(folder, "cited.article")
        self._weight: Floats = load(folder, "cited.weight")
        self._statutes = [Postings.load(folder, f"statutes.{name}") for name in DOCUMENT]  # BM25
        self._asked = asked
        self._class: Ints = load(folder, "articles.class")  # (articles,): each one's class in `asked`; one past the last: none
        self._chapter: Ints = load(folder, "articles.chapter")  # (articles,): which chapter it stands in

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def best(self, text: str, entries: Floats) -> tuple[ArticleRef, ...]:
        """At most five articles, best first, for a question to which the entries have these scores."""
        scores = self.scores(text, entries)
        order = np.argpartition(-scores, MOST)[:MOST]
        order = order[np.argsort(-scores[order], kind="stable")]
        return tuple(ArticleRef(*self._articles[i]) for i in order.tolist())

    def scores(self, text: str, entries: Floats) -> Floats:
        """Shape (articles,)."""
        found = self.labelled(text, entries)
        for statutes, cut in zip(self._statutes, DOCUMENT.values(), strict=True):
            found += OF_QUESTION * statutes.shares(cut(text))
        return found

    def labelled(self, text: str, entries: Floats) -> Floats:
        """What labels say, without the articles' own text: those of the entries, and of questions like this one. Shape (articles,)."""
        shares = np.exp(SPREAD * (entries - entries.max()))
        shares /= shares.sum()
        found = np.bincount(self._article, weights=shares[self._entry] * self._weight, minlength=len(self._articles))
        classes = np.append(self._asked.look(text)[0], np.float32(0))
        borrowed = classes[self._class]
        found += BORROWED * borrowed + CHAPTER * np.bincount(self._chapter, weights=borrowed)[self._chapter]
        return np.asarray(found, dtype=np.float32)
