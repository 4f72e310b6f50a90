"""Which articles a question rests on: the likely entries' own, those of questions like it, and what the statutes' texts say.

A sum of these brings up candidates; a logistic regression that was learned from held-out questions puts them in order. It also sees how
articles are usually named: how often, for which matter, and beside which others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faq import arrays
from faq.arrays import Floats, Ints, Postings, Rows, load
from faq.features import DOCUMENT
from faq.ranker import Look, nearest
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
LIKELY = 100  # entries whose articles count; the others' shares are next to nothing
CANDIDATES = 80  # articles that are put in order
NEAREST = 50  # labelled questions whose articles are votes
COMPANY = 8  # of the best candidates, whose company counts
HALF = np.float32(0.5)  # a count, by which both sides of a share are smoothed


@dataclass(frozen=True, slots=True)
class Habits:
    """How labelled questions name articles. Only articles that are named at all have a place in it.

    `of_article`: each article's place, shape (articles,), and the number of places where it has none; `named`: questions x places;
    `matter`: each question's; `usual`: P(the article | the matter), shape (matters, places); `beside`: P(the column's article | the row's)
    where the row's is named often enough; `times`: ln(1 + how often), shape (places,).
    """

    of_article: Ints
    named: Rows
    matter: Ints
    usual: Any
    beside: Rows
    times: Floats

    def pmi(self, beside: Floats, at: Ints, company: NDArray[Any]) -> Floats:
        """Pointwise mutual information (Church & Hanks 1990), natural log: how much oftener than by chance articles are named together.

        Shape (company, candidates). `beside`: P(the candidate | the company's); `at`: the candidates' places; `company`: which of them it is.
        """
        times = np.expm1(self.times[at])
        known = times[company][:, None]
        found: Floats = np.log((known * beside + HALF) / (known * times / np.float32(len(self.matter)) + HALF))
        found[np.arange(len(company)), company] = 0  # not with itself
        return found

    def save(self, folder: Path) -> None:
        self.named.save(folder, "habits.named")
        self.beside.save(folder, "habits.beside")
        for name in ("of_article", "matter", "usual", "times"):
            arrays.save(folder, f"habits.{name}", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> Habits:
        at = {name: load(folder, f"habits.{name}") for name in ("of_article", "matter", "usual", "times")}
        return cls(named=Rows.load(folder, "habits.named"), beside=Rows.load(folder, "habits.beside"), **at)


class References:
    """Articles in force on the day of the build. `asked`, to all of it: what the ridge over labelled questions sees in a question."""

    def __init__(self, folder: Path, habits: Habits) -> None:
        self._habits = habits
        rows: list[list[str]] = json.loads((folder / "articles.json").read_text(encoding="utf-8"))
        self._articles = rows
        self._known = {f"{ArticleRef(law, article).short_law} {article}" for law, article in rows}
        self._cited = Rows.load(folder, "cited")  # entries x articles
        self._statutes = [Postings.load(folder, f"statutes.{name}") for name in DOCUMENT]  # BM25
        self._class: Ints = load(folder, "articles.class")  # (articles,): each one's class in `asked`; one past the last: none
        self._chapter: Ints = load(folder, "articles.chapter")  # (articles,): which chapter it stands in
        self._chapters = int(self._chapter.max(initial=0)) + 1
        self._of_class = np.zeros(int(self._class.max(initial=0)) + 1, dtype=np.int32)  # each class's chapter
        self._of_class[self._class] = self._chapter

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def best(self, text: str, entries: Floats, asked: Look, weights: Floats) -> tuple[ArticleRef, ...]:
        """At most five articles, best first, for a question to which the entries have these scores. `weights`: of the `evidence`."""
        found, evidence = self.evidence(self.scores(text, entries, asked), asked)
        order = found[np.argsort(-(evidence @ weights), kind="stable")[:MOST]]
        return tuple(ArticleRef(*self._articles[i]) for i in order.tolist())

    def evidence(self, scores: Floats, asked: Look) -> tuple[Ints, Floats]:
        """The candidates, best first by these scores, and what tells how well each fits, shape (candidates, signs)."""
        habits, most = self._habits, min(CANDIDATES, len(scores))
        found = np.argpartition(-scores, most - 1)[:most]
        found = found[np.argsort(-scores[found], kind="stable")]
        near = nearest(asked.likeness, NEAREST)
        shares = asked.likeness[near] ** 2
        shares = shares / max(float(shares.sum()), 1e-9)
        votes = habits.named.total(near, shares)
        matters = np.bincount(habits.matter[near], weights=shares, minlength=len(habits.usual)).astype(np.float32)
        borrowed = np.append(asked.classes, np.float32(0))[self._class[found]]
        place: Ints = habits.of_article[found]
        named = place < len(habits.times)
        first = named[:COMPANY]
        at = np.where(named, place, 0)
        weight = np.maximum(borrowed[:COMPANY][first], 0)
        together = habits.beside.dense(place[:COMPANY][first])[:, at]
        beside = weight @ together
        pmi = weight @ habits.pmi(together, at, np.flatnonzero(first)) / max(float(weight.sum()), 1e-9)
        usual = np.where(named, np.log(matters @ habits.usual[:, at] + np.float32(1e-5)), np.log(np.float32(1e-5)))
        times, votes, beside, pmi = (np.where(named, of, 0) for of in (habits.times[at], votes[at], beside, pmi))
        total, rank = scores[found], 1 / np.arange(1, len(found) + 1)
        signs = (total, total - total[0], rank, borrowed, times, votes, np.log(votes + 0.01), beside, pmi, usual)
        return found.astype(np.int32), np.stack(signs, axis=1).astype(np.float32)

    def scores(self, text: str, entries: Floats, asked: Look) -> Floats:
        """Shape (articles,)."""
        found = self.labelled(entries, asked)
        for statutes, cut in zip(self._statutes, DOCUMENT.values(), strict=True):
            found += OF_QUESTION * statutes.shares(cut(text))
        return found

    def labelled(self, entries: Floats, asked: Look) -> Floats:
        """What labels say, without the articles' own text: those of the entries, and of questions like this one. Shape (articles,)."""
        shares = np.exp(SPREAD * (entries - entries.max()))
        shares /= shares.sum()
        likely = nearest(shares, LIKELY)
        found = self._cited.total(likely, shares[likely])
        borrowed = np.append(asked.classes, np.float32(0))
        found += BORROWED * borrowed[self._class]
        found += CHAPTER * np.bincount(self._of_class, weights=borrowed[: len(self._of_class)], minlength=self._chapters)[self._chapter]
        return found
