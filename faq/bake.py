"""Learn and write the arrays of the index. Loads scikit-learn, so it is imported only to build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faq import arrays, gate, learn, ranker, references
from faq.features import grams, message, said, terms
from knowledge.library import ArticleText, Case, Entry, Library

PENALTY = 1.0  # of the ridge
LEGAL_AS_CALM = 0.5  # weight of a legal question among what is no danger
HELD_OUT = 2500  # questions left out one at a time to learn confidence from
HEAT = 16.0  # how sharply scores become shares


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts. `entry`: whose each is; `asked`: is it a question; `body`: each entry's whole text's row."""

    texts: list[str]
    entry: Any
    asked: Any
    body: Any


def write(library: Library, articles: list[ArticleText], training: Path, folder: Path) -> None:
    """Write all arrays: what tells questions from chatter and danger, what finds entries, what finds articles."""
    entries = library.entries()
    cases = library.cases()
    matters = sorted({e.matter for e in entries})
    rows = [[e.id, e.matter, e.title] for e in entries]
    (folder / "entries.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    of_matter = np.array([matters.index(e.matter) for e in entries], dtype=np.int32)
    arrays.save(folder, "entries.matter", of_matter)
    _write_gate(entries, cases, training, folder)
    _write_ranker(entries, of_matter, folder)
    _write_references(entries, articles, folder)


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a tab-separated file after its heading."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines if line.strip()]


def _write_gate(entries: list[Entry], cases: list[Case], training: Path, folder: Path) -> None:
    """Two calibrated models over one vocabulary, "legal" and "danger", and one that tells the kinds of danger apart."""
    told = _told(entries, cases, training)
    seen = learn.weigh(told.texts, message)
    rows, legal, danger = seen.rows, told.labels == "legal", np.isin(told.labels, gate.KINDS)
    quiet = told.labels == "chatter"
    heard = np.flatnonzero(legal | quiet)
    balance = np.where(legal, 1.0, legal.sum() / quiet.sum())
    wanted, wanted_bias = learn.calibrated(rows[heard], legal[heard].astype(int), balance[heard])
    # A legal question about violence or fraud is half an alarm: it weighs less than a clear look-alike.
    weight = np.where(danger, (~danger).sum() / danger.sum(), np.where(legal, LEGAL_AS_CALM, 1.0))
    # Place helps to tell a question from a story, but an alarm may stand anywhere in a message.
    anywhere = np.isin(seen.vocabulary.hashes, np.concatenate([said(t) for t in told.texts]))
    alarm, alarm_bias = learn.calibrated(rows.multiply(anywhere).tocsr(), danger.astype(int), weight, np.ones(len(weight)))
    kinds = np.array([gate.KINDS.index(k) for k in told.labels[danger]])
    kind, kind_bias = learn.one_of(rows[np.flatnonzero(danger)], kinds, len(gate.KINDS))
    _save_vocabulary(folder, "gate", seen.vocabulary)
    arrays.save(folder, "gate.weights", np.column_stack([wanted, alarm, kind]).astype(np.float16))
    arrays.save(folder, "gate.bias", np.array([wanted_bias, alarm_bias, *kind_bias], dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Told:
    """Messages, each "legal", "chatter", "alike" (sounds like danger) or a kind of danger."""

    texts: list[str]
    labels: Any


def _told(entries: list[Entry], cases: list[Case], training: Path) -> Told:
    rows = [(q, "legal") for e in entries for q in e.questions] + [(c.question, "legal") for c in cases]
    for path in sorted([*training.glob("chatter*.tsv"), *training.glob("contrast*.tsv")]):
        rows += [(text, "chatter") for text, _ in read_rows(path)]
    for text, danger, kind in (row for path in sorted(training.glob("crisis*.tsv")) for row in read_rows(path)):
        label = kind if danger == "1" else "legal" if kind == "look.legal_planning" else "alike"
        rows.append((text, label))
    return Told([text for text, _ in rows], np.array([label for _, label in rows]))


def _write_ranker(entries: list[Entry], of_matter: Any, folder: Path) -> None:
    """The labelled texts, the ridge over them, and the weights learned from questions left out one at a time."""
    examples = _examples(entries)
    by_words = learn.weigh(examples.texts, terms)
    by_characters = learn.weigh(examples.texts, lambda t: grams(t, ranker.LOW, ranker.HIGH))
    kernel = learn.likeness(by_characters.rows)
    bodies = kernel[:, examples.body]
    kernel *= np.float32(1 - ranker.WORDS)
    kernel += np.float32(ranker.WORDS) * learn.likeness(by_words.rows)
    targets = np.hstack([np.eye(len(entries))[examples.entry], np.eye(of_matter.max() + 1)[of_matter[examples.entry]]])
    bias = targets.mean(axis=0)
    asked = np.flatnonzero(examples.asked)
    asked = np.random.default_rng(learn.SEED).choice(asked, min(HELD_OUT, len(asked)), replace=False)
    dual, held_out = learn.ridge(kernel, targets - bias, PENALTY, asked)
    documents = {name: learn.documents([[*e.questions, _body(e)] for e in entries], cut) for name, cut in ranker.DOCUMENTS.items()}
    postings = {name: found.postings() for name, found in documents.items()}

    def without(i: int) -> list[Any]:
        """What the entries' documents say of an example, its own document without it."""
        found = []
        for name, cut in ranker.DOCUMENTS.items():
            features = cut(examples.texts[i])
            scores = postings[name].sums(features)
            scores[examples.entry[i]] = documents[name].without(features, int(examples.entry[i]))
            found.append(scores)
        return found

    samples = [ranker.signals(held_out[n] + bias, bodies[i], of_matter, without(i)) for n, i in enumerate(asked.tolist())]
    confidence = _learn_confidence(samples, examples.entry[asked], _same_law(entries))
    for name, found in postings.items():
        save_postings(folder, f"entries.{name}", found)
    save_postings(folder, "examples.words", by_words.postings())
    save_postings(folder, "examples.characters", by_characters.postings())
    arrays.save(folder, "entries.body", examples.body)
    arrays.save(folder, "ridge.dual", dual.astype(np.float16))  # half the memory; the order of the hits stays
    arrays.save(folder, "ridge.bias", bias.astype(np.float32))
    arrays.save(folder, "confidence", confidence)


def _examples(entries: list[Entry]) -> Examples:
    """Each entry's phrasings, then its title, then its whole text as one example; `explain` counts on this order."""
    texts, entry, asked, body = [], [], [], []
    for i, e in enumerate(entries):
        texts += [*e.questions, e.title, _body(e)]
        entry += [i] * (len(e.questions) + 2)
        asked += [True] * len(e.questions) + [False, False]
        body.append(len(texts) - 1)
    return Examples(texts, np.array(entry, dtype=np.int32), np.array(asked), np.array(body, dtype=np.int32))


def _same_law(entries: list[Entry]) -> Any:
    """Which entries rest on an article in common, shape (entries, entries): either answers what is asked of the other."""
    cited = [{(r.ref.law, r.ref.article) for r in e.refs} for e in entries]
    return np.array([[not a.isdisjoint(b) for b in cited] for a in cited])


def _learn_confidence(samples: list[Any], entry: Any, alike: Any) -> Any:
    """HEAT, the weights of the best score and of its odds among all, and the bias, from questions left out.

    Right is the question's own entry or one of the same matter's law: `alike`, shape (entries, entries).
    """
    scores = np.stack([ranker.combined(s) for s in samples])
    top = scores.max(axis=1)
    first = 1 / np.exp(HEAT * (scores - top[:, None])).sum(axis=1)
    log_odds = np.array([gate.odds(p) for p in first.tolist()])
    right = alike[scores.argmax(axis=1), entry]
    sure = learn.logistic(np.stack([top, log_odds], axis=1), right.astype(int), c=1e3)
    return np.array([HEAT, *sure.coef_[0], sure.intercept_[0]], dtype=np.float32)


def _body(e: Entry) -> str:
    says = " ".join(r.says for r in e.refs)
    return f"{e.title} {e.title} {e.answer} {' '.join(e.steps)} {says}"


def _write_references(entries: list[Entry], articles: list[ArticleText], folder: Path) -> None:
    """What each entry rests on and cites, which articles read like it, and the articles' own text."""
    rows = [[a.ref.law, a.ref.article] for a in articles]
    (folder / "articles.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    texts = [f"{a.ref.short_law} {a.chapter} {a.text}" for a in articles]
    seen = learn.weigh(texts, lambda t: grams(t, references.LOW, references.HIGH), least=2, most=0.1)
    statutes = seen.postings()
    save_postings(folder, "statutes", statutes)
    at = {(law, article): i for i, (law, article) in enumerate(rows)}
    found: dict[tuple[int, int], float] = {}
    for i, e in enumerate(entries):
        says = " ".join(r.says for r in e.refs)
        alike = statutes.scores(grams(f"{e.title} {e.answer} {says}", references.LOW, references.HIGH))
        for n in np.argsort(-alike, kind="stable")[: references.ALIKE].tolist():
            found[i, n] = references.OF_ENTRY * float(alike[n])
        for refs, weight in ((e.basis, 1.0), ([r.ref for r in e.refs], references.CITED)):
            named = [at[r.law, r.article] for r in refs if (r.law, r.article) in at]
            for n, article in enumerate(dict.fromkeys(named)):
                found[i, article] = found.get((i, article), 0.0) + weight * (1.0 - references.LATER * n)
    pairs = np.array(sorted(found), dtype=np.int32)
    arrays.save(folder, "cited.entry", pairs[:, 0])
    arrays.save(folder, "cited.article", pairs[:, 1])
    arrays.save(folder, "cited.weight", np.array([found[e, a] for e, a in pairs.tolist()], dtype=np.float32))


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
