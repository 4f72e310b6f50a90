"""The roster as one whole: read for comparison, written row by row, every change audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from bot.store.schema import audit, group, holiday, identity, leave, person, region, unbound_room


@dataclass(frozen=True, slots=True)
class Region:
    """A place. `level` is one of city, county, town, village."""

    id: str
    name: str
    level: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who answers or looks after. `phone` is an office number, shown to villagers."""

    id: str
    name: str
    role: str
    region: str | None = None
    phone: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """How a person appears on a channel. `room_id` is where the robot reaches them alone."""

    channel: str
    sender_id: str
    person: str
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group and who answers for it; bound when channel and room are set."""

    id: str
    name: str
    kind: str
    mode: str
    region: str
    advisor: str | None = None
    deputy: str | None = None
    silence_minutes: int | None = None
    channel: str | None = None
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Days on which a person does not answer, both ends included."""

    person: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day on which offices are closed, or open although the calendar says otherwise (调休)."""

    day: date
    working: bool
    name: str = ""


Row = Region | Person | Identity | Group | Leave | Holiday
Key = tuple[object, ...]
Rows = Mapping[type[Row], Mapping[Key, Row]]

_TABLES: dict[type[Row], tuple[sa.Table, tuple[str, ...]]] = {  # in the order of their references
    Region: (region, ("id",)),
    Person: (person, ("id",)),
    Identity: (identity, ("channel", "sender_id")),
    Group: (group, ("id",)),
    Leave: (leave, ("person", "first_day")),
    Holiday: (holiday, ("day",)),
}


def key(row: Row) -> Key:
    """What tells a row from the others of its kind."""
    return tuple(getattr(row, name) for name in key_fields(type(row)))


def key_fields(kind: type[Row]) -> tuple[str, ...]:
    """The names of the fields that make the key."""
    return _TABLES[kind][1]


def width(kind: type[Row], field: str) -> int | None:
    """How many characters the column holds; None where it is unbounded or no text."""
    of_target = [fk.column for fk in _columns(kind)[field].foreign_keys] or [_columns(kind)[field]]
    return getattr(of_target[0].type, "length", None)


def everything(conn: sa.Connection) -> Rows:
    """The whole roster by kind and key."""
    found: dict[type[Row], dict[Key, Row]] = {}
    for kind, (table, _) in _TABLES.items():
        columns = [c.label(name) for name, c in _columns(kind).items()]
        rows = conn.execute(sa.select(*columns).order_by(*table.primary_key.columns)).mappings()
        found[kind] = {key(row): row for row in (kind(**r) for r in rows)}
    return found


def add(conn: sa.Connection, rows: Sequence[Row], now: datetime) -> None:
    """Add rows of one kind, in this order; a group with a room is bound from now."""
    if not rows:
        return
    columns = _columns(type(rows[0]))
    values = [{column.name: getattr(row, name) for name, column in columns.items()} for row in rows]
    bound = [row for row in rows if isinstance(row, Group) and row.room_id]
    conn.execute(sa.insert(_TABLES[type(rows[0])][0]), values)
    _set_bound(conn, bound, now)


def change(conn: sa.Connection, old: Row, new: Row, now: datetime) -> None:
    """Write only what differs from `old`; a group that gets a room is bound from now."""
    columns = _columns(type(new))
    values: dict[str, Any] = {
        columns[name].name: getattr(new, name) for name in columns if getattr(old, name) != getattr(new, name)
    }
    table, names = _TABLES[type(new)]
    mine = [columns[name] == value for name, value in zip(names, key(new), strict=True)]
    conn.execute(sa.update(table).where(*mine).values(values))
    if isinstance(new, Group) and new.room_id and {"channel", "room_id"} & values.keys():
        _set_bound(conn, [new], now)


def _set_bound(conn: sa.Connection, groups: Sequence[Group], now: datetime) -> None:
    """The groups are bound from now, and their rooms no longer wait for binding."""
    if not groups:
        return
    ids = [{"which": g.id, "at": now} for g in groups]
    conn.execute(sa.update(group).where(group.c.id == sa.bindparam("which")).values(bound_at=sa.bindparam("at")), ids)
    here = (unbound_room.c.channel == sa.bindparam("on"), unbound_room.c.room_id == sa.bindparam("room"))
    conn.execute(sa.delete(unbound_room).where(*here), [{"on": g.channel, "room": g.room_id} for g in groups])


def release(conn: sa.Connection, group_ids: Iterable[str]) -> None:
    """Untie groups from their rooms."""
    for group_id in group_ids:
        nothing = {"channel": None, "room_id": None, "bound_at": None}
        conn.execute(sa.update(group).where(group.c.id == group_id).values(nothing))


def room_seen(conn: sa.Connection, channel: str, room_id: str) -> bool:
    """Whether a room without a group has shown itself."""
    here = sa.and_(unbound_room.c.channel == channel, unbound_room.c.room_id == room_id)
    return conn.scalar(sa.select(sa.exists().where(here))) is True


def lock(conn: sa.Connection) -> None:
    """One change of the roster at a time; on SQLite the writing transaction is that lock already."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(7462532)"))


def note(conn: sa.Connection, actor: str, action: str, detail: str, now: datetime) -> None:
    """Put down in the audit who did what."""
    conn.execute(sa.insert(audit).values(at=now, actor=actor, action=action, detail=detail))


def _columns(kind: type[Row]) -> dict[str, sa.Column[Any]]:
    """A kind's fields and their columns; a reference's column ends in `_id`."""
    c = _TABLES[kind][0].c
    return {f.name: c[f.name] if f.name in c else c[f"{f.name}_id"] for f in fields(kind)}
