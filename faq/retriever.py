"""From a villager's words to the entries that answer them and the articles they rest on, with calibrated confidence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faq import segment, thresholds
from faq.arrays import Floats, load
from faq.gate import Danger, Gate, sigmoid
from faq.ranker import Ranker
from faq.references import References
from knowledge.citation import ArticleRef
from knowledge.library import Library

# Log odds of "legal" below which no threshold can be reached, so that nothing is ranked: the path of most messages.
CHEAP = -1.0 + math.log(min(thresholds.LEGAL_ADDRESSED, thresholds.LEGAL_FOLLOWING, thresholds.LEGAL_OVERHEARD))
FOLLOWING = 1.0  # what having asked just before adds to the log odds of "legal"
CLEAR = 0.6  # confidence from which a question needs no other to be understood

__all__ = ["Danger", "Hit", "Result", "Retriever"]


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
    """What was found. `legal`: calibrated P(a legal question for the robot); `references`: best first, at most 5."""

    hits: tuple[Hit, ...]
    legal: float
    references: tuple[ArticleRef, ...]


class Retriever:
    """The index in `index_dir`, which `faq.index.build` wrote for this library. Safe to share between threads."""

    def __init__(self, index_dir: Path, library: Library) -> None:
        self.library = library
        self._gate = Gate(index_dir)
        self._ranker = Ranker(index_dir)
        self._references = References(index_dir)
        self._entries: list[list[str]] = json.loads((index_dir / "entries.json").read_text(encoding="utf-8"))
        self._matters = [row[1] for row in self._entries]
        self._confidence: Floats = load(index_dir, "confidence")

    def warm(self) -> None:
        """Load dictionaries and touch the arrays now, before the first question."""
        segment.warm()
        self.search("老板拖欠工资怎么办")
        self.danger("老板拖欠工资怎么办")

    def citable(self, refs: Iterable[ArticleRef]) -> list[ArticleRef]:
        """Those of some references that were in force when the index was built."""
        return [r for r in refs if (r.law, r.article) in self._references]

    def danger(self, text: str, *, before: str = "") -> Danger | None:
        """Whether somebody is in danger now, by this message alone or together with the one before it."""
        return self._gate.danger(text, before)

    def search(self, text: str, *, k: int = 5, before: str = "", matter: str | None = None) -> Result:
        """The `k` best entries and up to five articles. `before`, `matter`: the same person's last question and its matter."""
        legal = float(self._gate.logits(text)[0])
        if before:
            legal += FOLLOWING
        if legal < CHEAP:
            return Result((), sigmoid(legal), ())
        scores, _ = self._ranker.scores(text)
        chances = self._chances(scores)
        if before:
            scores, chances, text = self._with_before(text, before, matter, scores, chances)
        best = np.argsort(-chances, kind="stable")[:k]
        hits = tuple(Hit(*self._entries[i], float(scores[i]), float(chances[i])) for i in best.tolist())
        return Result(hits, sigmoid(legal), self._references.best(text, chances))

    def _with_before(
        self, text: str, before: str, matter: str | None, scores: Floats, chances: Floats
    ) -> tuple[Floats, Floats, str]:
        """A follow-up that says little by itself is read together with the question before it."""
        if float(chances.max()) >= CLEAR:
            return scores, chances, text
        joint, _ = self._ranker.scores(f"{before} {text}")
        both = 0.5 * scores + 0.5 * joint
        if matter:
            both = both + np.array([0.5 if m == matter else 0.0 for m in self._matters], dtype=np.float32)
        return both, self._chances(both), f"{before} {text}"

    def _chances(self, scores: Floats) -> Floats:
        """Scores -> P(right) for each entry; the sum stays below 1, the rest is "none of them"."""
        heat, a, b, margin = self._confidence.tolist()
        powers = np.exp(heat * (scores - scores.max()))
        share = powers / powers.sum()
        order = np.argsort(-share)
        first, second = float(share[order[0]]), float(share[order[1]])
        odds = np.log(first / max(1e-6, 1 - first))
        sure = sigmoid(a * float(scores.max()) + margin * odds + b)
        rest = (1 - sure) * share / max(1e-6, 1 - first) * min(1.0, (1 - first))
        rest[order[0]] = sure
        if rest[order[1]] > sure:
            rest[order[1]] = sure * second / first
        return np.asarray(rest, dtype=np.float32)
