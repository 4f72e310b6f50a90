"""What was meant where a keyboard or a voice wrote another word of the same sound: 公资 for 工资, 派出锁 for 派出所.

A noisy channel (Kernighan, Church & Gale 1990): a word of our texts that sounds like what is written takes its place when it makes the
text likelier by more than the cost of the mistake. How likely a text is, pairs of neighbouring characters in our texts say.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from faq.arrays import Ints, load, save
from faq.segment import normalise

COST = 5.0  # natural log units for each character that is read as another of the same sound
COST_ALIKE = 8.0  # and of a sound that dialects do not tell apart
RARE = 0.05  # what is written as often as this share of what may be meant is no mistake
MISTAKEN = 0.005  # share of a word's uses that are written otherwise in our own texts, too
SMOOTHING = 5.0  # how many pairs a character's own frequency is worth
LENGTHS = 4, 3, 2  # characters of a word
FIRST, PLACES = 0x4E00, 0x5200  # the block of Chinese characters, and how many places it has

EDGE = "^"
_CHINESE = re.compile("[\u4e00-\u9fff]+")


def _code(a: str, b: str) -> int:
    return ord(a) << 16 | ord(b)


class Correction(NamedTuple):
    """What is written, what it is read as, and how much likelier that makes the text, the cost taken off."""

    written: str
    meant: str
    gain: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often characters and pairs of neighbours occur in our texts."""

    pairs: NDArray[np.uint32]  # sorted, both characters of each
    times: Ints  # of each pair
    single: Ints  # of each character of the basic plane, shape (65536,)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Pairs:
        """Counted in these texts; what is no Chinese character ends a run."""
        runs = [f"{EDGE}{run}{EDGE}" for text in texts for run in _CHINESE.findall(normalise(text))]
        pairs = sorted(Counter(_code(a, b) for run in runs for a, b in pairwise(run)).items())
        places = np.frombuffer("".join(runs).encode("utf-16-le"), dtype=np.uint16)
        codes, times = (np.array(part) for part in zip(*pairs, strict=True))
        return cls(codes.astype(np.uint32), times.astype(np.int32), np.bincount(places, minlength=1 << 16).astype(np.int32))

    def save(self, folder: Path) -> None:
        for name in ("pairs", "times", "single"):
            save(folder, f"spelling.{name}", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> Pairs:
        return cls(*(load(folder, f"spelling.{name}") for name in ("pairs", "times", "single")))

    def count(self, pair: str) -> int:
        code = _code(pair[0], pair[1])
        at = int(np.searchsorted(self.pairs, np.uint32(code)))
        return int(self.times[at]) if at < len(self.pairs) and int(self.pairs[at]) == code else 0

    def log(self, text: str, mistaken: float = 0.0) -> float:
        """The log probability of all characters but the first, each after the one before it.

        `mistaken`: how often the pairs inside, all but the first and the last, were probably mistakes.
        """
        every = float(self.single.sum())
        found = 0.0
        for n, (a, b) in enumerate(pairwise(text)):
            alone = (float(self.single[ord(b)]) + 0.5) / every
            times = max(self.count(a + b) - mistaken, 0.0) if 0 < n < len(text) - 2 else self.count(a + b)
            found += float(np.log((times + SMOOTHING * alone) / (float(self.single[ord(a)]) + SMOOTHING)))
        return found


class Spelling:
    """The words of our texts by their sound."""

    def __init__(self, folder: Path) -> None:
        self._pairs = Pairs.load(folder)
        self._sound: NDArray[np.uint16] = load(folder, "spelling.sound")  # (PLACES,)
        self._alike: NDArray[np.uint16] = load(folder, "spelling.alike")  # (PLACES,): sounds that dialects do not tell apart are one
        self._words: dict[tuple[int, ...], list[tuple[str, tuple[int, ...]]]] = {}
        rows: list[tuple[str, list[int], list[int]]] = json.loads((folder / "spelling.json").read_text(encoding="utf-8"))
        for word, sounds, alike in rows:
            self._words.setdefault(tuple(alike), []).append((word, tuple(sounds)))
        self.read = lru_cache(16)(self._read)

    def _read(self, text: str) -> tuple[str, tuple[Correction, ...]]:
        """The text, normalised, as it was probably meant, and what was corrected in it, surest first."""
        found: list[Correction] = []

        def corrected(run: re.Match[str]) -> str:
            meant, corrections = self._run(run[0])
            found.extend(corrections)
            return meant

        plain = normalise(text)
        meant = _CHINESE.sub(corrected, plain)
        return (meant if found else text), tuple(sorted(found, key=lambda c: -c.gain))

    def _run(self, run: str) -> tuple[str, list[Correction]]:
        """One run of Chinese characters; a character is corrected at most once."""
        done: set[int] = set()
        found = []
        for correction, start in sorted(self._candidates(run), key=lambda c: (-c[0].gain, c[1])):
            places = set(range(start, start + len(correction.meant)))
            if not done & places:
                done |= places
                run = run[:start] + correction.meant + run[start + len(correction.meant) :]
                found.append(correction)
        return run, found

    def _candidates(self, run: str) -> list[tuple[Correction, int]]:
        places = np.frombuffer(run.encode("utf-16-le"), dtype=np.uint16) - FIRST
        sounds, alike = self._sound[places].tolist(), self._alike[places].tolist()
        found = []
        for length in LENGTHS:
            for i in range(len(run) - length + 1):
                for word, exactly in self._words.get(tuple(alike[i : i + length]), ()):
                    if word != run[i : i + length]:
                        cost = COST if exactly == tuple(sounds[i : i + length]) else COST_ALIKE
                        gain = self._gain(f"{EDGE}{run}{EDGE}", i + 1, word, cost)
                        if gain > 0:
                            found.append((Correction(run[i : i + length], word, gain), i))
        return found

    def _gain(self, text: str, start: int, word: str, cost: float) -> float:
        """How much likelier a text is with a word at this place, less the cost of each character that differs."""
        end = start + len(word)
        written = text[start:end]
        often = self._seen(word)
        if self._seen(written) >= RARE * often:
            return 0.0
        before, after = text[start - 1], text[end]
        differ = sum(a != b for a, b in zip(written, word, strict=True))
        as_written = self._pairs.log(before + written + after, MISTAKEN * often)
        return self._pairs.log(before + word + after) - as_written - cost * differ

    def _seen(self, word: str) -> int:
        """How often a word can have been seen at most: as often as its rarest pair."""
        return min(self._pairs.count(word[i : i + 2]) for i in range(len(word) - 1))
