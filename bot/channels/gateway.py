"""Our own signed JSON relay: hears and speaks in ordinary village groups. The protocol: deploy/gateway.md."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from bot.channels import _http
from bot.channels._guard import check_clock, same, short_id
from bot.channels._json import Fields, dump
from bot.channels._text import cut, opens_with_name, plain, strip_names
from bot.channels.base import Ack, Call, Capabilities
from bot.domain import Address, Event, Inbound, Quote
from bot.errors import Rejected, Undelivered

TIMESTAMP, NONCE, SIGNATURE = "X-Farun-Timestamp", "X-Farun-Nonce", "X-Farun-Signature"
MAX_TEXT = 8000
_JSON = "application/json; charset=utf-8"
_NONCE = re.compile(r"[0-9A-Za-z_.~-]{8,128}")
_OLDEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp()


def sign(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over timestamp, newline, nonce, newline, body."""
    signed = f"{timestamp}\n{nonce}\n".encode(errors="replace") + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def signed_headers(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a request that either side sends, with a fresh nonce."""
    timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
    return {"Content-Type": _JSON, TIMESTAMP: timestamp, NONCE: nonce, SIGNATURE: sign(secret, timestamp, nonce, body)}


class Gateway:
    """`push_url` is the relay's address for pushes; without it the channel only answers."""

    name = "gateway"

    def __init__(
        self, secret: str, push_url: str, bot_names: Sequence[str], now: Callable[[], datetime], *, window: int = 300,
        max_bytes: int = 2000, per_minute: int = 600, http: _http.Client | None = None, seconds: float = 10.0,
    ) -> None:  # fmt: skip
        self.secrets: tuple[str, ...] = (secret,)
        self.capabilities = Capabilities(
            hears_group=True, replies_group=True, push="auto" if push_url else "none", max_bytes=max_bytes,
            idempotent=True, private_chat=True, per_minute=per_minute,
        )  # fmt: skip
        self._secret = secret
        self._push_url = push_url
        self._names = tuple(bot_names)
        self._now = now
        self._window = window
        self._http = http or _http.Client()
        self._seconds = seconds

    def verify(self, call: Call) -> Ack:
        """Tell a relay, which asks with a signed GET, that its key and its clock are right."""
        self._check(call)
        return _ack({"ok": True})

    def receive(self, call: Call) -> Inbound:
        """Read one message. The nonce goes along, so that the store can refuse one it has seen."""
        nonce = self._check(call)
        message = Fields.load(call.body)
        heard, private = message.text("text", MAX_TEXT), message.flag("private")
        text, _ = strip_names(heard, self._names)
        named = "bot" in message.words("at", 500) or opens_with_name(heard, self._names)
        return Inbound(
            self.name, message.id("msg_id", 256), message.id("room_id", 128), message.id("sender_id", 128), text,
            self._sent_at(message), sender_name=message.text("sender_name", 64, ""), private=private,
            addressed=named or private, from_self=message.flag("from_self"), quote=_quote(message), nonce=nonce,
        )  # fmt: skip

    def respond(self, event: Event | None, text: str | None) -> Ack:
        """Answer in the same response; in a group the asker is named."""
        if not isinstance(event, Inbound) or not text:
            return _ack({"reply": None})
        mention = [] if event.private else [event.sender_id]
        return _ack({"reply": {"text": self._spoken(text), "mention": mention}})

    def push(self, to: Address, text: str, *, key: str, mention: str | None = None) -> str:
        """Speak first. The relay drops a `delivery_id` it has seen, so whatever is unclear may be sent again."""
        if not self._push_url:
            raise Undelivered("the relay takes no pushes", retryable=False)
        delivery_id = short_id(key)
        body = dump({
            "delivery_id": delivery_id, "room_id": to.room_id, "text": self._spoken(text),
            "mention": [mention] if mention else [],
        })  # fmt: skip
        headers = signed_headers(self._secret, body, self._now())
        return self._result(_http.post(self._http, self._push_url, body, headers, self._seconds)) or delivery_id

    def _check(self, call: Call) -> str:
        """The call's nonce, once signature and clock are right."""
        timestamp, nonce, signature = (call.headers.get(name.lower(), "") for name in (TIMESTAMP, NONCE, SIGNATURE))
        if not same(sign(self._secret, timestamp, nonce, call.body), signature):
            raise Rejected("signature does not match")
        check_clock(timestamp, self._now(), self._window)
        if not _NONCE.fullmatch(nonce):
            raise Rejected("nonce is not 8 to 128 of 0-9 A-Z a-z _ . ~ -", 400)
        return nonce

    def _sent_at(self, message: Fields) -> datetime:
        """Seconds. Milliseconds would be a date in the far future, and are refused like one."""
        seconds = message.number("sent_at")
        if not _OLDEST <= seconds <= self._now().timestamp() + self._window:
            raise Rejected("bad sent_at", 400)
        return datetime.fromtimestamp(seconds, UTC)

    def _spoken(self, text: str) -> str:
        return cut(plain(text), self.capabilities.max_bytes)

    def _result(self, answer: _http.Answer | _http.NoAnswer) -> str:
        """The relay's id of the message, or "" where it names none; raise `Undelivered` for all else."""
        match answer:
            case _http.NoAnswer(reason=reason):
                raise Undelivered(f"relay: {reason}", retryable=reason != "no such address")
            case _http.Answer(status=status, retry_after=wait) if status == 429 or 500 <= status <= 599:
                raise Undelivered(f"relay: HTTP {status}", retryable=True, retry_after=wait)
            case _http.Answer(status=status) if not 200 <= status <= 299:
                raise Undelivered(f"relay: HTTP {status}", retryable=False)
            case _http.Answer(body=body):
                return self._read_result(body)

    def _read_result(self, body: bytes) -> str:
        try:
            result = Fields.load(body)
            if result.flag("ok"):
                return result.id("id", 256, "")
            retryable, error = result.flag("retryable"), result.text("error", default="")
        except Rejected:
            raise Undelivered("relay: an answer not of the agreed form", retryable=True) from None
        raise Undelivered(f"relay: {self._tell(error)}", retryable=retryable)

    def _tell(self, error: str) -> str:
        """The relay's own words, short, on one line and without our key."""
        return cut(" ".join(error.replace(self._secret, "***").split()), 200) or "refused"


def _quote(message: Fields) -> Quote | None:
    quoted = message.child("quote")
    return Quote(quoted.id("msg_id", 256, ""), quoted.text("text", MAX_TEXT, "")) if quoted else None


def _ack(answer: Mapping[str, object]) -> Ack:
    return Ack(dump(answer), _JSON)
