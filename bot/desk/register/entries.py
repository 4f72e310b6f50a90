"""From written rows to the roster's rows: what a row changes, and which of its values cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from bot.desk.register.cells import Cell, Problem, Record
from bot.desk.register.columns import NONE, Column
from bot.store.register import Key, Row, Rows, key, key_fields

_KEPT = object()  # a blank that leaves the field as it is


@dataclass(frozen=True, slots=True)
class Entry:
    """One written row and the row it makes. Fields in `broken` could not be read and stand empty; that is reported."""

    record: Record
    old: Row | None
    row: Row
    broken: frozenset[str]

    @property
    def key(self) -> Key | None:
        """What tells the row from others; None when that could not be read."""
        return key(self.row) if self.sound(*key_fields(type(self.row))) else None

    def sound(self, *names: str) -> bool:
        """Whether these fields could be read."""
        return self.broken.isdisjoint(names)

    def problem(self, name: str, text: str) -> Problem:
        """Something wrong with one field, on its line."""
        return _problem(self.record, name, text)


def enter(record: Record, current: Rows) -> tuple[Entry, list[Problem]]:
    """The row that a record makes: what is written, over what is there, over the defaults."""
    kind, (given, wrong) = record.kind, _read(record)
    old = current[kind.row].get(tuple(given.get(name) for name in key_fields(kind.row)))
    for column in kind.columns:
        if old is None and column.required and column.key not in (*given, *wrong):
            wrong[column.key] = Problem(record.place, f"缺少{column.title}")
    row = kind.row(**{**_base(kind.row, old), **given})
    return Entry(record, old, row, frozenset(wrong)), [p for p in wrong.values() if p]


def _read(record: Record) -> tuple[dict[str, Any], dict[str, Problem | None]]:
    """The values that are written, and what is wrong with the others (None: reported already)."""
    given, wrong = dict[str, Any](), dict[str, Problem | None]()
    for column in record.kind.columns:
        cell = record.cells.get(column.key)
        try:
            value = _value(column, cell) if cell else _KEPT
        except ValueError as e:
            wrong[column.key] = _problem(record, column.key, f"{column.title}{e}")
        else:
            if cell and cell.text is None:
                wrong[column.key] = None
            elif value is not _KEPT:
                given[column.key] = value
    return given, wrong


def _value(column: Column, cell: Cell) -> Any:
    """What a cell says; raise `ValueError` with what is wrong."""
    if cell.text is None:
        return None
    if cell.text and not (column.refers and cell.text == NONE):
        return column.read(cell.text)
    if column.required:
        raise ValueError("空着；Excel 里合并的单元格要拆开，每一行都填" if cell.merged else "不能空着")
    if column.refers and cell.merged:
        raise ValueError(f"空着，上面一行却填了；合并的单元格要拆开，每一行都填，真没有就写“{NONE}”")
    return _KEPT if column.keep_blank else column.blank


def _base(kind: type[Row], old: Row | None) -> Mapping[str, Any]:
    if old is not None:
        return {f.name: getattr(old, f.name) for f in fields(old)}
    return {f.name: "" if f.default is MISSING else f.default for f in fields(kind)}


def _problem(record: Record, name: str, text: str) -> Problem:
    return Problem(record.cells[name].place if name in record.cells else record.place, text)
