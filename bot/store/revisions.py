"""What is edited without Git: revisions of the library's items, and the releases they are laid over it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.schema import release as releases_table
from bot.store.schema import revision
from knowledge.items import Item, Revised


@dataclass(frozen=True, slots=True)
class Revision:
    """One item as somebody wrote it. `body` None: the item is withdrawn. `tickets`: where it comes from."""

    id: int
    kind: str
    key: str
    body: Item | None
    status: str
    author: str
    made_at: datetime
    reviewer: str | None
    reviewed_at: datetime | None
    note: str
    tickets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered state of all that is laid over the library. `revisions`: their numbers, also those of earlier releases."""

    number: int
    made_at: datetime
    made_by: str
    note: str
    revisions: tuple[int, ...]
    scores: Mapping[str, float]


def lock(conn: sa.Connection) -> None:
    """One change of what is edited at a time; on SQLite the writing transaction is that lock already."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(7462533)"))


def draft(
    conn: sa.Connection, kind: str, key: str, body: Item | None, author: str, now: datetime, tickets: Sequence[int] = ()
) -> int:
    """Keep what somebody wrote; it takes the place of an earlier draft of the same item."""
    mine = (revision.c.kind == kind, revision.c.key == key, revision.c.status == "draft")
    conn.execute(sa.update(revision).where(*mine).values(status="replaced"))
    row = {"kind": kind, "key": key, "body": body, "status": "draft", "author": author, "made_at": now, "tickets": [*tickets]}
    return int(conn.scalar(sa.insert(revision).values(row).returning(revision.c.id)) or 0)


def decide(conn: sa.Connection, number: int, status: str, by: str, now: datetime, note: str = "") -> bool:
    """A draft becomes reviewed or refused; False when it is no draft any more."""
    mine = (revision.c.id == number, revision.c.status == "draft")
    values = {"status": status, "reviewer": by, "reviewed_at": now, "note": note}
    return conn.scalar(sa.update(revision).where(*mine).values(values).returning(revision.c.id)) is not None


def get(conn: sa.Connection, numbers: Iterable[int]) -> list[Revision]:
    """These revisions, in the order of their numbers."""
    return _revisions(conn, revision.c.id.in_([*numbers]))


def with_status(conn: sa.Connection, *status: str) -> list[Revision]:
    """All revisions that stand so, oldest first."""
    return _revisions(conn, revision.c.status.in_(status))


def _revisions(conn: sa.Connection, where: Any) -> list[Revision]:
    rows = conn.execute(sa.select(revision).where(where).order_by(revision.c.id)).mappings()
    return [Revision(**{**{f.name: r[f.name] for f in fields(Revision)}, "tickets": tuple(r["tickets"])}) for r in rows]


def publish(conn: sa.Connection, made: Release, fresh: Iterable[int]) -> None:
    """Make it the current release. Raises `IntegrityError` when its number is taken."""
    row = {f.name: getattr(made, f.name) for f in fields(Release)}
    conn.execute(sa.insert(releases_table).values({**row, "revisions": [*made.revisions], "scores": dict(made.scores)}))
    conn.execute(sa.update(revision).where(revision.c.id.in_([*fresh])).values(status="released"))


def releases(conn: sa.Connection) -> list[Release]:
    """All releases, oldest first; the last is the current one."""
    rows = conn.execute(sa.select(releases_table).order_by(releases_table.c.number)).mappings()
    return [Release(**{**{f.name: r[f.name] for f in fields(Release)}, "revisions": tuple(r["revisions"])}) for r in rows]


def current(conn: sa.Connection) -> tuple[int, tuple[Revised, ...]]:
    """The number of the current release, 0 for none, and what it lays over the library."""
    made = releases(conn)
    return (made[-1].number, laid_over(conn, made[-1].revisions)) if made else (0, ())


def laid_over(conn: sa.Connection, numbers: Iterable[int]) -> tuple[Revised, ...]:
    """These revisions as the library takes them: signed by who reviewed them, and when."""
    return tuple(Revised(r.kind, r.key, signed(r)) for r in get(conn, numbers))


def signed(r: Revision) -> Item | None:
    """The item of a revision with its author and reviewer in it."""
    if r.body is None or r.reviewer is None or r.reviewed_at is None:
        return r.body
    if r.kind == "service":
        return r.body  # a fact about a place, not an answer
    day = r.reviewed_at.date().isoformat()
    return {**r.body, "author": r.author, "status": "reviewed", "reviewer": r.reviewer, "reviewed_on": day}
