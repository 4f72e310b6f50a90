"""Texts as hashed features: character n-grams and words, without a vocabulary to load.

A feature is a 32-bit hash, so an index stores its features as one sorted array and finds them by bisection. With the
half million features of our library about thirty pairs collide, which no score notices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from faq.segment import JUST_SEEN, characters, normalise, words

CONCEPTS = Path(__file__).with_name("concepts.tsv")
ENDS = 10, 8  # characters at the end and at the start of a message that count by their place, too

Features = NDArray[np.uint32]
_STEP = np.uint32(0x9E3779B1)  # 2**32 / golden ratio, odd: Knuth's multiplicative hashing (TAOCP 3, 6.4)
_MIX = np.uint32(0x85EBCA6B)  # MurmurHash3's finaliser


@lru_cache(JUST_SEEN)
def grams(text: str, low: int, high: int) -> Features:
    """Hashes of all character n-grams of `low` to `high` characters, with repetitions; `^` and `$` mark the ends."""
    return _grams(characters(text), low, high)


def _grams(text: str, low: int, high: int) -> Features:
    codes = np.frombuffer(f"^{text}$".encode("utf-32-le"), dtype=np.uint32)
    found = []
    hashes = np.zeros(len(codes), dtype=np.uint32)
    for n in range(1, min(high, len(codes)) + 1):
        hashes = (hashes[: len(codes) - n + 1] + codes[n - 1 :]) * _STEP
        hashes ^= hashes >> np.uint32(15)
        if n >= low:
            found.append((hashes + np.uint32(n)) * _MIX)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.uint32)


@lru_cache(JUST_SEEN)
def terms(text: str) -> Features:
    """Hashes of the words of a text and of the pairs of neighbours, with repetitions."""
    found = words(text)
    return hashed([*found, *(f"{a} {b}" for a, b in pairwise(found))])


def bag(text: str) -> Features:
    """Hashes of the words of a text, with repetitions."""
    return hashed(words(text))


def pieces(text: str) -> Features:
    """Hashes of the n-grams of two and three characters."""
    return grams(text, 2, 3)


DOCUMENT: dict[str, Callable[[str], Features]] = {"words": bag, "characters": pieces}  # the ways a document is looked at for BM25


def hashed(names: Iterable[str]) -> Features:
    """One hash a name."""
    return np.fromiter((crc32(n.encode()) for n in names), dtype=np.uint32)


def message(text: str) -> Features:
    """How a message is put: its n-grams, words and pairs of words, the n-grams of its end and start once more, and its concepts.

    What is asked stands at the end of a message and what is only told begins otherwise: place says as much as words.
    """
    return np.concatenate([said(text), placed(text)])


def said(text: str) -> Features:
    """The features of `message` that do not depend on their place."""
    return np.concatenate([grams(text, 1, 3), terms(text), hashed(concepts(text))])


def placed(text: str) -> Features:
    """The features of `message` that do: the n-grams of its end and of its start."""
    run = characters(text)
    return np.concatenate([_grams(run[-ENDS[0] :], 1, 3) ^ _STEP, _grams(run[: ENDS[1]], 1, 3) ^ _MIX])


def concepts(text: str) -> list[str]:
    """The names of the concepts in a text: weapon, now, missing, ask, resolved ... (concepts.tsv)."""
    plain = normalise(text)
    return [name for name, pattern in _concepts() if pattern.search(plain)]


@cache
def _concepts() -> list[tuple[str, re.Pattern[str]]]:
    lines = CONCEPTS.read_text(encoding="utf-8").splitlines()[1:]
    return [(f"<{name}>", re.compile(pattern)) for name, pattern in (line.split("\t") for line in lines)]
