"""The kinds of rows on the roster and their columns: names in both languages, and how a written value is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from functools import partial
from typing import Any

from bot import wording
from bot.channels import CHANNELS
from bot.store.register import Group, Holiday, Identity, Leave, Person, Region, Row, width

NONE = "无"  # an empty reference, said aloud
LEVELS = {"city": ("市",), "county": ("县", "区", "旗"), "town": ("镇", "乡", "街道"), "village": ("村", "社区")}
_ROLES = {"advisor": ("法律顾问",), "officer": ("司法局", "司法所"), "cadre": ("村干部",)}
_KINDS = {kind: (name, name.removesuffix("群")) for kind, name in wording.KIND.items()}
_MODES = {"mention": ("叫到才答",), "auto": ("听到就答",)}
_FLAGS = {"true": ("是", "yes", "on", "1", "y"), "false": ("否", "no", "off", "0", "n")}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a kind. `read` raises `ValueError` with what is wrong, `show` writes for a person.

    A blank leaves the field as it is where `keep_blank`, is refused where `required`, and empties it elsewhere.
    """

    key: str
    title: str
    read: Callable[[str], Any]
    show: Callable[[Any], str]
    hint: str = ""
    refers: type[Row] | None = None
    required: bool = False
    keep_blank: bool = False
    blank: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows. `name` is its key in YAML and the name of its CSV file."""

    row: type[Row]
    name: str
    title: str
    columns: tuple[Column, ...]

    def column(self, header: str) -> Column | None:
        """The column with this English key or Chinese title."""
        return next((c for c in self.columns if header in (c.key, c.title)), None)


def label(row: Row) -> str:
    """A row in a list of changes: its key and its name."""
    match row:
        case Region() | Person() | Group():
            return f"{row.id} {row.name}"
        case Identity():
            return f"{row.channel} {row.sender_id}（{row.person}）"
        case Leave():
            return f"{row.person} {row.first_day}"
        case Holiday():
            return f"{row.day} {row.name}".strip()


# ------------------------------------------------------------------ reading one value


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKC", text)  # ＷＡＮＧ１ and wang1 look alike to whoever types them


def _text(text: str, limit: int = 100) -> str:
    if any(unicodedata.category(ch) in ("Cc", "Cf", "Zl", "Zp") and ch != "\u200d" for ch in text):
        raise ValueError("里有换行或看不见的字符，请重新输入")
    if len(text) > limit:
        raise ValueError(f"太长：有 {len(text)} 个字，最多 {limit} 个")
    return text


def _id(text: str, limit: int) -> str:
    found = _text(_ascii(text), limit)
    if not re.fullmatch(r"\w[\w.-]*", found) or found == NONE:
        raise ValueError(f"“{text}”不能作编号：只用字母、数字、汉字、点、横线和下划线")
    return found


def _choice(text: str, values: Mapping[str, tuple[str, ...]]) -> str:
    for value, names in values.items():
        if _ascii(text).lower() in (value, *names):
            return value
    allowed = "、".join(f"{names[0]}（{value}）" if names else value for value, names in values.items())
    raise ValueError(f"“{text}”不认识，要写：{allowed}")


def _flag(text: str) -> bool:
    try:
        return _choice(text, _FLAGS) == "true"
    except ValueError:
        raise ValueError(f"“{text}”不认识，要写：是、否") from None


def _day(text: str) -> date:
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", _ascii(text))
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        raise ValueError(f"“{text}”没有这一天") from None
    if day is None or not 2000 <= day.year <= 2100:
        raise ValueError(f"“{text}”不是日期，要写成 2026-10-01 这样")
    return day


def _minutes(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", _ascii(text)) or int(text) > 1440:
        raise ValueError(f"“{text}”不对，要写 0 到 1440 之间的整数（分钟）")
    return int(text)


def _phone(text: str) -> str:
    found = _ascii(text)
    if not re.fullmatch(r"\+?[0-9][0-9 -]{5,18}[0-9]", found) or sum(ch.isdigit() for ch in found) < 7:
        raise ValueError(f"“{text}”不像电话：7 到 20 位数字，可以有空格和 -，前面可以有 +")
    return found


def shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)


# ------------------------------------------------------------------ the kinds


def _column(row: type[Row], key: str, title: str, read: Callable[[str], Any], **more: Any) -> Column:
    default = next(f.default for f in fields(row) if f.name == key)
    blank = "" if default == "" else None
    return Column(key, title, read, more.pop("show", shown), required=default is MISSING, blank=blank, **more)


def _one_of(row: type[Row], key: str, title: str, values: Mapping[str, tuple[str, ...]], **more: Any) -> Column:
    names = {value: names[0] if names else value for value, names in values.items()}
    hint = "、".join(f"{value} {name}" if name != value else value for value, name in names.items())
    show = lambda value: names.get(value, shown(value))  # noqa: E731 one expression, used once
    return _column(row, key, title, partial(_choice, values=values), show=show, hint=hint, **more)


def _named(row: type[Row], key: str, title: str, **more: Any) -> Column:
    """An id of ours, of this row or of one it refers to."""
    return _column(row, key, title, partial(_id, limit=width(row, key) or 64), **more)


def _theirs(row: type[Row], key: str, title: str, **more: Any) -> Column:
    """An id that a platform gave: kept letter by letter."""
    return _column(row, key, title, partial(_text, limit=width(row, key) or 128), **more)


def _flagged(row: type[Row], key: str, title: str, **more: Any) -> Column:
    return _column(row, key, title, _flag, hint="yes 是、no 否", **more)


_CHANNELS: dict[str, tuple[str, ...]] = dict.fromkeys(CHANNELS, ())
_DAY = {"hint": "写成 2026-10-01 这样"}

KINDS = (
    Kind(Region, "regions", "地区", (
        _named(Region, "id", "编号"),
        _column(Region, "name", "名称", _text),
        _one_of(Region, "level", "级别", LEVELS),
        _named(Region, "parent", "上级", refers=Region, hint="上级地区的编号"),
    )),
    Kind(Person, "people", "人员", (
        _named(Person, "id", "编号"),
        _column(Person, "name", "姓名", _text),
        _one_of(Person, "role", "角色", _ROLES),
        _named(Person, "region", "地区", refers=Region, hint="地区的编号"),
        _column(Person, "phone", "电话", _phone, hint="办公电话，会给村民看"),
        _flagged(Person, "active", "在岗", keep_blank=True),
    )),
    Kind(Identity, "identities", "账号", (
        _one_of(Identity, "channel", "通道", _CHANNELS),
        _theirs(Identity, "sender_id", "账号"),
        _named(Identity, "person", "人员", refers=Person, hint="人员的编号"),
        _theirs(Identity, "room_id", "私聊房间", hint="机器人单独找这个人的房间号"),
    )),
    Kind(Group, "groups", "群", (
        _named(Group, "id", "编号"),
        _column(Group, "name", "群名", _text),
        _one_of(Group, "kind", "类别", _KINDS),
        _one_of(Group, "mode", "应答方式", _MODES),
        _named(Group, "region", "地区", refers=Region, hint="地区的编号"),
        _named(Group, "advisor", "法律顾问", refers=Person, hint="人员的编号"),
        _named(Group, "deputy", "备岗顾问", refers=Person, hint="人员的编号，顾问请假时顶上"),
        _column(Group, "silence_minutes", "安静分钟", _minutes, hint="顾问说话后机器人安静多久；不写用统一设置"),
        _one_of(Group, "channel", "通道", _CHANNELS, keep_blank=True),
        _theirs(Group, "room_id", "房间号", keep_blank=True),
    )),
    Kind(Leave, "leaves", "请假", (
        _named(Leave, "person", "人员", refers=Person, hint="人员的编号"),
        _column(Leave, "first_day", "第一天", _day, **_DAY),
        _column(Leave, "last_day", "最后一天", _day, **_DAY),
    )),
    Kind(Holiday, "holidays", "节假日", (
        _column(Holiday, "day", "日期", _day, **_DAY),
        _flagged(Holiday, "working", "上班"),
        _column(Holiday, "name", "说明", _text),
    )),
)  # fmt: skip
KIND_OF: dict[type[Row], Kind] = {kind.row: kind for kind in KINDS}
