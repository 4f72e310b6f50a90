"""State: one set of SQLAlchemy Core statements for SQLite and PostgreSQL. A function takes conn; the caller owns the transaction."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

MIGRATIONS = Path(__file__).parent / "migrations"
REVISION = "0004"  # the newest in migrations/versions; so that only an upgrade has to load alembic


def connect(url: str) -> sa.Engine:
    """An engine for either database; SQLite in WAL, every commit on disk before it is acknowledged."""
    on_sqlite = url.startswith("sqlite")
    if on_sqlite:
        Path(sa.make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url, json_serializer=lambda o: json.dumps(o, ensure_ascii=False), pool_size=20, max_overflow=20,
        pool_pre_ping=not on_sqlite, connect_args={"factory": _Queued} if on_sqlite else {},
    )  # fmt: skip
    if on_sqlite:
        sa.event.listen(engine, "connect", _pragmas)
        sa.event.listen(engine, "begin", _begin)
    return engine


class _Queued(sqlite3.Connection):
    """Writers of all threads and processes wait in the kernel's queue for a lock on a file beside the database.

    SQLite's own waiting only sleeps and tries again, for up to 100 ms: under load most of the time is slept away.
    Nothing but speed depends on the file: BEGIN IMMEDIATE decides.
    """

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(database, *args, **kwargs)
        self._writes = False
        self._queue = Path(f"{database}-queue").open("a")  # noqa: SIM115 open as long as the connection

    def begin_immediate(self) -> None:
        if self._queue.name in _writing():
            raise sqlite3.OperationalError("this thread is writing already: it would wait for itself")
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        try:
            self.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
            raise
        self._writes = True
        _writing().add(self._queue.name)

    def commit(self) -> None:
        super().commit()
        self._leave()

    def rollback(self) -> None:
        super().rollback()
        self._leave()

    def close(self) -> None:
        super().close()
        self._leave()
        self._queue.close()

    def _leave(self) -> None:
        if self._writes:
            self._writes = False
            _writing().discard(self._queue.name)
            fcntl.flock(self._queue, fcntl.LOCK_UN)


_threads = threading.local()


def _writing() -> set[str]:
    """The queue files of the databases that this thread is writing to."""
    found: set[str] = _threads.__dict__.setdefault("files", set())
    return found


def _pragmas(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's late one
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _begin(conn: sa.Connection) -> None:
    # A transaction that writes takes the write lock at once: a later upgrade would fail with SQLITE_BUSY, unretried.
    if conn.get_execution_options().get("reads_only"):
        conn.exec_driver_sql("BEGIN")
    else:
        cast("_Queued", conn.connection.driver_connection).begin_immediate()


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that only reads and holds no write lock."""
    with engine.connect().execution_options(reads_only=True) as conn:
        yield conn


def insert(conn: sa.Connection, table: sa.Table) -> Any:
    """INSERT with ON CONFLICT, the one thing the two dialects spell apart."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: sa.Table) -> Any:
    """The same without a connection. Loads one dialect, not both."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest schema; safe to run again and beside another process."""
    if is_current(engine):
        return
    from alembic import command  # here, not above: most of a second to load, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("SELECT pg_advisory_lock(7462531)"))
        conn.commit()
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
        conn.commit()
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("SELECT pg_advisory_unlock(7462531)"))
            conn.commit()


def is_current(engine: sa.Engine) -> bool:
    """Whether the schema is the one this code expects."""
    with reading(engine) as conn:
        if not sa.inspect(conn).has_table("alembic_version"):
            return False
        return bool(conn.scalar(sa.text("SELECT version_num FROM alembic_version")) == REVISION)
