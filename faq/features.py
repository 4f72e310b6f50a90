"""Texts as hashed features: character n-grams and words, without a vocabulary to load.

A feature is a 32-bit hash, so an index stores its features as one sorted array and finds them by bisection. With the
half million features of our library about thirty pairs collide, which no score notices.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from faq.segment import characters, words

Features = NDArray[np.uint32]
_STEP = np.uint32(0x9E3779B1)  # 2**32 / golden ratio, odd: Knuth's multiplicative hashing (TAOCP 3, 6.4)
_MIX = np.uint32(0x85EBCA6B)  # MurmurHash3's finaliser


def grams(text: str, low: int, high: int) -> Features:
    """Hashes of all character n-grams of `low` to `high` characters, with repetitions; `^` and `$` mark the ends."""
    codes = np.frombuffer(f"^{characters(text)}$".encode("utf-32-le"), dtype=np.uint32)
    found = []
    hashes = np.zeros(len(codes), dtype=np.uint32)
    for n in range(1, min(high, len(codes)) + 1):
        hashes = (hashes[: len(codes) - n + 1] + codes[n - 1 :]) * _STEP
        hashes ^= hashes >> np.uint32(15)
        if n >= low:
            found.append((hashes + np.uint32(n)) * _MIX)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.uint32)


def terms(text: str) -> Features:
    """Hashes of the words of a text and of the pairs of neighbours, with repetitions."""
    found = words(text)
    return hashed([*found, *(f"{a} {b}" for a, b in zip(found, found[1:], strict=False))])


def hashed(names: Iterable[str]) -> Features:
    """One hash a name."""
    return np.fromiter((crc32(n.encode()) for n in names), dtype=np.uint32)
