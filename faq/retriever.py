"""From a villager's words to the entries that answer them and the articles they rest on, with calibrated confidence."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faq import segment
from faq.arrays import Floats, load
from faq.gate import Danger, Gate, odds, sigmoid
from faq.ranker import SIGNALS, Confidence, Labelled, Ranker, weights
from faq.references import Habits, References
from faq.spelling import Correction, Spelling
from knowledge.citation import ArticleRef
from knowledge.library import Library

__all__ = ["Danger", "Hit", "Result", "Retriever"]

FOLLOWING = 1.0  # what having asked just before adds to the log odds of "legal"
GOES_ON = 0.3  # and what the log odds count that this goes on with it
KNOWN = 0.4  # what the log odds of the best entry count for "legal" in a message that stands alone: an answer that fits is a sign, too
# A message on another matter than the conversation's stands alone from this sum of what speaks for it: how sure its own answer is, how long it
# is (ln of its characters), less the log odds that it sounds like a next turn. The weights are near those of a logistic regression.
ALONE, SURE, LONG = 10.25, 5.0, 2.5
OWN = 0.2  # what a follow-up's own words count beside all that was said
SAID = 200  # characters of what was said before that are kept


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that may answer the question. `confidence`: calibrated P(this entry is the right answer); `enough`: from which it is
    given out.
    """

    entry_id: str
    matter: str
    title: str
    score: float
    confidence: float
    enough: float

    @property
    def sure(self) -> bool:
        """Whether it may be given out as the answer."""
        return self.confidence >= self.enough


@dataclass(frozen=True, slots=True)
class Result:
    """What was found. `legal`: calibrated P(a legal question for the robot); `references`: best first, at most 5.

    `question` is the text as it was understood: a follow-up together with the question before it.
    """

    hits: tuple[Hit, ...]
    legal: float
    references: tuple[ArticleRef, ...]
    question: str = ""

    @property
    def best(self) -> Hit | None:
        """The likeliest entry; None when nothing was ranked."""
        return self.hits[0] if self.hits else None


class Retriever:
    """The index in `index_dir`, which `faq.index.build` wrote for this library. Safe to share between threads."""

    def __init__(self, index_dir: Path, library: Library) -> None:
        self.library = library
        self._gate = Gate(index_dir)
        self._spelling = Spelling(index_dir)
        self._ranker = Ranker(index_dir)
        self._asked = Labelled(index_dir, "asked")
        self.confidence = Confidence(index_dir)
        self._references = References(index_dir, Habits.load(index_dir))
        self._order: Floats = load(index_dir, "references")  # weights of `References.evidence`
        rows: list[tuple[str, str, str]] = json.loads((index_dir / "entries.json").read_text(encoding="utf-8"))
        self._entries = rows  # id, matter, title
        self._asked_texts = index_dir / "asked.json"  # entry, text; only an explanation reads it

    def warm(self) -> None:
        """Load dictionaries and touch the arrays now, before the first question."""
        segment.warm()
        self.search("老板拖欠工资怎么办")
        self.danger("老板拖欠工资怎么办")

    def danger(self, text: str, *, before: str = "") -> Danger | None:
        """Whether somebody is in danger now, by this message alone or together with the one before it."""
        return self._gate.danger(text, before)

    def search(self, text: str, *, k: int = 5, before: str = "", matter: str | None = None, least: float = 0.0) -> Result:
        """The `k` best entries and up to five articles. `before`, `matter`: the same person's last question and its matter;
        `least`: the probability of a legal question below which nothing is ranked.
        """
        log_odds, _, follows = self._gate.logits(text).tolist()
        legal = sigmoid(log_odds + FOLLOWING + GOES_ON * follows if before else log_odds)
        if legal < least:
            return Result((), legal, (), text)
        meant = self.meant(text)
        scores = self._scores(meant)
        if before and not self._alone(meant, scores, matter, follows):
            text = f"{before[-SAID:]} {text}"
            meant = self.meant(text)
            scores = np.float32(OWN) * scores + np.float32(1 - OWN) * self._scores(meant)
        chances = self._chances(meant, scores)
        best = np.argsort(-chances, kind="stable")[:k].tolist()
        hits = tuple(self._hit(i, scores, chances) for i in best)
        if not before:
            legal = sigmoid(sum(self.legal_parts(text, hits).values()))
        references = self._references.best(meant, scores, self._asked.look(meant), self._order)
        return Result(hits, legal, references, text)

    def corrections(self, text: str) -> tuple[Correction, ...]:
        """What is read as another word of the same sound, surest first."""
        return self._spelling.read(text)[1]

    def meant(self, text: str) -> str:
        """The text as it is searched: words of the same sound read as what was probably meant."""
        return self._spelling.read(text)[0]

    def parts(self, text: str, hits: Sequence[Hit]) -> list[dict[str, float]]:
        """What each signal adds to the scores of these hits of a question that stands alone."""
        meant = self.meant(text)
        signals = self._ranker.signals(meant, self._asked.look(meant).classes)
        at = {entry_id: i for i, (entry_id, _, _) in enumerate(self._entries)}
        return [dict(zip(SIGNALS, (signals[at[h.entry_id]] * weights()).tolist(), strict=True)) for h in hits]

    def legal_parts(self, text: str, hits: Sequence[Hit]) -> dict[str, float]:
        """What makes a message that stands alone legal, in log odds: how it is put, and that there is an answer that fits."""
        put = float(self._gate.logits(text)[0])
        return {"message": put, "answer": KNOWN * odds(hits[0].confidence) if hits else 0.0}

    def nearest(self, text: str, k: int) -> list[tuple[str, str, float]]:
        """The labelled texts most like a question: entry, text, likeness from 0 to 1."""
        ours = [(e.id, t) for e in self.library.entries() for t in (*e.questions, e.title, e.answer)]
        others: list[tuple[str, str]] = json.loads(self._asked_texts.read_text(encoding="utf-8"))
        found = []
        for part, labelled in ((self._ranker.examples, ours), (self._asked, others)):
            likeness = part.look(self.meant(text)).likeness
            found += [(*labelled[i], float(likeness[i])) for i in np.argsort(-likeness, kind="stable")[:k].tolist()]
        return sorted(found, key=lambda f: -f[2])[:k]

    def citable(self, article: str) -> bool:
        """Whether an article, “民法典 577”, was in force when the index was built."""
        return article in self._references

    def _alone(self, text: str, scores: Floats, matter: str | None, follows: float) -> bool:
        """Whether a message with these scores leaves the conversation's matter for another one."""
        if self._entries[int(scores.argmax())][1] == matter:
            return False
        return SURE * float(self._chances(text, scores).max()) + LONG * math.log(max(len(text), 1)) - follows >= ALONE

    def _scores(self, text: str) -> Floats:
        """How well each entry answers, shape (entries,)."""
        return self._ranker.scores(text, self._asked.look(text).classes)

    def _chances(self, text: str, scores: Floats) -> Floats:
        near = max(float(labelled.look(text).likeness.max()) for labelled in (self._ranker.examples, self._asked))
        return self.confidence.chances(scores, near)

    def _hit(self, i: int, scores: Floats, chances: Floats) -> Hit:
        entry_id, matter, title = self._entries[i]
        enough = float(self.confidence.enough[self._ranker.matters[i]])
        return Hit(entry_id, matter, title, float(scores[i]), float(chances[i]), enough)
