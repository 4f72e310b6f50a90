"""Bake knowledge.db and the index where anything changed: every start begins with it, so it loads little."""

from __future__ import annotations

import fcntl
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


def _build(settings: Settings, corpora: tuple[Path, ...], *, say: bool) -> None:
    paths = corpora or (statutes.fetch(settings.data_dir / "corpus"),)
    baked = baking.build(baking.Sources(paths, ENTRIES), settings.knowledge_db, words)
    library = Library(settings.knowledge_db)
    indexed = index.build(library, settings.index_dir, datetime.now(SHANGHAI).date())
    if say:
        counts = "，".join(f"{name} {n}" for name, n in library.counts().items())
        click.echo(f"知识库{'已重建' if baked else '没有变化'}，索引{'已重建' if indexed else '没有变化'}：{counts}")
