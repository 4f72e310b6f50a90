"""A real Chromium before the real processes: gunicorn as `farun serve` starts it, and the sender."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from bot import store
from bot.config import Settings
from bot.demo import county
from tests.browser.sitting import PHONE, WIDE, Sit, Site

ROOT = Path(__file__).parents[2]
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def site(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("demo")
    for name in ("knowledge.db", "index"):
        (home / name).symlink_to(data_dir / name)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{s.getsockname()[1]}"
    ours = {"FARUN_DATA_DIR": str(home), "FARUN_DEMO": "on", "FARUN_LISTEN": listen, "FARUN_QUIET_HOURS": "03:00-03:01"}
    engine = store.connect(Settings.from_env(ours).url)
    store.upgrade(engine)
    county.seed(engine, datetime.now(UTC))
    engine.dispose()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FARUN_", "DATABASE_URL"))}
    with (home / "log").open("wb") as log:
        processes = [
            subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env={**inherited, **ours}, stdout=log, stderr=log)
            for words in (["bot", "serve"], ["schedulers", "sender"])
        ]
    try:
        _wait_for(f"http://{listen}/readyz", processes, home / "log")
        yield Site(f"http://{listen}")
    finally:
        for p in processes:
            p.terminate()
        for p in processes:
            p.wait(timeout=30)


def _wait_for(address: str, processes: list[subprocess.Popen[bytes]], log: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if any(p.poll() is not None for p in processes):
                break
            time.sleep(0.2)
    pytest.fail(f"the demonstration did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def sit(chromium: Browser, site: Site) -> Iterator[Sit]:
    """Sit down as somebody before a chat: sit("zhao", "qingshui"). Nothing may fail in the page, or come from elsewhere."""
    contexts, faults, strangers = [], [], []
    host = urlsplit(site.url).netloc

    def visit(request: Request) -> None:
        if urlsplit(request.url).netloc != host:
            strangers.append(request.url)

    def down(who: str | None, chat: str | None = None, size: dict[str, int] = WIDE) -> Page:
        context = chromium.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai",
                                       is_mobile=size is PHONE, has_touch=size is PHONE)  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" and "Failed to load" not in m.text else None)
        page.on("request", visit)
        query = f"?who={who}" + (f"&chat={chat}" if chat else "") if who else ""
        page.goto(f"{site.url}/demo/{query}")
        return page

    yield down
    for context in contexts:
        context.close()
    assert faults == []
    assert strangers == []
