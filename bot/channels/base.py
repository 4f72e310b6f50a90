"""What every platform has in common: a request free of Flask in, an acknowledgement out, a push."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from bot.domain import Address, Event


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request; a fixture file can hold it. `headers` keys are in lower case."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """What the platform gets back. An empty body means: heard, nothing to say."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform allows; the core asks and never assumes.

    `window` is how many seconds after a message a late answer may go through its `reply_url`; 0 where none is needed.
    `idempotent`: the other side drops a delivery it has seen, so an interrupted one may be sent again.
    """

    hears_group: bool
    replies_group: bool
    push: Literal["auto", "staff_confirm", "none"]
    max_bytes: int
    window: int = 0
    idempotent: bool = False
    private_chat: bool = False
    per_minute: int = 600


class Channel(Protocol):
    """One platform's wire. `receive` raises `Rejected`."""

    name: str
    secrets: tuple[str, ...]
    capabilities: Capabilities

    def verify(self, call: Call) -> Ack:
        """Answer the platform's check of our address."""
        ...

    def receive(self, call: Call) -> Event | None:
        """Check and read one call; None: genuine, not for us."""
        ...

    def respond(self, event: Event | None, text: str | None) -> Ack:
        """Say `text`, or nothing, in the platform's own form."""
        ...


@runtime_checkable
class Pusher(Protocol):
    """A platform that can speak first. `push` raises `Undelivered` and returns the platform's id of the message."""

    name: str
    capabilities: Capabilities

    def push(self, to: Address, text: str, *, key: str, mention: str | None = None) -> str:
        """Send one text; the other side may use `key` to drop a repetition."""
        ...


__all__ = ["Ack", "Call", "Capabilities", "Channel", "Pusher"]
