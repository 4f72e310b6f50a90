"""What the policy may know of a room and a speaker, read in one query; and what it will want to know next time."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.domain import Conversation, Group, GroupKind, Inbound, Mode, Person, Role
from bot.store import insert
from bot.store.messages import refs_in, refs_out
from bot.store.schema import conversation, group, identity, person, quarantine, resident, ticket, unbound_room

_speaker = person.alias("speaker")
_advisor = person.alias("advisor")


def read(conn: sa.Connection, m: Inbound) -> tuple[Group | None, Person | None, Conversation | None, bool]:
    """The room's group (in private: the speaker's home group), the speaker if on the roster, the talk so far, is anything held back."""
    keys = {"channel": m.channel, "account": m.account, "room_id": m.room_id, "sender_id": m.sender_id}
    row = conn.execute(_statement(private=m.private), keys).one()
    return _group(row), _person(row), _conversation(row), bool(row.something_held)


@cache
def _statement(*, private: bool) -> sa.Select[Any]:
    """The one query, built once a kind of room: every message of every group asks it."""
    channel, account, room_id, sender_id = (sa.bindparam(k, type_=sa.String) for k in ("channel", "account", "room_id", "sender_id"))
    here = sa.select(channel.label("channel"), sender_id.label("sender_id"), account.label("account")).subquery()
    c, i = conversation.c, identity.c
    talk = sa.and_(c.channel == channel, c.account == account, c.room_id == room_id, c.sender_id == sender_id)
    home = sa.and_(resident.c.channel == channel, resident.c.account == account, resident.c.sender_id == sender_id)
    in_group = sa.and_(group.c.channel == channel, group.c.room_id == room_id)
    joined = (
        here.outerjoin(identity, sa.and_(i.channel == here.c.channel, i.sender_id == here.c.sender_id))
        .outerjoin(_speaker, sa.and_(_speaker.c.id == i.person_id, _speaker.c.active))
        .outerjoin(conversation, talk)
        .outerjoin(resident, home if private else sa.false())
        .outerjoin(group, group.c.id == resident.c.group_id if private else in_group)
        .outerjoin(_advisor, sa.and_(_advisor.c.id == group.c.advisor_id, _advisor.c.active))
    )
    return sa.select(
            group.c.id.label("g_id"), group.c.name.label("g_name"), group.c.kind, group.c.mode,
            group.c.region_id.label("g_region"), group.c.human_spoke_at, group.c.silence_minutes,
            _advisor.c.id.label("a_id"), _advisor.c.name.label("a_name"), _advisor.c.phone.label("a_phone"),
            _advisor.c.region_id.label("a_region"),
            _speaker.c.id.label("p_id"), _speaker.c.name.label("p_name"), _speaker.c.role, _speaker.c.phone.label("p_phone"),
            _speaker.c.region_id.label("p_region"),
            c.question, c.matter, c.entry_id, c.options, c.refs, c.ticket_id, c.pending_private, c.at,
            sa.exists().where(quarantine.c.cleared_at.is_(None)).label("something_held"),
    ).select_from(joined)  # fmt: skip


def _group(row: Any) -> Group | None:
    r = row._mapping  # noqa: SLF001 the public way to read by name
    if r["g_id"] is None:
        return None
    advisor = Person(r["a_id"], r["a_name"], Role.ADVISOR, r["a_region"], r["a_phone"]) if r["a_id"] else None
    return Group(
        r["g_id"], r["g_name"], GroupKind(r["kind"]), Mode(r["mode"]), r["g_region"], advisor, r["human_spoke_at"],
        r["silence_minutes"],
    )  # fmt: skip


def _person(row: Any) -> Person | None:
    r = row._mapping  # noqa: SLF001 the public way to read by name
    return Person(r["p_id"], r["p_name"], Role(r["role"]), r["p_region"], r["p_phone"]) if r["p_id"] else None


def _conversation(row: Any) -> Conversation | None:
    r = row._mapping  # noqa: SLF001 the public way to read by name
    if r["at"] is None:
        return None
    return Conversation(
        r["question"], r["matter"], r["entry_id"], tuple(r["options"]), refs_in(r["refs"]), r["at"], r["ticket_id"],
        bool(r["pending_private"]),
    )  # fmt: skip


def remember(conn: sa.Connection, m: Inbound, talk: Conversation) -> None:
    """Keep the talk of one speaker in one room."""
    row = {
        "channel": m.channel, "account": m.account, "room_id": m.room_id, "sender_id": m.sender_id,
        "question": talk.question, "matter": talk.matter, "entry_id": talk.entry_id, "options": list(talk.options),
        "refs": refs_out(talk.references), "ticket_id": talk.ticket_id, "pending_private": talk.pending_private, "at": talk.at,
    }  # fmt: skip
    keys = ("channel", "account", "room_id", "sender_id")
    statement = insert(conn, conversation).values(row)
    new = {k: statement.excluded[k] for k in row if k not in keys}
    conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=new))


def pending_private(conn: sa.Connection, m: Inbound, since: datetime) -> str | None:
    """The question this speaker was asked to bring into private; None when there is none."""
    c = conversation.c
    mine = (c.channel == m.channel, c.account == m.account, c.sender_id == m.sender_id, c.pending_private, c.at >= since)
    question: str | None = conn.scalar(sa.select(c.question).where(*mine).order_by(c.at.desc()).limit(1))
    return question


def clear_pending(conn: sa.Connection, m: Inbound) -> None:
    """The question has been taken up in private."""
    c = conversation.c
    mine = (c.channel == m.channel, c.account == m.account, c.sender_id == m.sender_id, c.pending_private)
    conn.execute(sa.update(conversation).where(*mine).values(pending_private=False))


def set_home(conn: sa.Connection, m: Inbound, group_id: str, now: datetime) -> None:
    """Remember in which group this speaker lives, so that a private talk reaches the right advisor."""
    row = {"channel": m.channel, "account": m.account, "sender_id": m.sender_id, "group_id": group_id, "seen_at": now}
    statement = insert(conn, resident).values(row)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["channel", "account", "sender_id"], set_={"group_id": group_id, "seen_at": now}
        )
    )


def human_spoke(conn: sa.Connection, group_id: str, now: datetime) -> None:
    """The group's advisor has spoken: the robot keeps silent for a while."""
    conn.execute(sa.update(group).where(group.c.id == group_id).values(human_spoke_at=now))


def note_unbound(conn: sa.Connection, m: Inbound, now: datetime) -> None:
    """List a room that no group is bound to, so that an operator can bind it."""
    row = {"channel": m.channel, "room_id": m.room_id, "first_seen_at": now, "last_seen_at": now}
    statement = insert(conn, unbound_room).values(row)
    conn.execute(statement.on_conflict_do_update(index_elements=["channel", "room_id"], set_={"last_seen_at": now}))


def waiting_ticket(conn: sa.Connection, m: Inbound) -> int | None:
    """The speaker's ticket whose advisor has asked back and waits for words."""
    found: int | None = conn.scalar(
        sa.select(ticket.c.id)
        .where(
            ticket.c.channel == m.channel, ticket.c.account == m.account, ticket.c.sender_id == m.sender_id,
            ticket.c.asked_back_at.is_not(None), ticket.c.status == "claimed",
        )
        .order_by(ticket.c.asked_back_at.desc())
        .limit(1)
    )  # fmt: skip
    return found


def forget(conn: sa.Connection, before: datetime) -> None:
    """Drop talks that nobody continues."""
    conn.execute(sa.delete(conversation).where(conversation.c.at < before))


