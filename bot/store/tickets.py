"""Tickets: every change is one conditional UPDATE with its event in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain import Inbound, TicketStatus
from bot.store.messages import refs_in, refs_out
from bot.store.schema import ticket, ticket_event
from knowledge.citation import ArticleRef

LIVE = (TicketStatus.OPEN, TicketStatus.ASSIGNED, TicketStatus.CLAIMED, TicketStatus.REOPENED)
OVER = (TicketStatus.CLOSED, TicketStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One question in a person's hands."""

    id: int
    status: TicketStatus
    group_id: str
    region_id: str
    channel: str
    account: str
    room_id: str
    private: bool
    sender_id: str
    sender_name: str
    question: str
    matter: str | None
    references: tuple[ArticleRef, ...]
    reason: str
    urgent: bool
    first_owner_id: str | None
    owner_id: str | None
    answer: str | None
    opened_at: datetime
    assign_due_at: datetime
    answer_due_at: datetime
    claimed_at: datetime | None
    asked_back_at: datetime | None
    extended_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    rated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new ticket is opened with."""

    message_id: int
    group_id: str
    region_id: str
    question: str
    matter: str | None
    references: Sequence[ArticleRef]
    reason: str
    urgent: bool
    assign_due_at: datetime
    answer_due_at: datetime


def open_ticket(conn: sa.Connection, m: Inbound, o: Opening, now: datetime) -> Ticket:
    """Open a ticket for a message; nobody owns it yet."""
    row = {
        "status": TicketStatus.OPEN, "group_id": o.group_id, "region_id": o.region_id, "message_id": o.message_id,
        "channel": m.channel, "account": m.account, "room_id": m.room_id, "private": m.private, "sender_id": m.sender_id,
        "sender_name": m.sender_name, "question": o.question, "matter": o.matter, "refs": refs_out(o.references),
        "reason": o.reason, "urgent": o.urgent, "opened_at": now, "assign_due_at": o.assign_due_at,
        "answer_due_at": o.answer_due_at,
    }  # fmt: skip
    made = conn.execute(sa.insert(ticket).values(row).returning(ticket)).one()
    log(conn, made.id, "opened", "farun", o.reason, now)
    return _ticket(made)


def get(conn: sa.Connection, ticket_id: int) -> Ticket | None:
    """One ticket, or None."""
    row = conn.execute(sa.select(ticket).where(ticket.c.id == ticket_id)).one_or_none()
    return _ticket(row) if row else None


def assign(conn: sa.Connection, ticket_id: int, owner_id: str, actor: str, now: datetime) -> Ticket | None:
    """Put a ticket that nobody works on into an advisor's hands; the first owner is kept for good."""
    values = {
        "status": TicketStatus.ASSIGNED, "owner_id": owner_id, "assigned_at": now,
        "first_owner_id": sa.func.coalesce(ticket.c.first_owner_id, owner_id),
    }  # fmt: skip
    free = (TicketStatus.OPEN, TicketStatus.ASSIGNED, TicketStatus.REOPENED)
    return _change(conn, ticket_id, free, values, "assigned", actor, owner_id, now)


def claim(conn: sa.Connection, ticket_id: int, advisor_id: str, now: datetime) -> Ticket | None:
    """Take a ticket nobody has claimed; of two who try, the second gets None."""
    values = {
        "status": TicketStatus.CLAIMED, "owner_id": advisor_id, "claimed_at": now,
        "first_owner_id": sa.func.coalesce(ticket.c.first_owner_id, advisor_id),
    }  # fmt: skip
    free = (TicketStatus.OPEN, TicketStatus.ASSIGNED, TicketStatus.REOPENED)
    return _change(conn, ticket_id, free, values, "claimed", advisor_id, "", now)


def transfer(conn: sa.Connection, ticket_id: int, to_id: str, actor: str, now: datetime) -> Ticket | None:
    """Hand a live ticket to another advisor, who has to claim it again."""
    values = {
        "status": TicketStatus.ASSIGNED, "owner_id": to_id, "assigned_at": now, "claimed_at": None, "asked_back_at": None,
        "first_owner_id": sa.func.coalesce(ticket.c.first_owner_id, to_id),
    }  # fmt: skip
    return _change(conn, ticket_id, LIVE, values, "transferred", actor, to_id, now)


