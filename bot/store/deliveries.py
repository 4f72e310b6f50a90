"""The outbox: one row a message to one room, queued once, sent once or shown as undecided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain import Address, DeliveryStatus
from bot.store import insert
from bot.store.schema import delivery, group, lease, reply_window, ticket

DANGER, PEOPLE, NOTICE = 0, 1, 2
_WAITING = (DeliveryStatus.PLANNED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row that a sender holds. `attempts` counts this one."""

    id: int
    key: str
    to: Address
    text: str
    mention: str | None
    ticket_id: int | None
    attempts: int


# Built once: each delivery asks them.
_MINE = (delivery.c.id == sa.bindparam("its_id"), delivery.c.claimed_by == sa.bindparam("its_holder"))
_END = sa.update(delivery).where(*_MINE)
_START = (
    sa.update(delivery)
    .where(*_MINE, delivery.c.status == DeliveryStatus.CLAIMED)
    .values(status=DeliveryStatus.SENDING, attempts=delivery.c.attempts + 1, sending_at=sa.bindparam("sending_at"), lease_until=sa.bindparam("lease_until"))
    .returning(delivery.c.id)
)


def plan(
    conn: sa.Connection, key: str, to: Address, text: str, *, due_at: datetime, kind: str = "ticket",
    priority: int = PEOPLE, mention: str | None = None, ticket_id: int | None = None,
) -> bool:  # fmt: skip
    """Queue one message for one room; the same key is never queued twice."""
    row = {
        "key": key, "channel": to.channel, "room_id": to.room_id, "text": text, "mention": mention, "kind": kind,
        "priority": priority, "ticket_id": ticket_id, "status": DeliveryStatus.PLANNED, "due_at": due_at, "not_before": due_at,
    }  # fmt: skip
    statement = insert(conn, delivery).values(row).on_conflict_do_nothing().returning(delivery.c.id)
    return conn.scalar(statement) is not None


