"""What questions without an answer and advisors' answers suggest for the library, until a person has decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.messages import refs_in
from bot.store.schema import message, proposal, ticket
from knowledge.citation import ArticleRef


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that the robot did not answer, masked. `answer`: what the advisor said, "" where nobody has yet."""

    message_id: int
    ticket_id: int | None
    text: str
    matter: str | None
    answer: str
    references: tuple[ArticleRef, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """`kind` phrasing: new ways of saying for `entry_id`; entry: one that is missing, drafted from the advisor's answer."""

    id: int
    kind: str
    entry_id: str | None
    matter: str | None
    questions: tuple[str, ...]
    answer: str
    messages: tuple[int, ...]
    tickets: tuple[int, ...]
    status: str
    made_at: datetime
    decided_by: str | None = None
    revision_id: int | None = None


def unanswered(conn: sa.Connection, since: datetime) -> list[Asked]:
    """Escalated and clarified questions since a moment that no proposal has taken up yet, oldest first."""
    taken = {number for row in conn.scalars(sa.select(proposal.c.messages)).all() for number in row}
    rows = conn.execute(
        sa.select(message.c.id, message.c.text, message.c.matter, message.c.refs, ticket.c.id.label("ticket"), ticket.c.question, ticket.c.answer)
        .join_from(message, ticket, ticket.c.message_id == message.c.id, isouter=True)
        .where(message.c.received_at >= since, message.c.action.in_(("escalate", "clarify")), message.c.text.is_not(None))
        .order_by(message.c.id)
    ).all()
    return [
        Asked(r.id, r.ticket, r.question or r.text, r.matter, r.answer or "", refs_in(r.refs)) for r in rows if r.id not in taken
    ]  # fmt: skip


def add(conn: sa.Connection, made: Proposal) -> int:
    """Keep a proposal; its number."""
    row = {f.name: getattr(made, f.name) for f in fields(Proposal) if f.name not in ("id", "revision_id", "decided_by")}
    row |= {name: [*row[name]] for name in ("questions", "messages", "tickets")}
    return int(conn.scalar(sa.insert(proposal).values(row).returning(proposal.c.id)) or 0)


def listed(conn: sa.Connection) -> list[Proposal]:
    """The open proposals: those with most questions first."""
    rows = conn.execute(sa.select(proposal).where(proposal.c.status == "open").order_by(proposal.c.id)).mappings()
    return sorted((_read(r) for r in rows), key=lambda p: -len(p.questions))


def get(conn: sa.Connection, number: int) -> Proposal | None:
    row = conn.execute(sa.select(proposal).where(proposal.c.id == number)).mappings().one_or_none()
    return _read(row) if row else None


def _read(row: Any) -> Proposal:
    made = Proposal(**{f.name: row[f.name] for f in fields(Proposal)})
    return replace(made, questions=tuple(made.questions), messages=tuple(made.messages), tickets=tuple(made.tickets))


def decide(conn: sa.Connection, number: int, status: str, by: str, now: datetime, revisions: Sequence[int] = ()) -> bool:
    """An open proposal becomes accepted or refused; False when it is not open any more."""
    values = {"status": status, "decided_by": by, "decided_at": now, "revision_id": revisions[0] if revisions else None}
    mine = (proposal.c.id == number, proposal.c.status == "open")
    return conn.scalar(sa.update(proposal).where(*mine).values(values).returning(proposal.c.id)) is not None
