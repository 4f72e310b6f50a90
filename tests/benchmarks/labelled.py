"""What more labelled questions bring and cost: `python -m tests.benchmarks.labelled`. Takes about a quarter of an hour.

Each number of them, chosen at random, is learned from and asked the golden questions in a process of its own, one after the other.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil

from bot.cli.building import build_library
from bot.config import Settings
from bot.domain import SHANGHAI
from faq import evaluate, index, tables
from faq.retriever import Retriever
from knowledge.library import Library
from tests.benchmarks import DATA, GOLDEN, SEED

SIZES = (6_000, 25_000, 50_000, None)  # labelled questions; None: all of them


def main() -> None:
    build_library(Settings.from_env({"FARUN_DATA_DIR": str(DATA)}), say=False)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| labelled questions | top-1 | references recall@5 | median ms | build s | index MB | resident MB |\n|---:" + "|---:" * 6 + "|")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            training, arrays = Path(folder) / "training", Path(folder) / "index"
            kept = sample(index.TRAINING, training, size)
            took = _apart(_build, training, arrays)
            top1, recall, median, resident = _apart(_measure, arrays)
            held = sum(f.stat().st_size for f in arrays.iterdir()) / 1e6
            print(f"| {kept:,} | {top1:.3f} | {recall:.3f} | {median:.2f} | {took:.0f} | {held:.0f} | {resident:.0f} |", flush=True)


def sample(training: Path, folder: Path, size: int | None) -> int:
    """Copy what is learned from, with at most `size` labelled questions. How many these are."""
    shutil.copytree(training, folder)
    files: dict[Path, list[str]] = {}
    rows = []
    for path in sorted(folder.glob("asked-*.tsv")):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        files[path] = [head]
        rows += [(path, line) for line in lines]
    kept = np.sort(np.random.default_rng(SEED).choice(len(rows), min(size or len(rows), len(rows)), replace=False))
    for path, line in (rows[i] for i in kept):
        files[path].append(line)
    for path, lines in files.items():
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return len(kept)


def _apart(what, *paths: Path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(what, *paths).result()


def _build(training: Path, arrays: Path) -> float:
    """Seconds."""
    from faq import bake  # scikit-learn, which what is measured afterwards must not have loaded

    library = Library(DATA / "knowledge.db")
    arrays.mkdir()
    began = time.perf_counter()
    bake.write(library, library.articles(datetime.now(SHANGHAI).date()), training, arrays)
    return time.perf_counter() - began


def _measure(arrays: Path) -> tuple[float, float, float, float]:
    """Top-1, recall of references, milliseconds of a question, and megabytes that a process with nothing but the search has resident."""
    retriever = Retriever(arrays, Library(DATA / "knowledge.db"))
    retriever.warm()
    asked, times = [], []
    for row in tables.rows(GOLDEN / "questions.tsv"):
        began = time.perf_counter()
        asked.append(evaluate._ask(retriever, *row))
        times.append(time.perf_counter() - began)
    resident = psutil.Process().memory_info().rss / 1e6
    recall = evaluate._share(evaluate._recalls(retriever, asked))
    return evaluate._share(a.right for a in asked), recall, float(np.median(times)) * 1000, resident
