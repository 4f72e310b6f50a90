"""One POST with a time limit. A failure is a value without the address in it, because addresses carry secrets."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

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


class Client:
    """Connections to other hosts; through the proxies that the environment names, unless it exempts a host."""

    def __init__(self) -> None:
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its debug lines hold whole addresses
        self._direct = urllib3.PoolManager()
        self._proxies = {k: urllib3.ProxyManager(v) for k, v in getproxies().items() if k in ("http", "https")}

    def towards(self, url: str) -> urllib3.PoolManager:
        """The way to an address. Raises `ValueError` where it is none."""
        to = urlsplit(url)
        if to.scheme not in ("http", "https") or not to.hostname:
            raise ValueError(to.scheme)
        proxy = self._proxies.get(to.scheme)
        return self._direct if proxy is None or proxy_bypass(to.hostname) else proxy


def post(http: Client, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer | NoAnswer:
    """POST once: no redirect, no second try, at most about `seconds` and 64 KiB of answer."""
    deadline = time.monotonic() + seconds
    limits = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds)
    # A connection kept open may be closed by the other side just as we write: then nobody knows what arrived.
    sent = {**headers, "Connection": "close", "Accept-Encoding": "identity"}
    try:
        r = http.towards(url).request(
            "POST", url, body=body, headers=sent, timeout=limits, redirect=False, retries=False, preload_content=False
        )
        try:
            return Answer(r.status, _read(r, deadline), _retry_after(r))
        finally:
            r.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as e:
        return _failure(e)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    body = b""
    while len(body) < MAX_ANSWER and (more := response.read1(MAX_ANSWER - len(body), decode_content=True)):
        body += more
        if time.monotonic() > deadline:
            raise TimeoutError("the answer trickles")
    return body


def _failure(error: Exception) -> NoAnswer:
    """Only a connection that never stood proves that nothing arrived."""
    match error:
        case (
            urllib3.exceptions.NewConnectionError()
            | urllib3.exceptions.ConnectTimeoutError()
            | urllib3.exceptions.SSLError()
            | urllib3.exceptions.ProxyError()
        ):
            return NoAnswer("not reached")
        case ValueError():  # urllib3's own word for an address that is none
            return NoAnswer("no such address")
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return NoAnswer("no answer in time")
        case _:
            return NoAnswer("connection lost")


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds or a date, as HTTP has it; anything else counts as unsaid. At most a day."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 86400))
    try:
        wait = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), 86400.0)
