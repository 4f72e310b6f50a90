"""What is learned at build time, with scikit-learn. Never imported to answer a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from faq.arrays import Floats, Postings, Vocabulary
from faq.features import Features

SEED = 20261122


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as rows of TF-IDF weights (1 + ln tf, smooth idf, length 1) over the vocabulary they were counted with."""

    vocabulary: Vocabulary
    rows: Any  # csr_matrix, float32, shape (texts, features)

    def postings(self) -> Postings:
        """The same weights by feature."""
        by_feature = self.rows.tocsc()
        by_feature.sort_indices()
        return Postings(
            self.vocabulary,
            by_feature.indptr.astype(np.int32),
            by_feature.indices.astype(np.int32),
            by_feature.data.astype(np.float32),
            int(self.rows.shape[0]),
        )


def weigh(texts: Sequence[str], cut: Callable[[str], Features], *, least: int = 1, most: float = 1.0) -> Texts:
    """Count and weigh texts; features in fewer than `least` texts or in more than the share `most` are left out."""
    found = [np.unique(cut(t), return_counts=True) for t in texts]
    hashes, documents = np.unique(np.concatenate([f for f, _ in found]), return_counts=True)
    hashes = hashes[(documents >= least) & (documents <= max(1.0, most * len(texts)))]
    start, columns, counts = [0], [], []
    for features, times in found:
        at = np.searchsorted(hashes, features)
        at[at == len(hashes)] = 0
        known = hashes[at] == features
        columns.append(at[known])
        counts.append(times[known])
        start.append(start[-1] + int(known.sum()))
    data = (np.concatenate(counts).astype(np.float64), np.concatenate(columns), np.array(start))
    matrix = sparse.csr_matrix(data, shape=(len(texts), len(hashes)))
    tfidf = TfidfTransformer(sublinear_tf=True, smooth_idf=True, norm="l2").fit(matrix)
    return Texts(Vocabulary(hashes, tfidf.idf_.astype(np.float32)), tfidf.transform(matrix).astype(np.float32))


def logistic(rows: Any, labels: NDArray[Any], *, c: float, balanced: bool = False) -> LogisticRegression:
    """One logistic regression, always the same for the same input."""
    weight = "balanced" if balanced else None
    return LogisticRegression(C=c, class_weight=weight, max_iter=1000, random_state=SEED).fit(rows, labels)


def platt(scores: NDArray[Any], labels: NDArray[Any]) -> tuple[float, float]:
    """a, b of P = 1 / (1 + exp(-(a * score + b))) on held-out scores (Platt 1999)."""
    model = LogisticRegression(C=1e6, max_iter=1000).fit(np.asarray(scores).reshape(-1, 1), labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def calibrated(rows: Any, labels: NDArray[Any], *, c: float, balanced: bool = False) -> tuple[Floats, float]:
    """Weights and bias of a logistic regression whose log odds are calibrated out of fold (5 folds)."""
    held_out = np.zeros(len(labels))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=SEED).split(rows, labels):
        held_out[test] = logistic(rows[train], labels[train], c=c, balanced=balanced).decision_function(rows[test])
    a, b = platt(held_out, labels)
    whole = logistic(rows, labels, c=c, balanced=balanced)
    return (a * whole.coef_[0]).astype(np.float32), float(a * whole.intercept_[0] + b)


def ridge(kernel: NDArray[Any], targets: NDArray[Any], penalty: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Kernel ridge regression: its dual coefficients and its exact leave-one-out predictions.

    `kernel` is (examples, examples), `targets` (examples, classes). With H = K (K + pI)^-1 the prediction for an example
    left out is y - a / G_ii, a = G y, G = (K + pI)^-1 (Cawley & Talbot 2003): no second training is needed.
    """
    inverse = np.linalg.inv(kernel.astype(np.float64) + penalty * np.eye(len(kernel)))
    dual = inverse @ targets
    return dual, targets - dual / np.diag(inverse)[:, None]
