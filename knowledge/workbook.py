"""The library as an Excel workbook, and back: a sheet for each kind, one row a question form, one row a reference.

Nothing is lost on the way: what was written and is read again unchanged equals the library. Every bad row is named by
sheet and row; a workbook with one is not used at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from knowledge.items import Item, faults, plain
from knowledge.texts import TextError

ID = "编号"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet. `at`: where its value stands in the item; `form`: text, lines, number or flag."""

    title: str
    at: tuple[str, ...]
    form: str = "text"
    width: int = 18


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet. With `many` its rows are the members of that list of an item, each under the item's id."""

    title: str
    kind: str
    columns: tuple[Column, ...]
    many: str = ""


def _c(title: str, at: str, form: str = "text", width: int = 18) -> Column:
    return Column(title, tuple(at.split(".")), form, width)


# Who wrote and who reviewed is shown, and comes from the review, never from the table.
REVIEW = tuple(_c(*names) for names in (("作者", "author"), ("状态", "status"), ("审核人", "reviewer"), ("审核日", "reviewed_on")))
_LIFE = (_c("依据施行日", "valid_from"), _c("复核到期", "review_due"), *REVIEW)
_REF = (_c("法律", "law", width=30), _c("条", "article"), _c("款", "paragraph", "number"), _c("项", "item", "number"), _c("说了什么", "says", width=70))
_KINDS = {"village": "村居", "enterprise": "企业", "campus": "校园", "migrant": "务工", "hardship": "困难家庭", "veteran": "退役军人"}

SHEETS = (
    Sheet("条目", "entry", (
        _c("事项", "matter"), _c("标题", "title", width=24), _c("答复", "answer", width=60), _c("步骤", "steps", "lines", 60),
        _c("材料", "papers", "lines", 24), _c("期限", "deadline", width=30), _c("去哪里", "where", "lines", 24),
        _c("念稿", "aloud", width=60), *(_c(f"{name}的答复", f"audience.{kind}", width=30) for kind, name in _KINDS.items()),
        _c("法律基础", "basis", "lines", 24), _c("相关条目", "related", "lines"), *_LIFE,
    )),
    Sheet("问法", "entry", (_c("问法", "", width=90),), "questions"),
    Sheet("案例", "case", (
        _c("事项", "matter"), _c("标题", "title", width=30), _c("假设的例子", "illustration", "flag"), _c("来源", "source", width=30),
        _c("事实", "facts", width=60), _c("问题", "question", width=40), _c("结果", "outcome", width=60), _c("提醒", "lesson", width=40), *_LIFE,
    )),
    Sheet("通知", "notice", (
        _c("标题", "title", width=30), _c("正文", "text", width=60), _c("念稿", "aloud", width=60), _c("群类", "push.kinds", "lines"),
        _c("地区", "push.regions", "lines"), _c("周期", "push.cron"), _c("日期", "push.date"), _c("农历", "push.lunar"), _c("节气", "push.term"),
        _c("提前几天", "push.before", "number"), _c("行业", "trades", "lines"), _c("人群", "audiences", "lines"), *_LIFE,
    )),
    Sheet("材料清单", "materials", (
        _c("事项", "matter"), _c("标题", "title", width=30), _c("叫法", "names", "lines"), _c("去哪里", "where", "lines", 24),
        _c("步骤", "steps", "lines", 60), _c("多久", "time"), _c("费用", "cost"), _c("念稿", "aloud", width=60), *_LIFE,
    )),
    Sheet("材料项", "materials", (_c("材料", "name", width=40), _c("要什么样的", "form", width=40), _c("什么时候要", "when", width=40), _c("说明", "note", width=40)), "items"),
    Sheet("服务点", "service", (
        _c("名称", "name", width=30), _c("类别", "kind"), _c("地区编号", "region"), _c("地址", "address", width=40), _c("电话", "phone"),
        _c("开门时间", "hours", "lines", 30), _c("办什么", "services", "lines", 40), _c("演示", "demo", "flag"),
    )),
    Sheet("条目依据", "entry", _REF, "refs"),
    Sheet("案例依据", "case", _REF, "refs"),
    Sheet("通知依据", "notice", _REF, "refs"),
    Sheet("材料清单依据", "materials", _REF, "refs"),
)  # fmt: skip
_UNREVIEWED: Item = {"status": "drafted", "reviewed_on": None}
_ALWAYS: Mapping[str, tuple[str, ...]] = {"entry": ("papers", "where"), "notice": ("trades", "audiences", "refs"), "case": (), "materials": (), "service": ()}  # written even when empty


