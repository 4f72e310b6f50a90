"""What is learned from questions that are left out."""

import numpy as np
import pytest

from faq import learn, leftout, thresholds


def test_the_ridge_of_the_rest_is_the_ridge_learned_without_the_left_out():
    random = np.random.default_rng(1)
    rows = random.normal(size=(60, 8)).astype(np.float32)
    kernel, targets = rows @ rows.T, random.normal(size=(60, 5)).astype(np.float32)
    out = np.array([3, 17, 41])
    known = np.setdiff1d(np.arange(60), out)
    whole, rest = learn.ridges(kernel.copy(), targets, 0.5, out)
    assert whole == pytest.approx(learn.ridge(kernel.copy(), targets, 0.5), abs=1e-3)
    assert rest[known] == pytest.approx(learn.ridge(kernel[np.ix_(known, known)].copy(), targets[known], 0.5), abs=1e-3)
    assert not rest[out].any()


def test_a_matter_that_is_often_wrong_needs_more_confidence():
    chances = np.tile(np.linspace(0.99, 0.01, 200), 2)
    matter = np.repeat([0, 1], 200)
    right = np.where(matter == 0, chances > 0.5, chances > 0.75).astype(float)
    good, bad, unknown, strict = leftout._enough(chances, right, matter, [0.85, 0.85, 0.85, 0.99])
    assert thresholds.LOWEST <= good < bad <= thresholds.HIGHEST
    assert good <= unknown < strict  # of which no question is known: what holds for all


def test_sensitive_matters_are_stricter_and_every_threshold_is_within_bounds(retriever, library):
    enough = {h.matter: h.enough for q in library.matters for h in retriever.search(library.matters[q].name, k=5).hits}
    assert all(thresholds.LOWEST - 1e-6 <= e <= thresholds.HIGHEST + 1e-6 for e in enough.values())
    of = {kind: [e for m, e in enough.items() if library.matters[m].sensitive is kind] for kind in (True, False)}
    assert np.mean(of[True]) > np.mean(of[False])