def claim(conn: sa.Connection, channel: str, holder: str, now: datetime, *, lease_seconds: int, limit: int) -> list[Delivery]:
    """Take up to `limit` due deliveries of a channel, at most one a room: the earliest of each room's queue."""
    d, e = delivery.alias("d"), delivery.alias("e")
    earlier = sa.or_(
        e.c.priority < d.c.priority,
        sa.and_(e.c.priority == d.c.priority, sa.or_(e.c.due_at < d.c.due_at, sa.and_(e.c.due_at == d.c.due_at, e.c.id < d.c.id))),
    )
    waits = sa.exists().where(
        e.c.channel == d.c.channel, e.c.room_id == d.c.room_id, e.c.status.in_(_WAITING), e.c.due_at <= now,
        sa.or_(e.c.status != DeliveryStatus.PLANNED, earlier), e.c.id != d.c.id,
    )  # fmt: skip
    first = (
        sa.select(d.c.id)
        .where(d.c.channel == channel, d.c.status == DeliveryStatus.PLANNED, d.c.due_at <= now, d.c.not_before <= now, ~waits)
        .order_by(d.c.priority, d.c.due_at, d.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("first")  # as a plain subquery PostgreSQL may run it again and take more than the limit
    )
    took = (
        sa.update(delivery)
        .where(delivery.c.id.in_(sa.select(first.c.id)), delivery.c.status == DeliveryStatus.PLANNED)
        .values(status=DeliveryStatus.CLAIMED, claimed_by=holder, lease_until=now + timedelta(seconds=lease_seconds))
        .returning(delivery)
    )
    rows = sorted(conn.execute(took).all(), key=lambda r: (r.priority, r.due_at, r.id))
    return [
        Delivery(r.id, r.key, Address(r.channel, r.room_id), r.text, r.mention, r.ticket_id, r.attempts + 1) for r in rows
    ]


def start(conn: sa.Connection, delivery_id: int, holder: str, now: datetime, lease_seconds: int) -> bool:
    """Mark "sending" before the network call; False when another process has taken it over."""
    row = {"its_id": delivery_id, "its_holder": holder, "sending_at": now, "lease_until": now + timedelta(seconds=lease_seconds)}
    return conn.scalar(_START, row) is not None


def sent(conn: sa.Connection, delivery_id: int, holder: str, external_id: str, now: datetime) -> None:
    """The other side has it."""
    _end(conn, delivery_id, holder, status=DeliveryStatus.SENT, done_at=now, external_id=external_id, error=None)


def failed(conn: sa.Connection, delivery_id: int, holder: str, error: str, now: datetime) -> None:
    """It will not arrive; a person sees it."""
    _end(conn, delivery_id, holder, status=DeliveryStatus.FAILED, done_at=now, error=error)


def retry(conn: sa.Connection, delivery_id: int, holder: str, error: str, not_before: datetime) -> None:
    """Try again later; the room's later messages wait behind it."""
    _end(conn, delivery_id, holder, status=DeliveryStatus.PLANNED, not_before=not_before, error=error)


def _end(conn: sa.Connection, delivery_id: int, holder: str, **values: object) -> None:
    conn.execute(_END, {"its_id": delivery_id, "its_holder": holder, "claimed_by": None, "lease_until": None, **values})


def reclaim(conn: sa.Connection, now: datetime, idempotent: Mapping[str, bool]) -> tuple[int, int]:
    """Free what dead senders held: (put back, undecided). "Sending" goes back only where the other side drops repetitions."""
    stale = delivery.c.lease_until < now
    again = [name for name, yes in idempotent.items() if yes]
    planned = conn.execute(
        sa.update(delivery)
        .where(
            stale,
            sa.or_(
                delivery.c.status == DeliveryStatus.CLAIMED,
                sa.and_(delivery.c.status == DeliveryStatus.SENDING, delivery.c.channel.in_(again)),
            ),
        )
        .values(status=DeliveryStatus.PLANNED, claimed_by=None, lease_until=None)
        .returning(delivery.c.id)
    ).all()
    undecided = conn.execute(
        sa.update(delivery)
        .where(stale, delivery.c.status == DeliveryStatus.SENDING, delivery.c.channel.not_in(again))
        .values(status=DeliveryStatus.UNDECIDED, claimed_by=None, lease_until=None, done_at=now)
        .returning(delivery.c.id)
    ).all()
    return len(planned), len(undecided)


def allowance(conn: sa.Connection, channel: str, now: datetime, per_minute: int) -> int:
    """How many more this channel may send this minute. Holds the channel's row, so two senders never count at once."""
    name = f"rate:{channel}"
    conn.execute(
        insert(conn, lease).values(name=name, holder="", until=now).on_conflict_do_nothing()
    )
    conn.execute(sa.select(lease.c.name).where(lease.c.name == name).with_for_update())
    recent = sa.select(sa.func.count()).where(
        delivery.c.channel == channel,
        sa.or_(delivery.c.sending_at > now - timedelta(minutes=1), delivery.c.status == DeliveryStatus.CLAIMED),
    )
    return max(0, per_minute - (conn.scalar(recent) or 0))


def release(conn: sa.Connection, holder: str) -> None:
    """Give back what this sender claimed and has not begun to send: it stops."""
    mine = (delivery.c.claimed_by == holder, delivery.c.status == DeliveryStatus.CLAIMED)
    conn.execute(
        sa.update(delivery).where(*mine).values(status=DeliveryStatus.PLANNED, claimed_by=None, lease_until=None)
    )


def decide(conn: sa.Connection, delivery_id: int, *, again: bool, now: datetime) -> bool:
    """A person settles an undecided or failed delivery: send it again, or leave it."""
    open_ones = (DeliveryStatus.UNDECIDED, DeliveryStatus.FAILED)
    values = {"status": DeliveryStatus.PLANNED, "not_before": now, "attempts": 0} if again else {"status": DeliveryStatus.SENT, "error": "人工确认已送达"}
    statement = (
        sa.update(delivery).where(delivery.c.id == delivery_id, delivery.c.status.in_(open_ones)).values(values).returning(delivery.c.id)
    )
    return conn.scalar(statement) is not None


def queued(conn: sa.Connection, notice_id: str) -> list[int]:
    """The deliveries of a notice that have not gone out."""
    mine = (delivery.c.key.like(f"campaign:{notice_id}:%"), delivery.c.status == DeliveryStatus.PLANNED)
    return [*conn.scalars(sa.select(delivery.c.id).where(*mine).order_by(delivery.c.id)).all()]


def withhold(conn: sa.Connection, delivery_id: int, why: str, now: datetime) -> None:
    """A person decides whether it still goes out: it stands with what did not arrive."""
    mine = (delivery.c.id == delivery_id, delivery.c.status == DeliveryStatus.PLANNED)
    conn.execute(sa.update(delivery).where(*mine).values(status=DeliveryStatus.FAILED, error=why, done_at=now))


def unsettled(conn: sa.Connection, region_ids: Sequence[str] | None = None) -> list[sa.Row[Any]]:
    """Deliveries that a person has to look at, oldest first: all, or those to groups and tickets of these regions."""
    rows = sa.select(delivery).where(delivery.c.status.in_((DeliveryStatus.UNDECIDED, DeliveryStatus.FAILED)))
    if region_ids is not None:
        to_group = sa.and_(group.c.channel == delivery.c.channel, group.c.room_id == delivery.c.room_id)
        rows = (
            rows.outerjoin(group, to_group)
            .outerjoin(ticket, ticket.c.id == delivery.c.ticket_id)
            .where(sa.or_(group.c.region_id.in_(region_ids), ticket.c.region_id.in_(region_ids)))
        )
    return list(conn.execute(rows.order_by(delivery.c.id)).all())


def counts(conn: sa.Connection) -> dict[str, int]:
    """Deliveries by status."""
    rows = conn.execute(sa.select(delivery.c.status, sa.func.count()).group_by(delivery.c.status)).all()
    return {str(status): int(n) for status, n in rows}


def keep_window(conn: sa.Connection, to: Address, sender_id: str, expires_at: datetime) -> None:
    """Keep the one-use way back that came with a message."""
    row = {"channel": to.channel, "room_id": to.room_id, "sender_id": sender_id, "url": to.reply_url, "expires_at": expires_at}
    conn.execute(sa.insert(reply_window).values(row))


def take_window(conn: sa.Connection, to: Address, sender_id: str | None, now: datetime) -> str | None:
    """The newest unused way back to a speaker in a room, used up from now on; None when there is none."""
    w = reply_window.c
    newest = (
        sa.select(w.id)
        .where(
            w.channel == to.channel, w.room_id == to.room_id, w.used_at.is_(None), w.expires_at > now,
            w.sender_id == sender_id if sender_id else sa.true(),
        )
        .order_by(w.id.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    url: str | None = conn.scalar(
        sa.update(reply_window).where(w.id == newest.scalar_subquery()).values(used_at=now).returning(w.url)
    )
    return url


def give_window_back(conn: sa.Connection, url: str) -> None:
    """A way back that turned out not to be used up can be tried again."""
    conn.execute(sa.update(reply_window).where(reply_window.c.url == url).values(used_at=None))


def forget(conn: sa.Connection, before: datetime, now: datetime) -> None:
    """Drop finished deliveries and closed ways back."""
    done = (DeliveryStatus.SENT, DeliveryStatus.FAILED)
    conn.execute(sa.delete(delivery).where(delivery.c.done_at < before, delivery.c.status.in_(done)))
    conn.execute(sa.delete(reply_window).where(reply_window.c.expires_at < now))
