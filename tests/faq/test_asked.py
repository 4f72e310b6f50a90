"""Questions that other hands wrote and labelled."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from faq import arrays, asked, index, references, tables

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def rows():
    return asked.read(index.TRAINING)


def test_every_label_names_what_exists(rows, library, retriever):
    entries = {e.id for e in library.entries()}
    assert not [r for r in rows if r.entry and r.entry not in entries]
    assert not [r for r in rows if r.matter not in library.matters]
    assert not [(r.text, a) for r in rows for a in r.articles if not retriever.citable(" ".join(a))]


def test_what_is_worded_around_the_usual_words_is_known_as_such(rows):
    around = {text.replace("‖", " ") for text, *_ in tables.rows(index.TRAINING / asked.AROUND)}
    assert {r.text for r in rows if not r.usual} == around
    assert len(around) > 5_000


def test_nothing_is_asked_twice_and_every_matter_is_asked_of(rows, library):
    assert [t for t, n in Counter(r.text for r in rows).items() if n > 1] == []
    tops = {m.split(".")[0] for m in library.matters}
    assert {r.matter.split(".")[0] for r in rows} == tops
    assert len(rows) > 15_000


@pytest.mark.parametrize("line", ["只有一列", "问题\tdebt.loan\t\t民法典", "问题\tdebt.loan\t民法典 577"])
def test_a_broken_row_names_its_file_and_line(tmp_path, line):
    (tmp_path / "asked-debt.tsv").write_text(f"question\tmatter\tentry\tarticles\n好的问题\tdebt.loan\t\t民法典 675\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="asked-debt.tsv:3"):
        asked.read(tmp_path)


def test_labels_are_entry_matter_and_articles(library):
    entries, articles = library.entries(), library.articles(TODAY)
    entry = next(e for e in entries if e.matter == "debt.loan")
    rows = [
        asked.Asked(("甲",), "debt.loan", entry.id, (("民法典", "675"), ("民法典", "577"))),
        asked.Asked(("乙",), "debt.loan", "", (("民法典", "675"), ("没有的法", "1"))),
    ]
    matters = sorted({e.matter for e in entries})
    found = asked.label(rows, entries, matters, articles, references.LATER)
    at = [next(i for i, a in enumerate(articles) if (a.ref.short_law, a.ref.article) == key) for key in rows[0].articles]
    targets = found.targets.toarray()
    assert [row.nonzero()[0].tolist() for row in targets[:, : len(entries)]] == [[entries.index(entry)], []]
    assert targets[0, found.of_article[at]].tolist() == pytest.approx([1.0, 1 - references.LATER])
    assert targets[1].sum() == pytest.approx(2)  # its matter and the article we have
    assert np.count_nonzero(found.of_article < targets.shape[1]) == 2


def test_articles_named_together_oftener_than_by_chance_count_for_each_other():
    """Of 100 questions 20 name the first article, 20 the second, 10 both; the third is named by 20 others; the fourth by one."""
    named = np.zeros((100, 4), dtype=np.float32)
    named[:20, 0] = named[10:30, 1] = named[40:60, 2] = named[70, 3] = 1
    together = named.T @ named
    beside = together / np.diag(together)[:, None]
    np.fill_diagonal(beside, 0)
    matter, none = np.zeros(100, dtype=np.int32), arrays.Rows(*np.zeros((3, 0)), 4)
    habits = references.Habits(np.arange(4, dtype=np.int32), none, matter, None, none, np.log1p(named.sum(axis=0)))
    pmi = habits.pmi(beside[[0, 3]].astype(np.float32), np.arange(4, dtype=np.int32), np.array([0, 3], dtype=np.int32))
    assert pmi[0].tolist() == pytest.approx([0, np.log(10.5 / 4.5), np.log(0.5 / 4.5), np.log(0.5 / 0.7)], abs=1e-5)
    assert pmi[1, 3] == 0
