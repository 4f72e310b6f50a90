"""The simulated group of the demonstration: a WeChat that lives in our own database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot import privacy
from bot.channels._text import strip_names
from bot.channels.base import Ack, Call, Capabilities
from bot.domain import Address, Event, Inbound, Quote
from bot.errors import Rejected

ROBOT = "farun"


class Transcript(Protocol):
    """Where the simulated WeChat keeps its lines. The same key is kept once."""

    def add(self, key: str, room_id: str, sender_id: str, sender_name: str, text: str, quote: str = "") -> None: ...

    def name_of(self, sender_id: str) -> str: ...


class Simulated:
    """Hears JSON {"id", "room", "sender", "name", "text", "quote"?, "private"?} and answers {"reply": text or null}."""

    name = "simulated"
    secrets: tuple[str, ...] = ()
    capabilities = Capabilities(
        hears_group=True, replies_group=True, push="auto", max_bytes=2000, idempotent=True, private_chat=True, per_minute=60000
    )

    def __init__(self, transcript: Transcript, bot_names: Sequence[str], now: Callable[[], datetime]) -> None:
        self._transcript = transcript
        self._names = tuple(bot_names)
        self._now = now

    def verify(self, call: Call) -> Ack:
        return Ack(b"ok")

    def receive(self, call: Call) -> Event | None:
        """Read one line of the demonstration and keep it, masked, for the page to show."""
        row = _read(call.body)
        text, named = strip_names(row["text"], self._names)
        quote = Quote("", row["quote"]) if row["quote"] else None
        self._transcript.add(
            f"in:{row['id']}", row["room"], row["sender"], row["name"], privacy.mask(row["text"]).text,
            privacy.mask(row["quote"]).text,
        )  # fmt: skip
        return Inbound(
            self.name, row["id"], row["room"], row["sender"], text, self._now(), sender_name=row["name"],
            private=row["private"], addressed=named or row["private"], quote=quote,
        )  # fmt: skip

    def respond(self, event: Event | None, text: str | None) -> Ack:
        if isinstance(event, Inbound) and text:
            self._transcript.add(f"out:{event.external_id}", event.room_id, ROBOT, self._names[0], text)
        return Ack(json.dumps({"reply": text}, ensure_ascii=False).encode(), "application/json")

    def push(self, to: Address, text: str, *, key: str, mention: str | None = None) -> str:
        named = f"@{self._transcript.name_of(mention)} {text}" if mention else text
        self._transcript.add(f"push:{key}", to.room_id, ROBOT, self._names[0], named)
        return key


def _read(body: bytes) -> dict[str, Any]:
    try:
        row = json.loads(body)
    except (ValueError, RecursionError):
        raise Rejected("not JSON", 400) from None
    if not isinstance(row, dict):
        raise Rejected("not an object", 400)
    row = {"quote": "", "private": False, "name": "", **row}
    limits = {"id": 128, "room": 128, "sender": 128, "name": 64, "text": 4000, "quote": 4000}
    for key, limit in limits.items():
        if not isinstance(row.get(key), str) or len(row[key]) > limit or (key in ("id", "room", "sender") and not row[key]):
            raise Rejected(f"bad {key}", 400)
    if not isinstance(row["private"], bool):
        raise Rejected("bad private", 400)
    return row
