"""Features: hashes that do not depend on the process, sparse rows that agree with the arrays."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from faq import learn, ridge
from faq.arrays import Postings
from faq.features import concepts, grams, hashed, message, terms


def test_hashes_are_the_same_in_every_process():
    assert hashed(["工资"]).tolist() == [4220488317]
    assert grams("工资", 2, 2).tolist() == grams("工 资", 2, 2).tolist()


def test_every_n_gram_is_counted():
    assert len(grams("拖欠工资", 1, 3)) == 6 + 5 + 4  # with a mark at each end
    assert len(grams("", 1, 3)) == 2 + 1
    assert len(np.unique(grams("拖欠工资", 1, 3))) == 15


def test_words_come_with_their_neighbours():
    assert terms("老板欠工资").tolist() == hashed(["老板", "欠", "工资", "老板 欠", "欠 工资"]).tolist()


def test_concepts_name_what_a_message_touches():
    assert {"<weapon>", "<now>"} <= set(concepts("他现在拿着菜刀"))
    assert "<ask>" in concepts("这事咋办")
    assert message("好").size


def test_postings_give_the_cosine():
    texts = ["老板拖欠工资", "邻居家的狗咬人", "拖欠工资怎么办", ""]
    seen = learn.weigh(texts, lambda t: grams(t, 1, 2))
    postings: Postings = seen.postings()
    scores = np.stack([postings.scores(grams(t, 1, 2)) for t in texts])
    assert np.allclose(scores, (seen.rows @ seen.rows.T).toarray(), atol=1e-3)  # stored in half precision
    assert np.allclose(scores, learn.likeness(seen.rows), atol=1e-3)
    assert np.allclose(np.diag(scores), 1, atol=1e-3)


def test_a_text_without_known_features_is_like_nothing():
    postings = learn.weigh(["老板拖欠工资", "拖欠"], lambda t: grams(t, 2, 2)).postings()
    assert postings.scores(grams("xyz", 2, 2)).tolist() == [0, 0]


def test_ridge_is_kernel_ridge_regression():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(12, 4)).astype(np.float32)
    targets = rng.normal(size=(12, 2)).astype(np.float32)
    kernel = points @ points.T
    reference = KernelRidge(alpha=0.5, kernel="precomputed").fit(kernel, targets)
    assert np.allclose(ridge.exact(kernel.copy(), targets, 0.5), reference.dual_coef_, atol=1e-3)


def test_the_largest_coefficients_of_each_block_are_kept():
    dual = np.array([[0.1, -0.9, 0.5, 0.2, 0.3], [0.7, 0.1, 0.2, -0.4, 0.1]], dtype=np.float32)
    kept = learn.largest(dual, (3, 5), 1)
    assert kept.total(np.array([0]), np.array([1.0], dtype=np.float32)).round(2).tolist() == pytest.approx([0, -0.9, 0, 0, 0.3], abs=1e-2)
    assert kept.total(np.array([0, 1]), np.array([1.0, 2.0], dtype=np.float32)).tolist() == pytest.approx([1.4, -0.9, 0, -0.8, 0.3], abs=1e-2)


def test_bm25_shares_are_of_what_the_question_weighs():
    found = learn.bm25([["老板拖欠工资"], ["邻居家的狗咬人"], ["工资"]], lambda t: grams(t, 1, 1))
    shares = found.shares(grams("工资", 1, 1))
    assert shares[2] > shares[0] > shares[1]
    assert shares.max() < 1

