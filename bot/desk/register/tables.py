"""Roster rows in CSV as Excel writes it: merged cells, formulas, spoilt numbers, a separator of its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from bot.desk.register.cells import Cell, Place, Problem, Record
from bot.desk.register.columns import NONE, Column, Kind
from bot.store.register import key_fields

FORMULA = tuple("=+-@＝＋－＠\t\r")  # a spreadsheet takes a cell that begins so for a formula and may run it


def read(text: str, file: str, kind: Kind) -> Iterator[Record | Problem]:
    """The rows of one CSV file, and what is wrong with them; a wrong header ends the reading."""
    rows = _lines(text, file)
    place, header = next(rows, (Place(file), []))
    if isinstance(header, Problem):
        yield header
        return
    columns, problems = _header(place, header, kind)
    yield from problems
    filled = set[str]()
    for where, row in [] if problems else rows:
        if isinstance(row, Problem):
            yield row
        elif any(row):
            yield from _row(kind, where, columns, row, filled)


def _lines(text: str, file: str) -> Iterator[tuple[Place, list[str] | Problem]]:
    """Each row with the line on which it begins; the first is the header."""
    first = text.lstrip().split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first.count), strict=True)
    place = Place(file, 1)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield place, [cell.strip() for cell in row]
            place = Place(file, reader.line_num + 1)
    except csv.Error as e:
        yield place, Problem(place, f"CSV 写法不对，看看引号是不是成对（{e}）")


def _header(place: Place, header: list[str], kind: Kind) -> tuple[list[Column | None], list[Problem]]:
    """The columns in their order; one without a header may stand there if it is empty throughout."""
    columns = [kind.column(name) for name in header]
    problems = [
        Problem(place, f"不认识的列“{name}”，要是：{'、'.join(c.title for c in kind.columns)}")
        for name, column in zip(header, columns, strict=True)
        if name and column is None
    ]
    named = [c.title for c in columns if c]
    keys = [c.title for c in kind.columns if c.key in key_fields(kind.row)]
    problems += [Problem(place, f"缺少“{title}”这一列") for title in keys if title not in named]
    problems += [Problem(place, f"“{title}”有两列") for title in sorted(set(named)) if named.count(title) > 1]
    return columns, problems


def _row(
    kind: Kind, place: Place, columns: list[Column | None], row: list[str], filled: set[str]
) -> Iterator[Record | Problem]:
    """One row. `filled` keeps the columns that have a value above, or a blank that merged cells left there."""
    cells: dict[str, Cell] = {}
    for column, text in zip(columns + [None] * len(row), row, strict=False):
        if column is None and text:
            yield Problem(place, f"“{text}”所在的列没有表头")
        elif column:
            trouble = _excel_trouble(text)
            if trouble:
                yield Problem(place, f"{column.title}{trouble}")
            cells[column.key] = Cell(place, None if trouble else _unquoted(text), not text and column.key in filled)
    for column in columns[len(row) :]:
        if column:
            cells[column.key] = Cell(place, "", column.key in filled)
    filled |= {k for k, cell in cells.items() if cell.text not in ("", NONE)}
    filled -= {k for k, cell in cells.items() if cell.text == NONE}
    yield Record(kind, place, cells)


def _excel_trouble(text: str) -> str | None:
    if text.startswith(FORMULA):
        return f"“{text}”不能以 {text[0]} 开头（Excel 会当成公式）；真要这样，前面加一个英文单引号 '"
    if re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", text):
        return f"“{text}”被 Excel 改成了科学计数，请把这一列设为文本再填"
    if re.fullmatch(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)", text):
        return f"“{text}”是 Excel 的错误值"
    return None


def quoted(text: str) -> str:
    """A value that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text
