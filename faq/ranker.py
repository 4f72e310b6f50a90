"""Which entry answers a question: kernel ridge regression over labelled texts, at entry and at matter level.

There are two kinds of labelled texts. Every entry brings its own phrasings, its title, its answer, its steps and what its articles
say in plain words. And other hands wrote questions and said which entry answers each and on which articles it rests
(`training/asked-*.tsv`). A question is compared with all of them, by words and by characters, and the ridge has learned what each
likeness is worth. It also says on which articles a question rests: an entry that rests on one of them is likelier.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from faq.arrays import Floats, Ints, Largest, Postings, load
from faq.features import DOCUMENT, grams, terms
from faq.gate import odds, sigmoid

# What each counts; measured with other hands' questions.
SIGNALS = {
    "entry": 1.4, "matter": 0.4, "asked entry": 3.2, "asked matter": 0.5, "asked articles": 1.1,
    "body": 0.3, "words": 0.3, "characters": 0.4,
}  # fmt: skip
LOW, HIGH = 1, 3  # characters of an n-gram
SHARP = 0.7  # how much less sharply the others are told apart than the best from all
AMONG_OTHERS = 0.75  # P(another likely entry answers | the best one does not); left out, one of the next five did in .66, any in .91
NEAR = 1000  # labelled texts that are weighed; measured better than all of them, and faster
WORDS = 0.2  # share of words in the kernel, the rest is characters


class Look(NamedTuple):
    """A question beside labelled texts: the scores of the classes, shape (classes,); the likeness to each text, shape (texts,), and that
    by characters alone.
    """

    classes: Floats
    likeness: Floats
    characters: Floats


class Labelled:
    """Labelled texts, and what the ridge learned from them: scores for the classes they are labelled with."""

    def __init__(self, folder: Path, name: str) -> None:
        self._words = Postings.load(folder, f"{name}.words")
        self._characters = Postings.load(folder, f"{name}.characters")
        self._dual = Largest.load(folder, f"{name}.dual")  # texts x classes
        self._bias: Floats = load(folder, f"{name}.bias")  # (classes,)
        self.look = lru_cache(16)(self._look)  # one question is looked at for entries and for articles

    def _look(self, text: str) -> Look:
        characters = self._characters.scores(grams(text, LOW, HIGH))
        kernel = mixed(self._words.scores(terms(text)), characters)
        return Look(predict(self._dual, self._bias, kernel), kernel, characters)


class Ranker:
    """What is said of each entry, and the scores it gives a question. `asked` is what `Labelled.look` says of the question."""

    def __init__(self, folder: Path) -> None:
        self.examples = Labelled(folder, "examples")  # classes: entries, matters
        self._documents = [Postings.load(folder, f"entries.{name}") for name in DOCUMENT]  # BM25
        self.matters: Ints = load(folder, "entries.matter")  # (entries,)
        self._bodies: Ints = load(folder, "entries.body")  # (entries,): the example that is the entry's body
        self._basis: Ints = load(folder, "entries.basis")  # (entries, most): classes in `asked` of the articles it rests on; one past the last: none

    def scores(self, text: str, asked: Floats) -> Floats:
        """How well each entry answers, shape (entries,)."""
        return np.asarray(self.signals(text, asked) @ weights(), dtype=np.float32)

    def signals(self, text: str, asked: Floats) -> Floats:
        """Shape (entries, signals), by `SIGNALS`. Of the articles an entry rests on the likeliest counts; BM25 scores of all that is said
        of an entry are shares of the best entry's.
        """
        ours, _, characters = self.examples.look(text)
        sums = [found.sums(cut(text)) for found, cut in zip(self._documents, DOCUMENT.values(), strict=True)]
        shares = [found / max(float(found.max()), 1e-9) for found in sums]
        articles = np.append(np.maximum(asked, 0), np.float32(0))[self._basis].max(axis=1)
        learned = [*self._by_entry(ours), *self._by_entry(asked), articles]
        return np.stack([*learned, characters[self._bodies], *shares], axis=1).astype(np.float32)

    def _by_entry(self, classes: Floats) -> list[Floats]:
        """What a ridge says of each entry, and of each entry's matter."""
        entries = len(self.matters)
        return [classes[:entries], classes[entries:][self.matters]]  # further classes, if any, are not for entries


class Confidence:
    """From scores to calibrated probabilities.

    `enough`: from which one an entry of a matter is given out, shape (matters,); `seen`: out-of-fold confidence in the answers it was
    learned from, and whether they were right, shape (answers, 2).
    """

    def __init__(self, folder: Path) -> None:
        self._learned: Floats = load(folder, "confidence")  # heat, weights of `evidence`, bias
        self._curve: Floats = load(folder, "confidence.curve")  # (2, knots): scores, and what they are worth
        self.enough: Floats = load(folder, "confidence.enough")
        self.seen: Floats = load(folder, "confidence.seen")

    def chances(self, scores: Floats, near: float) -> Floats:
        """P(the entry answers) from its score, shape (entries,). They sum to less than 1: perhaps none of them does.

        `near`: the likeness to the labelled text most like the question, from 0 to 1.
        """
        heat, best = float(self._learned[0]), int(scores.argmax())
        likely = float(np.interp(sure(self._learned, evidence(scores, near, heat)), *self._curve))
        shares = np.exp(SHARP * heat * (scores - scores[best]))
        shares[best] = 0
        # When the best is wrong, the right one is among the others about so often; it is never likelier than the best.
        rest = np.float32(AMONG_OTHERS * (1 - likely)) / max(float(shares.sum()), 1e-9)
        found: Floats = np.minimum(rest * shares, np.float32(likely))
        found[best] = likely
        return found


def evidence(scores: Floats, near: float, heat: float) -> tuple[float, float, float]:
    """What tells how sure the best entry is: `near`, its score, and the log odds of its share of all; `heat`: how sharp the shares are."""
    top = float(scores.max())
    return near, top, odds(float(1 / np.exp(heat * (scores - top)).sum()))


def sure(learned: Floats, evidence: Sequence[float]) -> float:
    """How sure the best entry is, from 0 to 1; a curve makes it a probability. `learned`: heat, the weights of the evidence, bias."""
    _, *by, bias = learned.tolist()
    return sigmoid(sum(w * e for w, e in zip(by, evidence, strict=True)) + bias)


def predict(dual: Largest, bias: Floats, kernel: Floats) -> Floats:
    """What the ridge says of a text with this likeness to the texts it learned from: the score of each class."""
    near = nearest(kernel, NEAR)
    return dual.total(near, kernel[near]) + bias


def nearest(likeness: Floats, most: int) -> Ints:
    """The places of the largest values, in no order."""
    found = np.argpartition(-likeness, most)[:most] if len(likeness) > most else np.arange(len(likeness))
    return found.astype(np.int32)


def mixed(by_words: Floats, by_characters: Floats) -> Floats:
    """The kernel of the ridge."""
    both: Floats = np.float32(WORDS) * by_words + np.float32(1 - WORDS) * by_characters
    return both


def weights() -> Floats:
    """What each signal counts."""
    return np.fromiter(SIGNALS.values(), dtype=np.float32)
