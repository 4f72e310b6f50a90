"""The index: rebuilt when something changed and only then, the same bytes every time, nothing that runs code."""

import json
import shutil
from datetime import date

import pytest

from faq import index

TODAY = date(2026, 11, 23)


class Few:
    """The library with every sixth entry and every second article: enough classes for two parts of them to be solved side by side."""

    def __init__(self, library):
        self._library = library

    def __getattr__(self, name):
        return getattr(self._library, name)

    def entries(self):
        return self._library.entries()[::6]

    def articles(self, on):
        return self._library.articles(on)[::2]


@pytest.fixture(scope="module")
def library(library):
    return Few(library)


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """Every twenty-fourth training text."""
    folder = tmp_path_factory.mktemp("training")
    for path in index.TRAINING.glob("*.tsv"):
        heading, *lines = path.read_text(encoding="utf-8").splitlines()
        (folder / path.name).write_text("\n".join([heading, *lines[::24]]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(library, training, tmp_path_factory):
    folder = tmp_path_factory.mktemp("index") / "index"
    assert index.build(library, folder, TODAY, training)
    return folder


def _bytes(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_unchanged_library_is_not_built_again(library, training, built):
    before = _bytes(built)
    assert not index.build(library, built, TODAY, training)
    assert _bytes(built) == before


def test_same_bytes_every_time(library, training, built, tmp_path):
    assert index.build(library, tmp_path / "again", TODAY, training)
    assert _bytes(tmp_path / "again") == _bytes(built)


def test_changed_training_text_builds_anew_and_leaves_no_draft(library, training, built, tmp_path):
    changed = tmp_path / "training"
    shutil.copytree(training, changed)
    with (changed / "chatter.tsv").open("a", encoding="utf-8") as f:
        f.write("今天的晚霞真好看\tplain.weather\n")
    folder = tmp_path / "index"
    shutil.copytree(built, folder)
    assert index.build(library, folder, TODAY, changed)
    assert json.loads((folder / "meta.json").read_text())["digest"] != json.loads((built / "meta.json").read_text())["digest"]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("index")] == ["index"]


def test_a_failed_build_leaves_the_old_index(library, built, tmp_path):
    folder = tmp_path / "index"
    shutil.copytree(built, folder)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "crisis.tsv").write_text("text\tcrisis\tkind\n一行没有列\n", encoding="utf-8")
    with pytest.raises((ValueError, OSError)):
        index.build(library, folder, TODAY, tmp_path / "broken")
    assert _bytes(folder) == _bytes(built)


def test_only_arrays_and_json(built):
    assert {p.suffix for p in built.iterdir()} == {".npy", ".json"}
    assert all(b"PICKLE" not in p.read_bytes()[:200] for p in built.glob("*.npy"))


def test_cites_nothing_that_is_not_in_force(library, built):
    rows = json.loads((built / "articles.json").read_text(encoding="utf-8"))
    in_force = {(a.ref.law, a.ref.article) for a in library.articles(TODAY)}
    assert {tuple(r) for r in rows} == in_force
