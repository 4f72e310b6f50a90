"""Our tab-separated files: a heading, then a row a line."""

from __future__ import annotations

from pathlib import Path


def rows(path: Path) -> list[list[str]]:
    """The rows after the heading; none where there is no file."""
    return [row for _, row in numbered(path)]


def numbered(path: Path) -> list[tuple[int, list[str]]]:
    """The same, each with the number of its line."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [(n, line.split("\t")) for n, line in enumerate(lines, start=2) if line.strip()]
