"""`farun roster`: who is where, who answers for whom, and which room is which group."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from bot import wording
from bot.cli import state
from bot.config import Settings
from bot.desk import register as desk
from bot.desk.register import rooms as binding
from bot.desk.register import sheets, writing
from bot.desk.register.cells import Cell, Place, Record, Sheets
from bot.desk.register.columns import KINDS, Column, Kind
from bot.errors import FarunError
from bot.store import register
from bot.store import roster as rows_of
from bot.store.register import Identity, Region, Row


@click.group(help="名册：地区、人员、群、请假、节假日，导入导出，群的绑定。")
def roster() -> None:
    """The roster."""


# ------------------------------------------------------------------ reading


@roster.command(name="list", help="列出名册；不写类别就全列。人员连同账号一起列。")
@click.argument("kind", required=False, type=click.Choice([kind.name for kind in KINDS]))
def list_(kind: str | None) -> None:
    with _reading() as conn:
        rows = register.everything(conn)
    for k in KINDS:
        if kind in (None, k.name) or (kind == "people" and k.row is Identity):
            _say_table(f"{k.title}（{len(rows[k.row])}）", [c.title for c in k.columns], _cells(k, list(rows[k.row].values())))


def _cells(kind: Kind, rows: Sequence[Row]) -> list[list[str]]:
    below = defaultdict[str | None, list[Region]](list)
    for row in rows:
        if isinstance(row, Region):
            below[row.parent].append(row)
    return [_texts(kind, row) for row in (_tree(below) if below else rows)]


def _texts(kind: Kind, row: Row) -> list[str]:
    return [column.show(getattr(row, column.key)) for column in kind.columns]


def _tree(below: Mapping[str | None, list[Region]], parent: str | None = None, depth: int = 0) -> Iterator[Region]:
    """The regions below one, each with its name moved in as deep as it lies."""
    for region in below.get(parent, ()):
        yield replace(region, name="　" * depth + region.name)
        yield from _tree(below, region.id, depth + 1)


def _say_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    click.echo(title)
    widths = [max(map(_width, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo(("  " + "  ".join(cells)).rstrip())


def _width(text: str) -> int:
    """Columns on a terminal, where a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text)


@roster.command(help="导出：写 .yaml 就是一个文件，写目录就是每类一个 CSV（Excel 能直接打开）。")
@click.argument("target", type=click.Path(path_type=Path))
def export(target: Path) -> None:
    with _reading() as conn:
        rows = register.everything(conn)
    for file in writing.write(rows, target):
        click.echo(f"已写 {file}")


# ------------------------------------------------------------------ changing


@roster.command(name="import", help="导入 .yaml 文件、.csv 文件或放 CSV 的目录：按编号增加或修改，没写到的不动；有一处不对就什么也不改。")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="只说会改什么，不改")
def import_(source: Path, dry_run: bool) -> None:
    written = sheets.read(source)
    if dry_run:
        with _reading() as conn:
            plan = desk.plan(conn, written)
    else:
        with _writing() as conn:
            plan = desk.take_in(conn, written, "roster.import", str(source), datetime.now(UTC))
    click.echo("\n".join([*plan.counts(), *map(str, plan.changes)]) or "里面没有一行")
    click.echo("以上是试运行，什么也没有改。" if dry_run else "已导入。" if plan.changes else "没有变化。")


@roster.group(help="增加一条；加 --change 就是改已有的一条，没写的项不动。")
def add() -> None:
    """Rows one by one."""


def _adder(kind: Kind) -> click.Command:
    """The command that adds one row of a kind: an option for each of its columns."""
    options: list[click.Parameter] = [click.Option([_option(c)], help=_help(c)) for c in kind.columns]
    options.append(click.Option(["--change"], is_flag=True, help="改已有的一条"))
    name = kind.row.__name__.lower()
    return click.Command(name, callback=partial(_add, kind), params=options, help=f"{kind.title}：增加一条，或用 --change 修改。")


def _option(column: Column) -> str:
    return f"--{column.key.replace('_', '-')}"


def _help(column: Column) -> str:
    return f"{column.title}{'（必填）' if column.required else ''}{'：' + column.hint if column.hint else ''}"


def _add(kind: Kind, /, *, change: bool, **given: str | None) -> None:
    place = Place(f"add {kind.row.__name__.lower()}")
    cells = {name: Cell(place, text.strip()) for name, text in given.items() if text is not None}
    with _writing() as conn:
        one = Sheets([Record(kind, place, cells)], [])
        plan = desk.take_in(conn, one, "roster.add", "farun roster add", datetime.now(UTC))
        there = not plan.changes or plan.changes[0].old is not None
        if there and not change:
            raise FarunError(f"{kind.title}里已经有了；要改就加 --change")
        if change and not there:
            raise FarunError(f"{kind.title}里还没有；要增加就去掉 --change")
    click.echo("\n".join(map(str, plan.changes)) or "没有变化。")


for _kind in KINDS:
    add.add_command(_adder(_kind))


# ------------------------------------------------------------------ rooms


@roster.command(help="给一个群取绑定码：七天内、只能用一次，由法律顾问或司法局的人在群里发出来。")
@click.argument("group_id")
def code(group_id: str) -> None:
    now = datetime.now(UTC)
    with _writing() as conn:
        fresh = binding.code(conn, group_id, now)
    until = wording.moment(now + timedelta(days=7))
    click.echo(f"绑定码：{fresh}（{until}前有效，只能用一次）")
    click.echo(f"请这个群的法律顾问，或管这个地区的司法局人员，在群里 @机器人 发：绑定 {fresh}")


@roster.command(help="列出露过面、还没绑定的房间。")
def rooms() -> None:
    with _reading() as conn:
        found: Any = rows_of.unbound(conn)
    cells = [[r.channel, r.room_id, wording.moment(r.first_seen_at), wording.moment(r.last_seen_at)] for r in found]
    _say_table(f"等着绑定的房间（{len(cells)}）", ["通道", "房间号", "最早", "最近"], cells)


@roster.command(help="把一个群绑到一个房间；房间号看 farun roster rooms。")
@click.argument("group_id")
@click.argument("channel")
@click.argument("room_id")
def bind(group_id: str, channel: str, room_id: str) -> None:
    with _writing() as conn:
        seen = binding.bind(conn, group_id, channel, room_id, datetime.now(UTC))
    click.echo(f"已绑定：群 {group_id} → {channel} {room_id}")
    if not seen:
        click.echo("注意：这个房间还没有露过面，请核对房间号。")


@roster.command(help="解除一个群的绑定，机器人在那个房间里就不再说话。")
@click.argument("group_id")
def unbind(group_id: str) -> None:
    with _writing() as conn:
        binding.unbind(conn, group_id, datetime.now(UTC))
    click.echo(f"已解除绑定：群 {group_id}")


# ------------------------------------------------------------------ the database


@contextmanager
def _reading() -> Iterator[sa.Connection]:
    with state.reading(Settings.from_env()) as conn:
        yield conn


@contextmanager
def _writing() -> Iterator[sa.Connection]:
    try:
        with state.writing(Settings.from_env()) as conn:
            yield conn
    except sa.exc.IntegrityError:
        raise FarunError("名册刚刚被别人改过，这次什么也没有改，请再运行一次") from None


COMMANDS = [roster]
