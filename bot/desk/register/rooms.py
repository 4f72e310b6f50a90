"""Tying groups to rooms by the operator's hand."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.channels import CHANNELS
from bot.desk.register import OPERATOR
from bot.desk.register.checks import private_in_group
from bot.errors import RosterError
from bot.store import register, roster
from bot.store.register import Group, Identity
from bot.store.roster import GroupRow


def code(conn: sa.Connection, group_id: str, now: datetime) -> str:
    """A one-use code for a group, good for seven days; that it was given out is audited, not the code."""
    _group(conn, group_id)
    register.note(conn, OPERATOR, "roster.code", group_id, now)
    return roster.new_code(conn, group_id, now)


def bind(conn: sa.Connection, group_id: str, channel: str, room_id: str, now: datetime) -> bool:
    """Tie a room to a group; whether the room had shown itself. Raise `RosterError` when it is not to be had."""
    register.lock(conn)
    group, seen = _group(conn, group_id), register.room_seen(conn, channel, room_id)
    problems = _problems(conn, group, channel, room_id)
    if problems or not roster.bind(conn, group_id, channel, room_id, now):
        raise RosterError(problems or [f"房间号 {room_id} 已经是别的群的"])
    before = f"，原来是 {group.channel} {group.room_id}" if group.room_id else ""
    register.note(conn, OPERATOR, "roster.bind", f"{group_id}：{channel} {room_id}{before}", now)
    return seen or (group.channel, group.room_id) == (channel, room_id)


def unbind(conn: sa.Connection, group_id: str, now: datetime) -> None:
    """Untie a group from its room: the robot is silent there until it is bound again."""
    register.lock(conn)
    group = _group(conn, group_id)
    if group.room_id is None:
        raise RosterError([f"群 {group_id} 没有绑定"])
    register.release(conn, [group_id])
    register.note(conn, OPERATOR, "roster.unbind", f"{group_id}：{group.channel} {group.room_id}", now)


def _group(conn: sa.Connection, group_id: str) -> GroupRow:
    found = roster.get_group(conn, group_id)
    if found is None:
        raise RosterError([f"没有群 {group_id}，看 farun roster list groups"])
    return found


def _problems(conn: sa.Connection, group: GroupRow, channel: str, room_id: str) -> list[str]:
    if channel not in CHANNELS:
        return [f"通道“{channel}”不认识，要写：{'、'.join(CHANNELS)}"]
    if not room_id.strip() or len(room_id) > 128:
        return ["房间号要有 1 到 128 个字符"]
    rows = register.everything(conn)
    of_group = rows[Group][(group.id,)]
    people = [i for i in rows[Identity].values() if isinstance(i, Identity) and (i.channel, i.room_id) == (channel, room_id)]
    clashes = [private_in_group(i, of_group) for i in people if isinstance(of_group, Group)]
    return [clash for clash in clashes if clash]
