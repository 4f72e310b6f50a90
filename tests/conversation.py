"""Talk to the robot as people do: through the webhook of the real application."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

from flask.testing import FlaskClient

from bot.app import create_app
from bot.store import deliveries, simulated
from bot.webhook import Parts
from schedulers.sender import Sender

VILLAGE, ENTERPRISE, HARDSHIP = "qingshui", "kaifaqu", "shiqiao"
NUMBERS = itertools.count()


@dataclass
class Talk:
    """A room of the demonstration county seen by one speaker."""

    parts: Parts
    client: FlaskClient
    room: str
    who: str
    name: str
    private: bool = False

    def say(self, text: str, *, id: str | None = None, quote: str = "") -> str | None:
        body = {"id": id or f"{self.room}-{self.who}-{next(NUMBERS)}", "room": self.room, "sender": self.who,
                "name": self.name, "text": text, "quote": quote, "private": self.private}
        answer = self.client.post("/hook/simulated", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json["reply"]

    def ask(self, text: str, **how: str) -> str:
        return self.say(f"@法润助手 {text}", **how) or ""

    def heard(self) -> list[str]:
        """What the robot has pushed into this room, after the sender ran."""
        deliver(self.parts)
        with self.parts.engine.connect() as conn:
            return [r.text for r in simulated.lines_after(conn, [self.room], 0, 1000) if r.key.startswith("push:")]


def deliver(parts: Parts) -> int:
    """Let a sender work until nothing is due."""
    sender = Sender(parts.engine, dict(parts.channels), parts.desk, f"test:{threading.get_ident()}", parts.now)
    total = 0
    while n := sender.send_due():
        total += n
    return total


def waiting(parts: Parts) -> dict[str, int]:
    with parts.engine.connect() as conn:
        return deliveries.counts(conn)


def application(parts: Parts) -> FlaskClient:
    return create_app(parts=parts).test_client()
