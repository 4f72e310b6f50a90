"""New lines of the simulated group as server-sent events."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import Response

from bot.store import reading, simulated

POLL_SECONDS = 0.4
HEARTBEAT_SECONDS = 5.0  # also how soon a closed tab is noticed
# A stream holds a thread of the web process; ending gives the thread back, and the browser comes again by itself.
LONGEST_SECONDS = 25.0
# Half of gunicorn's threads a process: messages get through however many tabs are open.
STREAMS = 8
HISTORY = 100
# PostgreSQL numbers a row before it commits, so a lower id may show up after a higher one. Look back that many.
LOOK_BACK = 20


class Stream:
    """The streams of one process. When all are taken a response ends at once and asks the page to come again soon."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._free = threading.BoundedSemaphore(STREAMS)

    def response(self, rooms: list[str], after: int, *, brief: bool) -> Response:
        """Every line of these rooms behind `after`, and what comes; with `after` 0 the newest of each room.

        `brief`: only what is there, and come again in five seconds; for tabs that nobody looks at.
        """
        body = self._brief(rooms, after, 5000) if brief else self._events(rooms, after)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(body, mimetype="text/event-stream", headers=headers)

    def _brief(self, rooms: list[str], after: int, retry_milliseconds: int) -> Iterator[str]:
        yield f"retry: {retry_milliseconds}\n\n"
        yield from map(_event, self._lines(rooms, after))

    def _events(self, rooms: list[str], after: int) -> Iterator[str]:
        if not self._free.acquire(blocking=False):
            yield from self._brief(rooms, after, 1500)
            return
        try:
            yield from self._live(rooms, after)
        finally:
            self._free.release()

    def _live(self, rooms: list[str], after: int) -> Iterator[str]:
        yield "retry: 300\n\n"
        seen = set[int]()
        end, beat = time.monotonic() + LONGEST_SECONDS, time.monotonic()
        while time.monotonic() < end:
            fresh = [line for line in self._lines(rooms, after) if line.id not in seen]
            yield from map(_event, fresh)
            seen.update(line.id for line in fresh)
            after = max([after, *(line.id for line in fresh)])
            if time.monotonic() > beat:
                yield ": here\n\n"
                beat = time.monotonic() + HEARTBEAT_SECONDS
            time.sleep(POLL_SECONDS)

    def _lines(self, rooms: list[str], after: int) -> list[sa.Row[Any]]:
        """Oldest first; some from before `after` come again, the page knows them by their ids."""
        with reading(self._engine) as conn:
            if after:
                return simulated.lines_after(conn, rooms, max(0, after - LOOK_BACK), limit=5000)
            history = [line for room in rooms for line in simulated.lines_after(conn, [room], 0, HISTORY)]
        return sorted(history, key=lambda line: int(line.id))


def _event(line: sa.Row[Any]) -> str:
    data = {"id": line.id, "key": line.key, "room": line.room_id, "sender": line.sender_id, "name": line.sender_name,
            "text": line.text, "quote": line.quote, "at": line.at.isoformat()}  # fmt: skip
    return f"id: {line.id}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
