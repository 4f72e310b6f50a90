"""The processes beside the web: `python -m schedulers scheduler` and `python -m schedulers sender`."""

from __future__ import annotations

import os
import signal
import socket
import sys
from threading import Event

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.blocking import BlockingScheduler

from bot import store
from bot.app import utc_now
from bot.channels import build
from bot.channels.base import Pusher
from bot.config import Settings
from bot.desk import Desk
from bot.domain import SHANGHAI
from bot.errors import FarunError
from bot.logs import configure
from bot.store import leases, simulated
from knowledge.library import Library
from schedulers.jobs import Job, table
from schedulers.sender import Sender

log = structlog.get_logger("farun.schedulers")

LEAD_SECONDS = 90


def main(argv: list[str] | None = None) -> int:
    """Run one of the two processes until SIGTERM or SIGINT."""
    words = sys.argv[1:] if argv is None else argv
    if words not in (["scheduler"], ["sender"]):
        print("用法：python -m schedulers scheduler|sender", file=sys.stderr)
        return 2
    try:
        settings = Settings.from_env()
    except FarunError as e:
        print(e, file=sys.stderr)
        return 1
    configure(settings)
    engine = store.connect(settings.url)
    holder = f"{socket.gethostname()}:{os.getpid()}"
    return _scheduler(settings, engine, holder) if words == ["scheduler"] else _sender(settings, engine, holder)


def _sender(settings: Settings, engine: sa.Engine, holder: str) -> int:
    channels = build(settings, simulated.Transcript(engine, utc_now), utc_now)
    pushers = {name: channel for name, channel in channels.items() if isinstance(channel, Pusher)}
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("sender", channels=sorted(pushers))
    Sender(engine, pushers, _desk(settings, engine), holder, utc_now).run(stop)
    return 0


def _scheduler(settings: Settings, engine: sa.Engine, holder: str) -> int:
    scheduler = BlockingScheduler(timezone=SHANGHAI)
    for job in table(engine, _desk(settings, engine)):
        first = {"next_run_time": utc_now()} if job.at_start else {}
        scheduler.add_job(
            _led, job.trigger, args=(engine, holder, job), id=job.id, max_instances=1, coalesce=True, misfire_grace_time=None, **first
        )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.shutdown(wait=False))
    log.info("scheduler", jobs=[job.id for job in scheduler.get_jobs()])
    scheduler.start()
    with engine.begin() as conn:
        leases.give_up(conn, "scheduler", holder)
    return 0


def _desk(settings: Settings, engine: sa.Engine) -> Desk:
    channels = build(settings, simulated.Transcript(engine, utc_now), utc_now)
    limits = {name: channel.capabilities.max_bytes for name, channel in channels.items()}
    return Desk(settings, Library(settings.knowledge_db), limits)


def _led(engine: sa.Engine, holder: str, job: Job) -> None:
    """Run a job if this process leads. A fault is logged; the next run tries again."""
    now = utc_now()
    try:
        with engine.begin() as conn:
            leads = leases.lead(conn, "scheduler", holder, now, LEAD_SECONDS)
        if leads:
            job.run(now)
    except Exception:
        log.exception("job_failed", job=job.id)


if __name__ == "__main__":
    sys.exit(main())
