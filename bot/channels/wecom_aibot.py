"""企业微信智能机器人, webhook mode: encrypted JSON in, a stream finished at once out, one late answer by response_url.

developer.work.weixin.qq.com: 100719 messages, 101027 events, 101031 replies, 101033 encryption, 101138 late answers.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from bot.channels import _http
from bot.channels._crypto import Envelope
from bot.channels._guard import short_id
from bot.channels._json import Fields, dump
from bot.channels._text import cut, for_markdown, plain, strip_names
from bot.channels.base import Ack, Call, Capabilities
from bot.domain import Address, Entered, Event, Feedback, Inbound, Poll, Quote
from bot.errors import Rejected, Undelivered

MAX_BYTES = 20480  # 101031, 101138
WINDOW = 3600  # 101138: a response_url lives an hour and works once
_LONGEST_REPLY_ID = 64
_JSON = "application/json; charset=utf-8"
_BUSY, _TOO_OFTEN, _TOO_MANY_AT_ONCE = -1, 45009, 45033  # 90313
_WAIT = {_BUSY: None, _TOO_OFTEN: 60.0, _TOO_MANY_AT_ONCE: None}  # worth another try, after so many seconds


def is_tencent(url: str) -> bool:
    """Whether a late answer may go to this address: https and a host of qq.com."""
    if not re.fullmatch(r"https://[!-\[\]-~]{1,2000}", url):  # printable ASCII, no backslash
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return "@" not in parts.netloc and (host == "qq.com" or host.endswith(".qq.com"))


class WecomAibot:
    """The robot of advisors' and cadres' internal groups. `receive_id` is "" for an enterprise's own robot (101033)."""

    name = "wecom_aibot"

    def __init__(
        self, token: str, aes_key: str, bot_names: Sequence[str], now: Callable[[], datetime], *, window: int = 300,
        per_minute: int = 60, receive_id: str = "", http: _http.Client | None = None, seconds: float = 10.0,
        trusted: Callable[[str], bool] = is_tencent,
    ) -> None:  # fmt: skip
        self.secrets: tuple[str, ...] = (token, aes_key)
        self.capabilities = Capabilities(
            hears_group=True, replies_group=True, push="none", max_bytes=MAX_BYTES, window=WINDOW, private_chat=True,
            per_minute=per_minute,
        )  # fmt: skip
        self._envelope = Envelope(token, aes_key, now, window, receive_id)
        self._names = tuple(bot_names)
        self._now = now
        self._http = http or _http.Client()
        self._seconds = seconds
        self._trusted = trusted
        self._current = threading.local()

    def verify(self, call: Call) -> Ack:
        """Give the decrypted echostr back, bare: no quotes, BOM or newline."""
        # Decoded once already. A "+" that came unescaped is a space by now, and base64 has no spaces.
        echo = call.query.get("echostr", "").replace(" ", "+")
        return Ack(self._envelope.open(call.query, echo).encode())

    def receive(self, call: Call) -> Event | None:
        """Read one callback. None: a picture, a file, a card's button: genuine, not for us."""
        encrypted = _encrypted(Fields.load(call.body))
        message = Fields.load(self._envelope.open(call.query, encrypted).encode())
        # The answer has to carry this call's nonce (101033); it is given by the same thread in the same request.
        self._current.nonce = call.query.get("nonce", "")
        match message.id("msgtype", 32):
            case "text" | "mixed" | "voice":
                return self._inbound(message)
            case "stream":
                return self._poll(message)
            case "event":
                return self._happened(message)
            case _:
                return None

    def respond(self, event: Event | None, text: str | None) -> Ack:
        """Say it all at once. A poll always hears the end, or the platform would ask on for six minutes."""
        match event:
            case Inbound() if text:
                return self._seal(_stream(event.reply_id or _reply_id(event.account, event.external_id), text))
            case Poll():
                return self._seal(_stream(event.reply_id, text or ""))
            case Entered() if text:
                return self._seal({"msgtype": "text", "text": {"content": cut(plain(text), MAX_BYTES)}})
            case _:
                return Ack()

    def push(self, to: Address, text: str, *, key: str, mention: str | None = None) -> str:
        """Send a late answer through the one-use `to.reply_url`. `mention` is left out: 101138 documents none."""
        if not to.reply_url:
            raise Undelivered("no way back to this room", retryable=False)
        message = {"msgtype": "markdown", "markdown": {"content": cut(for_markdown(text), MAX_BYTES)}}
        answer = _http.post(self._http, to.reply_url, dump(message), {"Content-Type": _JSON}, self._seconds)
        _check(answer)
        return short_id(key)

    def _inbound(self, message: Fields) -> Inbound | None:
        spoken, room = _spoken(message), _room(message)
        if spoken is None or room is None:
            return None
        text, _ = strip_names(spoken, self._names)
        account, external_id = message.id("aibotid", 128, ""), message.id("msgid", 256)
        return Inbound(
            self.name, external_id, room, _sender(message), text, self._now(), account=account,
            private=message.values["chattype"] == "single", addressed=True, quote=_quote(message),
            reply_id=_reply_id(account, external_id), reply_url=self._way_back(message),
        )  # fmt: skip

    def _way_back(self, message: Fields) -> str | None:
        url = message.values.get("response_url")
        return url if isinstance(url, str) and self._trusted(url) else None

    def _poll(self, message: Fields) -> Poll:
        stream = message.child("stream")
        if stream is None:
            raise Rejected("bad stream", 400)
        return Poll(self.name, stream.id("id", 256))

    def _happened(self, message: Fields) -> Event | None:
        event = message.child("event")
        if event is None:
            raise Rejected("bad event", 400)
        match event.id("eventtype", 64):
            case "enter_chat":
                return Entered(self.name, _sender(message))
            case "feedback_event":
                return self._feedback(message.id("msgid", 256), event.child("feedback_event"))
            case _:
                return None

    def _feedback(self, external_id: str, rated: Fields | None) -> Feedback | None:
        """type: 1 accurate, 2 not, 3 taken back. An id longer than ours rates somebody else's words."""
        reply_id = rated.id("id", 256, "") if rated else ""
        if rated is None or not 1 <= len(reply_id) <= _LONGEST_REPLY_ID:
            return None
        return Feedback(self.name, external_id, reply_id, str(rated.whole("type")), rated.text("content", default=""))

    def _seal(self, message: Mapping[str, object]) -> Ack:
        nonce = getattr(self._current, "nonce", "") or secrets.token_hex(8)
        return Ack(dump(self._envelope.seal(dump(message).decode(), nonce)), _JSON)


