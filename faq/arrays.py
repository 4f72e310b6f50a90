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
    idf: Any  # float32 when learned, float16 when read

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

    def save(self, folder: Path, name: str) -> None:
        save(folder, f"{name}.hashes", self.hashes)
        save(folder, f"{name}.idf", self.idf.astype(np.float16))

    @classmethod
    def load(cls, folder: Path, name: str) -> Vocabulary:
        return cls(load(folder, f"{name}.hashes"), load(folder, f"{name}.idf"))


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix by rows: `start` (rows + 1), `columns` and `weights` (one a value), `width` columns."""

    start: Ints
    columns: Any  # uint16, or int32 where there are too many
    weights: Any  # float16
    width: int

    def total(self, rows: NDArray[Any], shares: Floats) -> Floats:
        """The sum of some rows, each times its share. Shape (width,)."""
        spans = [(self.start[r], self.start[r + 1]) for r in rows.tolist()]
        if not spans:
            return np.zeros(self.width, dtype=np.float32)
        columns = np.concatenate([self.columns[a:b] for a, b in spans])
        found = np.concatenate([self.weights[a:b] for a, b in spans])
        found = found * np.repeat(shares, [int(b - a) for a, b in spans])
        return np.bincount(columns, weights=found, minlength=self.width).astype(np.float32)

    def dense(self, rows: NDArray[Any]) -> Floats:
        """Some rows written out. Shape (rows, width)."""
        found = np.zeros((len(rows), self.width), dtype=np.float32)
        for row, r in zip(found, rows.tolist(), strict=True):
            some = slice(self.start[r], self.start[r + 1])
            row[self.columns[some]] = self.weights[some]
        return found

    def save(self, folder: Path, name: str) -> None:
        save(folder, f"{name}.start", self.start)
        save(folder, f"{name}.columns", self.columns)
        save(folder, f"{name}.weights", self.weights)
        save(folder, f"{name}.width", np.array([self.width]))

    @classmethod
    def load(cls, folder: Path, name: str) -> Rows:
        start, columns, weights = (load(folder, f"{name}.{part}") for part in ("start", "columns", "weights"))
        return cls(start, columns, weights, int(load(folder, f"{name}.width")[0]))


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest values of each row of a matrix of `width` columns: where and how much, shape (rows, kept)."""

    columns: Any  # uint16, or int32 where there are too many
    weights: Any  # float16
    width: int

    def total(self, rows: NDArray[Any], shares: Floats) -> Floats:
        """The sum of some rows, each times its share. Shape (width,)."""
        found = self.weights[rows].astype(np.float32) * shares[:, None]
        return np.bincount(self.columns[rows].ravel(), weights=found.ravel(), minlength=self.width).astype(np.float32)

    def save(self, folder: Path, name: str) -> None:
        save(folder, f"{name}.columns", self.columns)
        save(folder, f"{name}.weights", self.weights)
        save(folder, f"{name}.width", np.array([self.width]))

    @classmethod
    def load(cls, folder: Path, name: str) -> Largest:
        return cls(load(folder, f"{name}.columns"), load(folder, f"{name}.weights"), int(load(folder, f"{name}.width")[0]))


@dataclass(frozen=True, slots=True)
class Postings:
    """For each feature the documents that have it, a row a feature, a column a document."""

    vocabulary: Vocabulary
    table: Rows

    def sums(self, features: Features) -> Floats:
        """The sum of the weights of a text's features in every document: BM25 when these are its weights. Shape (size,)."""
        return self._sums(self._known(features))

    def shares(self, features: Features) -> Floats:
        """What every document has of a text's features, by their idf: between 0 and 1 when the weights are BM25. Shape (size,)."""
        columns = self._known(features)
        return self._sums(columns) / max(float(self.vocabulary.idf[columns].sum(dtype=np.float32)), 1e-9)

    def scores(self, features: Features) -> Floats:
        """The weighted overlap of a text with every document: cosine when documents are of length 1. Shape (size,)."""
        return self.table.total(*self.vocabulary.weigh(features))

    def _known(self, features: Features) -> Ints:
        return self.vocabulary.locate(np.unique(features))[0]

    def _sums(self, columns: Ints) -> Floats:
        return self.table.total(columns, np.ones(len(columns), dtype=np.float32))

    def save(self, folder: Path, name: str) -> None:
        self.vocabulary.save(folder, name)
        self.table.save(folder, name)

    @classmethod
    def load(cls, folder: Path, name: str) -> Postings:
        return cls(Vocabulary.load(folder, name), Rows.load(folder, name))


def save(folder: Path, name: str, array: NDArray[Any]) -> None:
    """Write one array; nothing that could run code when it is read."""
    np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def load(folder: Path, name: str) -> NDArray[Any]:
    """Map one array into memory, read-only; pages come in as they are touched."""
    found: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return np.asarray(found)
