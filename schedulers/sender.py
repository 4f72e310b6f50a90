"""The only caller of push: claims due deliveries, says "sending" before it speaks, and marks the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event

import sqlalchemy as sa
import structlog

from bot import desk
from bot.channels.base import Capabilities, Pusher
from bot.desk import Desk
from bot.errors import Undelivered
from bot.store import deliveries, tickets
from bot.store.deliveries import Delivery

log = structlog.get_logger("farun.sender")

BATCH = 50
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender process. Any number may run beside each other on any number of machines."""

    engine: sa.Engine
    pushers: Mapping[str, Pusher]
    front: Desk
    holder: str
    now: Callable[[], datetime]

    def run(self, stop: Event, idle_seconds: float = 0.5) -> None:
        """Send until told to stop; what was claimed and not begun is given back."""
        while not stop.is_set():
            try:
                worked = self.send_due(stop)
            except sa.exc.OperationalError as e:
                log.exception("database", error=type(e).__name__)
                worked = 0
            if not worked:
                stop.wait(idle_seconds)
        with self.engine.begin() as conn:
            deliveries.release(conn, self.holder)

    def send_due(self, stop: Event | None = None) -> int:
        """One round over all channels; how many deliveries were tried."""
        self._take_over()
        return sum(self._send_batch(name, self._claim(name, p.capabilities), stop) for name, p in self.pushers.items())

    def _take_over(self) -> None:
        idempotent = {name: p.capabilities.idempotent for name, p in self.pushers.items()}
        with self.engine.begin() as conn:
            planned, undecided = deliveries.reclaim(conn, self.now(), idempotent)
        if planned or undecided:
            log.warning("taken_over", planned=planned, undecided=undecided)

    def _claim(self, channel: str, can: Capabilities) -> list[Delivery]:
        now = self.now()
        with self.engine.begin() as conn:
            limit = min(BATCH, deliveries.allowance(conn, channel, now, can.per_minute))
            if limit == 0:
                return []
            return deliveries.claim(conn, channel, self.holder, now, lease_seconds=self.front.settings.lease_seconds, limit=limit)

    def _send_batch(self, channel: str, batch: list[Delivery], stop: Event | None) -> int:
        """Each delivery: "sending" is on disk before the call; its result is stored together with the next one's "sending"."""
        settle: Callable[[sa.Connection], None] = _nothing
        tried = 0
        for d in batch:
            if stop is not None and stop.is_set():
                break
            ready: Delivery | None
            with self.engine.begin() as conn:
                settle(conn)
                settle, ready = _nothing, self._begin(conn, channel, d)
            if ready:
                settle = self._push(channel, ready)
                tried += 1
        with self.engine.begin() as conn:
            settle(conn)
        return tried

    def _begin(self, conn: sa.Connection, channel: str, d: Delivery) -> Delivery | None:
        now = self.now()
        if not deliveries.start(conn, d.id, self.holder, now, self.front.settings.lease_seconds):
            return None
        if not self.pushers[channel].capabilities.window:
            return d
        return replace(d, to=replace(d.to, reply_url=deliveries.take_window(conn, d.to, d.mention, now)))

    def _push(self, channel: str, d: Delivery) -> Callable[[sa.Connection], None]:
        """Speak, and return what is to be stored about it."""
        try:
            external_id = self.pushers[channel].push(d.to, d.text, key=d.key, mention=d.mention)
        except Undelivered as e:
            log.warning("undelivered", channel=channel, id=d.id, attempt=d.attempts, retryable=e.retryable, reason=e.reason)
            problem = e
            return lambda conn: self._undelivered(conn, d, problem)
        log.info("sent", channel=channel, id=d.id)
        return lambda conn: deliveries.sent(conn, d.id, self.holder, external_id, self.now())

    def _undelivered(self, conn: sa.Connection, d: Delivery, e: Undelivered) -> None:
        now = self.now()
        if e.retryable and d.attempts < self.front.settings.send_tries:
            if d.to.reply_url:
                deliveries.give_window_back(conn, d.to.reply_url)
            deliveries.retry(conn, d.id, self.holder, e.reason, now + backoff(d.attempts, e.retry_after))
            return
        deliveries.failed(conn, d.id, self.holder, e.reason, now)
        ticket = tickets.get(conn, d.ticket_id) if d.ticket_id else None
        if ticket and d.key.startswith(f"ticket:{ticket.id}:asker:"):
            tickets.log(conn, ticket.id, "undelivered", "farun", d.key, now)
            desk.tell_bureau(conn, self.front, ticket, "undelivered", now)


def backoff(attempt: int, retry_after: float | None = None) -> timedelta:
    """How long to wait after the n-th try: 5 s, doubling, at most a quarter of an hour; longer where the platform says so."""
    wait = timedelta(seconds=5 * 2 ** min(attempt - 1, 10))
    return max(min(wait, LONGEST_WAIT), timedelta(seconds=retry_after or 0))


def _nothing(_conn: sa.Connection) -> None:
    """There was nothing to store."""
