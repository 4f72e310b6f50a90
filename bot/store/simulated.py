"""The lines of the simulated WeChat, and the rooms that its page offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import insert, reading
from bot.store.schema import simulated_line


@dataclass(frozen=True, slots=True)
class Transcript:
    """Keeps each line once, by its key."""

    engine: sa.Engine
    now: Callable[[], datetime]

    def add(self, key: str, room_id: str, sender_id: str, sender_name: str, text: str, quote: str = "") -> None:
        row = {"key": key, "room_id": room_id, "sender_id": sender_id, "sender_name": sender_name, "text": text,
               "quote": quote, "at": self.now()}  # fmt: skip
        with self.engine.begin() as conn:
            conn.execute(insert(conn, simulated_line).values(row).on_conflict_do_nothing())

    def name_of(self, sender_id: str) -> str:
        """The name somebody last spoke under; the id where nobody has."""
        mine = sa.select(simulated_line.c.sender_name).where(simulated_line.c.sender_id == sender_id)
        with reading(self.engine) as conn:
            return conn.scalar(mine.order_by(simulated_line.c.id.desc()).limit(1)) or sender_id


def forget(conn: sa.Connection, before: datetime) -> None:
    """Drop old lines."""
    conn.execute(sa.delete(simulated_line).where(simulated_line.c.at < before))


def lines_after(conn: sa.Connection, room_ids: list[str], line_id: int, limit: int = 200) -> list[sa.Row[Any]]:
    """The lines of these rooms behind a line, oldest first; with `line_id` 0 the newest `limit`."""
    where = (simulated_line.c.room_id.in_(room_ids), simulated_line.c.id > line_id)
    rows = sa.select(simulated_line).where(*where).limit(limit)
    if line_id > 0:
        return list(conn.execute(rows.order_by(simulated_line.c.id)).all())
    return list(reversed(conn.execute(rows.order_by(simulated_line.c.id.desc())).all()))
