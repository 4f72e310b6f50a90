"""Who leads a job: one row a job, taken by a conditional UPDATE on either engine."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store import insert
from bot.store.schema import lease


def lead(conn: sa.Connection, name: str, holder: str, now: datetime, seconds: int) -> bool:
    """Take or renew the lead for so many seconds; False while another process has it."""
    row = {"name": name, "holder": holder, "until": now + timedelta(seconds=seconds)}
    statement = insert(conn, lease).values(row)
    taken = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": row["until"]},
        where=sa.or_(lease.c.holder == holder, lease.c.until < now),
    ).returning(lease.c.name)
    return conn.scalar(taken) is not None


def give_up(conn: sa.Connection, name: str, holder: str) -> None:
    """Let another process lead at once."""
    conn.execute(sa.delete(lease).where(lease.c.name == name, lease.c.holder == holder))
