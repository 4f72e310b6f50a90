"""The table of what runs when: id, trigger, function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.desk import Desk
from bot.domain import SHANGHAI
from knowledge.library import Library
from schedulers import campaigns, reminders


@dataclass(frozen=True, slots=True)
class Job:
    """One periodic job; its function takes the moment at which it runs. `at_start`: also when the process starts."""

    id: str
    trigger: BaseTrigger
    run: Callable[[datetime], object]
    at_start: bool = True


def table(engine: sa.Engine, front: Desk) -> list[Job]:
    """Every periodic job."""
    return [
        Job("campaigns", IntervalTrigger(seconds=30), lambda now: campaigns.plan_due(engine, _fresh(front), now)),
        Job("reminders", IntervalTrigger(minutes=1), lambda now: reminders.remind(engine, front, now)),
        Job("close", CronTrigger(hour=10, minute=5, timezone=SHANGHAI), lambda now: reminders.close_quiet(engine, front, now)),
        # Not at a start: it takes ten seconds of a processor, and a stop would wait for it.
        Job("accuracy", CronTrigger(hour=3, minute=40, timezone=SHANGHAI), lambda now: reminders.measure(engine, front.settings, now), at_start=False),
        Job("retention", CronTrigger(hour=3, minute=15, timezone=SHANGHAI), lambda now: reminders.forget(engine, front, now)),
    ]


def _fresh(front: Desk) -> Desk:
    """The same desk with the library as it is now: notices change without a restart."""
    return replace(front, library=Library(front.settings.knowledge_db))
