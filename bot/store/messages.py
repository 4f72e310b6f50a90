"""What was heard and what was said; the dedupe key of every platform's message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.domain import Finding, Inbound, Reply
from bot.store import insert, insert_for
from bot.store.schema import feedback, message, nonce, ticket
from knowledge.citation import ArticleRef


def record(conn: sa.Connection, m: Inbound, reply: Reply, group_id: str | None, now: datetime, library: tuple[str, int], *, keep_text: bool) -> int | None:
    """Store one message with what was decided; None when the platform sent it before. `keep_text`: the robot took it up.

    `library`: the state of the library it was decided with, and the release laid over it.
    """
    row = {
        "channel": m.channel, "account": m.account, "external_id": m.external_id, "room_id": m.room_id,
        "sender_id": m.sender_id, "group_id": group_id, "received_at": now, "action": reply.action,
        "text": m.text if keep_text else None, "reply": reply.text, "reply_id": m.reply_id,
        "matter": reply.finding.matter, "entry_id": reply.finding.entry_id, "confidence": reply.finding.confidence,
        "refs": refs_out(reply.finding.references), "library": library[0], "release": library[1],
    }  # fmt: skip
    new: int | None = conn.scalar(_once(conn.dialect.name, message.c.id), row)
    return new


@cache
def _once(dialect: str, column: sa.Column[Any]) -> Any:
    """INSERT of one row that gives its column back, nothing when it was there. Built once: every message asks it twice."""
    return insert_for(dialect, column.table).on_conflict_do_nothing().returning(column)


def set_reply(conn: sa.Connection, message_id: int, reply: Reply) -> None:
    """Replace what was said, once acting on the decision has made the words."""
    conn.execute(sa.update(message).where(message.c.id == message_id).values(reply=reply.text, action=reply.action))


def stored_reply(conn: sa.Connection, m: Inbound) -> Reply:
    """What was said to this message the first time."""
    row = conn.execute(
        sa.select(message).where(
            message.c.channel == m.channel, message.c.account == m.account, message.c.external_id == m.external_id
        )
    ).one()
    return Reply(row.action, row.reply, Finding(row.matter, row.entry_id, row.confidence or 0.0, refs_in(row.refs)))


def reply_by_id(conn: sa.Connection, channel: str, reply_id: str) -> str | None:
    """What was said under a platform's reply id; None when it is unknown."""
    text: str | None = conn.scalar(
        sa.select(message.c.reply).where(message.c.channel == channel, message.c.reply_id == reply_id)
    )
    return text


def take_nonce(conn: sa.Connection, channel: str, value: str, now: datetime) -> bool:
    """Whether this nonce was never seen before; it is seen from now on."""
    row = {"channel": channel, "value": value, "seen_at": now}
    return conn.scalar(_once(conn.dialect.name, nonce.c.value), row) is not None


def add_feedback(conn: sa.Connection, row: dict[str, Any]) -> None:
    """Keep a thumb up or down; the same event twice counts once."""
    conn.execute(insert(conn, feedback).values(row).on_conflict_do_nothing())


def forget(conn: sa.Connection, before: datetime, nonces_before: datetime) -> int:
    """Delete messages nobody needs, blank the text of those a ticket points to, drop old nonces. Rows touched."""
    conn.execute(sa.delete(nonce).where(nonce.c.seen_at < nonces_before))
    kept = sa.select(ticket.c.message_id)
    gone = conn.execute(sa.delete(message).where(message.c.received_at < before, message.c.id.not_in(kept)))
    blank = conn.execute(
        sa.update(message).where(message.c.received_at < before, message.c.text.is_not(None)).values(text=None, reply=None)
    )
    return max(gone.rowcount, 0) + max(blank.rowcount, 0)


def refs_out(refs: Sequence[ArticleRef]) -> list[list[Any]]:
    """References as the JSON column keeps them."""
    return [[r.law, r.article, r.paragraph, r.item] for r in refs]


def refs_in(rows: Sequence[Sequence[Any]] | None) -> tuple[ArticleRef, ...]:
    """References out of the JSON column."""
    return tuple(ArticleRef(*r) for r in rows or ())


def answered_from(conn: sa.Connection, entry_id: str) -> list[int]:
    """The messages that were answered with an entry and are still kept."""
    mine = (message.c.entry_id == entry_id, message.c.action == "answer")
    return [*conn.scalars(sa.select(message.c.id).where(*mine).order_by(message.c.id)).all()]