def answer(conn: sa.Connection, ticket_id: int, owner_id: str, text: str, now: datetime) -> Ticket | None:
    """The owner answers; further answers to an answered ticket add to it."""
    added = sa.case((ticket.c.answer.is_(None), text), else_=ticket.c.answer + "\n" + text)
    values = {"status": TicketStatus.ANSWERED, "answer": added, "answered_at": now, "asked_back_at": None}
    mine = (TicketStatus.CLAIMED, TicketStatus.ANSWERED)
    return _change(conn, ticket_id, mine, values, "answered", owner_id, text, now, ticket.c.owner_id == owner_id)


def ask_back(conn: sa.Connection, ticket_id: int, owner_id: str, text: str, now: datetime) -> Ticket | None:
    """The owner needs to know more; the clock goes on."""
    only = (TicketStatus.CLAIMED,)
    return _change(conn, ticket_id, only, {"asked_back_at": now}, "asked_back", owner_id, text, now, ticket.c.owner_id == owner_id)


def add_words(conn: sa.Connection, ticket_id: int, text: str, now: datetime) -> Ticket | None:
    """The asker says more."""
    values = {"question": ticket.c.question + "\n" + text, "asked_back_at": None}
    return _change(conn, ticket_id, (*LIVE, TicketStatus.ANSWERED), values, "asker_added", "resident", text, now)


def extend(conn: sa.Connection, ticket_id: int, owner_id: str, due_at: datetime, now: datetime) -> Ticket | None:
    """One extension of the answer's deadline."""
    values = {"answer_due_at": due_at, "extended_at": now}
    condition = sa.and_(ticket.c.owner_id == owner_id, ticket.c.extended_at.is_(None), ~ticket.c.urgent)
    only = (TicketStatus.CLAIMED,)
    return _change(conn, ticket_id, only, values, "extended", owner_id, due_at.isoformat(), now, condition)


def close(conn: sa.Connection, ticket_id: int, actor: str, now: datetime, condition: Any = None) -> Ticket | None:
    """An answered ticket is done."""
    values = {"status": TicketStatus.CLOSED, "closed_at": now}
    return _change(conn, ticket_id, (TicketStatus.ANSWERED,), values, "closed", actor, "", now, condition)


def withdraw(conn: sa.Connection, ticket_id: int, now: datetime) -> Ticket | None:
    """The asker takes the question back."""
    values = {"status": TicketStatus.WITHDRAWN, "closed_at": now, "asked_back_at": None}
    return _change(conn, ticket_id, LIVE, values, "withdrawn", "resident", "", now)


def rate(conn: sa.Connection, ticket_id: int, scores: tuple[int, int, int], now: datetime) -> Ticket | None:
    """One rating a closed ticket: attitude, speed, skill, 1 to 5 each."""
    values = dict(zip(("rating_attitude", "rating_speed", "rating_skill"), scores, strict=True)) | {"rated_at": now}
    detail = " ".join(map(str, scores))
    only = (TicketStatus.CLOSED,)
    return _change(conn, ticket_id, only, values, "rated", "resident", detail, now, ticket.c.rated_at.is_(None))


def reopen(conn: sa.Connection, ticket_id: int, due_at: datetime, actor: str, now: datetime) -> Ticket | None:
    """A closed ticket is taken up again, by somebody to be assigned."""
    values = {
        "status": TicketStatus.REOPENED, "answer_due_at": due_at, "assign_due_at": due_at, "claimed_at": None,
        "closed_at": None, "extended_at": None,
    }  # fmt: skip
    done = (TicketStatus.CLOSED, TicketStatus.ANSWERED)
    return _change(conn, ticket_id, done, values, "reopened", actor, "", now)


def _change(
    conn: sa.Connection, ticket_id: int, allowed: Sequence[TicketStatus], values: dict[str, Any], kind: str, actor: str,
    detail: str, now: datetime, condition: Any = None,
) -> Ticket | None:  # fmt: skip
    """One conditional UPDATE and its event; None when the ticket is not in an allowed state (any more)."""
    where = [ticket.c.id == ticket_id, ticket.c.status.in_(allowed)]
    if condition is not None:
        where.append(condition)
    row = conn.execute(sa.update(ticket).where(*where).values(values).returning(ticket)).one_or_none()
    if row is None:
        return None
    log(conn, ticket_id, kind, actor, detail, now)
    return _ticket(row)


def log(conn: sa.Connection, ticket_id: int, kind: str, actor: str, detail: str, now: datetime) -> None:
    """One line of a ticket's history."""
    row = {"ticket_id": ticket_id, "at": now, "kind": kind, "actor": actor, "detail": detail}
    conn.execute(sa.insert(ticket_event).values(row))


