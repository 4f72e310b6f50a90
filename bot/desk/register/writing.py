"""Write the roster to files that an import reads back without loss."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import yaml

from bot.desk.register.columns import KINDS, NONE, Column, Kind
from bot.desk.register.tables import quoted
from bot.errors import RosterError
from bot.store.register import Row, Rows


def write(rows: Rows, path: Path) -> list[Path]:
    """One .yaml file, or a directory of CSV files that Excel opens; the files written. Nothing is written over."""
    if path.suffix.lower() in (".yaml", ".yml"):
        wanted = {path: _yaml(rows).encode()}
    elif path.is_dir() or not path.suffix:
        # Excel takes a file for UTF-8 only by its byte order mark.
        wanted = {path / f"{kind.name}.csv": _csv(kind, rows).encode("utf-8-sig") for kind in KINDS}
    else:
        raise RosterError([f"{path}：要写 .yaml 文件名，或者放 CSV 的目录"])
    problems = [f"{file} 已经有了，换个名字" for file in wanted if file.exists()]
    if problems:
        raise RosterError(problems)
    for file, data in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return list(wanted)


def _yaml(rows: Rows) -> str:
    data = {kind.name: [_fields(kind, row) for row in rows[kind.row].values()] for kind in KINDS}
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)


def _fields(kind: Kind, row: Row) -> dict[str, str | int | date | None]:
    return {c.key: getattr(row, c.key) for c in kind.columns}


def _csv(kind: Kind, rows: Rows) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([c.title for c in kind.columns])
    for row in rows[kind.row].values():
        writer.writerow([_cell(c, row) for c in kind.columns])
    return out.getvalue()


def _cell(column: Column, row: Row) -> str:
    """A reference to nobody is said aloud, so that it differs from what merged cells leave."""
    value = getattr(row, column.key)
    return NONE if column.refers and value is None else quoted(column.show(value))
