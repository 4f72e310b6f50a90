"""What is learned at build time, with scikit-learn. Never imported to answer a question."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold

from faq.arrays import Floats, Largest, Postings, Rows, Vocabulary
from faq.features import Features

SEED = 20261122
LEAST = 0.01  # share of right ones that is said at least, and at most left to one
AT_ONCE = 1000  # examples whose coefficients are sorted at once
FREQUENT = 60  # texts with a feature, above which it is multiplied densely


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as rows of TF-IDF weights (1 + ln tf, smooth idf, length 1) over the vocabulary they were counted with."""

    vocabulary: Vocabulary
    rows: Any  # csr_matrix, float32, shape (texts, features)

    def postings(self) -> Postings:
        """The same weights by feature."""
        return Postings(self.vocabulary, packed(self.rows.T.tocsr()))


def weigh(texts: Sequence[str], cut: Callable[[str], Features], *, least: int = 1, most: float = 1.0) -> Texts:
    """Count and weigh texts; features in fewer than `least` texts or in more than the share `most` are left out."""
    found = [np.unique(cut(t), return_counts=True) for t in texts]
    hashes, documents = np.unique(np.concatenate([f for f, _ in found]), return_counts=True)
    hashes = hashes[(documents >= least) & (documents <= max(1.0, most * len(texts)))]
    matrix = _counts(found, hashes)
    tfidf = TfidfTransformer(sublinear_tf=True, smooth_idf=True, norm="l2").fit(matrix)
    return Texts(Vocabulary(hashes, tfidf.idf_.astype(np.float32)), tfidf.transform(matrix).astype(np.float32))


def _counts(found: Sequence[tuple[Features, NDArray[Any]]], hashes: Features) -> Any:
    """How often each text has each of these features, as csr_matrix, shape (texts, features)."""
    vocabulary = Vocabulary(hashes, np.ones(len(hashes), dtype=np.float32))
    located = [vocabulary.locate(features) for features, _ in found]
    counts = [times[known] for (_, times), (_, known) in zip(found, located, strict=True)]
    start = np.cumsum([0, *(len(c) for c in counts)])
    data = (np.concatenate(counts).astype(np.float64), np.concatenate([columns for columns, _ in located]), start)
    return sparse.csr_matrix(data, shape=(len(found), len(hashes)))


K1, B = 1.2, 0.5  # of BM25: how soon a repeated feature says no more, and how much a long document is discounted


def bm25(texts: Sequence[Sequence[str]], cut: Callable[[str], Features], *, most: float = 1.0) -> Postings:
    """Documents weighed by BM25 (Robertson & Walker 1994); each is the features of its texts together.

    Features in more than the share `most` of the documents are left out. The constant factor K1 + 1 is, too: a weight is at most the
    feature's idf.
    """
    found = [np.unique(np.concatenate([cut(t) for t in parts]), return_counts=True) for parts in texts]
    hashes, in_documents = np.unique(np.concatenate([f for f, _ in found]), return_counts=True)
    kept = in_documents <= max(1.0, most * len(texts))
    hashes, in_documents = hashes[kept], in_documents[kept]
    idf = np.log(1 + (len(texts) - in_documents + 0.5) / (in_documents + 0.5)).astype(np.float32)
    counts = _counts(found, hashes).astype(np.float32)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    discount = np.repeat(K1 * (1 - B + B * lengths / lengths.mean()), np.diff(counts.indptr))
    counts.data = idf[counts.indices] * counts.data / (counts.data + discount)
    return Postings(Vocabulary(hashes, idf), packed(counts.T.tocsr()))


def logistic(rows: Any, labels: NDArray[Any], *, c: float) -> LogisticRegression:
    """One logistic regression, always the same for the same input."""
    return LogisticRegression(C=c, max_iter=1000, random_state=SEED).fit(rows, labels)


