"""Processes are killed (SIGKILL) in the middle of their work: nothing is lost and nothing doubled."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from bot.channels.gateway import sign
from bot.domain import Address
from bot.store import deliveries, schema
from tests.relay import SECRET, Relay, relay

ROOT = Path(__file__).parent.parent.parent
MANY = 200


@pytest.fixture
def environment(database_url, data_dir, engine) -> dict[str, str]:
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.region).values(id="v", name="村", level="village"))
        conn.execute(sa.insert(schema.person).values(id="adv", name="王律师", role="advisor", region_id="v"))
        conn.execute(
            sa.insert(schema.group).values(
                id="g", name="群", kind="village", mode="auto", region_id="v", advisor_id="adv", channel="gateway",
                room_id="room", bound_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FARUN_", "DATABASE_"))}
    return {**kept, "DATABASE_URL": database_url, "FARUN_DATA_DIR": str(data_dir), "FARUN_GATEWAY_SECRET": SECRET,
            "FARUN_LEASE_SECONDS": "2", "FARUN_LOG_LEVEL": "error", "FARUN_GATEWAY_PER_MINUTE": "1000000"}


@contextmanager
def process(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([sys.executable, "-m", *words], env=environment, cwd=ROOT, start_new_session=True)
    try:
        yield started
    finally:
        kill(started)


def kill(started: subprocess.Popen[bytes]) -> None:
    """The whole process group, without a chance to tidy up."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def wait_for(what, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def statuses(engine) -> dict[str, int]:
    with engine.connect() as conn:
        return deliveries.counts(conn)


def test_a_sender_is_killed_in_the_middle_of_200_deliveries(engine, environment):
    with engine.begin() as conn:
        for n in range(MANY):
            to = Address("gateway", f"room-{n % 50}")
            deliveries.plan(conn, f"notice:{n}", to, f"第 {n} 条", due_at=datetime.now(UTC), kind="notice")
    with relay() as peer:
        environment["FARUN_GATEWAY_PUSH_URL"] = peer.url
        for mark in (40, 90, 150):
            with process(environment, "schedulers", "sender"):
                wait_for(lambda mark=mark: len(peer.calls) >= mark)
        with process(environment, "schedulers", "sender"):
            wait_for(lambda: statuses(engine) == {"sent": MANY})
        _each_room_in_order(peer)
        assert len(peer.shown) == MANY
        assert sorted(r["text"] for r in peer.shown.values()) == sorted(f"第 {n} 条" for n in range(MANY))


def _each_room_in_order(peer: Relay) -> None:
    for room in range(50):
        numbers = [int(r["text"].split()[1]) for r in peer.shown.values() if r["room_id"] == f"room-{room}"]
        assert numbers == sorted(numbers)


class Caller:
    """A relay's other half: sends each message until it is acknowledged."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook/gateway"
        self.replies: dict[str, str] = {}

    def send(self, number: int) -> None:
        text = f"@法润助手 第{number}块陨石砸到我家田里，法律上归谁" if number % 4 == 0 else "早上好，今天天气不错"
        body = json.dumps({
            "msg_id": f"m{number}", "room_id": "room", "sender_id": f"s{number % 7}", "sender_name": "刘婶",
            "at": ["bot"] if number % 4 == 0 else [], "text": text, "sent_at": int(time.time()), "from_self": False,
        }, ensure_ascii=False).encode()
        while f"m{number}" not in self.replies:
            stamp, nonce = str(int(time.time())), secrets.token_hex(12)
            headers = {"X-Farun-Timestamp": stamp, "X-Farun-Nonce": nonce, "X-Farun-Signature": sign(SECRET, stamp, nonce, body)}
            try:
                answer = requests.post(self.url, data=body, headers=headers, timeout=10)
            except requests.RequestException:
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                self.replies[f"m{number}"] = answer.text


def test_the_web_is_killed_in_the_middle_of_200_messages(engine, environment):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    environment |= {"FARUN_LISTEN": f"127.0.0.1:{port}", "FARUN_WORKERS": "2"}
    caller = Caller(port)
    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(caller.send, n) for n in range(MANY)]
        for mark in (50, 120):
            with process(environment, "bot", "serve"):
                wait_for(lambda mark=mark: len(caller.replies) >= mark, 90)
        with process(environment, "bot", "serve"):
            [w.result(timeout=120) for w in work]
    with engine.connect() as conn:
        messages = conn.execute(sa.select(schema.message)).all()
        of_ticket = conn.execute(sa.select(schema.ticket.c.message_id)).scalars().all()
    assert sorted(m.external_id for m in messages) == sorted(f"m{n}" for n in range(MANY))
    assert sorted(of_ticket) == sorted(m.id for m in messages if m.action == "escalate")
    assert len(of_ticket) == len(set(of_ticket)) > 0
    for m in messages:
        told = json.loads(caller.replies[m.external_id])["reply"]
        assert (told["text"] if told else None) == m.reply
