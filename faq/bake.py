"""Learn and write the arrays of the index. Loads scikit-learn, so it is imported only to build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faq import arrays, asked, gate, learn, ranker, references, tables
from faq.features import DOCUMENT, grams, pieces, placed, said, terms
from knowledge.library import ArticleText, Case, Entry, Library

PENALTY, PENALTY_ASKED = 1.0, 0.5  # of the ridges
KEPT = 40  # coefficients of a labelled text that are kept of each kind of class
HELD_OUT = 1200  # questions of other hands kept out of learning, to learn confidence from
ALIKE = 0.7  # and not so like one that was learned
LEGAL_AS_CALM = 0.5  # weight of a legal question among what is no danger
HEAT = 16.0  # how sharply scores become shares
FREQUENT = 0.1  # share of the articles with a feature, above which it says nothing


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts. `entry`: whose each is; `body`: each entry's whole text's row."""

    texts: list[str]
    entry: Any
    body: Any


def write(library: Library, articles: list[ArticleText], training: Path, folder: Path) -> None:
    """Write all arrays: what tells questions from chatter and danger, what finds entries, what finds articles."""
    entries = library.entries()
    cases = library.cases()
    matters = sorted({e.matter for e in entries})
    listed = [[e.id, e.matter, e.title] for e in entries]
    (folder / "entries.json").write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    of_matter = np.array([matters.index(e.matter) for e in entries], dtype=np.int32)
    arrays.save(folder, "entries.matter", of_matter)
    rows = asked.read(training)
    labels = asked.label(rows, entries, matters, articles, references.LATER)
    _write_gate(entries, cases, [r.text for r in rows], training, folder)
    _write_ranker(entries, of_matter, folder)
    _write_references(entries, articles, labels, folder)
    _write_asked(rows, labels, entries, folder)


