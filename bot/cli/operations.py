"""Commands that run and look after an installation."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
import sqlalchemy as sa

from bot import store
from bot.cli.building import build_library
from bot.config import Settings, child_environment
from bot.demo import county
from bot.errors import FarunError
from bot.logs import configure
from bot.store import deliveries, reading, schema


@click.command(help="一条命令跑起来：建库、升级结构、（演示时）放入演示数据，再启动网页、发送、调度三个进程。")
def run() -> None:
    settings = Settings.from_env()
    configure(settings)
    build_library(settings)
    _migrate(settings)
    if settings.demo:
        county.seed(store.connect(settings.url), datetime.now(UTC))
    command, environment = _web(settings)
    processes = [subprocess.Popen(command, env=environment)]
    _announce(settings, processes[0])
    processes += [
        subprocess.Popen([sys.executable, "-m", "schedulers", name], env=child_environment(settings))
        for name in ("sender", "scheduler")
    ]
    sys.exit(_wait(processes))


def _announce(settings: Settings, web: subprocess.Popen[bytes]) -> None:
    """Say where it is once it answers."""
    address = f"http://{settings.listen}"
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310 our own address
                break
        except OSError:
            if web.poll() is not None:
                return
            time.sleep(0.1)
    click.echo(f"模拟群：{address}/demo/" if settings.demo else f"已启动：{address}")


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Until one ends or we are told to stop; then all stop. A process that ends by itself is a failure."""
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping and all(p.poll() is None for p in processes):
        time.sleep(0.2)
    for p in processes:
        p.terminate()
    for p in processes:
        try:
            p.wait(timeout=20)
        except subprocess.TimeoutExpired:
            p.kill()
    return 0 if stopping else 1


@click.command(help="只启动网页服务（gunicorn）。")
def serve() -> None:
    command, environment = _web(Settings.from_env())
    os.execve(sys.executable, command, environment)  # noqa: S606 no shell is wanted: our own interpreter takes this process over


def _web(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command and environment of gunicorn; its workers share their counters in an empty folder."""
    shared = settings.data_dir / "metrics"
    shutil.rmtree(shared, ignore_errors=True)
    shared.mkdir(parents=True, exist_ok=True)
    config = Path(__file__).with_name("gunicorn.py")
    command = [sys.executable, "-m", "gunicorn", "-c", f"{config}", "-b", settings.listen, "-w", str(settings.workers),
               "bot.app:create_app()"]  # fmt: skip
    return command, child_environment(settings, PROMETHEUS_MULTIPROC_DIR=str(shared))


def _migrate(settings: Settings) -> None:
    engine = store.connect(settings.url)
    try:
        store.upgrade(engine)
    except sa.exc.OperationalError as e:
        raise FarunError(f"DATABASE_URL：连不上状态库（{str(e.orig).splitlines()[0]}）") from None
    finally:
        engine.dispose()


@click.command(help="把状态库升级到最新结构。")
def migrate() -> None:
    _migrate(Settings.from_env())
    click.echo("状态库结构已是最新。")


@click.command(help="把状态库备份成一个文件（SQLite）；PostgreSQL 请用 pg_dump，见 deploy/backup.md。")
@click.argument("target", type=click.Path(path_type=Path))
def backup(target: Path) -> None:
    settings = Settings.from_env()
    if not settings.url.startswith("sqlite"):
        raise FarunError("PostgreSQL 的备份用 pg_dump，步骤见 deploy/backup.md")
    if target.exists():
        raise FarunError(f"{target} 已经有了，换个文件名")
    source_path = sa.make_url(settings.url).database or ""
    if not Path(source_path).exists():
        raise FarunError(f"没有状态库 {source_path}，先运行 farun migrate")
    target.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(source_path) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
        problems = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if problems != "ok":
        raise FarunError(f"备份校验没有通过：{problems}")
    click.echo(f"已备份到 {target}（{target.stat().st_size // 1024} KB，校验通过）")


@click.command(help="导出一张表，每行一个 JSON；不写表名就列出有哪些表。")
@click.argument("table", required=False, type=click.Choice(sorted(schema.metadata.tables)))
def export(table: str | None) -> None:
    if table is None:
        click.echo("\n".join(sorted(schema.metadata.tables)))
        return
    with reading(store.connect(Settings.from_env().url)) as conn:
        rows = schema.metadata.tables[table]
        for row in conn.execute(sa.select(rows).order_by(*rows.primary_key.columns)).mappings():
            click.echo(json.dumps(dict(row), ensure_ascii=False, default=str))


@click.group(name="deliveries", help="看要人工处理的投递，决定重发还是认作已送达。")
def outbox() -> None:
    """Deliveries that nobody knows about."""


@outbox.command(name="list", help="列出没送到和不知送到没有的投递。")
def list_() -> None:
    with reading(store.connect(Settings.from_env().url)) as conn:
        for r in deliveries.unsettled(conn):
            click.echo(f"{r.id}\t{r.status}\t{r.channel}\t{r.room_id}\t{r.error or ''}\t{r.text[:40]!r}")


@outbox.command(help="决定一条：--again 重发，--done 认作已送达。")
@click.argument("number", type=int)
@click.option("--again/--done", required=True)
def settle(number: int, again: bool) -> None:
    with store.connect(Settings.from_env().url).begin() as conn:
        if not deliveries.decide(conn, number, again=again, now=datetime.now(UTC)):
            raise FarunError(f"没有要人工处理的投递 {number}")
    click.echo("已处理。")


COMMANDS = [run, serve, migrate, backup, export, outbox]
