"""Articles for lay questions, on a public set: `python -m tests.benchmarks.stard FOLDER`.

FOLDER holds STARD (Su et al. 2024, MIT licence; neither shipped nor learned from): `stard-queries.jsonl` (id, split, text, gold) and
`stard-corpus.jsonl.gz` (id, law, article, chapter, text). Two runs over the `dev` questions: with nothing but our own library and the
corpus, and with the `train` questions as labelled ones. Recall at 10 and 100 and mean reciprocal rank at 10.
"""

from __future__ import annotations

import gzip
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from bot.cli.building import build_library
from bot.config import Settings
from faq import asked, bake, learn, ridge
from faq.arrays import Postings
from faq.features import DOCUMENT, hashed
from faq.index import TRAINING
from faq.retriever import Retriever
from faq.segment import words
from knowledge.citation import article_key
from knowledge.library import Library
from tests.benchmarks import DATA

DEEP = {"words": 150, "characters": 150, "translation": 100, "borrowed": 100, "chapter": 250, "likest": 60, "ours": 60}  # candidates a signal brings
FOLDS = 5
ROUNDS, LIKELY = 5, 25  # of the translation model: rounds of learning, words kept for each word
# What counts beside the words and the characters of the corpus when no question of STARD is learned from; set on its train part.
OWN = {"ours": 0.8, "translation": 0.2}
LAW = 0.05  # times ln(1 + how often our labels cite the law)


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    gold: tuple[int, ...]  # places in the corpus


@dataclass(frozen=True, slots=True)
class Corpus:
    """Articles: `rows` as they came, `words` of each (the first 220), and BM25 over them by words and by characters."""

    rows: list[dict[str, Any]]
    words: list[list[str]]
    bm25: dict[str, Postings]

    @property
    def places(self) -> dict[tuple[str, str], int]:
        """Where each law's article stands."""
        return {(_law(row["law"]), article_key(row["article"]) or ""): i for i, row in enumerate(self.rows)}


def main(folder: Path) -> None:
    began = time.monotonic()
    corpus = _read(folder)
    at = {row["id"]: i for i, row in enumerate(corpus.rows)}
    rows = [json.loads(line) for line in (folder / "stard-queries.jsonl").open(encoding="utf-8")]
    train, dev = (
        [Question(q["text"], tuple(at[g] for g in q["gold"])) for q in rows if (q["split"] == "train") == wanted] for wanted in (True, False)
    )
    questions = [*train, *dev]
    found = {name: np.stack([bm25.sums(DOCUMENT[name](q.text)) for q in questions]) for name, bm25 in corpus.bm25.items()}
    found["ours"] = _ours(questions, corpus)
    print(f"{platform.machine()}, Python {platform.python_version()}, {len(corpus.rows)} articles, {len(train)} + {len(dev)} questions")
    print("| | R@10 | MRR@10 | R@100 |\n|---|---|---|---|")
    held = slice(len(train), None)
    for name in ("words", "characters"):
        print(_row(f"BM25 {name}", found[name][held], dev))
    ours = _own_labels(corpus)
    own = found | {"translation": _translated(ours, [q.text for q in questions], corpus)}
    scores = LAW * _laws(ours, corpus) + sum(OWN.get(name, 1.0) * _shares(scores) for name, scores in own.items())
    print(_row("own library and statutes only", scores[held], dev))
    found |= _labelled(train, dev, corpus)
    print(_row("with the train questions, learned", _learned(found, train, dev), dev))
    print(f"{time.monotonic() - began:.0f} s")


