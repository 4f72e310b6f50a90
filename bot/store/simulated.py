"""The lines of the simulated WeChat, and the rooms that its page offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import insert
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


def lines_after(conn: sa.Connection, room_ids: list[str], line_id: int, limit: int = 200) -> list[sa.Row[Any]]:
    """The lines of these rooms behind a line, oldest first; with `line_id` 0 the newest `limit`."""
    where = (simulated_line.c.room_id.in_(room_ids), simulated_line.c.id > line_id)
    newest = sa.select(simulated_line).where(*where).order_by(simulated_line.c.id.desc()).limit(limit)
    return list(reversed(conn.execute(newest).all()))
