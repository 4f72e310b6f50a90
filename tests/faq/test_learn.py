"""What is learned from questions that are left out."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import normalize

from faq import learn, leftout, ridge, thresholds


def sparse_texts(count: int, words: int, seed: int):
    """Rows of length 1 over words as frequent as in language, and the group each belongs to."""
    random = np.random.default_rng(seed)
    group = np.arange(count) % 7
    chosen = np.minimum(random.zipf(1.4, size=(count, 12)), words - 1)
    rows = sparse.csr_matrix((np.ones(chosen.size), chosen.ravel(), np.arange(0, chosen.size + 1, 12)), shape=(count, words + 7))
    rows = rows + sparse.csr_matrix((np.full(count, 2.0), words + group, np.arange(count + 1)), shape=rows.shape)
    return normalize(rows).astype(np.float32), group


@pytest.mark.parametrize(("count", "error"), [(60, 1e-3), (3000, 0.05)])  # few rows are solved at once, many in steps
def test_the_ridge_of_many_is_close_to_the_ridge(count: int, error: float):
    rows, group = sparse_texts(count, 4000, seed=1)
    targets = np.hstack([np.eye(7, dtype=np.float32)[group], np.zeros((count, 1), dtype=np.float32)])  # nobody has the last class
    mean = targets.mean(axis=0)
    exact = ridge.exact(learn.likeness(rows), targets - mean, 0.5)
    (found,) = ridge.of_many(rows, sparse.csr_matrix(targets), mean, 0.5, group, [(np.ones(count, dtype=bool), 8)])
    assert np.linalg.norm(found - exact) <= error * np.linalg.norm(exact)
    assert not found[:, -1].any()


@pytest.mark.parametrize("count", [600, 3000])  # few rows are solved at once, many in steps
def test_the_ridge_of_all_goes_on_from_that_of_the_most(count: int):
    rows, group = sparse_texts(count, 4000, seed=2)
    targets = np.random.default_rng(3).normal(size=(count, 5)).astype(np.float32)
    said, mean, everybody = sparse.csr_matrix(targets), np.zeros(5, dtype=np.float32), np.ones(count, dtype=bool)
    most = np.arange(count) >= count // 20

    def far(found, kept):
        exact = ridge.exact(learn.likeness(rows[kept]), targets[kept], 0.5)
        return np.linalg.norm(found[kept] - exact) / np.linalg.norm(exact)

    first, second = ridge.of_many(rows, said, mean, 0.5, group, [(most, 8), (everybody, 2)])
    (fresh,) = ridge.of_many(rows, said, mean, 0.5, group, [(everybody, 2)])
    assert far(first, most) < 0.05
    assert not first[~most].any()  # nothing is learned from who is left out
    assert far(second, everybody) <= far(fresh, everybody) / 2


def test_held_out_scores_become_shares_of_right_ones():
    random = np.random.default_rng(4)
    scores = random.uniform(size=4000)
    worth = 0.2 + 0.6 * scores**2  # too bold a score
    curve = learn.isotonic(scores, random.uniform(size=4000) < worth)
    assert (np.diff(curve) > 0).all()
    assert np.abs(np.interp(scores, *curve) - worth).mean() < 0.03
    never, always = learn.isotonic(np.linspace(0, 1, 50), np.arange(50) >= 25)[1]
    assert (never, always) == pytest.approx((learn.LEAST, 1 - learn.LEAST))


def test_a_matter_that_is_often_wrong_needs_more_confidence():
    chances = np.tile(np.linspace(0.99, 0.01, 200), 2)
    matter = np.repeat([0, 1], 200)
    right = np.where(matter == 0, chances > 0.5, chances > 0.84).astype(float)
    good, bad, unknown, strict = leftout._enough(chances, right, matter, [0.85, 0.85, 0.85, 0.99])
    assert thresholds.LOWEST <= good < bad <= thresholds.HIGHEST
    assert good <= unknown < strict  # of which no question is known: what holds for all


def test_sensitive_matters_are_stricter_and_every_threshold_is_within_bounds(retriever, library):
    enough = {h.matter: h.enough for q in library.matters for h in retriever.search(library.matters[q].name, k=5).hits}
    assert all(thresholds.LOWEST - 1e-6 <= e <= thresholds.HIGHEST + 1e-6 for e in enough.values())
    of = {kind: [e for m, e in enough.items() if library.matters[m].sensitive is kind] for kind in (True, False)}
    assert np.mean(of[True]) > np.mean(of[False])