def _encrypted(outer: Fields) -> str:
    """The one field outside the signature's reach, so as it came."""
    value = outer.values.get("encrypt")
    if not isinstance(value, str):
        raise Rejected("bad encrypt", 400)
    return value


def _spoken(message: Fields) -> str | None:
    """The words of a message or of a quote; None where there are only pictures or files."""
    kind = message.id("msgtype", 32, "")
    if kind not in ("text", "mixed", "voice"):
        return None
    inner = message.child(kind)
    if inner is None:
        return None
    if kind != "mixed":
        return inner.text("content", default="") or None
    texts = [item.child("text") for item in inner.children("msg_item") if item.values.get("msgtype") == "text"]
    return "\n".join(t.text("content", default="") for t in texts if t is not None) if texts else None


def _quote(message: Fields) -> Quote | None:
    quoted = message.child("quote")
    text = _spoken(quoted) if quoted else None
    return Quote("", text) if text else None


def _room(message: Fields) -> str | None:
    """A group's chatid (absent in a single chat); None for a kind of chat that we do not know."""
    match message.id("chattype", 32, ""):
        case "group":
            return message.id("chatid", 128)
        case "single":
            return f"single:{_sender(message)}"
        case _:
            return None


def _sender(message: Fields) -> str:
    sender = message.child("from")
    if sender is None:
        raise Rejected("bad from", 400)
    return sender.id("userid", 120)


def _reply_id(account: str, external_id: str) -> str:
    """The same message always gets the same stream, so that a repeated call shows one bubble."""
    return short_id(account, external_id)


def _stream(reply_id: str, text: str) -> dict[str, object]:
    content = cut(for_markdown(text), MAX_BYTES)
    return {
        "msgtype": "stream",
        "stream": {"id": reply_id, "finish": True, "content": content, "feedback": {"id": reply_id}},
    }


def _check(answer: _http.Answer | _http.NoAnswer) -> None:
    """Raise `Undelivered` unless the platform took it; never with its words, which may hold the response code."""
    match answer:
        case _http.NoAnswer(reason=reason):
            # What may have arrived is not tried again: the way back works once.
            raise Undelivered(f"WeCom: {reason}", retryable=reason == "not reached")
        case _http.Answer(status=429 | 503, retry_after=wait):
            raise Undelivered("WeCom is busy", retryable=True, retry_after=wait)
        case _http.Answer(status=status) if status != 200:
            raise Undelivered(f"WeCom: HTTP {status}", retryable=500 <= status <= 599)
        case _http.Answer(body=body):
            _check_errcode(body)


def _check_errcode(body: bytes) -> None:
    """WeChat answers errors with 200; only errcode tells."""
    try:
        code = Fields.load(body).whole("errcode")
    except Rejected:
        raise Undelivered("WeCom: an answer without errcode", retryable=False) from None
    if code != 0:
        raise Undelivered(f"WeCom: errcode {code}", retryable=code in _WAIT, retry_after=_WAIT.get(code))