@dataclass(frozen=True, slots=True)
class Read:
    """What a workbook holds: items by kind and id, and the sheet and row of each item and of each member of its lists."""

    items: Mapping[tuple[str, str], Item]
    places: Mapping[tuple[str, str], Mapping[tuple[str | int, ...], str]]


# ------------------------------------------------------------------ writing


def write(of: Mapping[str, Iterable[Item]], target: Path) -> None:
    """Write items by kind to an .xlsx file."""
    book = Workbook(write_only=True)
    items = {kind: [plain(item) for item in those] for kind, those in of.items()}
    for sheet in SHEETS:
        page = book.create_sheet(sheet.title)
        page.freeze_panes = "B2"
        for n, width in enumerate([34, *(c.width for c in sheet.columns)], 1):
            page.column_dimensions[get_column_letter(n)].width = width
        page.append([_cell(page, t, _BOLD) for t in (ID, *(c.title for c in sheet.columns))])
        for item in items.get(sheet.kind, ()):
            for row in _rows(sheet, item):
                page.append([_cell(page, value) for value in (item["id"], *row)])
    book.save(target)


def _rows(sheet: Sheet, item: Item) -> Iterable[list[str | int]]:
    members = item.get(sheet.many, []) if sheet.many else [item]
    return [[_shown(c, _get(member, c.at)) for c in sheet.columns] for member in members]


_BOLD, _WRAPPED = Font(bold=True), Alignment(wrap_text=True, vertical="top")


def _cell(page: Any, value: str | int, font: Font | None = None) -> Any:
    cell = WriteOnlyCell(page, value)
    cell.alignment = _WRAPPED
    if font:
        cell.font = font
    if isinstance(value, str):
        cell.data_type = "s"  # a text that begins with = is a text
    return cell


def _get(member: Any, at: tuple[str, ...]) -> Any:
    for key in at if at != ("",) else ():
        member = member.get(key) if isinstance(member, dict) else None
    return member


def _shown(column: Column, value: Any) -> str | int:
    if value is None:
        return ""
    match column.form:
        case "lines":
            return "\n".join(value)
        case "number":
            return int(value)
        case "flag":
            return "是" if value else ""
        case _:
            return str(value)


# ------------------------------------------------------------------ reading


