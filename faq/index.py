"""Bake knowledge.db and faq/training into the arrays the retriever maps into memory."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faq import arrays, gate, ranker
from faq.features import grams, terms
from knowledge.library import ArticleText, Case, Entry, Library

if TYPE_CHECKING:
    pass

FORMAT = "2"  # raise when the arrays or the learning change
HERE = Path(__file__).parent
TRAINING = HERE / "training"
_READ = ("userdict.txt", "stopwords.txt")
PENALTY = 1.0  # of the ridge


def build(library: Library, folder: Path, today: date | None = None, training: Path = TRAINING) -> bool:
    """Write the index to `folder` when what it is made of changed; True when written. The old one stays until then."""
    articles = library.articles(today or date.today())
    digest = _digest(library, articles, training)
    meta = folder / "meta.json"
    if meta.exists() and json.loads(meta.read_text(encoding="utf-8"))["digest"] == digest:
        return False
    draft = folder.with_name(folder.name + ".building")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _write(library, articles, training, draft)
    (draft / "meta.json").write_text(json.dumps({"digest": digest, "format": FORMAT}), encoding="utf-8")
    _swap(draft, folder)
    return True


def _digest(library: Library, articles: list[ArticleText], training: Path) -> str:
    """A SHA-256 over the library, the articles in force, the training texts and the tokenizer's lists."""
    h = hashlib.sha256(f"{FORMAT} {library.digest}".encode())
    laws = sorted({f"{a.ref.law} {a.version}" for a in articles})
    h.update("\n".join(laws).encode())
    for path in [*sorted(training.glob("*.tsv")), *(HERE / name for name in _READ)]:
        h.update(path.name.encode())
        h.update(path.read_bytes())
    return h.hexdigest()


def _swap(draft: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts. `entry`: whose each is; `asked`: is it a question; `body`: each entry's whole text's row."""

    texts: list[str]
    entry: Any
    asked: Any
    body: Any


def _write(library: Library, articles: list[ArticleText], training: Path, folder: Path) -> None:
    from faq import learn

    entries = library.entries()
    cases = library.cases()
    matters = sorted({e.matter for e in entries})
    rows = [[e.id, e.matter, e.title] for e in entries]
    (folder / "entries.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    of_matter = np.array([matters.index(e.matter) for e in entries], dtype=np.int32)
    arrays.save(folder, "entries.matter", of_matter)
    _write_gate(learn, entries, cases, training, folder)
    _write_ranker(learn, entries, of_matter, folder)
    _write_references(learn, entries, articles, folder)


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a tab-separated file after its heading."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines if line.strip()]


def _write_gate(learn: Any, entries: list[Entry], cases: list[Case], training: Path, folder: Path) -> None:
    legal = [q for e in entries for q in e.questions] + [c.question for c in cases]
    chatter = [row[0] for row in read_rows(training / "chatter.tsv")]
    crisis = read_rows(training / "crisis.tsv")
    planning = [t for t, _, kind in crisis if kind == "look.legal_planning"]
    alike = [t for t, yes, kind in crisis if yes == "0" and kind != "look.legal_planning"]
    danger = [(t, kind) for t, yes, kind in crisis if yes == "1"]
    texts = [*legal, *planning, *chatter, *alike, *(t for t, _ in danger)]
    seen = learn.weigh(texts, lambda t: grams(t, gate.LOW, gate.HIGH), least=2)
    asked, quiet = len(legal) + len(planning), len(chatter) + len(alike)
    first = np.arange(asked + quiet)
    weights, biases = [], []
    w, b = learn.calibrated(seen.rows[first], (first < asked).astype(int), c=20.0)
    weights.append(w)
    biases.append(b)
    everything = np.arange(len(texts))
    w, b = learn.calibrated(seen.rows, (everything >= asked + quiet).astype(int), c=20.0)
    weights.append(w)
    biases.append(b)
    kinds = np.array([gate.KINDS.index(k) for _, k in danger])
    model = learn.logistic(seen.rows[asked + quiet :], kinds, c=20.0)
    for kind in range(len(gate.KINDS)):
        weights.append(model.coef_[kind].astype(np.float32))
        biases.append(float(model.intercept_[kind]))
    _save_vocabulary(folder, "gate", seen.vocabulary)
    arrays.save(folder, "gate.weights", np.stack(weights, axis=1))
    arrays.save(folder, "gate.bias", np.array(biases, dtype=np.float32))


def _write_ranker(learn: Any, entries: list[Entry], of_matter: Any, folder: Path) -> None:
    """The labelled texts, the ridge over them, and the weights learned from questions left out one at a time."""
    examples = _examples(entries)
    by_words = learn.weigh(examples.texts, terms)
    by_characters = learn.weigh(examples.texts, lambda t: grams(t, ranker.LOW, ranker.HIGH))
    characters = (by_characters.rows @ by_characters.rows.T).toarray()
    kernel = ranker.mixed((by_words.rows @ by_words.rows.T).toarray(), characters)
    targets = np.hstack([np.eye(len(entries))[examples.entry], np.eye(of_matter.max() + 1)[of_matter[examples.entry]]])
    bias = targets.mean(axis=0)
    dual, held_out = learn.ridge(kernel, targets - bias, PENALTY)
    asked = np.flatnonzero(examples.asked)
    samples = [ranker.signals(held_out[i] + bias, characters[i, examples.body], of_matter) for i in asked]
    weights, confidence = _learn_order(learn, samples, examples.entry[asked])
    save_postings(folder, "examples.words", by_words.postings())
    save_postings(folder, "examples.characters", by_characters.postings())
    arrays.save(folder, "entries.body", examples.body)
    arrays.save(folder, "ridge.dual", dual.astype(np.float32))
    arrays.save(folder, "ridge.bias", bias.astype(np.float32))
    arrays.save(folder, "ranker.weights", weights)
    arrays.save(folder, "confidence", confidence)


def _examples(entries: list[Entry]) -> Examples:
    """Each entry's phrasings, then its title, answer, steps, what its articles say, and all of these together."""
    texts, entry, asked, body = [], [], [], []
    for i, e in enumerate(entries):
        says = " ".join(r.says for r in e.refs)
        parts = [e.title, e.answer, " ".join(e.steps), f"{e.title} {says}", _body(e)]
        texts += [*e.questions, *parts]
        entry += [i] * (len(e.questions) + len(parts))
        asked += [True] * len(e.questions) + [False] * len(parts)
        body.append(len(texts) - 1)
    return Examples(texts, np.array(entry, dtype=np.int32), np.array(asked), np.array(body, dtype=np.int32))


def _learn_order(learn: Any, samples: list[Any], entry: Any) -> tuple[Any, Any]:
    """Weights of the signals (with the bias last) and of the confidence, from examples left out one at a time."""
    rows, labels = [], []
    for found, right in zip(samples, entry, strict=True):
        close = np.argsort(-found.sum(axis=1))[:20]
        close = np.append(close[close != right], right)
        rows.append(found[close])
        labels.append(close == right)
    model = learn.logistic(np.concatenate(rows), np.concatenate(labels).astype(int), c=10.0)
    weights = np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)
    scores = np.stack([s @ weights[:-1] + weights[-1] for s in samples])
    right = scores.argmax(axis=1) == entry
    top = scores.max(axis=1)
    share = np.exp(scores - top[:, None])
    first = 1 / share.sum(axis=1)
    odds = np.log(first / np.maximum(1e-6, 1 - first))
    sure = learn.logistic(np.stack([top, odds], axis=1), right.astype(int), c=1e3)
    a, margin = sure.coef_[0]
    return weights, np.array([1.0, a, sure.intercept_[0], margin], dtype=np.float32)


