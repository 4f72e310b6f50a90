"""Our golden questions, chatter, follow-ups and emergencies against expected.yaml."""

import shutil

import pytest
import yaml

from faq import evaluate, index, tables
from faq.segment import characters


@pytest.fixture(scope="module")
def report(retriever, golden):
    return evaluate.run(retriever, golden)


def test_as_good_as_expected(report):
    assert not report.misses, report.text()


def test_every_expectation_is_measured(report, golden):
    expected = yaml.safe_load((golden / "expected.yaml").read_text(encoding="utf-8"))
    assert set(expected["at_least"]) | set(expected["at_most"]) == set(report.scores)


def test_report_shows_the_worst_first_and_reliability(report):
    text = report.text()
    assert text.index("答错又很有把握的") < text.index("把握与实际") < text.index("top1")
    assert len(report.worst) <= evaluate.WORST
    assert 0 <= report.scores["calibration_error"] <= 1


def test_below_expected_fails(retriever, golden, tmp_path):
    for name in ("questions.tsv", "chatter.tsv", "followups.tsv", "emergencies.tsv"):
        lines = (golden / name).read_text(encoding="utf-8").splitlines()[:6]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "expected.yaml").write_text("at_least: {top1: 1.01}\nat_most: {danger_false: -0.01}\n", encoding="utf-8")
    misses = evaluate.run(retriever, tmp_path).misses
    assert [m.split()[0] for m in misses] == ["top1", "danger_false"]
    shutil.rmtree(tmp_path)


def test_golden_set_covers_every_matter_and_names_real_entries(library, golden):
    rows = tables.rows(golden / "questions.tsv")
    followed = tables.rows(golden / "followups.tsv")
    found = [library.entry(i) for _, ids, _ in (*rows, *followed) for i in ids.split("|") if i]
    assert None not in found
    assert all(ids for _, ids, _ in rows)
    counts = {m: sum(library.entry(ids.split("|")[0]).matter == m for _, ids, _ in rows) for m in library.matters}
    assert min(counts.values()) >= 4, counts
    assert len(rows) >= 160
    assert len(tables.rows(golden / "chatter.tsv")) >= 160
    assert len(followed) >= 150
    assert all(turns.count("‖") in (1, 2) for turns, _, _ in followed)


def test_golden_articles_are_in_force(retriever, golden):
    for name in ("questions.tsv", "followups.tsv"):
        wrong = [key for _, _, keys in tables.rows(golden / name) for key in filter(None, keys.split("|")) if not retriever.citable(key)]
        assert not wrong


def test_golden_set_was_not_trained_on(library, golden):
    taught = {q for e in library.entries() for q in e.questions}
    taught |= {r[0] for path in index.TRAINING.glob("*.tsv") for r in tables.rows(path)}
    known = {characters(t) for t in taught}
    for name in ("questions.tsv", "chatter.tsv", "emergencies.tsv", "followups.tsv"):
        assert not {r[0] for r in tables.rows(golden / name) if characters(r[0]) in known and len(characters(r[0])) > 8}


def test_intervals_hold_the_score(report):
    for name, (low, high) in report.intervals.items():
        assert low <= report.scores[name] <= high
        assert high - low < (0.15 if name.startswith(("followup", "switched")) else 0.08)


def test_run_and_judgements_in_trecs_form(report):
    run, qrels = evaluate.trec_run(report).splitlines(), evaluate.trec_qrels(report).splitlines()
    assert all(len(line.split(" ")) == 6 for line in run)
    assert all(len(line.split(" ")) == 4 for line in qrels)
    wanted = {tuple(line.split(" ")[::2]) for line in qrels}
    first = {(q, key) for q, _, key, rank, *_ in (line.split(" ") for line in run) if rank == "1"}
    assert len(first & wanted) / len(report.asked) == pytest.approx(report.scores["top1"], abs=0.01)


def test_gains_and_losses_against_the_accepted_run(retriever, golden, tmp_path):
    lines = (golden / "questions.tsv").read_text(encoding="utf-8").splitlines()[:40]
    (tmp_path / "questions.tsv").write_text("\n".join(lines), encoding="utf-8")
    first = evaluate.run(retriever, tmp_path)
    assert first.moved == []
    evaluate.accept(first, tmp_path)
    assert "多了 0 个，少了 0 个" in evaluate.run(retriever, tmp_path).moved[0]
    accepted = (tmp_path / "accepted.tsv").read_text().splitlines()
    turned = [line[:-1] + ("1" if line.endswith("0") else "0") for line in accepted[1:]]
    (tmp_path / "accepted.tsv").write_text("\n".join([accepted[0], *turned]))
    right = sum(a.right for a in first.asked)
    assert f"多了 {right} 个，少了 {39 - right} 个" in evaluate.run(retriever, tmp_path).moved[0]
