"""The other sides of the wire: WeCom as its documentation describes it, Tencent's own crypto, and a peer on a real socket."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.base import Ack, Call
from bot.channels.gateway import Gateway, sign
from bot.channels.wecom_aibot import WecomAibot

HERE = Path(__file__).parent
TOKEN, AES_KEY, SECRET = "faruntoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "a-shared-key-of-the-relay"
NAMES = ("法润", "法润助手", "机器人", "RobotA")


@dataclass
class Clock:
    """A clock that stands still until moved."""

    at: datetime = field(default_factory=lambda: datetime.fromtimestamp(1700000000, UTC))

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fixture_file() -> Callable[[str], dict[str, Any]]:
    """A message as the platform's documentation shows it: `fixture_file("wecom_aibot/text")`."""
    return lambda name: json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


# ---- WeCom, written from the documentation (90968, 101033) and not from our code ----


@dataclass
class WeCom:
    """Seals calls and opens answers. `frame` and `sealed` let a test build what WeCom would never send."""

    clock: Clock
    token: str = TOKEN
    key: bytes = field(default_factory=lambda: base64.b64decode(AES_KEY + "="))

    def call(self, message: object, **query: str) -> Call:
        text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
        return self.signed(self.sealed(self.padded(self.frame(text.encode()))), **query)

    def signed(self, encrypted: str, **query: str) -> Call:
        q = self.query(encrypted, **query)
        return Call(q, {}, json.dumps({"encrypt": encrypted}).encode())

    def query(self, encrypted: str, **query: str) -> dict[str, str]:
        q = {"timestamp": str(int(self.clock().timestamp())), "nonce": "1596101234", **query}
        return {"msg_signature": self.signature(q["timestamp"], q["nonce"], encrypted), **q}

    def signature(self, *values: str) -> str:
        return hashlib.sha1("".join(sorted([self.token, *values])).encode()).hexdigest()

    def frame(self, message: bytes, receive_id: bytes = b"", length: int | None = None) -> bytes:
        return os.urandom(16) + struct.pack(">I", len(message) if length is None else length) + message + receive_id

    def padded(self, frame: bytes) -> bytes:
        n = 32 - len(frame) % 32
        return frame + bytes([n]) * n

    def sealed(self, padded: bytes) -> str:
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).encryptor()
        return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()

    def opened(self, ack: Ack) -> Any:
        """What an answer says, after its signature is checked; None for an empty body."""
        if not ack.body:
            return None
        answer = json.loads(ack.body)
        assert set(answer) == {"encrypt", "msgsignature", "timestamp", "nonce"}
        assert answer["msgsignature"] == self.signature(str(answer["timestamp"]), answer["nonce"], answer["encrypt"])
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).decryptor()
        frame = cipher.update(base64.b64decode(answer["encrypt"])) + cipher.finalize()
        frame = frame[: -frame[-1]]
        (length,) = struct.unpack(">I", frame[16:20])
        assert frame[20 + length :] == b""
        return json.loads(frame[20 : 20 + length])


@pytest.fixture
def wecom(clock: Clock) -> WeCom:
    return WeCom(clock)


@pytest.fixture
def aibot(clock: Clock) -> WecomAibot:
    return WecomAibot(TOKEN, AES_KEY, NAMES, clock, seconds=0.4)


# ---- a relay ----


@dataclass
class Relay:
    """Signs calls as deploy/gateway.md says."""

    clock: Clock
    secret: str = SECRET
    sent: int = 0

    def call(self, message: object, **headers: str) -> Call:
        return self.signed(json.dumps(message, ensure_ascii=False).encode(), **headers)

    def signed(self, body: bytes, *, timestamp: str | None = None, nonce: str | None = None, **more: str) -> Call:
        self.sent += 1
        timestamp = str(int(self.clock().timestamp())) if timestamp is None else timestamp
        nonce = f"nonce-{self.sent:06}" if nonce is None else nonce
        signature = sign(self.secret, timestamp, nonce, body)
        headers = {"x-farun-timestamp": timestamp, "x-farun-nonce": nonce, "x-farun-signature": signature}
        return Call({}, {**headers, **more}, body)


@pytest.fixture
def relay(clock: Clock) -> Relay:
    return Relay(clock)


@pytest.fixture
def gateway(clock: Clock) -> Gateway:
    return Gateway(SECRET, "", NAMES, clock)


# ---- whoever we push to, on a real socket ----


@dataclass
class Peer:
    """An HTTP server that remembers what it heard and answers as `script` says: (status, body, headers) or a trick's name."""

    script: Callable[[Mapping[str, str], bytes, str], Any] = lambda _headers, _body, _path: (200, b"{}", {})
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    done: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    peer: Peer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {k.lower(): v for k, v in self.headers.items()}
        self.peer.heard.append((self.path, headers, body))
        answer = self.peer.script(headers, body, self.path)
        if answer == "drop":
            self.connection.close()
        elif answer == "hang":
            self.peer.done.wait(5)
        elif answer == "trickle":
            self._trickle()
        else:
            self._answer(*answer)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                if self.peer.done.wait(0.05):
                    break

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[Peer]:
    here = Peer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"peer": here}))
    here.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield here
    here.done.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}/cgi-bin/aibot/response?response_code=RESPONSE_CODE"


# ---- Tencent's own crypto ----


@pytest.fixture(scope="session")
def tencent() -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Jobs for the npm package @wecom/crypto, which Node runs. Installed once into the user's cache, by the lock file."""
    modules = _installed() / "node_modules"

    def run(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        work = json.dumps({"token": TOKEN, "key": AES_KEY, "jobs": jobs})
        environ = {**os.environ, "NODE_PATH": str(modules)}
        done = subprocess.run(
            ["node", str(HERE / "interop.cjs")],
            input=work,
            env=environ,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def _installed() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    lock = (HERE / "package-lock.json").read_bytes()
    place = cache / "farun" / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not place.exists():
        draft = place.with_name(f"{place.name}.{os.getpid()}.{time.monotonic_ns()}")
        draft.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, draft)
        npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(npm, cwd=draft, text=True, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, f"these tests need Node 18 or later, npm and its registry:\n{done.stderr}"
        with contextlib.suppress(OSError):  # another process was first
            draft.rename(place)
        shutil.rmtree(draft, ignore_errors=True)
    return place
