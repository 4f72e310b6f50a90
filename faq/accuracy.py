"""How often the answers are right, matter by matter, measured again every night: what is promised must be kept.

Golden questions are asked, and so is everything of which an advisor said that the answer was right or wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from faq.evaluate import Asked
from faq.retriever import Result
from knowledge.library import Entry, Library

GOLDEN = Path(__file__).parent.parent / "tests" / "retrieval"
PROMISE = 0.60  # what the 95 % lower bound must reach in every matter; with ten answers one may be wrong
ENOUGH = 8  # answered questions from which a matter is judged


@dataclass(frozen=True, slots=True)
class Measured:
    """One matter's golden questions. `lower`: the 95 % lower bound of the share of answers that are right."""

    matter: str
    asked: int
    answered: int
    right: int
    lower: float

    @property
    def kept(self) -> bool:
        """Whether the promise is kept, or too little is known to say otherwise."""
        return self.answered < ENOUGH or self.lower >= PROMISE


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of a villager, the entry it was answered with, whether an advisor called that right, and what is found now."""

    entry_id: str
    matter: str
    right: bool
    result: Result


def measure(golden: Iterable[Asked], library: Library, judged: Iterable[Judged] = ()) -> list[Measured]:
    """Count golden questions that were asked; right is the wanted entry or one that cites an article it cites.

    What was judged counts where the same entry would be given out today; another answer nobody has judged yet.
    """
    asked, answered, right = Counter[str](), Counter[str](), Counter[str]()
    for a in golden:
        wanted = [e for e in map(library.entry, a.entries) if e]
        if not wanted:
            continue
        asked[wanted[0].matter] += 1
        best = a.result.best
        entry = library.entry(best.entry_id) if best and best.sure else None
        if entry:
            answered[entry.matter] += 1
            right[entry.matter] += _right(entry, wanted)
    for j in judged:
        asked[j.matter] += 1
        best = j.result.best
        if best and best.sure and best.entry_id == j.entry_id:
            answered[j.matter] += 1
            right[j.matter] += j.right
    return [Measured(m, asked[m], answered[m], right[m], lower_bound(right[m], answered[m])) for m in library.matters]


def _right(best: Entry, wanted: Iterable[Entry]) -> bool:
    law = {(r.ref.law, r.ref.article) for r in best.refs}
    return any(e.id == best.id or law & {(r.ref.law, r.ref.article) for r in e.refs} for e in wanted)


def lower_bound(right: int, asked: int) -> float:
    """The one-sided 95 % lower bound of a share (Wilson 1927); 0 for no question."""
    from scipy.stats import binomtest  # here, not above: half a second to load, and only a nightly job needs it

    return float(binomtest(right, asked, alternative="greater").proportion_ci(0.95, method="wilson").low) if asked else 0.0
