"""The state database as the commands use it: checked once, closed always, every error in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from bot import store
from bot.config import Settings
from bot.errors import FarunError


@contextmanager
def reading(settings: Settings) -> Iterator[sa.Connection]:
    """A connection that only reads. Raises `FarunError` where the database cannot be used."""
    with _engine(settings) as engine, store.reading(engine) as conn:
        yield conn


@contextmanager
def writing(settings: Settings) -> Iterator[sa.Connection]:
    """One transaction: what fails leaves everything as it was."""
    with _engine(settings) as engine, engine.begin() as conn:
        yield conn


@contextmanager
def _engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = store.connect(settings.url)
    try:
        if not store.is_current(engine):
            raise FarunError("状态库的结构不是最新的，先运行 farun migrate")
        yield engine
    except sa.exc.OperationalError as e:
        raise FarunError(f"DATABASE_URL：状态库用不了（{str(e.orig).splitlines()[0]}）") from None
    finally:
        engine.dispose()
