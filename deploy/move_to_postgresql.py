"""Copy a SQLite state database into an empty PostgreSQL one, in one transaction. Stop every Farun process first.

Usage, with the environment of the installation: python deploy/move_to_postgresql.py sqlite.db url-file
"""

from __future__ import annotations

import sys
from pathlib import Path

import sqlalchemy as sa

from bot import store
from bot.config import Settings
from bot.store import reading
from bot.store.schema import metadata, region

# Who leads and how fast was sent: true only of the running processes.
LEFT_OUT = {"lease"}
DOWNWARDS = {"city": 0, "county": 1, "town": 2, "village": 3}


def move(source: sa.Engine, target: sa.Engine) -> None:
    """Copy every table, parents first; stop with a message where either side is not as it has to be."""
    for name, engine in (("SQLite", source), ("PostgreSQL", target)):
        if not store.is_current(engine):
            sys.exit(f"{name}：结构不是最新的，先运行 farun migrate")
    with reading(source) as old, target.begin() as new:
        for table in metadata.sorted_tables:
            if new.scalar(sa.select(sa.func.count()).select_from(table)):
                sys.exit(f"PostgreSQL 的 {table.name} 里已经有数据，要一个空库")
            if table.name not in LEFT_OUT:
                print(f"{table.name}\t{_copy(old, new, table)}")


def _copy(old: sa.Connection, new: sa.Connection, table: sa.Table) -> int:
    rows = [dict(row) for row in old.execute(sa.select(table)).mappings()]
    if table is region:
        rows.sort(key=lambda row: DOWNWARDS[row["level"]])
    if rows:
        new.execute(sa.insert(table), rows)
        _count_on(new, table)
    if new.scalar(sa.select(sa.func.count()).select_from(table)) != len(rows):
        sys.exit(f"{table.name}：行数对不上")
    return len(rows)


def _count_on(new: sa.Connection, table: sa.Table) -> None:
    """The next number comes after the highest that was copied."""
    key = table.autoincrement_column
    if key is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, key.name)
        new.execute(sa.select(sa.func.setval(sequence, sa.select(sa.func.max(key)).scalar_subquery())))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    url_file = {"FARUN_DATA_DIR": "var", "DATABASE_URL_FILE": sys.argv[2]}
    if not Path(sys.argv[1]).is_file():
        sys.exit(f"没有 {sys.argv[1]}")
    move(store.connect(f"sqlite:///{sys.argv[1]}"), store.connect(Settings.from_env(url_file).url))
