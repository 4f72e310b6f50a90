"""The roster as a whole: what an import would change, and the change itself, all of it or nothing.

An import names rows by their key: it adds them or changes them, and leaves all others alone. A column that is not there
leaves the field as it is; a blank empties it, except the room of a group, which only `unbind` takes away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from bot.desk.register.cells import Problem, Sheets
from bot.desk.register.checks import after, check
from bot.desk.register.columns import KIND_OF, KINDS, LEVELS, Kind, label
from bot.desk.register.entries import Entry, enter
from bot.errors import RosterError
from bot.store import register
from bot.store.register import Group, Key, Region, Row, Rows

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Change:
    """A row to be added (`old` is None) or changed."""

    old: Row | None
    new: Row

    def __str__(self) -> str:
        kind = KIND_OF[type(self.new)]
        head = f"{kind.title} {label(self.new)}"
        return f"新增 {head}" if self.old is None else f"修改 {head}：{'；'.join(_differences(kind, self.old, self.new))}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `unchanged` counts the rows that are already as written, by kind."""

    changes: Sequence[Change]
    unchanged: Mapping[type[Row], int]

    def counts(self) -> list[str]:
        """A line for each kind that the import names."""
        added = Counter(type(c.new) for c in self.changes if c.old is None)
        changed = Counter(type(c.new) for c in self.changes if c.old is not None)
        named = [k for k in KINDS if added[k.row] or changed[k.row] or self.unchanged.get(k.row)]
        return [
            f"{k.title}：新增 {added[k.row]}，修改 {changed[k.row]}，不变 {self.unchanged.get(k.row, 0)}" for k in named
        ]


def plan(conn: sa.Connection, sheets: Sheets) -> Plan:
    """What the sheets would change; raise `RosterError` with every problem of every row."""
    current = register.everything(conn)
    entries, problems = _entries(sheets, current)
    merged = after(current, entries)
    problems += [problem for entry in entries for problem in check(entry, merged)]
    if problems:
        ordered = sorted(dict.fromkeys(problems), key=lambda p: (p.place.file, p.place.line))
        raise RosterError([str(p) for p in ordered])
    changes = [Change(e.old, e.row) for e in entries if e.old != e.row]
    return Plan(sorted(changes, key=_order), Counter(type(e.row) for e in entries if e.old == e.row))


def _entries(sheets: Sheets, current: Rows) -> tuple[list[Entry], list[Problem]]:
    """An entry a record; a key that comes twice is a problem."""
    entries, problems = list[Entry](), list(sheets.problems)
    seen: dict[tuple[type[Row], Key], Entry] = {}
    for record in sheets.records:
        entry, wrong = enter(record, current)
        problems += wrong
        first = seen.setdefault((record.kind.row, entry.key), entry) if entry.key is not None else entry
        if first is not entry:
            problems.append(Problem(record.place, f"{label(entry.row)} 重复，{first.record.place}已经有了"))
        entries.append(entry)
    return entries, problems


def _order(change: Change) -> tuple[int, int]:
    """What others refer to comes first; of regions the higher."""
    kinds = [kind.row for kind in KINDS]
    return kinds.index(type(change.new)), list(LEVELS).index(change.new.level) if isinstance(change.new, Region) else 0


def _differences(kind: Kind, old: Row, new: Row) -> Iterator[str]:
    for column in kind.columns:
        before, now = getattr(old, column.key), getattr(new, column.key)
        if before != now:
            yield f"{column.title} {column.show(before) or '空'} → {column.show(now) or '空'}"


def take_in(conn: sa.Connection, sheets: Sheets, action: str, source: str, now: datetime) -> Plan:
    """Plan and carry it out, alone; the caller's transaction makes it whole. Audited when it changed something."""
    register.lock(conn)
    made = plan(conn, sheets)
    moving = [c.old for c in made.changes if isinstance(c.old, Group) and c.old.room_id and _room(c.old) != _room(c.new)]
    register.release(conn, [group.id for group in moving])  # first, for two groups may exchange their rooms
    for kind in KINDS:
        mine = [c for c in made.changes if type(c.new) is kind.row]
        register.add(conn, [c.new for c in mine if c.old is None], now)
        for c in mine:
            if c.old is not None:
                register.change(conn, _freed(c.old) if c.old in moving else c.old, c.new, now)
    if made.changes:
        register.note(conn, OPERATOR, action, "\n".join([source, *made.counts(), *map(str, made.changes)]), now)
    return made


def _room(row: Row) -> tuple[str | None, str | None] | None:
    return (row.channel, row.room_id) if isinstance(row, Group) else None


def _freed(row: Row) -> Row:
    return replace(row, channel=None, room_id=None) if isinstance(row, Group) else row
