"""From a villager's words to the entries that answer them and the articles they rest on, with calibrated confidence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faq import segment, thresholds
from faq.arrays import Floats
from faq.gate import Danger, Gate, sigmoid
from faq.ranker import SIGNALS, Ranker, weights
from faq.references import References
from knowledge.citation import ArticleRef
from knowledge.library import Library

__all__ = ["Danger", "Hit", "Result", "Retriever"]

# Log odds of "legal" below which no threshold can be reached, so that nothing is ranked: the path of most messages.
CHEAP = math.log(min(thresholds.LEGAL_ADDRESSED, thresholds.LEGAL_FOLLOWING, thresholds.LEGAL_OVERHEARD)) - 1.0
FOLLOWING = 1.0  # what having asked just before adds to the log odds of "legal"
CLEAR = 0.6  # confidence from which a question needs no other to be understood
ELLIPTIC, FULL = 10, 26  # characters: a follow-up this short leans on the question before it, one this long does not
STAYING = 0.02  # what the matter of the conversation adds to its entries' scores


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that may answer the question. `confidence`: calibrated P(this entry is the right answer)."""

    entry_id: str
    matter: str
    title: str
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Result:
    """What was found. `legal`: calibrated P(a legal question for the robot); `references`: best first, at most 5.

    `question` is the text as it was understood: a follow-up together with the question before it.
    """

    hits: tuple[Hit, ...]
    legal: float
    references: tuple[ArticleRef, ...]
    question: str = ""


class Retriever:
    """The index in `index_dir`, which `faq.index.build` wrote for this library. Safe to share between threads."""

    def __init__(self, index_dir: Path, library: Library) -> None:
        self.library = library
        self._gate = Gate(index_dir)
        self._ranker = Ranker(index_dir)
        self._references = References(index_dir)
        rows: list[tuple[str, str, str]] = json.loads((index_dir / "entries.json").read_text(encoding="utf-8"))
        self._entries = rows  # id, matter, title

    def warm(self) -> None:
        """Load dictionaries and touch the arrays now, before the first question."""
        segment.warm()
        self.search("老板拖欠工资怎么办")
        self.danger("老板拖欠工资怎么办")

    def danger(self, text: str, *, before: str = "") -> Danger | None:
        """Whether somebody is in danger now, by this message alone or together with the one before it."""
        return self._gate.danger(text, before)

    def search(self, text: str, *, k: int = 5, before: str = "", matter: str | None = None) -> Result:
        """The `k` best entries and up to five articles. `before`, `matter`: the same person's last question and its matter."""
        legal = float(self._gate.logits(text)[0]) + (FOLLOWING if before else 0.0)
        if legal < CHEAP:
            return Result((), sigmoid(legal), (), text)
        scores, _ = self._ranker.scores(text)
        if before and float(self._ranker.chances(scores).max()) < CLEAR:
            scores, text = self._after(text, before, matter, scores)
        chances = self._ranker.chances(scores)
        best = np.argsort(-chances, kind="stable")[:k].tolist()
        hits = tuple(self._hit(i, scores, chances) for i in best)
        return Result(hits, sigmoid(legal), self._references.best(text, scores), text)

    def parts(self, text: str, hits: Sequence[Hit]) -> list[dict[str, float]]:
        """What each signal adds to the scores of these hits of a question that stands alone."""
        _, signals = self._ranker.scores(text)
        at = {entry_id: i for i, (entry_id, _, _) in enumerate(self._entries)}
        return [dict(zip(SIGNALS, (signals[at[h.entry_id]] * weights()).tolist(), strict=True)) for h in hits]

    def nearest(self, text: str, k: int) -> list[tuple[str, str, float]]:
        """The labelled texts most like a question: entry, text, likeness from 0 to 1."""
        labelled = [(e.id, t) for e in self.library.entries() for t in (*e.questions, e.title, e.answer)]
        return [(*labelled[i], like) for i, like in self._ranker.nearest(text, k)]

    def citable(self, refs: Iterable[ArticleRef]) -> list[ArticleRef]:
        """Those of some references that were in force when the index was built."""
        return [r for r in refs if (r.law, r.article) in self._references]

    def _after(self, text: str, before: str, matter: str | None, scores: Floats) -> tuple[Floats, str]:
        """A follow-up that says little by itself, read with the question before it: the shorter, the more."""
        length = len(segment.characters(text))
        share = np.float32(np.interp(length, [ELLIPTIC, FULL], [1.0, 0.0]))
        if share == 0:
            return scores, text
        joint, _ = self._ranker.scores(f"{before} {text}")
        bonus = np.array([STAYING if m == matter else 0.0 for _, m, _ in self._entries], dtype=np.float32)
        mixed: Floats = (1 - share) * scores + share * (joint + bonus)
        return mixed, f"{before} {text}" if share >= 0.5 else text

    def _hit(self, i: int, scores: Floats, chances: Floats) -> Hit:
        entry_id, matter, title = self._entries[i]
        return Hit(entry_id, matter, title, float(scores[i]), float(chances[i]))
