"""Farun's retriever beside its peers on the golden questions, and how its own parts grow: `python -m tests.benchmarks.peers`.

bm25s and tantivy come with `pip install '.[bench]'`; china-law-mcp as its makers ship it with
`pip install --no-deps china-law-mcp==0.1.1 rank-bm25`. What is missing is said in its row.
"""

from __future__ import annotations

import logging
import os
import platform
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from bot.cli.building import build_library
from bot.config import Settings
from bot.domain import SHANGHAI
from faq import bake, evaluate, features, segment, tables
from faq.arrays import Postings, Rows, Vocabulary
from faq.retriever import Hit, Result, Retriever
from knowledge.citation import ArticleRef, article_key
from knowledge.library import Library
from tests.benchmarks import DATA, GOLDEN, SEED

K = 5
BLOCK = 50  # questions one peer answers before it is the next one's turn
TIMES = (1, 10, 50)  # how many times the documents
SAMPLE = 100  # questions asked of grown parts

Find = Callable[[str], Any]


@dataclass
class Peer:
    """One way of searching. `find`: a question to a `Result`, entry ids or articles; None when it is not installed."""

    name: str
    find: Find | None
    asked: list[evaluate.Asked] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def main() -> None:
    build_library(Settings.from_env({"FARUN_DATA_DIR": str(DATA)}), say=False)
    library = Library(DATA / "knowledge.db")
    retriever = Retriever(DATA / "index", library)
    questions = tables.rows(GOLDEN / "questions.tsv")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, one thread, {len(questions)} questions", flush=True)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        peers = [Peer(name, _made(make)) for name, make in _makers(retriever, library, Path(folder)).items()]
        _ask(peers, questions)
        print(_table(peers, retriever), flush=True)
        del peers
        print(_growth(library, [text for text, *_ in questions]), flush=True)
    print(f"peak of the whole run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _makers(retriever: Retriever, library: Library, folder: Path) -> dict[str, Callable[[], Find]]:
    """All are asked for the same entries over the same words, but for farun and china-law-mcp, which cut for themselves."""
    entries = library.entries()
    ids = [e.id for e in entries]
    documents = [segment.words(" ".join([*e.questions, e.title, e.answer])) for e in entries]
    over_words = {"bm25s": _bm25s, "SQLite FTS5": _fts5, "tantivy": _tantivy, "scikit-learn TF-IDF": _tfidf}
    return {
        "farun": lambda: lambda text: retriever.search(text, k=K),
        **{name: lambda make=make: _by_words(make(documents), ids) for name, make in over_words.items()},
        "china-law-mcp 0.1.1": lambda: _china_law_mcp(folder),
    }


def _made(make: Callable[[], Find]) -> Find | None:
    try:
        return make()
    except ImportError:
        return None


def _by_words(find: Callable[[list[str]], Sequence[int]], ids: Sequence[str]) -> Find:
    """From a question's words, each once, to entry ids."""

    def found(text: str) -> list[str]:
        asked = list(dict.fromkeys(segment.words(text)))
        return [ids[i] for i in find(asked)] if asked else []

    return found


def _bm25s(documents: list[list[str]]) -> Callable[[list[str]], list[int]]:
    """Its defaults: Lucene's BM25, k1 1.5, b 0.75."""
    import bm25s

    index = bm25s.BM25()
    index.index(documents, show_progress=False)

    def find(asked: list[str]) -> list[int]:
        found, scores = index.retrieve([asked], k=K, show_progress=False)
        return [int(i) for i, score in zip(found[0], scores[0], strict=True) if score > 0]

    return find


def _fts5(documents: list[list[str]]) -> Callable[[list[str]], list[int]]:
    """A table in memory, its own bm25()."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE entry USING fts5(words)")
    db.executemany("INSERT INTO entry(rowid, words) VALUES (?, ?)", [(i, " ".join(d)) for i, d in enumerate(documents)])

    def find(asked: list[str]) -> list[int]:
        query = " OR ".join(f'"{w}"' for w in asked)
        return [r[0] for r in db.execute("SELECT rowid FROM entry WHERE entry MATCH ? ORDER BY rank LIMIT ?", (query, K))]

    return find


def _tantivy(documents: list[list[str]]) -> Callable[[list[str]], list[int]]:
    """An index in memory, any of the words."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", tokenizer_name="whitespace")
    builder.add_unsigned_field("row", stored=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    for i, words in enumerate(documents):
        writer.add_document(tantivy.Document(words=" ".join(words), row=i))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def find(asked: list[str]) -> list[int]:
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", w)) for w in asked])
        return [searcher.doc(at)["row"][0] for _, at in searcher.search(query, K).hits]

    return find


def _tfidf(documents: list[list[str]]) -> Callable[[list[str]], list[int]]:
    """TfidfVectorizer as it comes; rows are of length 1, so the product is the cosine."""
    model = TfidfVectorizer(analyzer=list)
    by_word = model.fit_transform(documents).T.tocsr()

    def find(asked: list[str]) -> list[int]:
        scores = (model.transform([asked]) @ by_word).toarray()[0]
        return [i for i in np.argsort(-scores, kind="stable")[:K].tolist() if scores[i] > 0]

    return find


def _china_law_mcp(folder: Path) -> Find:
    """What its tool `search_statutes` calls, over its own data file: BM25, its synonyms, its re-ranking."""
    os.environ["CHINA_LAW_INDEX"] = str(folder / "bm25.pkl")  # else it unpickles from a shared temporary folder
    import jieba
    import rank_bm25  # noqa: F401 it is imported late, when its index is built
    from china_law_mcp import retrieval

    jieba.setLogLevel(logging.WARNING)

    def find(text: str) -> list[ArticleRef]:
        return [ArticleRef(r["law_name"], article_key(r["article_no"]) or "") for r in retrieval.search(text, top_k=K)]

    return find


def _ask(peers: Sequence[Peer], questions: Sequence[Sequence[str]]) -> None:
    """Everything of everyone that is installed, a block of questions at a time in turn."""
    here = [(p, p.find) for p in peers if p.find]
    for _, find in here:
        for text, *_ in questions[-20:]:  # dictionaries and arrays come into memory
            find(text)
    for at in range(0, len(questions), BLOCK):
        for peer, find in here:
            for text, ids, articles in questions[at : at + BLOCK]:
                began = time.perf_counter()
                found = find(text)
                peer.times.append((time.perf_counter() - began) * 1000)
                peer.asked.append(evaluate.Asked(text, evaluate._several(ids), evaluate._several(articles), _result(found)))


def _result(found: Any) -> Result:
    if isinstance(found, Result):
        return found
    hits = tuple(Hit(i, "", "", score=0.0, confidence=0.0, enough=1.0) for i in found if isinstance(i, str))
    return Result(hits, 1.0, tuple(r for r in found if isinstance(r, ArticleRef)))


def _table(peers: Sequence[Peer], retriever: Retriever) -> str:
    """Markdown, a row a peer; `–` where a peer does not look for that."""
    head = "\n| | top-1 | top-3 | top-5 | references recall@5 | median ms | p95 ms | median to farun's |\n" + "|---" + "|---:" * 7 + "|\n"
    return head + "\n".join(_row(p, peers[0], retriever) for p in peers)


def _row(peer: Peer, first: Peer, retriever: Retriever) -> str:
    if not peer.find:
        return f"| {peer.name} | 没有安装" + " |" * 7
    tops = [f"{evaluate._share(evaluate._found(a, k) for a in peer.asked):.3f}" for k in (1, 3, 5)]
    recall = f"{evaluate._share(evaluate._recalls(retriever, peer.asked)):.3f}"
    for_entries, for_articles = (any(getattr(a.result, what) for a in peer.asked) for what in ("hits", "references"))
    shares = " | ".join([*(tops if for_entries else "–––"), recall if for_articles else "–"])
    median, p95 = np.percentile(peer.times, [50, 95])
    return f"| {peer.name} | {shares} | {median:.2f} | {p95:.2f} | {median / np.median(first.times):.2f} |"


def _growth(library: Library, questions: Sequence[str]) -> str:
    """Markdown: how long farun's own postings take and what they hold in memory when there are more documents."""
    sample = np.random.default_rng(SEED).choice(questions, SAMPLE, replace=False).tolist()
    rows = ["\n| | times | documents | postings | median ms | p95 ms | resident MB |", "|---" + "|---:" * 6 + "|"]
    for name, texts, cut, least, most in _parts(library):
        words = [_every_word(t) if cut else segment.words(t) for t in texts]
        for times in TIMES:
            found = _postings(_keys(words, times, cut), len(words) * times, least, most)
            median, p95 = np.percentile([_timed(found.sums, q, cut) for q in sample[:5] + sample][5:], [50, 95])
            held = sum(a.nbytes for a in _arrays(found)) / 2**20  # written in full, so resident; the process also keeps what it freed
            rows.append(f"| {name} | {times} | {found.table.width} | {len(found.table.columns)} | {median:.2f} | {p95:.2f} | {held:.0f} |")
            del found
    return "\n".join(rows)


def _arrays(found: Postings) -> list[NDArray[Any]]:
    return [found.vocabulary.hashes, found.vocabulary.idf, found.table.start, found.table.columns, found.table.weights]


def _parts(library: Library) -> list[tuple[str, list[str], tuple[int, int] | None, int, float]]:
    """Name, documents, characters of an n-gram (None: words), and in how many documents at least and at most, as `bake` has them."""
    statutes = [f"{a.ref.short_law} {a.chapter} {a.text}" for a in library.articles(datetime.now(SHANGHAI).date())]
    entries = [" ".join([*e.questions, bake._body(e)]) for e in library.entries()]
    return [
        ("entries by words", entries, None, 1, 1.0),
        ("entries by characters", entries, (2, 3), 1, 1.0),
        ("statutes by words", statutes, None, 1, bake.FREQUENT),
        ("statutes by characters", statutes, (2, 3), 1, bake.FREQUENT),
    ]


def _every_word(text: str) -> list[str]:
    return list(segment._tokenizer().cut(segment.characters(text)))


def _timed(ask: Callable[[features.Features], Any], text: str, cut: tuple[int, int] | None) -> float:
    """Milliseconds from a question to the places of the five best."""
    began = time.perf_counter()
    found = ask(features.grams(text, *cut) if cut else features.bag(text))
    np.argpartition(-found, K)[:K]
    return (time.perf_counter() - began) * 1000


def _keys(words: Sequence[Sequence[str]], times: int, cut: tuple[int, int] | None) -> NDArray[np.uint64]:
    """All documents so many times, the first time as they are and then with shuffled words: hash << 32 | document, sorted."""
    draw = np.random.default_rng(SEED)
    keys, end = np.empty(0, dtype=np.uint64), 0
    for n in range(times):
        found = _once(words, cut, draw if n else None) + np.uint64(n * len(words))
        if not n:
            keys = np.empty(int(times * len(found) * 1.1), dtype=np.uint64)  # one piece, in place: the largest thing by far
        keys[end : end + len(found)] = found
        end += len(found)
    keys = keys[:end]
    keys.sort()
    return keys


def _once(words: Sequence[Sequence[str]], cut: tuple[int, int] | None, draw: np.random.Generator | None) -> NDArray[np.uint64]:
    """The keys of all documents, each feature of a document once."""
    if cut:
        hashes, document = _grams(words, *cut, draw)
    else:  # a bag of words stays what it is when it is shuffled
        hashes = features.hashed(w for d in words for w in d)
        document = np.repeat(np.arange(len(words)), [len(d) for d in words])
    keys = (hashes.astype(np.uint64) << np.uint64(32)) | document.astype(np.uint64)
    keys.sort()
    return keys[np.append(True, keys[1:] != keys[:-1])]


def _grams(words: Sequence[Sequence[str]], low: int, high: int, draw: np.random.Generator | None) -> tuple[Any, Any]:
    """As `features.grams` of each document, but of all at once, and whose each is."""
    ended = [["^", *d, "$"] for d in words]
    flat = np.array([w for d in ended for w in d], dtype=object)
    if draw:
        place = np.select([flat == "^", flat == "$"], [0.0, 0.9], draw.uniform(0.1, 0.8, len(flat)))
        flat = flat[np.argsort(place + np.repeat(np.arange(len(ended)), [len(d) for d in ended]))]
    document = np.repeat(np.arange(len(ended)), [sum(map(len, d)) for d in ended])
    hashes = features._grams("".join(flat)[1:-1], low, high)
    first = np.concatenate([document[: len(document) - n + 1] for n in range(low, high + 1)])
    last = np.concatenate([document[n - 1 :] for n in range(low, high + 1)])
    return hashes[first == last], first[first == last]


def _postings(keys: NDArray[np.uint64], size: int, least: int, most: float) -> Postings:
    """The arrays an index would have. Every weight is 1: what is summed does not change how long it takes."""
    hashes, rows = (keys.view(np.uint32).reshape(-1, 2)[:, n] for n in (1, 0))  # little-endian
    first = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    documents = np.diff(first, append=len(keys))
    kept = (documents >= least) & (documents <= max(1.0, most * size))
    start = np.concatenate([[0], np.cumsum(documents[kept])]).astype(np.int32)
    rows = rows[np.repeat(kept, documents)].view(np.int32)
    vocabulary = Vocabulary(hashes[first[kept]], np.ones(int(kept.sum()), dtype=np.float32))
    return Postings(vocabulary, Rows(start, rows, np.ones(len(rows), dtype=np.float16), size))


if __name__ == "__main__":
    main()
