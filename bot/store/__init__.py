"""State: one set of SQLAlchemy Core statements for SQLite and PostgreSQL. A function takes conn; the caller owns the transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite

MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str) -> sa.Engine:
    """An engine for either database; SQLite in WAL, every commit on disk before it is acknowledged."""
    if url.startswith("sqlite"):
        Path(sa.make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url, json_serializer=lambda o: json.dumps(o, ensure_ascii=False), pool_size=20, max_overflow=20, pool_pre_ping=not url.startswith("sqlite")
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _pragmas)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _pragmas(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's late one
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _begin(conn: sa.Connection) -> None:
    # A transaction that writes takes the write lock at once: a later upgrade would fail with SQLITE_BUSY, unretried.
    conn.exec_driver_sql("BEGIN" if conn.get_execution_options().get("reads_only") else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that only reads and holds no write lock."""
    with engine.connect().execution_options(reads_only=True) as conn:
        yield conn


def insert(conn: sa.Connection, table: sa.Table) -> Any:
    """INSERT with ON CONFLICT, the one thing the two dialects spell apart."""
    return {"sqlite": sqlite, "postgresql": postgresql}[conn.dialect.name].insert(table)


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest schema; safe to run again and beside another process."""
    with engine.connect() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("SELECT pg_advisory_lock(7462531)"))
        conn.commit()
        command.upgrade(_alembic(conn), "head")
        conn.commit()
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("SELECT pg_advisory_unlock(7462531)"))
            conn.commit()


def is_current(engine: sa.Engine) -> bool:
    """Whether the schema is the one this code expects."""
    with reading(engine) as conn:
        here = MigrationContext.configure(conn).get_current_revision()
    return here == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _alembic(conn: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    return config