def _read(folder: Path) -> Corpus:
    with gzip.open(folder / "stard-corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = [f"{_law(row['law'])} {row['chapter'] or ''} {row['text']}" for row in rows]
    return Corpus(rows, [words(t)[:220] for t in texts], {name: learn.bm25([[t] for t in texts], cut) for name, cut in DOCUMENT.items()})


def _law(name: str) -> str:
    return name.removeprefix("中华人民共和国")


def _ours(questions: Sequence[Question], corpus: Corpus) -> Any:
    """What our own index says of the articles that the corpus has, too, without looking at any text of the corpus."""
    build_library(Settings.from_env({"FARUN_DATA_DIR": str(DATA)}), say=False)
    retriever = Retriever(DATA / "index", Library(DATA / "knowledge.db"))
    place, references = corpus.places, retriever._references
    ours = [(n, place[_law(law), article]) for n, (law, article) in enumerate(references._articles) if (_law(law), article) in place]
    mine, theirs = np.array(ours).T
    found = np.zeros((len(questions), len(corpus.rows)), dtype=np.float32)
    for i, q in enumerate(questions):
        found[i, theirs] = references.labelled(retriever._scores(q.text), retriever._asked.look(q.text))[mine]
    return found


def _own_labels(corpus: Corpus) -> list[Question]:
    """Our own labelled questions, with those of their articles that the corpus has, too."""
    place = corpus.places
    found = [Question(a.text, tuple(place[key] for key in a.articles[:3] if key in place)) for a in asked.read(TRAINING)]
    return [q for q in found if q.gold]


def _laws(labels: Sequence[Question], corpus: Corpus) -> Any:
    """ln(1 + how often labels cite its law) of each article."""
    cited = Counter(corpus.rows[g]["law"] for q in labels for g in q.gold)
    return np.array([np.log1p(cited[row["law"]]) for row in corpus.rows], dtype=np.float32)


def _labelled(train: Sequence[Question], dev: Sequence[Question], corpus: Corpus) -> dict[str, Any]:
    """What the train questions teach of dev, and of themselves out of fold: each of shape (questions, articles)."""
    texts = [q.text for q in (*train, *dev)]
    kernel = learn.likeness(bake.Labelled.of(texts).rows())  # words are weighed over all texts, labels are not seen
    chapters = [(row["law"], row["chapter"]) for row in corpus.rows]
    width = len(chapters)
    chapter = {c: i for i, c in enumerate(dict.fromkeys(chapters))}
    of_article = np.array([chapter[c] for c in chapters])
    articles, in_chapter = _targets(train, width), np.zeros((len(train), len(chapter)), dtype=np.float32)
    for i, q in enumerate(train):
        in_chapter[i, of_article[list(q.gold)]] = 1
    found = {name: np.zeros((len(texts), width), dtype=np.float32) for name in ("borrowed", "chapter", "likest", "translation")}
    everything = [(np.arange(len(train)), np.arange(len(train), len(texts)))]
    for known, held in [*KFold(FOLDS, shuffle=True, random_state=learn.SEED).split(train), *everything]:
        like = kernel[np.ix_(held, known)]
        learned = ridge.exact(kernel[np.ix_(known, known)], np.hstack([articles[known], in_chapter[known]]), bake.PENALTY)
        scores = like @ learned
        found["borrowed"][held] = scores[:, :width]
        found["chapter"][held] = scores[:, width:][:, of_article]
        for n, i in enumerate(known.tolist()):
            gold = list(train[i].gold)
            found["likest"][np.ix_(held, gold)] = np.maximum(found["likest"][np.ix_(held, gold)], like[:, [n]])
        found["translation"][held] = _translated([train[i] for i in known.tolist()], [texts[i] for i in held.tolist()], corpus)
    return found


def _targets(train: Sequence[Question], width: int) -> Any:
    found = np.zeros((len(train), width), dtype=np.float32)
    for i, q in enumerate(train):
        found[i, list(q.gold)] = 1
    return found


def _translated(known: Sequence[Question], texts: Sequence[str], corpus: Corpus) -> Any:
    """BM25 of each question said in the words of the law. Shape (texts, articles)."""
    by_words = corpus.bm25["words"]
    law_words = _translation([(words(q.text), corpus.words[g]) for q in known for g in q.gold])
    found = np.zeros((len(texts), len(corpus.rows)), dtype=np.float32)
    for i, text in enumerate(texts):
        said = [pair for word in set(words(text)) for pair in law_words.get(word, ())]
        if said:
            at, there = by_words.vocabulary.locate(hashed(w for w, _ in said))
            found[i] = by_words.table.total(at, np.array([p for _, p in said], dtype=np.float32)[there])
    return found


def _translation(pairs: Sequence[tuple[list[str], list[str]]]) -> dict[str, list[tuple[str, float]]]:
    """The likeliest words of the law for each word of a question, with P(law word | word): IBM model 1 (Brown et al. 1993)."""
    said, law = _Numbers(), _Numbers()
    source = [np.array([0, *sorted({1 + said[w] for w in q})]) for q, _ in pairs]  # 0: no word
    target = [np.array([law[w] for w in a]) for _, a in pairs]
    own = np.concatenate([np.tile(s, len(t)) for s, t in zip(source, target, strict=True)])
    other = np.concatenate([np.repeat(t, len(s)) for s, t in zip(source, target, strict=True)])
    sizes = np.concatenate([np.full(len(t), len(s)) for s, t in zip(source, target, strict=True)])
    token = np.repeat(np.arange(len(sizes)), sizes)
    keys, of_key = np.unique(own.astype(np.int64) * len(law) + other, return_inverse=True)
    chance = np.ones(len(keys))
    for _ in range(ROUNDS):
        part = chance[of_key]
        part /= np.bincount(token, weights=part)[token]
        count = np.bincount(of_key, weights=part, minlength=len(keys))
        chance = count / np.bincount(keys // len(law), weights=count)[keys // len(law)]
    table = sparse.csr_matrix((chance, (keys // len(law), keys % len(law))), shape=(len(said) + 1, len(law)))
    names, found = list(law), {}
    for word, n in said.items():
        row = table[[n + 1]]
        best = np.argsort(-row.data, kind="stable")[:LIKELY]
        found[word] = [(names[c], float(p)) for c, p in zip(row.indices[best], row.data[best], strict=True)]
    return found


class _Numbers(dict[str, int]):
    """Words by number."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self)
        return self[word]


def _learned(found: dict[str, Any], train: Sequence[Question], dev: Sequence[Question]) -> Any:
    """A logistic regression over all signals of the candidates, taught by the train questions. Shape (dev, articles)."""
    questions = [*train, *dev]
    candidates = [_candidates(found, i) for i in range(len(questions))]
    rows = [_features(found, i, c) for i, c in enumerate(candidates)]
    labels = [np.isin(c, q.gold) for c, q in zip(candidates, questions, strict=True)]
    known = len(train)
    scale = StandardScaler().fit(np.concatenate(rows[:known]))
    model = LogisticRegression(C=0.3, max_iter=1000).fit(scale.transform(np.concatenate(rows[:known])), np.concatenate(labels[:known]))
    scores = np.full((len(dev), found["words"].shape[1]), -np.inf, dtype=np.float32)
    for n, i in enumerate(range(known, len(questions))):
        scores[n, candidates[i]] = model.decision_function(scale.transform(rows[i]))
    return scores


def _candidates(found: dict[str, Any], question: int) -> Any:
    return np.unique(np.concatenate([np.argpartition(-found[name][question], k)[:k] for name, k in DEEP.items()]))


def _features(found: dict[str, Any], question: int, candidates: Any) -> Any:
    """Of each signal: its value, its share of the best, and its rank in two shapes. Shape (candidates, features)."""
    columns = []
    for name in DEEP:
        value = found[name][question][candidates]
        rank = np.empty(len(candidates))
        rank[np.argsort(-value, kind="stable")] = np.arange(len(candidates))
        columns += [value, value / max(float(value.max()), 1e-6), 1 / (rank + 5), np.log(rank + 2)]
    return np.stack(columns, axis=1)


def _shares(scores: Any) -> Any:
    return scores / np.maximum(scores.max(axis=1, keepdims=True), 1e-6)


def _row(name: str, scores: Any, questions: Sequence[Question]) -> str:
    """A row of the table."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :100].tolist()
    gold = [set(q.gold) for q in questions]

    def mean(of: Callable[[list[int], set[int]], float]) -> str:
        return f"{np.mean([of(o, g) for o, g in zip(order, gold, strict=True)]):.3f}"

    def reciprocal(o: list[int], g: set[int]) -> float:
        return next((1 / n for n, i in enumerate(o[:10], start=1) if i in g), 0.0)

    return f"| {name} | {mean(lambda o, g: len(g & set(o[:10])) / len(g))} | {mean(reciprocal)} | {mean(lambda o, g: len(g & set(o)) / len(g))} |"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
