"""Kernel ridge regression over labelled texts: at once for a few, in steps for many."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from faq.learn import likeness

SIZE, TOGETHER = 1100, 300  # rows and classes that are solved together
RARE, DENSE = 5, 500  # rows with a feature, up to which it is multiplied by pairs of rows; most frequent features, multiplied densely
ALIKE = 1e-4  # share of the largest eigenvalue, below which frequent features say the same
STEPS = 3  # of conjugate gradients; more were measured to rank no better
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
    rows: Any, targets: Any, mean: NDArray[Any], penalty: float, group: NDArray[Any], *, start: NDArray[Any] | None = None, steps: int = STEPS
) -> NDArray[Any]:
    """The dual coefficients of ridge regression over many sparse rows, shape (rows, classes): close to those of `exact`, in far less time.

    Deflated conjugate gradients (Saad, Yeung, Erhel & Guyomarc'h 2000, SIAM J. Sci. Comput. 21(5)): a step takes time that grows with
    the rows, not with their square. Rows of like `group` are solved together first. `targets` is sparse, too, and counts less its classes'
    `mean`; `start`: what is known before, bettered in place.
    """
    if len(group) <= SIZE:
        return exact(likeness(rows), targets.toarray() - mean, penalty)
    system = _System.of(rows, penalty, group)
    dual = np.zeros(targets.shape, dtype=np.float32) if start is None else start
    by_class = targets.tocsc()

    def solve(at: int) -> None:
        some = slice(at, at + TOGETHER)
        dual[:, some] = system.solve(by_class[:, some].toarray() - mean[some], dual[:, some].copy(), steps)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # a processor works on some classes each
        list(pool.map(solve, range(0, targets.shape[1], TOGETHER)))
    return dual


@dataclass(frozen=True, slots=True)
class _Kernel:
    """K + pI of sparse rows, without writing it out.

    K is the sum of what features of very many rows give (`dense`), those of a few (`pairs`, rows x rows) and the others (`shared`, rows x
    features); `own` is what a row has alone, and p.
    """

    dense: NDArray[Any]
    shared: Any
    pairs: Any
    own: NDArray[Any]

    @classmethod
    def of(cls, rows: Any, penalty: float) -> _Kernel:
        times = np.bincount(rows.indices, minlength=rows.shape[1])
        often = int(np.sort(times)[-DENSE:][0])
        dense, shared = rows[:, times > often].toarray(), rows[:, (times > RARE) & (times <= often)].tocsr()
        rare, single = rows[:, (times > 1) & (times <= min(RARE, often))].tocsr(), rows[:, times == 1]
        own = np.asarray(single.multiply(single).sum(axis=1), dtype=np.float32).reshape(-1, 1) + np.float32(penalty)
        return cls(dense, shared, (rare @ rare.T).tocsr(), own)

    def times(self, dual: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = self.own * dual
        found += self.shared @ (self.shared.T @ dual)
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
    """How to solve for a kernel. `parts`: rows that are solved together, each with its factor.

    What the `span` can say is exact from the start: `seen` is the kernel times it, `coarse` the factor of both together.
    """

    kernel: _Kernel
    parts: list[tuple[NDArray[Any], NDArray[Any]]]
    span: NDArray[Any]
    seen: NDArray[Any]
    coarse: NDArray[Any]

    @classmethod
    def of(cls, rows: Any, penalty: float, group: NDArray[Any]) -> _System:
        kernel = _Kernel.of(rows, penalty)
        split = np.array_split(np.argsort(group, kind="stable"), -(-len(group) // SIZE))
        parts = [(at, _factor(likeness(rows[at]), penalty)) for at in split]
        span = kernel.span()
        seen = kernel.times(span)
        return cls(kernel, parts, span, seen, _factor(span.T @ seen, 0.0))

    def solve(self, targets: NDArray[Any], dual: NDArray[Any], steps: int) -> NDArray[Any]:
        """Better coefficients of some classes. A class without a target keeps zeros."""
        rest = targets - self.kernel.times(dual) if dual.any() else targets
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
        return dual

    def _by_parts(self, rest: NDArray[Any]) -> NDArray[Any]:
        found = np.empty_like(rest)
        for at, factor in self.parts:
            found[at] = _solve(factor, rest[at])
        return found
