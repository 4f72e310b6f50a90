"""Bake knowledge.db and the index where anything changed: every start begins with it, so it loads little."""

from __future__ import annotations

import fcntl
import shutil
from datetime import datetime
from pathlib import Path

import click

from bot.config import Settings
from bot.domain import SHANGHAI
from faq import index
from faq.segment import words
from knowledge import build as baking
from knowledge import statutes
from knowledge.library import Library

ENTRIES = Path(index.__file__).with_name("entries")


def build_library(settings: Settings, corpora: tuple[Path, ...] = (), *, say: bool = True) -> None:
    """Bake knowledge.db and the index where anything changed; of two that begin at once the second waits and finds it done."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "build.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _build(settings, corpora, say=say)


def imported(settings: Settings) -> tuple[Path, ...]:
    """The corpora that `farun law import` has taken in, oldest first."""
    folder = settings.data_dir / "corpus" / "imported"
    return tuple(sorted(folder.iterdir())) if folder.exists() else ()


def keep(settings: Settings, corpus: Path, now: datetime) -> None:
    """From now on every build reads this corpus, too."""
    target = settings.data_dir / "corpus" / "imported" / f"{now:%Y%m%d-%H%M%S}-{corpus.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if corpus.is_dir() else shutil.copy)(corpus, target)


def bake(settings: Settings, target: Path, corpora: tuple[Path, ...] = (), newer: tuple[Path, ...] | None = None) -> bool:
    """Bake one knowledge.db; True when anything had changed. `newer` stands for what has been imported."""
    paths = corpora or (statutes.fetch(settings.data_dir / "corpus"),)
    return baking.build(baking.Sources(paths, ENTRIES, imported(settings) if newer is None else newer), target, words)


def _build(settings: Settings, corpora: tuple[Path, ...], *, say: bool) -> None:
    baked = bake(settings, settings.knowledge_db, corpora)
    library = Library(settings.knowledge_db)
    indexed = index.build(library, settings.index_dir, datetime.now(SHANGHAI).date())
    if say:
        counts = "，".join(f"{name} {n}" for name, n in library.counts().items())
        click.echo(f"知识库{'已重建' if baked else '没有变化'}，索引{'已重建' if indexed else '没有变化'}：{counts}")
