"""Regions, people, groups: who answers for whom and where they are reached."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain import Address, Person, Role
from bot.store.schema import binding_code, group, holiday, identity, leave, person, region, unbound_room

CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as the roster keeps it."""

    id: str
    name: str
    kind: str
    mode: str
    region_id: str
    advisor_id: str | None
    deputy_id: str | None
    channel: str | None
    room_id: str | None


def lineage(conn: sa.Connection, region_id: str) -> list[str]:
    """The region and all above it, upwards."""
    up = sa.select(region.c.id, region.c.parent_id, sa.literal(0).label("n")).where(region.c.id == region_id).cte("up", recursive=True)
    up = up.union_all(sa.select(region.c.id, region.c.parent_id, up.c.n + 1).where(region.c.id == up.c.parent_id, up.c.n < 10))
    return [str(r[0]) for r in conn.execute(sa.select(up.c.id).order_by(up.c.n)).all()]


def below(conn: sa.Connection, region_id: str) -> list[str]:
    """The region and all below it: what an officer of it may see."""
    down = sa.select(region.c.id, sa.literal(0).label("n")).where(region.c.id == region_id).cte("down", recursive=True)
    down = down.union_all(sa.select(region.c.id, down.c.n + 1).where(region.c.parent_id == down.c.id, down.c.n < 10))
    return [str(r[0]) for r in conn.execute(sa.select(down.c.id)).all()]


def region_name(conn: sa.Connection, region_id: str) -> str:
    return str(conn.scalar(sa.select(region.c.name).where(region.c.id == region_id)) or region_id)


def officers(conn: sa.Connection, region_id: str, *, above: int = 0) -> list[Person]:
    """The bureau's officers nearest to a region upwards; `above` skips that many levels that have officers."""
    for at in lineage(conn, region_id):
        found = _people(conn, person.c.role == Role.OFFICER, person.c.region_id == at, person.c.active)
        if found and above == 0:
            return found
        above -= bool(found)
    return []


def get_person(conn: sa.Connection, person_id: str) -> Person | None:
    found = _people(conn, person.c.id == person_id)
    return found[0] if found else None


def advisors_named(conn: sa.Connection, name: str) -> list[Person]:
    """Active advisors with this name or id."""
    return _people(conn, person.c.role == Role.ADVISOR, person.c.active, sa.or_(person.c.name == name, person.c.id == name))


def named(conn: sa.Connection, name: str) -> list[Person]:
    """Active people with this name or id, whatever their role."""
    return _people(conn, person.c.active, sa.or_(person.c.name == name, person.c.id == name))


def _people(conn: sa.Connection, *where: Any) -> list[Person]:
    rows = conn.execute(sa.select(person).where(*where).order_by(person.c.id)).all()
    return [Person(r.id, r.name, Role(r.role), r.region_id, r.phone) for r in rows]


def addresses(conn: sa.Connection, person_id: str) -> list[Address]:
    """The rooms in which the robot reaches somebody."""
    rows = conn.execute(
        sa.select(identity.c.channel, identity.c.room_id)
        .where(identity.c.person_id == person_id, identity.c.room_id.is_not(None))
        .order_by(identity.c.channel)
    ).all()
    return [Address(r.channel, r.room_id) for r in rows]


def on_duty(conn: sa.Connection, group_id: str, day: date, *, but_not: str | None = None) -> str | None:
    """The group's advisor, or the deputy while the advisor is on leave; None when neither is there."""
    row = conn.execute(sa.select(group.c.advisor_id, group.c.deputy_id).where(group.c.id == group_id)).one()
    for candidate in (row.advisor_id, row.deputy_id):
        if candidate and candidate != but_not and _at_work(conn, candidate, day):
            return str(candidate)
    return None


def _at_work(conn: sa.Connection, person_id: str, day: date) -> bool:
    away = sa.exists().where(leave.c.person_id == person.c.id, leave.c.first_day <= day, leave.c.last_day >= day)
    return conn.scalar(sa.select(person.c.id).where(person.c.id == person_id, person.c.active, ~away)) is not None


