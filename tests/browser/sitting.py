"""What the browser tests sit in front of."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import requests
from playwright.sync_api import Page

from bot.demo import county

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 800}

@dataclass(frozen=True)
class Site:
    """The running demonstration."""

    url: str

    def say(self, who: str, room: str, text: str, message_id: str | None = None) -> str | None:
        """Post one message as the page does, from outside the browser."""
        name = next(a.name for a in county.ACTORS if a.id == who)
        row = {"id": message_id or uuid.uuid4().hex, "room": room, "sender": who, "name": name, "text": text,
               "quote": "", "private": room.startswith("dm:")}  # fmt: skip
        answer = requests.post(f"{self.url}/hook/simulated", json=row, timeout=20)
        answer.raise_for_status()
        return answer.json()["reply"]


Sit = Callable[..., Page]
