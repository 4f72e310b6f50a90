"""What was written in a roster file, and where: rows of cells, each with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.desk.register.columns import Kind


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands. `line` counts from 1; 0: the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, for whoever filled in the file."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}：{self.text}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One written value; None: it cannot be read, and that is reported already.

    `merged`: blank under a filled one, as merged cells come out of Excel.
    """

    place: Place
    text: str | None
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One row as written: only the columns that are there."""

    kind: Kind
    place: Place
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Sheets:
    """All rows of what is imported, and what was wrong while reading."""

    records: Sequence[Record]
    problems: Sequence[Problem]
