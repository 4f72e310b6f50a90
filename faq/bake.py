"""Learn and write the arrays of the index. Loads scikit-learn, so it is imported only to build."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pypinyin import lazy_pinyin
from scipy import sparse

from faq import arrays, asked, gate, learn, ranker, references, ridge, spelling, tables, thresholds
from faq.features import DOCUMENT, grams, pieces, placed, said, terms
from faq.leftout import LeftOut
from faq.segment import words
from knowledge.citation import ArticleRef
from knowledge.library import ArticleText, Case, Entry, Library

PENALTY = 1.0  # of the ridges
KEPT = 32  # coefficients of a labelled text that are kept of each kind of class
LEFT_OUT = 4500  # questions of other hands left out of a ridge, to learn confidence and the order of articles from
TOGETHER = 500  # of them compared with all at once
STEPS = 2  # of conjugate gradients to the ridge without those left out
MORE = 2  # steps from there to that of all; more of either were measured to rank no better
OFTEN = 5  # times an article is named by them, from which the ridge scores it and its company counts
PERHAPS = ("fraud.", "family.domestic_violence", "minors.")  # matters whose questions are often asked while it happens
LENGTHS = 8  # classes of length, each with as many of what is to be recognised
LEGAL_AS_CALM = 0.25  # weight of a legal question among what is no danger
MEANT = 20  # times a word is in our texts, from which a mistake may be read as it
COMMON = 0.3  # share of the labelled texts with a feature, above which it only takes time
FREQUENT = 0.1  # share of the articles with a feature, above which it says nothing

# A word that a mistake may be read as; not a short one that is said with any topic: numbers, pronouns, particles.
_TOPIC = re.compile("[^一二三四五六七八九十百千万两几多少第不没别是有要就还都也又再最我你他她它您俺咱这那哪谁啥的了着过得地来去出进上下里外前后个点时候年月天日号人家子儿头们看做说讲到把被给和跟同自现]{2}|[\u4e00-\u9fff]{3,4}")
_DIALECT = [(re.compile(p), one) for p, one in (("^([zcs])h", r"\1"), ("^[nr]", "l"), ("^hu(?=.)", "f"), ("ng$", "n"))]


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
    _write_spelling([t for texts in (*(_texts(e) for e in entries), [r.text for r in rows]) for t in texts], folder)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:  # the gate needs nothing of the rest
        gate_written = beside.submit(_write_gate, entries, cases, rows, training, folder)
        _write_ranker(entries, of_matter, folder)
        _write_references(entries, articles, labels, folder)
        precision = [thresholds.PRECISION_SENSITIVE if library.matters[m].sensitive else thresholds.PRECISION for m in matters]
        _write_asked(rows, labels, entries, of_matter, precision, folder)
        gate_written.result()


def _texts(e: Entry) -> list[str]:
    return [*e.questions, e.title, e.answer, *e.steps, *(r.says for r in e.refs)]


def _write_spelling(texts: list[str], folder: Path) -> None:
    """How often characters stand beside each other, how they sound, and the words that may be meant."""
    spelling.Pairs.of(texts).save(folder)
    block = [chr(spelling.FIRST + i) for i in range(spelling.PLACES)]
    sounds = [lazy_pinyin(character)[0] for character in block]
    numbers: dict[str, int] = {}

    def number(sound: str) -> int:
        return numbers.setdefault(sound, len(numbers))

    arrays.save(folder, "spelling.sound", np.array([number(s) for s in sounds], dtype=np.uint16))
    arrays.save(folder, "spelling.alike", np.array([number(_alike(s)) for s in sounds], dtype=np.uint16))
    seen = Counter(word for text in texts for word in words(text) if _TOPIC.fullmatch(word))
    rows = []
    for word in sorted(word for word, times in seen.items() if times >= MEANT):
        # By how its characters sound alone, and by how they sound in it: 行 of 银行.
        for read in dict.fromkeys((tuple(sounds[ord(c) - spelling.FIRST] for c in word), tuple(lazy_pinyin(word)))):
            rows.append([word, [number(s) for s in read], [number(_alike(s)) for s in read]])
    (folder / "spelling.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def _alike(sound: str) -> str:
    """A sound, one for those that southern dialects do not tell apart: zh and z, n and l, hu and f, ing and in."""
    for pattern, one in _DIALECT:
        sound = pattern.sub(one, sound)
    return sound


def _write_gate(entries: list[Entry], cases: list[Case], questions: list[asked.Asked], training: Path, folder: Path) -> None:
    """Three calibrated models over one vocabulary, "legal", "danger" and "follows", and one that tells the kinds of danger apart."""
    told = _told(entries, cases, questions, training)
    anywhere = {text: said(text) for text in told.texts}
    seen = learn.weigh(told.texts, lambda text: np.concatenate([anywhere[text], placed(text)]))
    rows, legal, danger = seen.rows, np.isin(told.labels, ("legal", "perhaps")), np.isin(told.labels, gate.KINDS)
    lengths = [len(t) for t in told.texts]
    wanted, wanted_bias = _told_apart(rows, lengths, legal, told.labels == "chatter")
    # Who asks what the law says of a fraud or a beating may be in the middle of it: that teaches nothing of what is calm.
    known = np.flatnonzero(~np.isin(told.labels, ("perhaps", "opening", "turn")))
    alarming = danger[known]
    # A legal question weighs less than a clear look-alike.
    weight = np.where(alarming, (~alarming).sum() / alarming.sum(), np.where(legal[known], LEGAL_AS_CALM, 1.0))
    # Place helps to tell a question from a story, but an alarm may stand anywhere in a message.
    unplaced = np.isin(seen.vocabulary.hashes, np.concatenate([*anywhere.values()]))
    alarm, alarm_bias = learn.calibrated(rows.multiply(unplaced).tocsr()[known], alarming.astype(int), weight, np.ones(len(known)))
    kinds = np.array([gate.KINDS.index(k) for k in told.labels[danger]])
    dangers = rows[np.flatnonzero(danger)]
    kind, kind_bias = learn.one_of(dangers, kinds, len(gate.KINDS))
    conversations = {q.text for q in questions if len(q.turns) > 1}
    whole = np.array([t in conversations for t in told.texts])
    follows, follows_bias = _told_apart(rows, lengths, told.labels == "turn", (legal & ~whole) | (told.labels == "opening"))
    # What one message alone has helps the rest to be learned, but is hardly met again: two thirds of the room.
    kept = np.flatnonzero(rows.getnnz(axis=0) > 1)
    arrays.Vocabulary(seen.vocabulary.hashes[kept], seen.vocabulary.idf[kept]).save(folder, "gate")
    arrays.save(folder, "gate.weights", np.column_stack([wanted, alarm, follows])[kept].astype(np.float16))
    of_danger = np.flatnonzero(np.isin(kept, dangers.indices))
    arrays.save(folder, "gate.of_danger", of_danger.astype(np.int32))
    arrays.save(folder, "gate.kinds", kind[kept[of_danger]].astype(np.float16))
    arrays.save(folder, "gate.bias", np.array([wanted_bias, alarm_bias, follows_bias, *kind_bias], dtype=np.float32))


def _told_apart(rows: Any, lengths: list[int], wanted: Any, others: Any) -> tuple[arrays.Floats, float]:
    """A calibrated model of what is `wanted` and what is not."""
    parts = np.flatnonzero(wanted | others)
    return learn.calibrated(rows[parts], wanted[parts].astype(int), _balance(lengths, wanted, others)[parts])


def _balance(lengths: list[int], wanted: Any, others: Any) -> Any:
    """Weights by which what is not `wanted` counts at every length as much as what is, so that length says nothing."""
    of_length = np.searchsorted(np.quantile(np.array(lengths)[wanted], np.arange(1, LENGTHS) / LENGTHS), lengths)
    ours, theirs = (np.bincount(of_length[kind], minlength=LENGTHS) for kind in (wanted, others))
    return np.where(wanted, 1.0, (ours / np.maximum(theirs, 1))[of_length])


@dataclass(frozen=True, slots=True)
class Told:
    """Messages, each "legal", "perhaps" (legal, and danger perhaps), "chatter", "alike" (sounds like danger) or a kind of danger.

    A conversation is there as a whole; its "opening" and every "turn" after it stand beside it.
    """

    texts: list[str]
    labels: Any


def _told(entries: list[Entry], cases: list[Case], questions: list[asked.Asked], training: Path) -> Told:
    of_law = [(q, e.matter) for e in entries for q in e.questions] + [(c.question, "") for c in cases] + [(q.text, q.matter) for q in questions]
    rows = [(text, "perhaps" if matter.startswith(PERHAPS) else "legal") for text, matter in of_law]
    for path in sorted([*training.glob("chatter*.tsv"), *training.glob("contrast*.tsv")]):
        rows += [(text, "chatter") for text, _ in tables.rows(path)]
    for text, danger, kind in (row for path in sorted(training.glob("crisis*.tsv")) for row in tables.rows(path)):
        label = kind if danger == "1" else "legal" if kind == "look.legal_planning" else "alike"
        rows.append((text, label))
    for opening, *turns in (q.turns for q in questions if len(q.turns) > 1):
        rows += [(opening, "opening"), *((turn, "turn") for turn in turns)]
    return Told([text for text, _ in rows], np.array([label for _, label in rows]))


def _write_ranker(entries: list[Entry], of_matter: Any, folder: Path) -> None:
    """What the entries' own texts say: the ridge over them, and all of an entry as one document."""
    examples = _examples(entries)
    matters = np.eye(of_matter.max() + 1, dtype=np.float32)[of_matter[examples.entry]]
    targets = sparse.csr_matrix(np.hstack([np.eye(len(entries), dtype=np.float32)[examples.entry], matters]))
    labelled, bias = Labelled.of(examples.texts), _mean(targets)
    everybody = np.ones(len(examples.texts), dtype=bool)
    (dual,) = ridge.of_many(labelled.rows(), targets, bias, PENALTY, of_matter[examples.entry], [(everybody, STEPS)])
    labelled.save(folder, "examples", learn.largest(dual, (len(entries), targets.shape[1]), KEPT), bias)
    arrays.save(folder, "entries.body", examples.body)
    for name, cut in DOCUMENT.items():
        learn.bm25([[*e.questions, _body(e)] for e in entries], cut).save(folder, f"entries.{name}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """What `ranker.Labelled` reads is learned from these: texts by words and by characters, and both together."""

    words: learn.Texts
    characters: learn.Texts

    @classmethod
    def of(cls, texts: list[str]) -> Labelled:
        return cls(learn.weigh(texts, terms, most=COMMON), learn.weigh(texts, lambda t: grams(t, ranker.LOW, ranker.HIGH), most=COMMON))

    def rows(self) -> Any:
        """Both, so that the inner product of two rows is the kernel of the ridge."""
        parts = [self.words.rows * np.float32(ranker.WORDS**0.5), self.characters.rows * np.float32((1 - ranker.WORDS) ** 0.5)]
        return sparse.hstack(parts).tocsr()

    def save(self, folder: Path, name: str, dual: arrays.Largest, bias: Any) -> None:
        self.words.postings().save(folder, f"{name}.words")
        self.characters.postings().save(folder, f"{name}.characters")
        dual.save(folder, f"{name}.dual")
        arrays.save(folder, f"{name}.bias", bias.astype(np.float32))


def _write_asked(
    rows: list[asked.Asked], labels: asked.Labels, entries: list[Entry], of_matter: Any, precision: list[float], folder: Path
) -> None:
    """What questions of other hands teach; how sure an answer is and in which order articles come, from a part of them left out."""
    labelled = Labelled.of([r.text for r in rows])
    features, bias = labelled.rows(), _mean(labels.targets)
    usual = np.flatnonzero([r.usual for r in rows])
    out = np.sort(np.random.default_rng(learn.SEED).choice(usual, min(LEFT_OUT, len(usual) // 3), replace=False))
    everybody = np.ones(len(rows), dtype=bool)
    kept = everybody.copy()
    kept[out] = False
    often = labels.targets.getnnz(axis=0) >= OFTEN
    often[: labels.blocks[1]] = True
    classes = np.flatnonzero(often)
    targets = labels.targets[:, classes]
    rest, dual = (
        _dual(found, classes, labels.blocks)
        for found in ridge.of_many(features, targets, bias[classes], PENALTY, labels.matter, [(kept, STEPS), (everybody, MORE)])
    )
    by_feature = features.T.tocsr()
    like = np.concatenate([(features[some] @ by_feature).toarray() for some in np.array_split(out, -(-len(out) // TOGETHER))])
    like[:, out] = 0
    left_out = LeftOut([rows[i] for i in out.tolist()], labels.targets[out].toarray(), like, rest, bias, _habits(labels, kept))
    left_out.write(entries, of_matter, precision, labels.of_article, folder)
    labelled.save(folder, "asked", dual, bias)
    _habits(labels, everybody).save(folder)
    (folder / "asked.json").write_text(json.dumps([[r.entry, r.text] for r in rows], ensure_ascii=False), encoding="utf-8")


def _mean(targets: Any) -> Any:
    """How often each class is the target, shape (classes,)."""
    return np.asarray(targets.mean(axis=0), dtype=np.float32).ravel()


def _dual(dual: Any, classes: Any, blocks: tuple[int, ...]) -> arrays.Largest:
    """The largest coefficients, for all classes, of a ridge over some of them."""
    found = learn.largest(dual, np.searchsorted(classes, blocks).tolist(), KEPT)
    return arrays.Largest(learn.places(classes[found.columns], blocks[-1]), found.weights, blocks[-1])


def _habits(labels: asked.Labels, kept: Any) -> references.Habits:
    """How the `kept` of the labelled questions name articles, shape (questions,)."""
    first, last = labels.blocks[1:]
    named = (labels.targets[:, first:] > 0).astype(np.float32)
    here = named.multiply(kept[:, None]).tocsr()
    times = np.asarray(here.sum(axis=0)).ravel()
    of_matter = sparse.csr_matrix((np.ones(len(labels.matter)), (labels.matter, np.arange(len(labels.matter)))))
    usual = (of_matter @ here).toarray()
    usual /= np.maximum(usual.sum(axis=1, keepdims=True), 1)
    together = (here.T @ here).tolil()
    together.setdiag(0)
    beside = sparse.diags((times >= OFTEN) / np.maximum(times, 1)) @ together.tocsr()
    beside.eliminate_zeros()
    place = np.where(labels.of_article < last, labels.of_article - first, last - first).astype(np.int32)
    return references.Habits(
        place, learn.packed(named), labels.matter, usual.astype(np.float32), learn.packed(beside.tocsr()), np.log1p(times).astype(np.float32)
    )


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
    at = {(law, article): i for i, (law, article) in enumerate(rows)}

    def in_force(refs: Iterable[ArticleRef]) -> list[int]:
        return [at[r.law, r.article] for r in refs if (r.law, r.article) in at]

    arrays.save(folder, "entries.basis", _basis([labels.of_article[in_force(e.basis)].tolist() for e in entries], labels.blocks[-1]))
    chapters = {key: n for n, key in enumerate(dict.fromkeys((a.ref.law, a.chapter) for a in articles))}
    arrays.save(folder, "articles.chapter", np.array([chapters[a.ref.law, a.chapter] for a in articles], dtype=np.int32))
    found: dict[tuple[int, int], float] = {}
    for i, e in enumerate(entries):
        says = " ".join(r.says for r in e.refs)
        like = alike.scores(pieces(f"{e.title} {e.answer} {says}"))
        for n in np.argsort(-like, kind="stable")[: references.ALIKE].tolist():
            found[i, n] = references.OF_ENTRY * float(like[n])
        for refs, weight in ((e.basis, 1.0), ([r.ref for r in e.refs], references.CITED)):
            for n, article in enumerate(dict.fromkeys(in_force(refs))):
                found[i, article] = found.get((i, article), 0.0) + weight * (1.0 - references.LATER * n)
    weights, pairs = list(found.values()), np.array(list(found), dtype=np.int32)
    learn.packed(sparse.csr_matrix((weights, (pairs[:, 0], pairs[:, 1])), shape=(len(entries), len(rows)))).save(folder, "cited")


def _basis(rests: list[list[int]], none: int) -> Any:
    """The classes of the articles each entry rests on as an array, shape (entries, most), filled up with the class `none`."""
    most = max(map(len, rests), default=0)
    return np.array([found + [none] * (most + 1 - len(found)) for found in rests], dtype=np.int32)
