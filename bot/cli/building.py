"""Bake knowledge.db and the index where anything changed: every start begins with it, so it loads little."""

from __future__ import annotations

import fcntl
import shutil
from datetime import datetime
from pathlib import Path

import click
import sqlalchemy as sa

from bot import store
from bot.config import Settings
from bot.domain import SHANGHAI
from bot.errors import FarunError
from bot.store import reading, revisions
from faq import index
from faq.segment import words
from knowledge import build as baking
from knowledge import statutes
from knowledge.items import Revised
from knowledge.library import Library

ENTRIES = Path(index.__file__).with_name("entries")


def build_library(settings: Settings, corpora: tuple[Path, ...] = (), *, say: bool = True) -> None:
    """Bake knowledge.db and the index where anything changed; of two that begin at once the second waits and finds it done."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "build.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _build(settings, corpora, say=say)


def install(settings: Settings, folder: Path) -> None:
    """Put a knowledge.db and an index that were built elsewhere in the place of ours."""
    with (settings.data_dir / "build.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "knowledge.db").replace(settings.knowledge_db)
        index.swap(folder / "index", settings.index_dir)


def imported(settings: Settings) -> tuple[Path, ...]:
    """The corpora that `farun law import` has taken in, oldest first."""
    folder = settings.data_dir / "corpus" / "imported"
    return tuple(sorted(folder.iterdir())) if folder.exists() else ()


def keep(settings: Settings, corpus: Path, now: datetime) -> None:
    """From now on every build reads this corpus, too."""
    target = settings.data_dir / "corpus" / "imported" / f"{now:%Y%m%d-%H%M%S}-{corpus.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if corpus.is_dir() else shutil.copy)(corpus, target)


def sources(settings: Settings, corpora: tuple[Path, ...] = ()) -> baking.Sources:
    """What the library is baked from: the texts of the checkout, what was imported, and the current release over them."""
    paths = corpora or (statutes.fetch(settings.data_dir / "corpus"),)
    release, revised = _released(settings)
    return baking.Sources(paths, ENTRIES, imported(settings), release=release, revised=revised)


def _released(settings: Settings) -> tuple[int, tuple[Revised, ...]]:
    """The current release; none before the state database is there."""
    path = sa.make_url(settings.url).database
    if settings.url.startswith("sqlite") and not (path and Path(path).exists()):
        return 0, ()
    engine = store.connect(settings.url)
    try:
        if not store.is_current(engine):
            return 0, ()
        with reading(engine) as conn:
            return revisions.current(conn)
    except sa.exc.OperationalError as e:
        raise FarunError(f"DATABASE_URL：状态库用不了，不知道知识库发布到第几版（{str(e.orig).splitlines()[0]}）") from None
    finally:
        engine.dispose()


def bake(target: Path, made_from: baking.Sources) -> bool:
    """Bake one knowledge.db; True when anything had changed."""
    return baking.build(made_from, target, words)


def _build(settings: Settings, corpora: tuple[Path, ...], *, say: bool) -> None:
    baked = bake(settings.knowledge_db, sources(settings, corpora))
    library = Library(settings.knowledge_db)
    indexed = index.build(library, settings.index_dir, datetime.now(SHANGHAI).date())
    if say:
        counts = "，".join(f"{name} {n}" for name, n in library.counts().items())
        click.echo(f"知识库{'已重建' if baked else '没有变化'}，索引{'已重建' if indexed else '没有变化'}：{counts}")