def _body(e: Entry) -> str:
    says = " ".join(r.says for r in e.refs)
    return f"{e.title} {e.title} {e.answer} {' '.join(e.steps)} {says}"


def _write_references(learn: Any, entries: list[Entry], articles: list[ArticleText], folder: Path) -> None:
    keys = {(a.ref.law, a.ref.article): i for i, a in enumerate(articles)}
    found = [
        (i, keys[r.ref.law, r.ref.article], 1.0 - 0.08 * n)
        for i, e in enumerate(entries)
        for n, r in enumerate(e.refs)
        if (r.ref.law, r.ref.article) in keys
    ]
    entry, article, weight = zip(*found, strict=True)
    arrays.save(folder, "cited.entry", np.array(entry, dtype=np.int32))
    arrays.save(folder, "cited.article", np.array(article, dtype=np.int32))
    arrays.save(folder, "cited.weight", np.array(weight, dtype=np.float32))
    rows = [[a.ref.law, a.ref.article] for a in articles]
    (folder / "articles.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    texts = [f"{a.ref.short_law} {a.chapter} {a.text}" for a in articles]
    save_postings(folder, "statutes", learn.weigh(texts, terms, least=2, most=0.1).postings())
    arrays.save(folder, "references.mix", np.array([0.3], dtype=np.float32))


def _save_vocabulary(folder: Path, name: str, vocabulary: arrays.Vocabulary) -> None:
    arrays.save(folder, f"{name}.hashes", vocabulary.hashes)
    arrays.save(folder, f"{name}.idf", vocabulary.idf)


def save_postings(folder: Path, name: str, found: arrays.Postings) -> None:
    """Write one `Postings` under a name that `Postings.load` reads."""
    _save_vocabulary(folder, name, found.vocabulary)
    arrays.save(folder, f"{name}.start", found.start)
    arrays.save(folder, f"{name}.rows", found.rows)
    arrays.save(folder, f"{name}.weights", found.weights)
    arrays.save(folder, f"{name}.size", np.array([found.size]))
