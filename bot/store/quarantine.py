"""What a change of the law holds back until somebody has looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from bot.store import insert
from bot.store.register import note
from bot.store.schema import quarantine as table

_OPEN = table.c.cleared_at.is_(None)


def held(conn: sa.Connection, today: date) -> frozenset[str]:
    """The ids that must not be given out today."""
    return frozenset(conn.scalars(sa.select(table.c.key).where(_OPEN, table.c.since <= today)).all())


def listed(conn: sa.Connection) -> list[sa.Row[Any]]:
    """All that is held back, or will be from its day on."""
    return list(conn.execute(sa.select(table).where(_OPEN).order_by(table.c.since, table.c.key)).all())


def hold(conn: sa.Connection, reasons: Mapping[str, str], since: date, now: datetime) -> None:
    """Hold these ids back from a day on; a new change holds back again what was cleared.

    What is held back from an earlier day already stays so: the later change does not free it until then.
    """
    for key, reason in reasons.items():
        earlier = sa.select(table.c.key).where(table.c.key == key, _OPEN, table.c.since <= since)
        if conn.scalar(earlier) is not None:
            continue
        new = {"reason": reason, "since": since, "imported_at": now, "cleared_at": None, "cleared_by": None}
        statement = insert(conn, table).values(key=key, **new)
        conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=new))


def clear(conn: sa.Connection, key: str, by: str, now: datetime) -> bool:
    """Somebody has looked: it may be given out again. False when it was not held back."""
    mine = sa.update(table).where(table.c.key == key, _OPEN).values(cleared_at=now, cleared_by=by).returning(table.c.key)
    if conn.scalar(mine) is None:
        return False
    note(conn, by, "quarantine.clear", key, now)
    return True