def events(conn: sa.Connection, ticket_id: int) -> list[sa.Row[Any]]:
    """A ticket's history, oldest first."""
    mine = sa.select(ticket_event).where(ticket_event.c.ticket_id == ticket_id).order_by(ticket_event.c.id)
    return list(conn.execute(mine).all())


def has_event(conn: sa.Connection, ticket_id: int, kind: str, detail: str) -> bool:
    """Whether the history has this line: what was done once is not done again."""
    where = (ticket_event.c.ticket_id == ticket_id, ticket_event.c.kind == kind, ticket_event.c.detail == detail)
    return conn.scalar(sa.select(sa.exists().where(*where))) is True


def live_of_owner(conn: sa.Connection, owner_id: str) -> list[Ticket]:
    """What an advisor has to do, the most pressing first."""
    mine = (ticket.c.owner_id == owner_id, ticket.c.status.in_((*LIVE, TicketStatus.ANSWERED)))
    return _all(conn, sa.select(ticket).where(*mine).order_by(ticket.c.urgent.desc(), ticket.c.answer_due_at))


def of_asker(conn: sa.Connection, m: Inbound, ticket_id: int | None = None) -> list[Ticket]:
    """A speaker's own tickets, newest first; nobody else's are ever shown."""
    where = [ticket.c.channel == m.channel, ticket.c.account == m.account, ticket.c.sender_id == m.sender_id]
    if ticket_id is not None:
        where.append(ticket.c.id == ticket_id)
    return _all(conn, sa.select(ticket).where(*where).order_by(ticket.c.id.desc()).limit(10))


def live_in_regions(conn: sa.Connection, region_ids: Sequence[str]) -> list[Ticket]:
    """Live tickets of these regions, the most pressing first."""
    where = (ticket.c.region_id.in_(region_ids), ticket.c.status.in_(LIVE))
    return _all(conn, sa.select(ticket).where(*where).order_by(ticket.c.urgent.desc(), ticket.c.answer_due_at))


def due_before(conn: sa.Connection, moment: datetime) -> list[Ticket]:
    """Live tickets whose next deadline comes before a moment."""
    unclaimed = ticket.c.status.in_((TicketStatus.OPEN, TicketStatus.ASSIGNED, TicketStatus.REOPENED))
    near = sa.or_(sa.and_(unclaimed, ticket.c.assign_due_at < moment), ticket.c.answer_due_at < moment)
    return _all(conn, sa.select(ticket).where(ticket.c.status.in_(LIVE), near).order_by(ticket.c.answer_due_at))


def answered_before(conn: sa.Connection, moment: datetime) -> list[Ticket]:
    """Answered tickets that nobody has closed since."""
    where = (ticket.c.status == TicketStatus.ANSWERED, ticket.c.answered_at < moment)
    return _all(conn, sa.select(ticket).where(*where))


def counts(conn: sa.Connection, region_ids: Sequence[str] | None = None) -> dict[str, int]:
    """Tickets by status."""
    where = ticket.c.region_id.in_(region_ids) if region_ids is not None else sa.true()
    rows = conn.execute(sa.select(ticket.c.status, sa.func.count()).where(where).group_by(ticket.c.status)).all()
    return {str(status): int(n) for status, n in rows}


def overdue(conn: sa.Connection, now: datetime) -> int:
    """How many live tickets are past their answer's deadline."""
    where = (ticket.c.status.in_(LIVE), ticket.c.answer_due_at < now)
    return int(conn.scalar(sa.select(sa.func.count()).select_from(ticket).where(*where)) or 0)


def _all(conn: sa.Connection, statement: sa.Select[Any]) -> list[Ticket]:
    return [_ticket(row) for row in conn.execute(statement).all()]


def _ticket(row: Any) -> Ticket:
    return Ticket(
        row.id, TicketStatus(row.status), row.group_id, row.region_id, row.channel, row.account, row.room_id,
        row.private, row.sender_id, row.sender_name, row.question, row.matter, refs_in(row.refs), row.reason, row.urgent,
        row.first_owner_id, row.owner_id, row.answer, row.opened_at, row.assign_due_at, row.answer_due_at, row.claimed_at,
        row.asked_back_at, row.extended_at, row.answered_at, row.closed_at, row.rated_at,
    )  # fmt: skip
