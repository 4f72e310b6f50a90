"""Moving an installation from SQLite to PostgreSQL, as the runbook says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bot import store
from bot.demo import county
from bot.store import schema

ROOT = Path(__file__).parent.parent


def test_everything_arrives_and_numbers_go_on(tmp_path, sqlite_template, postgresql, postgresql_template):
    old = tmp_path / "farun.db"
    shutil.copy(sqlite_template, old)
    source = store.connect(f"sqlite:///{old}")
    county.seed(source, datetime.now(UTC))
    line = {"key": "k", "room_id": "r", "sender_id": "s", "sender_name": "刘婶", "text": "您好", "at": datetime.now(UTC)}
    with source.begin() as conn:
        conn.execute(sa.insert(schema.simulated_line).values(line))
    source.dispose()
    admin = sa.create_engine(postgresql + "postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE moved TEMPLATE {postgresql_template}"))
    admin.dispose()
    url = tmp_path / "url"
    url.write_text(postgresql.replace("+psycopg", "") + "moved", encoding="utf-8")

    def move() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "deploy" / "move_to_postgresql.py"), str(old), str(url)]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FARUN_", "DATABASE_"))}
        return subprocess.run(command, cwd=ROOT, env={**kept, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)

    done = move()
    assert done.returncode == 0, done.stderr
    target = store.connect(postgresql + "moved")
    with target.begin() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.region)) == 6
        assert conn.scalar(sa.select(schema.simulated_line.c.sender_name)) == "刘婶"
        again = sa.insert(schema.simulated_line).values({**line, "key": "k2"}).returning(schema.simulated_line.c.id)
        assert conn.scalar(again) == 2
    target.dispose()
    assert "要一个空库" in move().stderr