def _write_gate(entries: list[Entry], cases: list[Case], questions: list[str], training: Path, folder: Path) -> None:
    """Two calibrated models over one vocabulary, "legal" and "danger", and one that tells the kinds of danger apart."""
    told = _told(entries, cases, questions, training)
    anywhere = {text: said(text) for text in told.texts}
    seen = learn.weigh(told.texts, lambda text: np.concatenate([anywhere[text], placed(text)]))
    rows, legal, danger = seen.rows, told.labels == "legal", np.isin(told.labels, gate.KINDS)
    quiet = told.labels == "chatter"
    heard = np.flatnonzero(legal | quiet)
    balance = np.where(legal, 1.0, legal.sum() / quiet.sum())
    wanted, wanted_bias = learn.calibrated(rows[heard], legal[heard].astype(int), balance[heard])
    # A legal question about violence or fraud is half an alarm: it weighs less than a clear look-alike.
    weight = np.where(danger, (~danger).sum() / danger.sum(), np.where(legal, LEGAL_AS_CALM, 1.0))
    # Place helps to tell a question from a story, but an alarm may stand anywhere in a message.
    unplaced = np.isin(seen.vocabulary.hashes, np.concatenate([*anywhere.values()]))
    alarm, alarm_bias = learn.calibrated(rows.multiply(unplaced).tocsr(), danger.astype(int), weight, np.ones(len(weight)))
    kinds = np.array([gate.KINDS.index(k) for k in told.labels[danger]])
    kind, kind_bias = learn.one_of(rows[np.flatnonzero(danger)], kinds, len(gate.KINDS))
    seen.vocabulary.save(folder, "gate")
    arrays.save(folder, "gate.weights", np.column_stack([wanted, alarm, kind]).astype(np.float16))
    arrays.save(folder, "gate.bias", np.array([wanted_bias, alarm_bias, *kind_bias], dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Told:
    """Messages, each "legal", "chatter", "alike" (sounds like danger) or a kind of danger."""

    texts: list[str]
    labels: Any


def _told(entries: list[Entry], cases: list[Case], questions: list[str], training: Path) -> Told:
    rows = [(q, "legal") for e in entries for q in e.questions] + [(c.question, "legal") for c in cases]
    rows += [(q, "legal") for q in questions]
    for path in sorted([*training.glob("chatter*.tsv"), *training.glob("contrast*.tsv")]):
        rows += [(text, "chatter") for text, _ in tables.rows(path)]
    for text, danger, kind in (row for path in sorted(training.glob("crisis*.tsv")) for row in tables.rows(path)):
        label = kind if danger == "1" else "legal" if kind == "look.legal_planning" else "alike"
        rows.append((text, label))
    return Told([text for text, _ in rows], np.array([label for _, label in rows]))


def _write_ranker(entries: list[Entry], of_matter: Any, folder: Path) -> None:
    """What the entries' own texts say: the ridge over them, and all of an entry as one document."""
    examples = _examples(entries)
    matters = np.eye(of_matter.max() + 1, dtype=np.float32)[of_matter[examples.entry]]
    targets = np.hstack([np.eye(len(entries), dtype=np.float32)[examples.entry], matters])
    labelled, bias = Labelled.of(examples.texts), targets.mean(axis=0)
    dual = learn.largest(learn.ridge(labelled.kernel(), targets - bias, PENALTY), (len(entries), targets.shape[1]), KEPT)
    labelled.save(folder, "examples", dual, bias)
    arrays.save(folder, "entries.body", examples.body)
    for name, cut in DOCUMENT.items():
        learn.bm25([[*e.questions, _body(e)] for e in entries], cut).save(folder, f"entries.{name}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """What `ranker.Labelled` reads is learned from these: texts by words and by characters, and the kernel of both."""

    words: learn.Texts
    characters: learn.Texts

    @classmethod
    def of(cls, texts: list[str]) -> Labelled:
        return cls(learn.weigh(texts, terms), learn.weigh(texts, lambda t: grams(t, ranker.LOW, ranker.HIGH)))

    def kernel(self) -> Any:
        kernel = learn.likeness(self.characters.rows)
        kernel *= np.float32(1 - ranker.WORDS)
        by_words = learn.likeness(self.words.rows)
        by_words *= np.float32(ranker.WORDS)
        kernel += by_words
        return kernel

    def save(self, folder: Path, name: str, dual: arrays.Largest, bias: Any) -> None:
        self.words.postings().save(folder, f"{name}.words")
        self.characters.postings().save(folder, f"{name}.characters")
        dual.save(folder, f"{name}.dual")
        arrays.save(folder, f"{name}.bias", bias.astype(np.float32))


def _write_asked(rows: list[asked.Asked], labels: asked.Labels, entries: list[Entry], folder: Path) -> None:
    """What questions of other hands teach, and how sure an answer is, from a part of them held out of learning."""
    labelled = Labelled.of([r.text for r in rows])
    kernel, bias = labelled.kernel(), labels.targets.mean(axis=0)
    out = np.random.default_rng(learn.SEED).choice(len(rows), min(HELD_OUT, len(rows) // 3), replace=False)
    known = np.setdiff1d(np.arange(len(rows)), out)
    blocks = labels.blocks[:2]  # entries and matters are enough for it
    few = bias[: blocks[-1]]
    targets = labels.targets[known, : blocks[-1]] - few
    dual = learn.largest(learn.ridge(kernel[np.ix_(known, known)], targets, PENALTY_ASKED), blocks, KEPT)
    asks, found = ranker.Ranker(folder), []
    for i in out.tolist():
        like = kernel[i, known]
        if like.max() < ALIKE:  # asked in nearly the same words by the same hand it would be too easy
            scores = asks.scores(rows[i].text, ranker.predict(dual, few, like))
            near = max(float(like.max()), float(asks.examples.look(rows[i].text)[1].max()))
            right = _right(entries[int(scores.argmax())], rows[i])
            found.append((*ranker.evidence(scores, near, HEAT), right))
    arrays.save(folder, "confidence", _confidence(np.array(found)))
    dual = learn.largest(learn.ridge(kernel, labels.targets - bias, PENALTY_ASKED), labels.blocks, KEPT)
    labelled.save(folder, "asked", dual, bias)
    (folder / "asked.json").write_text(json.dumps([[r.entry, r.text] for r in rows], ensure_ascii=False), encoding="utf-8")


def _right(best: Entry, row: asked.Asked) -> bool:
    """Whether it is the entry named for the question, or one that rests on the article named first for it."""
    return best.id == row.entry or row.articles[0] in {(r.short_law, r.article) for r in (*best.basis, *(x.ref for x in best.refs))}


def _confidence(seen: Any) -> Any:
    """HEAT, the weights of `ranker.evidence`, and the bias. `seen`: evidence, and whether the best was right."""
    sure = learn.logistic(seen[:, :-1], seen[:, -1].astype(int), c=1e3)
    return np.array([HEAT, *sure.coef_[0], sure.intercept_[0]], dtype=np.float32)


def _examples(entries: list[Entry]) -> Examples:
    """Each entry's phrasings, then its title, then its whole text as one example; `explain` counts on this order."""
    texts, entry, body = [], [], []
    for i, e in enumerate(entries):
        texts += [*e.questions, e.title, _body(e)]
        entry += [i] * (len(e.questions) + 2)
        body.append(len(texts) - 1)
    return Examples(texts, np.array(entry, dtype=np.int32), np.array(body, dtype=np.int32))


def _body(e: Entry) -> str:
    says = " ".join(r.says for r in e.refs)
    return f"{e.title} {e.title} {e.answer} {' '.join(e.steps)} {says}"


def _write_references(entries: list[Entry], articles: list[ArticleText], labels: asked.Labels, folder: Path) -> None:
    """What each entry rests on and cites, which articles read like it, and the articles' own text."""
    rows = [[a.ref.law, a.ref.article] for a in articles]
    (folder / "articles.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    texts = [[f"{a.ref.short_law} {a.chapter} {a.text}"] for a in articles]
    for name, cut in DOCUMENT.items():
        learn.bm25(texts, cut, most=FREQUENT).save(folder, f"statutes.{name}")
    alike = learn.weigh([t for t, in texts], pieces, least=2, most=FREQUENT).postings()
    arrays.save(folder, "articles.class", labels.of_article)
    chapters = {key: n for n, key in enumerate(dict.fromkeys((a.ref.law, a.chapter) for a in articles))}
    arrays.save(folder, "articles.chapter", np.array([chapters[a.ref.law, a.chapter] for a in articles], dtype=np.int32))
    at = {(law, article): i for i, (law, article) in enumerate(rows)}
    found: dict[tuple[int, int], float] = {}
    for i, e in enumerate(entries):
        says = " ".join(r.says for r in e.refs)
        like = alike.scores(pieces(f"{e.title} {e.answer} {says}"))
        for n in np.argsort(-like, kind="stable")[: references.ALIKE].tolist():
            found[i, n] = references.OF_ENTRY * float(like[n])
        for refs, weight in ((e.basis, 1.0), ([r.ref for r in e.refs], references.CITED)):
            named = [at[r.law, r.article] for r in refs if (r.law, r.article) in at]
            for n, article in enumerate(dict.fromkeys(named)):
                found[i, article] = found.get((i, article), 0.0) + weight * (1.0 - references.LATER * n)
    pairs = np.array(sorted(found), dtype=np.int32)
    arrays.save(folder, "cited.entry", pairs[:, 0])
    arrays.save(folder, "cited.article", pairs[:, 1])
    arrays.save(folder, "cited.weight", np.array([found[e, a] for e, a in pairs.tolist()], dtype=np.float32))

