"""What was measured last of each matter's answers, and which matters only people answer because of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.domain import SHANGHAI
from bot.store import quarantine, verdicts
from bot.store.schema import accuracy
from faq.accuracy import PROMISE, Judged, Measured
from faq.retriever import Retriever


def keep(conn: sa.Connection, measured: Sequence[Measured], now: datetime) -> list[str]:
    """Keep what was measured; matters that broke the promise go to people until they recover. These matters."""
    conn.execute(sa.delete(accuracy))
    rows = [
        {"matter": m.matter, "measured_at": now, "asked": m.asked, "answered": m.answered, "right": m.right, "lower": m.lower, "promise": PROMISE}
        for m in measured
    ]
    conn.execute(sa.insert(accuracy), rows)
    broken = [m for m in measured if not m.kept]
    reasons = {held_key(m.matter): f"答对的把握不够：{m.answered} 个里对 {m.right} 个" for m in broken}
    quarantine.hold(conn, reasons, now.astimezone(SHANGHAI).date(), now)
    for m in measured:
        if m.kept:
            quarantine.clear(conn, held_key(m.matter), "farun", now)
    return [m.matter for m in broken]


def judged(conn: sa.Connection, retriever: Retriever) -> list[Judged]:
    """What advisors judged, asked again."""
    return [Judged(v.entry_id, v.matter, v.right, retriever.search(v.question)) for v in verdicts.listed(conn)]


def held_key(matter: str) -> str:
    """Under which key a whole matter is held back."""
    return f"matter:{matter}"


def last(conn: sa.Connection) -> tuple[datetime | None, list[Measured]]:
    """When it was measured last, and what; None and nothing before the first time."""
    rows = conn.execute(sa.select(accuracy).order_by(accuracy.c.lower, accuracy.c.matter)).all()
    return (rows[0].measured_at if rows else None), [Measured(r.matter, r.asked, r.answered, r.right, r.lower) for r in rows]
