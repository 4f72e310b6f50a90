"""What advisors said of the robot's answers: asked again every night, they count like golden questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain import Inbound
from bot.store import insert
from bot.store.schema import message, verdict

QUOTED = 40  # characters at the start of a quoted answer that tell which one it is


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that can be judged. `question`: what was asked, masked."""

    message_id: int
    question: str
    entry_id: str
    matter: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One advisor's word on one answer. `note`: what would have been right, empty when it was."""

    question: str
    entry_id: str
    matter: str
    right: bool
    note: str
    at: datetime


def answer_in(conn: sa.Connection, m: Inbound, since: datetime) -> Answered | None:
    """The robot's answer in this room, not before `since`, that a message speaks of: the quoted one, or the last one."""
    here = (message.c.channel == m.channel, message.c.account == m.account, message.c.room_id == m.room_id)
    given = (message.c.action == "answer", message.c.entry_id.is_not(None), message.c.text.is_not(None), message.c.received_at >= since)
    found = sa.select(message).where(*here, *given)
    if m.quote:
        found = found.where(message.c.reply.contains(m.quote.text.strip()[:QUOTED], autoescape=True))
    row = conn.execute(found.order_by(message.c.id.desc()).limit(1)).one_or_none()
    return Answered(row.id, row.text, row.entry_id, row.matter) if row else None


def keep(conn: sa.Connection, of: Answered, person_id: str, now: datetime, *, right: bool, note: str = "") -> None:
    """The last word on an answer counts."""
    row = {
        "message_id": of.message_id, "question": of.question, "entry_id": of.entry_id, "matter": of.matter,
        "right": right, "note": note, "person_id": person_id, "at": now,
    }  # fmt: skip
    said = insert(conn, verdict).values(row)
    conn.execute(said.on_conflict_do_update(index_elements=[verdict.c.message_id], set_={k: row[k] for k in ("right", "note", "person_id", "at")}))


def listed(conn: sa.Connection) -> Sequence[Verdict]:
    """All of them, the newest first."""
    rows = conn.execute(sa.select(verdict).order_by(verdict.c.at.desc(), verdict.c.message_id.desc())).all()
    return [Verdict(r.question, r.entry_id, r.matter, r.right, r.note, r.at) for r in rows]


def forget(conn: sa.Connection, before: datetime) -> None:
    """They are kept as long as messages."""
    conn.execute(sa.delete(verdict).where(verdict.c.at < before))
