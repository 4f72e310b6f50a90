"""Words on their way out: cut to what a platform takes, queued part by part in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from bot.domain import Address
from bot.store import deliveries


def queue(
    conn: sa.Connection, limits: Mapping[str, int], key: str, to: Address, text: str, *, due_at: datetime,
    kind: str = "ticket", priority: int = deliveries.PEOPLE, mention: str | None = None, ticket_id: int | None = None,
) -> bool:  # fmt: skip
    """Queue one text for one room, in as many parts as its channel needs; the same key is never queued twice."""
    parts = split(text, limits.get(to.channel, _SAFE))
    planned = False
    for n, part in enumerate(parts, 1):
        planned |= deliveries.plan(
            conn, key if n == 1 else f"{key}:{n}", to, part, due_at=due_at, kind=kind, priority=priority, mention=mention,
            ticket_id=ticket_id,
        )  # fmt: skip
    return planned


_SAFE = 2000  # bytes; for a channel that is switched off at the moment


def split(text: str, max_bytes: int) -> list[str]:
    """Parts of at most `max_bytes` UTF-8 bytes, cut at line or sentence ends, never inside a character."""
    parts = list[str]()
    while len(text.encode()) > max_bytes:
        head = text.encode()[:max_bytes].decode(errors="ignore")
        cut = max(head.rfind(mark) for mark in "\n。！？；") + 1
        cut = cut if cut > len(head) // 3 else len(head)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts
