"""Run every benchmark and print one table: what was measured, on what, against which peer."""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import sqlalchemy as sa

from bot import store
from bot.channels.gateway import Gateway
from bot.cli.building import build_library
from bot.config import Settings
from bot.desk import Desk
from bot.domain import Address
from bot.logs import configure
from bot.store import deliveries, schema
from faq import thresholds
from faq.retriever import Retriever
from knowledge.library import Library
from schedulers.sender import Sender
from tests import relay as peer
from tests.benchmarks import DATA, ROOT, load

MESSAGES = 2000


def main() -> None:
    configure(Settings.from_env({"FARUN_LOG_LEVEL": "error"}))
    build_library(Settings.from_env({"FARUN_DATA_DIR": str(DATA)}), say=False)
    say("machine", f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, SQLite on disk, synchronous=FULL")
    retrieval()
    for workers in (1, 2):
        webhook(workers)
    outbox()


def say(what: str, figure: str) -> None:
    print(f"{what:<42} {figure}", flush=True)


def retrieval() -> None:
    """p95 of one question over all entries, cases and statutes."""
    library = Library(DATA / "knowledge.db")
    retriever = Retriever(DATA / "index", library)
    retriever.warm()
    questions = [q for e in library.entries() for q in e.questions[:2]]
    times = [_timed(lambda q=q: retriever.search(q)) for q in questions]
    gate = [_timed(lambda q=q: (retriever.danger(q), retriever.search(q, least=thresholds.UNRANKED))) for q in load.CHATTER * 50]
    say("retrieval, a question, median / p95", f"{_ms(times, 50)} / {_ms(times, 95)} ms over {len(times)} questions")
    say("retrieval, chatter, median / p95", f"{_ms(gate, 50)} / {_ms(gate, 95)} ms")


def _timed(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _ms(times: list[float], percent: int) -> str:
    return f"{statistics.quantiles(times, n=100)[percent - 1] * 1000:.2f}"


def webhook(workers: int) -> None:
    """Throughput of the gateway's webhook under gunicorn on SQLite beside the floor, in turn, three times each."""
    texts, ratios, rates = load.day(MESSAGES), [], {"farun": [], "floor": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(3):
            for name in ("floor", "farun"):
                with serving(name, workers, Path(folder) / f"{name}{turn}.db") as (port, cold, memory):
                    load.run(port, texts[:200])
                    rate, times = load.run(port, texts)
                    rates[name].append(rate)
                    if name == "farun" and turn == 2:
                        say(f"webhook, {workers} worker(s), median / p95", f"{_ms(times, 50)} / {_ms(times, 95)} ms at 8 connections")
                        resident, own = (max(of) for of in zip(*memory(), strict=True))
                        say(f"webhook, {workers} worker(s), memory", f"{resident:.0f} MB resident a worker, {own:.0f} MB of them its own")
                        say(f"webhook, {workers} worker(s), cold start", f"{cold:.2f} s until ready")
            ratios.append(rates["farun"][-1] / rates["floor"][-1])
    say(f"webhook, {workers} worker(s), messages a second", f"{_mid(rates['farun'])} beside the floor's {_mid(rates['floor'])}")
    say(f"webhook, {workers} worker(s), ratio to the floor", f"{statistics.median(ratios):.2f} (wanted: 0.25)")


def _mid(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


@contextmanager
def serving(name: str, workers: int, database: Path) -> Iterator[tuple[int, float, object]]:
    """Either application under gunicorn as `farun serve` runs it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    url = f"sqlite:///{database}"
    prepare(url)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FARUN_", "DATABASE_"))}
    environment = {**kept, "DATABASE_URL": url, "FARUN_DATA_DIR": str(DATA), "FARUN_GATEWAY_SECRET": load.SECRET, "FARUN_LOG_LEVEL": "warning"}
    module = "bot.app:create_app()" if name == "farun" else "tests.benchmarks.floor:create_app()"
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "bot/cli/gunicorn.py"), "-b", f"127.0.0.1:{port}", "-w", str(workers), module]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.02)
        cold = time.perf_counter() - began
        yield port, cold, lambda: [_memory(c) for c in psutil.Process(process.pid).children()]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _memory(worker: psutil.Process) -> tuple[float, float]:
    """Megabytes a worker has resident, and those of them that are its own: neither mapped from files nor loaded before the fork."""
    return worker.memory_info().rss / 1e6, sum(m.private_dirty for m in worker.memory_maps()) / 1e6


def prepare(url: str) -> None:
    """A migrated database with one bound group."""
    engine = store.connect(url)
    store.upgrade(engine)
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.region).values(id="v", name="村", level="village"))
        conn.execute(sa.insert(schema.person).values(id="a", name="王律师", role="advisor", region_id="v"))
        conn.execute(
            sa.insert(schema.group).values(
                id="g", name="群", kind="village", mode="auto", region_id="v", advisor_id="a", channel="gateway", room_id="room",
                bound_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )  # fmt: skip
    engine.dispose()


@contextmanager
def relay_process() -> Iterator[str]:
    """The relay in a process of its own, as in life; its address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_relay, args=(there,), daemon=True)
    process.start()
    yield here.recv()
    process.kill()


def _relay(told) -> None:
    with peer.relay() as answering:
        told.send(answering.url)
        threading.Event().wait()


def outbox(count: int = 1000) -> None:
    """How fast one sender process drains deliveries to different rooms through a relay that answers at once."""
    with tempfile.TemporaryDirectory() as folder, relay_process() as address:
        url = f"sqlite:///{folder}/outbox.db"
        prepare(url)
        engine = store.connect(url)
        now = lambda: datetime.now(UTC)  # noqa: E731 one clock
        with engine.begin() as conn:
            for n in range(count):
                deliveries.plan(conn, f"n:{n}", Address("gateway", f"r{n}"), "风险提示", due_at=now(), kind="notice")
        channel = Gateway(peer.SECRET, address, ("法润助手",), now, window=300, max_bytes=2000, per_minute=1_000_000)
        settings = Settings.from_env({"FARUN_DATA_DIR": str(DATA)})
        sender = Sender(engine, {"gateway": channel}, Desk(settings, Library(settings.knowledge_db)), "bench", now)
        began = time.perf_counter()
        while sender.send_due(threading.Event()):
            pass
        rate = count / (time.perf_counter() - began)
        say("outbox, one sender, deliveries a second", f"{rate:.0f} (wanted: 200)")
        engine.dispose()


if __name__ == "__main__":
    main()
