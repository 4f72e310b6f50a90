"""Tickets after they exist: opening with deadlines, what people do with them, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot import wording
from bot.config import Settings
from bot.desk import outgoing
from bot.desk.calendar import WorkCalendar
from bot.domain import SHANGHAI, Address, GroupKind, Inbound, Role
from bot.store import deliveries, roster, tickets
from bot.store.tickets import Opening, Ticket
from knowledge.citation import ArticleRef
from knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with."""

    settings: Settings
    library: Library
    limits: Mapping[str, int] = field(default_factory=dict)  # channel -> longest message, bytes

    def calendar(self, conn: sa.Connection) -> WorkCalendar:
        return WorkCalendar(self.settings.office_hours, roster.day_overrides(conn))


@dataclass(frozen=True, slots=True)
class Request:
    """What a new ticket is about. `kind` is the group's; hardship groups get shorter deadlines."""

    message_id: int
    group_id: str
    kind: GroupKind
    question: str
    matter: str | None
    references: tuple[ArticleRef, ...]
    reason: str
    urgent: bool


def open_ticket(conn: sa.Connection, desk: Desk, m: Inbound, r: Request, now: datetime) -> tuple[Ticket, str | None]:
    """Open a ticket, put it into the hands of whoever is on duty and tell them. The ticket, and the owner's name."""
    group = roster.get_group(conn, r.group_id)
    if group is None:
        raise LookupError(r.group_id)
    assign_due, answer_due = _deadlines(conn, desk, r, now)
    ticket = tickets.open_ticket(
        conn, m,
        Opening(r.message_id, group.id, group.region_id, r.question, r.matter, r.references, r.reason, r.urgent, assign_due, answer_due),
        now,
    )  # fmt: skip
    owner = give_to_duty(conn, desk, ticket, now)
    if r.reason == "danger":
        tell_bureau(conn, desk, ticket, "danger", now)
    return ticket, owner


def _deadlines(conn: sa.Connection, desk: Desk, r: Request, now: datetime) -> tuple[datetime, datetime]:
    s, calendar = desk.settings, desk.calendar(conn)
    percent = s.hardship_percent if r.kind is GroupKind.HARDSHIP else 100
    if r.urgent:
        due = now + timedelta(minutes=s.urgent_minutes)
        return due, due
    return calendar.add_days(now, s.assign_days, percent), calendar.add_days(now, s.answer_days, percent)


def give_to_duty(conn: sa.Connection, desk: Desk, ticket: Ticket, now: datetime, *, but_not: str | None = None) -> str | None:
    """Assign to the group's advisor or deputy on duty; when there is none the bureau is told. The owner's name."""
    day = now.astimezone(SHANGHAI).date()
    owner_id = roster.on_duty(conn, ticket.group_id, day, but_not=but_not)
    if owner_id is None:
        tell_bureau(conn, desk, ticket, "no_advisor", now)
        return None
    assigned = tickets.assign(conn, ticket.id, owner_id, "farun", now)
    if assigned is None:
        return None
    tell_owner(conn, desk, assigned, now)
    person = roster.get_person(conn, owner_id)
    return person.name if person else None


def tell_owner(conn: sa.Connection, desk: Desk, ticket: Ticket, now: datetime) -> None:
    """Push the ticket to its owner: all of it, so that it can be answered from the chat."""
    group = roster.get_group(conn, ticket.group_id)
    text = wording.to_advisor(
        ticket.id, group.name if group else "", ticket.sender_name, ticket.question,
        desk.library.matters.get(ticket.matter or ""), ticket.references, ticket.answer_due_at, urgent=ticket.urgent,
        private_talk=ticket.private,
    )  # fmt: skip
    if ticket.owner_id:
        tell_person(conn, desk, ticket.owner_id, f"{ticket.id}:owner:{now.timestamp()}", text, ticket, now)


def tell_person(
    conn: sa.Connection, desk: Desk, person_id: str, key: str, text: str, ticket: Ticket, now: datetime
) -> None:
    """Queue one message to somebody on the roster, in every room in which they are reached."""
    priority = deliveries.DANGER if ticket.urgent else deliveries.PEOPLE
    for address in roster.addresses(conn, person_id):
        outgoing.queue(
            conn, desk.limits, f"ticket:{key}:{person_id}:{address.channel}", address, text, due_at=now,
            priority=priority, ticket_id=ticket.id,
        )  # fmt: skip


def tell_bureau(conn: sa.Connection, desk: Desk, ticket: Ticket, why: str, now: datetime, *, above: int = 0) -> int:
    """Tell the officers nearest to the ticket's region upwards; `above` goes that many levels higher. How many were told."""
    text = wording.to_bureau(ticket.id, roster.region_name(conn, ticket.region_id), why)
    officers = roster.officers(conn, ticket.region_id, above=above)
    for officer in officers:
        tell_person(conn, desk, officer.id, f"{ticket.id}:bureau:{why}:{above}:{now.date()}", text, ticket, now)
    return len(officers)


def tell_asker(conn: sa.Connection, desk: Desk, ticket: Ticket, key: str, text: str, now: datetime) -> None:
    """Queue one message to whoever asked, where they asked; in a group it names them."""
    outgoing.queue(
        conn, desk.limits, f"ticket:{ticket.id}:asker:{key}", Address(ticket.channel, ticket.room_id), text, due_at=now,
        mention=None if ticket.private else ticket.sender_id, ticket_id=ticket.id,
    )  # fmt: skip


def may_see(conn: sa.Connection, role: Role, person_id: str, region_id: str | None, ticket: Ticket) -> bool:
    """Whether a ticket is this person's business: its owner, its group's advisors, or the bureau of its region."""
    if role is Role.ADVISOR:
        return ticket.owner_id == person_id or roster.may_answer(conn, person_id, ticket.group_id)
    return role in (Role.OFFICER, Role.CADRE) and region_id in roster.lineage(conn, ticket.region_id)
