"""Features: hashes that do not depend on the process, sparse rows that agree with the arrays."""

import numpy as np

from faq import learn
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
    assert np.allclose(scores, (seen.rows @ seen.rows.T).toarray(), atol=1e-5)
    assert np.allclose(scores, learn.likeness(seen.rows), atol=1e-5)
    assert np.allclose(np.diag(scores), 1, atol=1e-5)


def test_a_text_without_known_features_is_like_nothing():
    postings = learn.weigh(["老板拖欠工资", "拖欠"], lambda t: grams(t, 2, 2)).postings()
    assert postings.scores(grams("xyz", 2, 2)).tolist() == [0, 0]


def test_leaving_one_out_in_closed_form_equals_training_without_it():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(12, 4)).astype(np.float32)
    targets = rng.normal(size=(12, 2))
    kernel = points @ points.T
    _, held_out = learn.ridge(kernel.copy(), targets, 0.5, np.array([0, 5]))
    rest = np.arange(1, 12)
    dual, _ = learn.ridge(kernel[np.ix_(rest, rest)], targets[rest], 0.5, rest[:0])
    assert np.allclose(held_out[0], kernel[0, rest] @ dual, atol=1e-3)
