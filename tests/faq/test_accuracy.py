"""What is promised is measured."""

import pytest

from faq import accuracy, evaluate
from faq.accuracy import Measured, lower_bound


@pytest.mark.parametrize(("right", "asked", "lower"), [(0, 0, 0.0), (10, 10, 0.787), (9, 10, 0.652), (50, 100, 0.419), (0, 5, 0.0)])
def test_wilsons_lower_bound(right, asked, lower):
    assert lower_bound(right, asked) == pytest.approx(lower, abs=2e-3)


def test_few_questions_judge_nobody_and_many_do():
    assert Measured("a", 30, 7, 1, lower_bound(1, 7)).kept
    assert Measured("a", 30, 10, 9, lower_bound(9, 10)).kept
    assert not Measured("a", 30, 10, 7, lower_bound(7, 10)).kept


def test_every_matter_is_measured_on_the_golden_questions(retriever, library, golden, tmp_path):
    lines = (golden / "questions.tsv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "questions.tsv").write_text("\n".join([lines[0], *lines[1::10]]), encoding="utf-8")
    found = accuracy.measure(evaluate.golden(retriever, tmp_path), library)
    assert {m.matter for m in found} == set(library.matters)
    assert sum(m.asked for m in found) == len(lines[1::10])
    assert sum(m.right for m in found) / sum(m.answered for m in found) > 0.85
    assert all(m.right <= m.answered for m in found)