@dataclass(slots=True)
class _Reading:
    """An import under way: what was read so far and what was wrong."""

    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    places: dict[tuple[str, str], dict[tuple[str | int, ...], str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)  # named already: what belongs to them is not named, too


def read(source: Path, author: str) -> Read:
    """All items of an .xlsx file, each checked against its schema; `author` wrote what names none.

    Raises `TextError` with every bad row.
    """
    try:
        book = load_workbook(source)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as e:
        raise TextError(f"{source.name}：打不开，要 .xlsx 文件（{type(e).__name__}）") from None
    found = _Reading()
    known = {s.title: s for s in SHEETS}
    found.problems += [f"工作表“{name}”不认识" for name in book.sheetnames if name not in known]
    for sheet in sorted(SHEETS, key=lambda s: bool(s.many)):  # items before what belongs to them
        if sheet.title in book.sheetnames:
            _read_sheet(sheet, book[sheet.title], found)
    for (kind, key), item in found.items.items():
        for name in _ALWAYS[kind]:
            item.setdefault(name, [])
        if kind != "service":
            item |= {name: value for name, value in {**_UNREVIEWED, "author": author}.items() if name not in item}
        found.problems += [f"{_place(kind, found.places[kind, key], at)}（{key}）：{what}" for at, what in faults(kind, item)]
    if found.problems:
        raise TextError("\n".join(found.problems))
    return Read(found.items, found.places)


def _read_sheet(sheet: Sheet, page: Any, found: _Reading) -> None:
    rows = page.iter_rows()
    titles = [str(c.value or "").strip() for c in next(rows, ())]
    wanted = [ID, *(c.title for c in sheet.columns)]
    wrong = [f"{sheet.title}：少了“{t}”这一列" for t in wanted if t not in titles]
    wrong += [f"{sheet.title}：“{t}”这一列不认识" for t in titles if t and t not in wanted]
    if wrong:
        found.problems += wrong
        return
    for cells in rows:
        here = f"{sheet.title} 第 {cells[0].row} 行"
        texts = {t: c for t, c in zip(titles, cells, strict=False) if t}
        if all(c.value is None or str(c.value).strip() == "" for c in texts.values()):
            continue
        key = str(texts[ID].value or "").strip()
        try:
            values = {c: _value(c, texts[c.title]) for c in sheet.columns}
        except ValueError as e:
            found.problems.append(f"{here}（{key}）：{e}")
            found.broken.add((sheet.kind, key))
            continue
        _take(sheet, key, here, values, found)


def _take(sheet: Sheet, key: str, here: str, values: Mapping[Column, Any], found: _Reading) -> None:
    at = (sheet.kind, key)
    if not key:
        found.problems.append(f"{here}：没有编号")
    elif not sheet.many and at in found.items:
        found.problems.append(f"{here}：编号“{key}”重复，{found.places[at][()]} 已经有了")
    elif not sheet.many:
        found.items[at], found.places[at] = {"id": key, **_nested(values)}, {(): here}
    elif at not in found.items:
        found.problems += [] if at in found.broken else [f"{here}：编号“{key}”在前面的表里没有"]
    else:
        members = found.items[at].setdefault(sheet.many, [])
        only = next(iter(values)).at == ("",)
        found.places[at][sheet.many, len(members)] = here
        members.append(next(iter(values.values())) if only else _nested(values))


def _nested(values: Mapping[Column, Any]) -> Item:
    """The values at their places; what is empty is not there."""
    item: Item = {}
    for column, value in values.items():
        if value is None or value == []:
            continue
        into = item
        for key in column.at[:-1]:
            into = into.setdefault(key, {})
        into[column.at[-1]] = value
    if any(c.at[0] == "push" for c in values):
        for name in ("kinds", "regions"):
            item.setdefault("push", {}).setdefault(name, [])
    return item


def _value(column: Column, cell: Any) -> Any:
    """What a cell says, as the item has it; None where it says nothing. Raises `ValueError` with what is wrong."""
    text = _text(column, cell)
    match column.form:
        case _ if not text:
            return None
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "number":
            if not text.isdecimal():
                raise ValueError(f"“{column.title}”要写数字，写的是“{text}”")
            return int(text)
        case "flag":
            if text not in ("是", "否"):
                raise ValueError(f"“{column.title}”要写是或否，写的是“{text}”")
            return text == "是" or None
        case _:
            return text


def _text(column: Column, cell: Any) -> str:
    raw = cell.value
    if cell.data_type == "f":
        raise ValueError(f"“{column.title}”里是公式，要写成文字")
    if cell.data_type == "e":
        raise ValueError(f"“{column.title}”里是错误值 {raw}")
    if isinstance(raw, datetime):
        return raw.date().isoformat()
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # Excel keeps 79 as 79.0
    return "" if raw is None else str(raw).strip()


def _place(kind: str, places: Mapping[tuple[str | int, ...], str], at: tuple[str | int, ...]) -> str:
    """The row that a place in an item came from, and the column it stands in."""
    row = next((places[at[:n]] for n in range(len(at), -1, -1) if at[:n] in places), "")
    names = {c.at: c.title for s in SHEETS if s.kind == kind for c in s.columns}
    words = tuple(part for part in at if isinstance(part, str))
    column = names.get(words[-2:]) or names.get(words[-1:]) or ".".join(map(str, at))
    return f"{row} {column}".strip()
