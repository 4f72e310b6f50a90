"""deploy/gateway.md is true: its numbers, its relay, its names."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.channels._guard import short_id
from bot.channels.base import Call
from bot.channels.gateway import MAX_TEXT, Gateway
from bot.config import Settings
from bot.domain import Address
from bot.errors import Undelivered

DOCUMENT = (Path(__file__).parents[2] / "deploy" / "gateway.md").read_text(encoding="utf-8")
KEY = "example-key-never-use-it-yourself"


def now():
    return datetime.now(UTC)


def requests_shown():
    """The document's requests as (headers, body)."""
    for shown in re.findall(r"```http\nPOST [^\n]*\n(.*?)\n\n(.*?)\n```", DOCUMENT, re.DOTALL):
        headers = dict(line.split(": ", 1) for line in shown[0].splitlines())
        yield {k.lower(): v for k, v in headers.items()}, shown[1].encode()


def test_the_examples_signatures_are_right():
    """Computed here with the standard library alone, as a relay's author would."""
    shown = list(requests_shown())
    assert len(shown) == 2
    for headers, body in shown:
        signed = f"{headers['x-farun-timestamp']}\n{headers['x-farun-nonce']}\n".encode() + body
        assert headers["x-farun-signature"] == hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()


def test_the_examples_message_is_heard_and_answered_as_shown(clock):
    headers, body = next(requests_shown())
    gateway = Gateway(KEY, "", ("法润助手",), clock)
    message = gateway.receive(Call({}, headers, body))
    assert (message.text, message.addressed, len(body)) == ("借条没写利息，能要利息吗", True, 203)
    assert f"{len(body)} bytes" in DOCUMENT
    answer = gateway.respond(message, "借条没写利息的，视为没有利息。").body.decode()
    assert f"```json\n{answer}\n```" in DOCUMENT


def test_the_examples_push_is_what_we_send(clock, peer):
    _, shown = list(requests_shown())[1]
    peer.script = lambda *_: (200, b'{"ok": true, "id": "wx-88"}', {})
    push = json.loads(shown)
    gateway = Gateway(KEY, f"{peer.url}/push", ("法润助手",), clock)
    key = "campaign:straw-burning:2026-11-20:g1"
    assert gateway.push(Address("gateway", push["room_id"]), push["text"], key=key) == "wx-88"
    assert peer.heard[0][2] == shown
    assert push["delivery_id"] == short_id(key)


def test_its_limits_are_ours():
    assert f"up to {MAX_TEXT} characters" in DOCUMENT
    names = set(re.findall(r"FARUN_[A-Z_]+", DOCUMENT))
    assert names <= {f.metadata["env"] for f in Settings.__dataclass_fields__.values()}
    for name, said in (
        ("FARUN_GATEWAY_MAX_BYTES", "2000"),
        ("FARUN_GATEWAY_PER_MINUTE", "600"),
        ("FARUN_CLOCK_WINDOW", "300"),
    ):
        (row,) = re.findall(rf"^\| `{name}` \|(.*)$", DOCUMENT, re.MULTILINE)
        default = next(
            f.metadata["default"] for f in Settings.__dataclass_fields__.values() if f.metadata["env"] == name
        )
        assert default == said and f"({said})" in row


@pytest.fixture
def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def small_relay(tmp_path, peer, free_port):
    """The document's own relay as a process; Farun's webhook is the peer."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "relay.py").write_text(code, encoding="utf-8")
    environ = {
        **os.environ,
        "KEY": KEY,
        "HOOK": f"{peer.url}/hook/gateway",
        "PORT": str(free_port),
        "PYTHONIOENCODING": "utf-8",
    }
    command = [sys.executable, str(tmp_path / "relay.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:
        yield process
        process.kill()


def test_the_small_relay_passes_on_what_is_typed_and_shows_the_answer(small_relay, peer):
    gateway = Gateway(KEY, "", ("法润助手",), now)
    heard = []

    def webhook(headers, body, _path):
        heard.append(gateway.receive(Call({}, headers, body)))
        return 200, gateway.respond(heard[-1], "视为没有利息。").body, {}

    peer.script = webhook
    small_relay.stdin.write("借条没写利息\n")
    small_relay.stdin.flush()
    assert small_relay.stdout.readline() == "reply: {'text': '视为没有利息。', 'mention': ['li']}\n"
    assert (heard[0].text, heard[0].addressed) == ("借条没写利息", True)


def test_the_small_relay_shows_a_push_once_and_refuses_a_forged_one(small_relay, free_port):
    url, room = f"http://127.0.0.1:{free_port}/push", Address("gateway", "g1")
    gateway = Gateway(KEY, url, ("法润助手",), now)
    _wait_for(free_port)
    assert gateway.push(room, "秸秆不能烧", key="1") == gateway.push(room, "秸秆不能烧", key="1") == short_id("1")
    forger = Gateway("guessed-key-of-the-forger", url, ("法润助手",), now)
    with pytest.raises(Undelivered, match="HTTP 403"):
        forger.push(room, "转账到这里", key="2")
    gateway.push(room, "完", key="3")
    assert [small_relay.stdout.readline() for _ in range(2)] == ["push: g1 秸秆不能烧\n", "push: g1 完\n"]


def _wait_for(port):
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the small relay did not start")
