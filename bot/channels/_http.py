"""One POST with a time limit. A failure is a value without the address in it, because addresses carry secrets."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import requests
import urllib3

MAX_ANSWER = 65536
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `retry_after` in seconds, where the other side named it."""

    status: int
    body: bytes
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back. After the last two reasons the other side may still have acted on it."""

    reason: Literal["no such address", "not reached", "no answer in time", "connection lost"]


def session() -> requests.Session:
    """A client. Its own debug lines are off: they hold whole addresses."""
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    return requests.Session()


def post(
    http: requests.Session, url: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> Answer | NoAnswer:
    """POST once: no redirect, no second try, at most about `seconds` and 64 KiB of answer."""
    deadline = time.monotonic() + seconds
    limits = (min(_CONNECT_SECONDS, seconds), seconds)
    # A connection kept open may be closed by the other side just as we write: then nobody knows what arrived.
    sent = {**headers, "Connection": "close"}
    try:
        with http.post(url, data=body, headers=sent, timeout=limits, allow_redirects=False, stream=True) as r:
            return Answer(r.status_code, _read(r, deadline), _retry_after(r))
    except (requests.RequestException, urllib3.exceptions.HTTPError) as e:
        return _failure(e)


def _read(response: requests.Response, deadline: float) -> bytes:
    body = b""
    while len(body) < MAX_ANSWER and (more := response.raw.read1(MAX_ANSWER - len(body), decode_content=True)):
        body += more
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer trickles")
    return body


def _failure(error: Exception) -> NoAnswer:
    """Only a connection that never stood proves that nothing arrived."""
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    never = requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError
    if isinstance(cause, urllib3.exceptions.NewConnectionError) or isinstance(error, never):
        return NoAnswer("not reached")
    if isinstance(error, ValueError):  # requests' own word for an address that is none
        return NoAnswer("no such address")
    return NoAnswer("no answer in time" if isinstance(error, requests.Timeout) else "connection lost")


def _retry_after(response: requests.Response) -> float | None:
    """Seconds or a date, as HTTP has it; anything else counts as unsaid. At most a day."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 86400))
    try:
        wait = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), 86400.0)
