"""A risk notice that is due becomes one delivery a group."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot import wording
from bot.desk import Desk, outgoing
from bot.desk.calendar import after_quiet
from bot.domain import SHANGHAI, Address
from bot.store import deliveries, roster
from knowledge.library import Notice


def plan(conn: sa.Connection, desk: Desk, notice: Notice, fired_at: datetime, regions: Sequence[str] | None) -> int:
    """Queue a notice for every group it is meant for that was bound when it came due; how many were new.

    The key holds the day and the group, so one run reaches a group once, whatever restarts.
    """
    day = fired_at.astimezone(SHANGHAI).date()
    due_at = after_quiet(fired_at, desk.settings.quiet_hours)
    text = wording.notice(notice)
    planned = 0
    for group in roster.bound_groups(conn, notice.kinds, regions, bound_before=fired_at):
        if group.channel and group.room_id:
            key = f"campaign:{notice.id}:{day}:{group.id}"
            to = Address(group.channel, group.room_id)
            planned += outgoing.queue(
                conn, desk.limits, key, to, text, due_at=due_at, kind="notice", priority=deliveries.NOTICE
            )
    return planned
