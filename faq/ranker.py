"""Which entry answers a question: kernel ridge regression over labelled texts, at entry and at matter level.

Every entry brings its phrasings, its title, its answer, its steps and what its articles say in plain words; a question is
compared with all of them, by words and by characters, and the ridge has learned what each likeness is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faq.arrays import Floats, Ints, Postings, load
from faq.features import Features, bag, grams, terms
from faq.gate import odds, sigmoid

SIGNALS = {"entry": 1.0, "matter": 1.0, "body": 0.3, "words": 0.3, "characters": 0.3}  # fixed: examples left out undervalue the ridge for other hands' words
LOW, HIGH = 1, 3  # characters of an n-gram
DOCUMENTS: dict[str, Callable[[str], Features]] = {"words": bag, "characters": lambda text: grams(text, 2, 3)}
SHARP = 2.5  # how much more sharply the others are told apart than the best from all
AMONG_OTHERS = 0.6  # P(another entry of the library answers | the best one does not), measured on questions left out
NEAR = 600  # examples that are weighed; measured better than all of them, and faster
WORDS = 0.3  # share of words in the kernel, the rest is characters


class Ranker:
    """The arrays of the index, and the scores they give a question."""

    def __init__(self, folder: Path) -> None:
        self._words = Postings.load(folder, "examples.words")
        self._documents = [Postings.load(folder, f"entries.{name}") for name in DOCUMENTS]  # BM25
        self._characters = Postings.load(folder, "examples.characters")
        self._dual: Any = load(folder, "ridge.dual")  # (examples, entries + matters), float16
        self._bias: Floats = load(folder, "ridge.bias")  # (entries + matters,)
        self._confidence: Floats = load(folder, "confidence")  # heat, weight of the best score, of its odds, bias
        self._matters: Ints = load(folder, "entries.matter")  # (entries,)
        self._bodies: Ints = load(folder, "entries.body")  # (entries,): the example that is the entry's body

    def scores(self, text: str) -> tuple[Floats, Floats]:
        """How well each entry answers, shape (entries,), and the signals that come into it."""
        found = self.signals(text)
        return combined(found), found

    def chances(self, scores: Floats) -> Floats:
        """P(the entry answers) from its score, shape (entries,). They sum to less than 1: perhaps none of them does."""
        heat, by_score, by_odds, bias = self._confidence.tolist()
        best = int(scores.argmax())
        shares = np.exp(heat * (scores - scores[best]))
        shares /= shares.sum()
        sure = sigmoid(by_score * float(scores[best]) + by_odds * odds(float(shares[best])) + bias)
        shares = np.exp(SHARP * heat * (scores - scores[best]))
        shares[best] = 0
        # When the best is wrong, the right one is among the others about so often; it is never likelier than the best.
        rest = np.float32(AMONG_OTHERS * (1 - sure)) / max(float(shares.sum()), 1e-9)
        found: Floats = np.minimum(rest * shares, np.float32(sure))
        found[best] = sure
        return found

    def nearest(self, text: str, k: int) -> list[tuple[int, float]]:
        """The `k` labelled texts most like a question, by their place among all, each with its likeness from 0 to 1."""
        kernel = mixed(self._words.scores(terms(text)), self._characters.scores(grams(text, LOW, HIGH)))
        return [(i, float(kernel[i])) for i in np.argsort(-kernel, kind="stable")[:k].tolist()]

    def signals(self, text: str) -> Floats:
        """Shape (entries, signals)."""
        characters = self._characters.scores(grams(text, LOW, HIGH))
        kernel = mixed(self._words.scores(terms(text)), characters)
        near = np.argpartition(-kernel, NEAR)[:NEAR] if len(kernel) > NEAR else np.arange(len(kernel))
        # einsum keeps to this thread: a threaded BLAS makes the workers of a small machine wait for each other.
        ridge = np.einsum("ec,e->c", self._dual[near].astype(np.float32), kernel[near]) + self._bias
        documents = [found.sums(cut(text)) for found, cut in zip(self._documents, DOCUMENTS.values(), strict=True)]
        return signals(ridge, characters[self._bodies], self._matters, documents)


def mixed(by_words: Floats, by_characters: Floats) -> Floats:
    """The kernel of the ridge."""
    both: Floats = np.float32(WORDS) * by_words + np.float32(1 - WORDS) * by_characters
    return both


def signals(ridge: Floats, body: Floats, matters: Ints, documents: Sequence[Floats]) -> Floats:
    """By `SIGNALS`: the ridge's scores for entries and their matters, the likeness to the entries' bodies, and the
    BM25 scores of all that is said of an entry, each as a share of the best entry's.
    """
    entries = len(matters)
    shares = [found / max(float(found.max()), 1e-9) for found in documents]
    return np.stack([ridge[:entries], ridge[entries:][matters], body, *shares], axis=1).astype(np.float32)


def combined(found: Floats) -> Floats:
    """One score for each entry from its signals."""
    return np.asarray(found @ weights(), dtype=np.float32)


def weights() -> Floats:
    """What each signal counts."""
    return np.fromiter(SIGNALS.values(), dtype=np.float32)
