"""Kernel ridge regression over labelled texts: at once for a few, in steps for many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from faq.learn import likeness

SIZE, TOGETHER = 1100, 120  # rows and classes that are solved together
RARE, DENSE = 5, 250  # rows with a feature, up to which it is multiplied by pairs of rows; most frequent features, multiplied densely
ALIKE = 1e-4  # share of the largest eigenvalue, below which frequent features say the same
NOTHING = np.float32(1e-30)


def exact(kernel: NDArray[Any], targets: NDArray[Any], penalty: float) -> NDArray[Any]:
    """The dual coefficients of kernel ridge regression, shape (examples, classes): (K + pI)^-1 y.

    `kernel` is (examples, examples) and overwritten, `targets` (examples, classes).
    """
    return _solve(_factor(kernel, penalty), targets)


def _factor(kernel: NDArray[Any], penalty: float) -> NDArray[Any]:
    kernel[np.diag_indices_from(kernel)] += np.float32(penalty)
    return np.asarray(lapack.spotrf(kernel.T, lower=1, overwrite_a=1)[0])  # in place, in Fortran's order: the kernel is symmetric


def _solve(factor: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(lapack.spotrs(factor, targets.astype(np.float32, copy=False), lower=1)[0])


def of_many(
    rows: Any, targets: Any, mean: NDArray[Any], penalty: float, group: NDArray[Any], stages: Sequence[tuple[NDArray[Any], int]]
) -> list[NDArray[Any]]:
    """The dual coefficients of ridge regression over many sparse rows, shape (rows, classes): close to those of `exact`, in far less time.

    Deflated conjugate gradients (Saad, Yeung, Erhel & Guyomarc'h 2000, SIAM J. Sci. Comput. 21(5)): a step takes time that grows with
    the rows, not with their square. Rows of like `group` are solved together first. `targets` is sparse, too, and counts less its classes'
    `mean`; `stages`: which rows are learned from, shape (rows,), and in how many steps. Each goes on from the one before and gives one
    result; the coefficients of a row that is not learned from are 0.
    """
    if len(group) <= SIZE:
        return [_exactly(rows, targets, mean, penalty, kept) for kept, _ in stages]
    kernel, parts = _Kernel.of(rows, penalty), _parts(rows, penalty, group)
    span = kernel.span()
    systems = [_System.of(kernel, parts, span, kept) for kept, _ in stages]
    found = [np.zeros(targets.shape, dtype=np.float32) for _ in stages]
    by_class = targets.tocsc()

    def solve(at: int) -> None:
        some = slice(at, at + TOGETHER)
        rest = by_class[:, some].toarray() - mean[some]
        dual = np.zeros_like(rest)
        for system, (_, steps), result in zip(systems, stages, found, strict=True):
            system.better(dual, rest, steps)
            result[:, some] = dual

    # A processor works on some classes each; more threads of BLAS would only stand in each other's way.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(solve, range(0, targets.shape[1], TOGETHER)))
    return found


def _exactly(rows: Any, targets: Any, mean: NDArray[Any], penalty: float, kept: NDArray[Any]) -> NDArray[Any]:
    found = np.zeros(targets.shape, dtype=np.float32)
    found[kept] = exact(likeness(rows[kept]), targets[kept].toarray() - mean, penalty)
    return found


def _parts(rows: Any, penalty: float, group: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Rows that are solved together, each part with its factor."""
    split = np.array_split(np.argsort(group, kind="stable"), -(-len(group) // SIZE))
    return [(at, _factor(likeness(rows[at]), penalty)) for at in split]


@dataclass(frozen=True, slots=True)
class _Kernel:
    """K + pI of sparse rows, without writing it out.

    K is the sum of what features of very many rows give (`dense`), those of a few (`pairs`, rows x rows) and the others (`shared`, rows x
    features, and `by_feature` transposed); `own` is what a row has alone, and p.
    """

    dense: NDArray[Any]
    shared: Any
    by_feature: Any
    pairs: Any
    own: NDArray[Any]

    @classmethod
    def of(cls, rows: Any, penalty: float) -> _Kernel:
        times = np.bincount(rows.indices, minlength=rows.shape[1])
        often = int(np.sort(times)[-DENSE:][0])
        dense, shared = rows[:, times > often].toarray(), rows[:, (times > RARE) & (times <= often)].tocsr()
        rare, single = rows[:, (times > 1) & (times <= min(RARE, often))].tocsr(), rows[:, times == 1]
        own = np.asarray(single.multiply(single).sum(axis=1), dtype=np.float32).reshape(-1, 1) + np.float32(penalty)
        return cls(dense, shared, shared.T.tocsr(), (rare @ rare.T).tocsr(), own)

    def times(self, dual: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = self.own * dual
        found += self.shared @ (self.by_feature @ dual)
        found += self.dense @ (self.dense.T @ dual)
        found += self.pairs @ dual
        return found

    def span(self) -> NDArray[Any]:
        """An orthonormal basis of what the dense features can say, shape (rows, at most `DENSE`)."""
        values, vectors = np.linalg.eigh((self.dense.T @ self.dense).astype(np.float64))
        apart = values > values[-1] * ALIKE
        return np.asarray(self.dense @ (vectors[:, apart] / np.sqrt(values[apart])).astype(np.float32))


@dataclass(frozen=True, slots=True)
class _System:
    """How to solve for a kernel when only the `kept` rows are learned from, shape (rows, 1), 1 or 0. `parts`: see `_parts`.

    What the `span` can say is exact from the start: `seen` is the kernel times it, `coarse` the factor of both together.
    """

    kernel: _Kernel
    parts: list[tuple[NDArray[Any], NDArray[Any]]]
    kept: NDArray[Any]
    span: NDArray[Any]
    seen: NDArray[Any]
    coarse: NDArray[Any]

    @classmethod
    def of(cls, kernel: _Kernel, parts: list[tuple[NDArray[Any], NDArray[Any]]], span: NDArray[Any], kept: NDArray[Any]) -> _System:
        mask = kept.astype(np.float32)[:, None]
        span = mask * span
        seen = kernel.times(span)
        return cls(kernel, parts, mask, span, seen, _factor(span.T @ seen, 0.0))

    def better(self, dual: NDArray[Any], rest: NDArray[Any], steps: int) -> None:
        """Better the coefficients of some classes in place. `rest`: the targets less what the kernel makes of `dual`, kept so for all rows."""
        said = _solve(self.coarse, self.span.T @ rest)
        dual += self.span @ said
        rest -= self.seen @ said
        step, before = np.zeros_like(rest), np.full(rest.shape[1], np.inf, dtype=np.float32)
        for _ in range(steps):
            better = self._by_parts(rest)
            gain = np.einsum("ij,ij->j", rest, better)
            step *= gain / before
            step += better - self.span @ _solve(self.coarse, self.seen.T @ better)
            before, moved = np.maximum(gain, NOTHING), self.kernel.times(step)
            share = gain / np.maximum(np.einsum("ij,ij->j", step, moved), NOTHING)
            dual += share * step
            rest -= share * moved

    def _by_parts(self, rest: NDArray[Any]) -> NDArray[Any]:
        found = np.empty_like(rest)
        for at, factor in self.parts:
            found[at] = self.kept[at] * _solve(factor, self.kept[at] * rest[at])
        return found
