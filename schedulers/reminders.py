"""Deadlines: a reminder before, one after, and up the region tree a level each further working day. Closing, retention."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from bot import desk, wording
from bot.config import Settings
from bot.desk import Desk
from bot.desk.calendar import WorkCalendar
from bot.domain import TicketStatus
from bot.store import accuracy as kept
from bot.store import contexts, deliveries, messages, simulated, tickets, verdicts
from bot.store.tickets import Ticket
from faq import accuracy
from faq.accuracy import GOLDEN
from faq.evaluate import golden
from faq.retriever import Retriever
from knowledge.library import Library

log = structlog.get_logger("farun.reminders")

LEVELS = 4  # village, town, county, city


def remind(engine: sa.Engine, front: Desk, now: datetime) -> int:
    """Remind of what is near its deadline and report what is past it, each once; how many were told."""
    with engine.begin() as conn:
        calendar = front.calendar(conn)
        horizon = calendar.add_minutes(now, front.settings.remind_hours * 60)
        return sum(_look_at(conn, front, calendar, ticket, now) for ticket in tickets.due_before(conn, horizon))


def _look_at(conn: sa.Connection, front: Desk, calendar: WorkCalendar, ticket: Ticket, now: datetime) -> int:
    if ticket.owner_id is None:
        desk.give_to_duty(conn, front, ticket, now)
    what, due = _deadline(ticket)
    if now < due:
        return _once(conn, front, ticket, "reminded", f"{what}:{due.isoformat()}", due, now)
    told = _once(conn, front, ticket, "reminded", f"{what}:late:{due.isoformat()}", due, now)
    for level in range(LEVELS):
        if now >= calendar.add_days(due, level) or level == 0:
            told += _report(conn, front, ticket, what, due, level, now)
    return told


def _deadline(ticket: Ticket) -> tuple[str, datetime]:
    """The next deadline: to be claimed, then to be answered."""
    if ticket.status is TicketStatus.CLAIMED:
        return "answer", ticket.answer_due_at
    return "assign", ticket.assign_due_at


def _once(conn: sa.Connection, front: Desk, ticket: Ticket, kind: str, detail: str, due: datetime, now: datetime) -> int:
    """Remind the owner of one deadline, once before and once after it."""
    if ticket.owner_id is None or tickets.has_event(conn, ticket.id, kind, detail):
        return 0
    tickets.log(conn, ticket.id, kind, "farun", detail, now)
    text = wording.reminder(ticket.id, due, overdue=now >= due)
    desk.tell_person(conn, front, ticket.owner_id, f"{ticket.id}:{detail}", text, ticket, now)
    return 1


def _report(
    conn: sa.Connection, front: Desk, ticket: Ticket, what: str, due: datetime, level: int, now: datetime
) -> int:
    """Tell the bureau `level` levels above the ticket's region, once a deadline and level."""
    detail = f"{what}:{level}:{due.isoformat()}"
    if tickets.has_event(conn, ticket.id, "overdue", detail):
        return 0
    tickets.log(conn, ticket.id, "overdue", "farun", detail, now)
    return desk.tell_bureau(conn, front, ticket, f"{what}_overdue", now, above=level)


def close_quiet(engine: sa.Engine, front: Desk, now: datetime) -> int:
    """Close answered tickets that nobody spoke about for some days, and ask for a rating."""
    with engine.begin() as conn:
        quiet = tickets.answered_before(conn, now - timedelta(days=front.settings.close_days))
        for ticket in quiet:
            if tickets.close(conn, ticket.id, "farun", now):
                desk.tell_asker(conn, front, ticket, "rate", wording.please_rate(ticket.id), now)
    return len(quiet)


def forget(engine: sa.Engine, front: Desk, now: datetime) -> None:
    """Delete what is kept no longer."""
    before = now - timedelta(days=front.settings.retention_days)
    with engine.begin() as conn:
        touched = messages.forget(conn, before, now - timedelta(seconds=2 * front.settings.clock_window + 60))
        contexts.forget(conn, now - timedelta(days=2))
        deliveries.forget(conn, before, now)
        simulated.forget(conn, before)
        verdicts.forget(conn, before)
    log.info("forgotten", messages=touched)


def measure(engine: sa.Engine, settings: Settings, now: datetime) -> list[str]:
    """Ask the golden questions again; the matters that only people answer from now on. Nothing where there are none."""
    if not GOLDEN.exists():
        return []
    library = Library(settings.knowledge_db)
    retriever = Retriever(settings.index_dir, library)
    with engine.connect() as conn:
        judged = kept.judged(conn, retriever)
    found = accuracy.measure(golden(retriever, GOLDEN), library, judged)
    with engine.begin() as conn:
        return kept.keep(conn, found, now)