def platt(scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any]) -> tuple[float, float]:
    """a, b of P = 1 / (1 + exp(-(a * score + b))) on held-out scores (Platt 1999)."""
    model = LogisticRegression(C=1e6, max_iter=1000).fit(scores.reshape(-1, 1), labels, weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def isotonic(scores: NDArray[Any], labels: NDArray[Any]) -> Floats:
    """The curve from held-out scores to shares of right ones that never falls (Zadrozny & Elkan 2002), shape (2, knots), for `np.interp`.

    A knot is the middle of scores that have the same share; no share is said to be nothing or all.
    """
    shares, of_score = np.unique(IsotonicRegression(y_min=LEAST, y_max=1 - LEAST).fit_transform(scores, labels), return_inverse=True)
    return np.stack([np.bincount(of_score, scores) / np.bincount(of_score), shares]).astype(np.float32)


def calibrated(
    rows: Any, labels: NDArray[Any], weights: NDArray[Any], shares: NDArray[Any] | None = None
) -> tuple[Floats, float]:
    """Column weights and bias of a ridge classifier whose scores are log odds, calibrated out of fold (3 folds).

    `weights` is how much each row counts in training, `shares` in calibration: what stands for how much in real talk.
    """
    folds = [*StratifiedKFold(3, shuffle=True, random_state=SEED).split(rows, labels)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the sparse products run side by side
        *parts, whole = pool.map(lambda part: _linear(rows[part], labels[part], weights[part]), [*(train for train, _ in folds), np.arange(len(labels))])
    held_out = np.zeros(len(labels))
    for (_, test), part in zip(folds, parts, strict=True):
        held_out[test] = part.predict(rows[test])
    a, b = platt(held_out, labels, weights if shares is None else shares)
    return (a * whole.coef_).astype(np.float32), float(a * whole.intercept_ + b)


def one_of(rows: Any, labels: NDArray[Any], count: int) -> tuple[Floats, Floats]:
    """Column weights (features, count) and biases (count,) that score each class against the others."""
    model = _linear(rows, np.eye(count)[labels], None)
    return model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)


def _linear(rows: Any, labels: NDArray[Any], weights: NDArray[Any] | None) -> Ridge:
    return Ridge(alpha=0.5, solver="sparse_cg", tol=1e-3, max_iter=150, random_state=SEED).fit(rows, labels, weights)


def likeness(rows: Any) -> NDArray[Any]:
    """All inner products of sparse rows, shape (rows, rows): frequent features densely, rare ones sparsely."""
    frequent = np.bincount(rows.indices, minlength=rows.shape[1]) > FREQUENT
    dense = rows[:, frequent].toarray()
    found = np.asarray(dense @ dense.T, dtype=np.float32)
    rare = rows[:, ~frequent]
    both = (rare @ rare.T).tocoo()
    found[both.row, both.col] += both.data
    return found


def largest(dual: NDArray[Any], blocks: Sequence[int], kept: int) -> Largest:
    """The `kept` largest coefficients of each example in each block of classes; measured better than all of them, and much smaller."""

    def of(some: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        found = []
        for start, end in zip([0, *blocks[:-1]], blocks, strict=True):
            most = min(kept, end - start)
            found.append(np.argpartition(-np.abs(some[:, start:end]), most - 1, axis=1)[:, :most] + start)
        columns = np.hstack(found)
        return places(columns, dual.shape[1]), np.take_along_axis(some, columns, axis=1).astype(np.float16)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # a few examples at a time: sorting takes three times the room of the coefficients
        columns, weights = zip(*pool.map(of, np.array_split(dual, -(-len(dual) // AT_ONCE))), strict=True)
    return Largest(np.concatenate(columns), np.concatenate(weights), int(dual.shape[1]))


def packed(matrix: Any) -> Rows:
    """A csr_matrix packed: half precision, and places in two bytes where they fit."""
    matrix.sort_indices()
    columns = places(matrix.indices, matrix.shape[1])
    return Rows(matrix.indptr.astype(np.int32), columns, matrix.data.astype(np.float16), int(matrix.shape[1]))


def places(columns: NDArray[Any], width: int) -> NDArray[Any]:
    """Places in a row of this width, in two bytes where they fit."""
    return columns.astype(np.uint16 if width <= np.iinfo(np.uint16).max else np.int32)
