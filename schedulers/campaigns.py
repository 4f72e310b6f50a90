"""Due campaigns x groups -> deliveries. Keeps no state of its own: the delivery's key does."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import cnlunar
import sqlalchemy as sa
import structlog
from apscheduler.triggers.cron import CronTrigger

from bot.desk import Desk, pushes
from bot.domain import SHANGHAI
from bot.store import quarantine, reading, roster
from knowledge.library import Notice

log = structlog.get_logger("farun.campaigns")

# A stopped scheduler makes up for what came due within this time.
LOOK_BACK = timedelta(hours=24)


def plan_due(engine: sa.Engine, front: Desk, now: datetime) -> int:
    """Queue every notice that came due in the last day and is not queued yet; how many deliveries are new."""
    planned = 0
    with reading(engine) as conn:
        held = quarantine.held(conn, now.astimezone(SHANGHAI).date())
    for notice in (n for n in front.library.notices() if n.id not in held):
        for fired_at in fires(notice, now - LOOK_BACK, now):
            with engine.begin() as conn:
                planned += pushes.plan(conn, front, notice, fired_at, _regions(conn, notice))
    if planned:
        log.info("planned", deliveries=planned)
    return planned


def fires(notice: Notice, after: datetime, until: datetime) -> list[datetime]:
    """When a notice comes due in (after, until]."""
    if notice.date is not None:
        moment = datetime.fromisoformat(notice.date).replace(tzinfo=SHANGHAI)
        return [moment] if after < moment <= until else []
    if notice.cron is None:
        return [m for m in _mornings(after, until) if _is_day(notice, m + timedelta(days=notice.before))]
    trigger = CronTrigger.from_crontab(_named_days(notice.cron), timezone=SHANGHAI)
    found, moment = list[datetime](), trigger.get_next_fire_time(None, after.astimezone(SHANGHAI))
    while moment is not None and moment <= until:
        if moment > after:
            found.append(moment)
        moment = trigger.get_next_fire_time(moment, moment + timedelta(seconds=1))
    return found


def _mornings(after: datetime, until: datetime) -> list[datetime]:
    """Nine in the morning of each day, in (after, until]."""
    first = after.astimezone(SHANGHAI).replace(hour=9, minute=0, second=0, microsecond=0)
    days = ((first + timedelta(days=n)) for n in range((until - after).days + 2))
    return [m for m in days if after < m <= until]


def _is_day(notice: Notice, moment: datetime) -> bool:
    """Whether this is the notice's solar term or lunar day. A leap month is not the month it repeats."""
    day = cnlunar.Lunar(moment.replace(tzinfo=None))
    if notice.term:
        return bool(day.todaySolarTerms == notice.term)
    wanted = tuple(int(part) for part in (notice.lunar or "").split("-"))
    if wanted == (12, 30):  # a twelfth month may have 29 days: the eve of the first day is meant
        day, wanted = cnlunar.Lunar((moment + timedelta(days=1)).replace(tzinfo=None)), (1, 1)
    return not day.isLunarLeapMonth and (day.lunarMonth, day.lunarDay) == wanted


def _named_days(cron: str) -> str:
    """APScheduler counts the days of the week from Monday, crontab from Sunday: names mean the same to both."""
    *fields, weekday = cron.split()
    days = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return " ".join([*fields, re.sub(r"[0-7]", lambda m: days[int(m[0])], weekday)])


def _regions(conn: sa.Connection, notice: Notice) -> list[str] | None:
    """The regions a notice is meant for with all below them; None for all."""
    return [r for top in notice.regions for r in roster.below(conn, top)] if notice.regions else None
