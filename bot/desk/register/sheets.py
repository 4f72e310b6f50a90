"""Read roster files: YAML here, CSV in `tables`; in UTF-8, or in GBK as Chinese Excel saves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from bot.desk.register import tables
from bot.desk.register.cells import Cell, Place, Problem, Record, Sheets
from bot.desk.register.columns import KINDS, Kind

_NAMES = "、".join(f"{kind.name}.csv" for kind in KINDS)


def read(path: Path) -> Sheets:
    """The rows of a .yaml file, of a .csv file named after its kind, or of all CSV files of a directory."""
    found = [what for file in _files(path) for what in _file(file)] if path.is_dir() else list(_file(path))
    if path.is_dir() and not _files(path):
        found = [Problem(Place(str(path)), f"目录里没有 CSV 文件（{_NAMES}）；Excel 文件请另存为“CSV UTF-8”")]
    records = [f for f in found if isinstance(f, Record)]
    return Sheets(records, [f for f in found if isinstance(f, Problem)])


def _files(folder: Path) -> list[Path]:
    """The CSV files of a directory, without those that an open Excel hides there."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == ".csv" and not p.name.startswith((".", "~$")))


def _file(path: Path) -> Iterator[Record | Problem]:
    place, suffix = Place(path.name), path.suffix.lower()
    kind = next((k for k in KINDS if path.stem.strip().lower() in (k.name, k.title)), None)
    try:
        text = _decode(path.read_bytes())
        if suffix in (".yaml", ".yml"):
            yield from _yaml(text, path.name)
        elif suffix == ".csv" and kind:
            yield from tables.read(text, path.name, kind)
        elif suffix == ".csv":
            yield Problem(place, f"文件名不认识，要是：{_NAMES}")
        else:
            yield Problem(place, "要 .yaml 文件、.csv 文件，或放 CSV 文件的目录；Excel 文件请另存为“CSV UTF-8”")
    except OSError as e:
        why = "没有这个文件" if isinstance(e, FileNotFoundError) else f"读不了（{e.strerror}）"
        yield Problem(Place(str(path)), why)
    except ValueError as e:
        yield Problem(place, str(e))
    except yaml.MarkedYAMLError as e:
        line = e.problem_mark.line + 1 if e.problem_mark else 0
        yield Problem(Place(path.name, line), f"YAML 写法不对：{e.problem}")
    except (yaml.YAMLError, RecursionError) as e:
        yield Problem(place, f"YAML 写法不对：{str(e).splitlines()[0]}")


def _decode(data: bytes) -> str:
    """UTF-8, or GBK as Chinese Excel saves it. A damaged UTF-8 file is not taken for GBK."""
    if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0":
        raise ValueError("这是 Excel 文件，请另存为“CSV UTF-8”")
    if b"\0" in data:
        raise ValueError("编码不对，请另存为“CSV UTF-8”")
    loose = data.decode("utf-8-sig", "replace")
    bad, good = loose.count("\ufffd"), sum(ord(ch) > 127 and ch != "\ufffd" for ch in loose)
    if not loose.strip():
        raise ValueError("是空文件")
    if bad == 0:
        return loose
    if data.startswith(b"\xef\xbb\xbf") or good > bad:
        line = loose[: loose.index("\ufffd")].count("\n") + 1
        raise ValueError(f"第 {line} 行有坏掉的字，请用 Excel 重新另存为“CSV UTF-8”")
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        raise ValueError("编码不是 UTF-8，也不是 GBK，请另存为“CSV UTF-8”") from None


def _yaml(text: str, file: str) -> Iterator[Record | Problem]:
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if root is None or not isinstance(root, yaml.MappingNode):
        yield Problem(Place(file, 1), f"要按类别写：{'、'.join(k.name for k in KINDS)}")
        return
    seen = set[str]()
    for name, node in root.value:
        place = _place(file, name)
        kind = next((k for k in KINDS if name.value in (k.name, k.title)), None)
        if kind is None:
            yield Problem(place, f"不认识的类别“{_shown(name)}”，要是：{'、'.join(k.name for k in KINDS)}")
        elif kind.name in seen:
            yield Problem(place, f"“{kind.name}”写了两次")
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from _item(kind, file, item)
        elif _scalar(node) != "":
            yield Problem(place, f"“{kind.name}”下面每一条要以“- ”开头")
        seen |= {kind.name} if kind else set()


def _item(kind: Kind, file: str, item: yaml.Node) -> Iterator[Record | Problem]:
    place = _place(file, item)
    if not isinstance(item, yaml.MappingNode):
        yield Problem(place, f"{kind.title}的一条要写成“项: 值”，有：{'、'.join(c.key for c in kind.columns)}")
        return
    cells: dict[str, Cell] = {}
    for name, node in item.value:
        at, column, text = _place(file, name), kind.column(str(name.value)), _scalar(node)
        if column is None:
            yield Problem(at, f"不认识的项“{_shown(name)}”，要是：{'、'.join(c.key for c in kind.columns)}")
        elif column.key in cells:
            yield Problem(at, f"“{column.key}”写了两次")
        elif text is None:
            yield Problem(at, f"“{column.key}”只能写一个值")
        if column and column.key not in cells:
            cells[column.key] = Cell(at, text)
    yield Record(kind, place, cells)


def _scalar(node: yaml.Node) -> str | None:
    """The value as written, so that 010 and 是 stay what they are; None for lists and mappings."""
    if not isinstance(node, yaml.ScalarNode):
        return None
    return "" if node.tag == "tag:yaml.org,2002:null" else node.value.strip()


def _shown(name: yaml.Node) -> str:
    return _scalar(name) or "？"


def _place(file: str, node: yaml.Node) -> Place:
    return Place(file, node.start_mark.line + 1)
