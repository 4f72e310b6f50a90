"""Legal question or chatter: by what is said, not by how long it is."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from faq import asked, bake
from faq.index import TRAINING
from faq.tables import rows


@pytest.fixture(scope="module")
def told(library):
    return bake._told(library.entries(), library.cases(), asked.read(TRAINING), TRAINING)


def test_what_is_learned_is_balanced_by_length(told):
    """The ablation: who sees the length alone of what the gate learns from does little better than a coin."""
    legal, quiet = np.isin(told.labels, ("legal", "perhaps")), told.labels == "chatter"
    lengths = np.array([len(t) for t in told.texts])
    weights = bake._balance(lengths.tolist(), legal, quiet)
    either = legal | quiet
    seen, wanted, counts = lengths[either, None], legal[either], weights[either]
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    chance = cross_val_predict(tree, seen, wanted, method="predict_proba", params={"sample_weight": counts})[:, 1]
    assert roc_auc_score(wanted, chance, sample_weight=counts) < 0.55
    assert weights[quiet].sum() == pytest.approx(legal.sum(), rel=1e-6)


def test_questions_and_chatter_of_the_same_length_are_told_apart(retriever, golden):
    questions = [r[0] for r in rows(golden / "questions.tsv")]
    chatter = [r[0] for r in rows(golden / "chatter.tsv")]
    texts = [*questions, *chatter]
    legal = np.array([True] * len(questions) + [False] * len(chatter))
    found = np.array([retriever.search(t, least=1.0).legal for t in texts])
    length = np.searchsorted([12, 20, 30], [len(t) for t in texts])
    for of in range(4):
        here = length == of
        assert roc_auc_score(legal[here], found[here]) > 0.95, of


def test_at_least_two_thousand_lines_of_chatter_half_with_legal_words(told):
    kinds = [kind for path in TRAINING.glob("chatter*.tsv") for _, kind in rows(path)]
    near = sum(kind.startswith("near.") for kind in kinds)
    assert len(kinds) > 2000
    assert 0.4 < near / len(kinds) < 0.85
