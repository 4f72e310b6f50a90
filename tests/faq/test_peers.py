"""The benchmark beside other searchers: it counts every peer alike."""

from faq import tables
from tests.benchmarks import peers


def test_every_peer_answers_the_same_questions(retriever, library, golden, tmp_path):
    here = {"farun", "SQLite FTS5", "scikit-learn TF-IDF"}  # those that need nothing but what the tests have
    asked = [peers.Peer(name, make()) for name, make in peers._makers(retriever, library, tmp_path).items() if name in here]
    peers._ask(asked, tables.rows(golden / "questions.tsv")[:60])
    top1, recall = {}, {}
    for peer in asked:
        name, *figures = (cell.strip() for cell in peers._row(peer, asked[0], retriever).strip("| ").split("|"))
        top1[name], recall[name] = float(figures[0]), figures[3]
        assert len(peer.times) == 60
    assert top1["farun"] > max(top1["SQLite FTS5"], top1["scikit-learn TF-IDF"]) > 0
    assert float(recall["farun"]) > 0.5
    assert recall["SQLite FTS5"] == "–"  # finds entries, no articles