def may_answer(conn: sa.Connection, person_id: str, group_id: str) -> bool:
    """Whether this person is the group's advisor or deputy."""
    mine = sa.or_(group.c.advisor_id == person_id, group.c.deputy_id == person_id)
    return conn.scalar(sa.select(group.c.id).where(group.c.id == group_id, mine)) is not None


def get_group(conn: sa.Connection, group_id: str) -> GroupRow | None:
    row = conn.execute(sa.select(group).where(group.c.id == group_id)).one_or_none()
    return _group(row) if row else None


def groups(conn: sa.Connection) -> list[GroupRow]:
    return [_group(r) for r in conn.execute(sa.select(group).order_by(group.c.id)).all()]


def bound_groups(conn: sa.Connection, kinds: Sequence[str], region_ids: Sequence[str] | None, bound_before: datetime) -> list[GroupRow]:
    """Groups a campaign reaches: of these kinds, in these regions (None: all), bound by then."""
    where = [group.c.kind.in_(kinds), group.c.room_id.is_not(None), group.c.bound_at <= bound_before]
    if region_ids is not None:
        where.append(group.c.region_id.in_(region_ids))
    return [_group(r) for r in conn.execute(sa.select(group).where(*where).order_by(group.c.id)).all()]


def _group(row: Any) -> GroupRow:
    return GroupRow(
        row.id, row.name, row.kind, row.mode, row.region_id, row.advisor_id, row.deputy_id, row.channel, row.room_id
    )


def new_code(conn: sa.Connection, group_id: str, now: datetime) -> str:
    """A one-use code, good for seven days, that binds the room it is typed in to a group. Only its hash is kept."""
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
    row = {"code_hash": _hash(code), "group_id": group_id, "expires_at": now + timedelta(days=7)}
    conn.execute(sa.insert(binding_code).values(row))
    return code


def use_code(conn: sa.Connection, code: str, now: datetime) -> str | None:
    """The group a code is for, and the code is used up; None when it is wrong, used or too old."""
    c = binding_code.c
    statement = (
        sa.update(binding_code)
        .where(c.code_hash == _hash(code), c.used_at.is_(None), c.expires_at > now)
        .values(used_at=now)
        .returning(c.group_id)
    )
    found: str | None = conn.scalar(statement)
    return found


def peek_code(conn: sa.Connection, code: str, now: datetime) -> str | None:
    """The group a code is for, without using it up."""
    c = binding_code.c
    found: str | None = conn.scalar(
        sa.select(c.group_id).where(c.code_hash == _hash(code), c.used_at.is_(None), c.expires_at > now)
    )
    return found


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().upper().replace("-", "").encode()).hexdigest()


def bind(conn: sa.Connection, group_id: str, channel: str, room_id: str, now: datetime) -> bool:
    """Tie a room to a group; False when another group has the room."""
    taken = conn.scalar(sa.select(group.c.id).where(group.c.channel == channel, group.c.room_id == room_id))
    if taken not in (None, group_id):
        return False
    values = {"channel": channel, "room_id": room_id, "bound_at": now}
    conn.execute(sa.update(group).where(group.c.id == group_id).values(values))
    conn.execute(
        sa.delete(unbound_room).where(unbound_room.c.channel == channel, unbound_room.c.room_id == room_id)
    )
    return True


def unbound(conn: sa.Connection) -> list[sa.Row[Any]]:
    """Rooms that have shown themselves and belong to no group, newest first."""
    return list(conn.execute(sa.select(unbound_room).order_by(unbound_room.c.last_seen_at.desc())).all())


def day_overrides(conn: sa.Connection) -> dict[date, bool]:
    """The administrator's calendar: day -> working or not."""
    return {r.day: r.working for r in conn.execute(sa.select(holiday)).all()}
