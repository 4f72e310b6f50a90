"""The index on disk: plain .npy arrays, memory-mapped when read, and the two shapes they make together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faq.features import Features

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features an index knows, as sorted hashes, each with its inverse document frequency."""

    hashes: Features
    idf: Floats

    def locate(self, found: Features) -> tuple[Ints, NDArray[np.bool_]]:
        """The columns of those of these features that are known, and which these are."""
        at = np.searchsorted(self.hashes, found)
        at[at == len(self.hashes)] = 0
        known = self.hashes[at] == found if len(self.hashes) else np.zeros(len(found), dtype=bool)
        return at[known].astype(np.int32), known

    def weigh(self, features: Features) -> tuple[Ints, Floats]:
        """Columns and weights of a text: (1 + ln tf) * idf, of length 1 (Salton & Buckley 1988, "ltc")."""
        found, counts = np.unique(features, return_counts=True)
        columns, known = self.locate(found)
        weights = ((1.0 + np.log(counts[known])) * self.idf[columns]).astype(np.float32)
        length = float(np.sqrt(weights @ weights))
        return columns, weights / np.float32(length) if length else weights

    @classmethod
    def load(cls, folder: Path, name: str) -> Vocabulary:
        return cls(load(folder, f"{name}.hashes"), load(folder, f"{name}.idf"))


@dataclass(frozen=True, slots=True)
class Postings:
    """For each feature the documents that have it: `start` (features + 1), `rows` and `weights` (one a posting)."""

    vocabulary: Vocabulary
    start: Ints
    rows: Ints
    weights: Floats
    size: int

    def sums(self, features: Features) -> Floats:
        """The sum of the weights of a text's features in every document: BM25 when these are its weights. Shape (size,)."""
        columns, _ = self.vocabulary.locate(np.unique(features))
        return self._add(columns, np.ones(len(columns), dtype=np.float32))

    def scores(self, features: Features) -> Floats:
        """The weighted overlap of a text with every document: cosine when documents are of length 1. Shape (size,)."""
        return self._add(*self.vocabulary.weigh(features))

    def _add(self, columns: Ints, weights: Floats) -> Floats:
        spans = [(self.start[c], self.start[c + 1]) for c in columns.tolist()]
        if not spans:
            return np.zeros(self.size, dtype=np.float32)
        rows = np.concatenate([self.rows[a:b] for a, b in spans])
        found = np.concatenate([self.weights[a:b] for a, b in spans])
        found = found * np.repeat(weights, [int(b - a) for a, b in spans])
        return np.bincount(rows, weights=found, minlength=self.size).astype(np.float32)

    @classmethod
    def load(cls, folder: Path, name: str) -> Postings:
        start, rows, weights = (load(folder, f"{name}.{part}") for part in ("start", "rows", "weights"))
        size = int(load(folder, f"{name}.size")[0])
        return cls(Vocabulary.load(folder, name), start, rows, weights, size)


def save(folder: Path, name: str, array: NDArray[Any]) -> None:
    """Write one array; nothing that could run code when it is read."""
    np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def load(folder: Path, name: str) -> NDArray[Any]:
    """Map one array into memory, read-only; pages come in as they are touched."""
    found: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return np.asarray(found)
