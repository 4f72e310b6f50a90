"""All texts of the library as checked items, with what was revised outside the checkout laid over them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.texts import Text, TextError, load, load_all, problems

Item = dict[str, Any]  # as its schema says, a matter's entries and cases each with their `matter`
FILES = {"entry": "entries", "case": "cases", "service": "points"}  # kinds of which a file holds many, and under which key
KINDS = ("entry", "case", "notice", "materials", "service")
_SCHEMAS = {"entry": "entries", "case": "cases", "service": "directory"}


@dataclass(frozen=True, slots=True)
class Revised:
    """A reviewed revision: the item that takes the place of the one with its id, or None where that is withdrawn."""

    kind: str
    id: str
    body: Item | None


@dataclass(frozen=True, slots=True)
class Items:
    """What a library is baked from. `of[kind]`: the items of a kind by id, in the order of the files."""

    matters: list[Item]
    hotlines: list[Item]
    terms: list[Item]
    of: dict[str, dict[str, Item]]


def read(entries: Path, content: Path, revised: Sequence[Revised] = ()) -> Items:
    """Every text of these folders, checked, and the revisions over them. Raises `TextError` with all problems."""
    matters = load(content / "matters.yaml", "matters")
    hotlines = load(content / "hotlines.yaml", "hotlines")
    terms = load(content / "terms.yaml", "terms")
    texts = {
        "entry": load_all(entries, "entries"),
        "case": load_all(content / "cases", "cases"),
        "notice": load_all(content / "notices", "notice"),
        "materials": load_all(content / "materials", "materials"),
        "service": load_all(content / "directory", "directory"),
    }
    found = {kind: {item["id"]: item for text in texts[kind] for item in _items(kind, text)} for kind in KINDS}
    _cross_check({m["code"] for m in matters.data["matters"]}, texts)
    for r in revised:
        if r.body is None:
            found[r.kind].pop(r.id, None)
        else:
            found[r.kind][r.id] = r.body
    items = Items(matters.data["matters"], hotlines.data["hotlines"], terms.data["terms"], found)
    if revised:
        _check_revised(items, revised)
    return items


def plain(item: Any) -> Any:
    """The item as JSON: dates become ISO strings, texts lose the line breaks at their ends."""
    match item:
        case dict():
            return {key: plain(value) for key, value in item.items()}
        case list() | tuple():
            return [plain(value) for value in item]
        case str():
            return item.strip()
        case None | bool() | int() | float():
            return item
        case _:
            return str(item)


def faults(kind: str, item: Item) -> list[tuple[tuple[str | int, ...], str]]:
    """What the schema of its kind finds wrong with one item: where in it, and what."""
    if kind not in FILES:
        return problems(kind, item)
    body = {key: value for key, value in item.items() if key != "matter"}
    file = {FILES[kind]: [body], **({} if kind == "service" else {"matter": item.get("matter")})}
    return [(at[2:] if at[:1] == (FILES[kind],) else at, what) for at, what in problems(_SCHEMAS[kind], file)]


def _items(kind: str, text: Text) -> Iterable[Item]:
    if kind not in FILES:
        return [text.data]
    of_matter = {"matter": text.data["matter"]} if "matter" in text.data else {}
    return [{**of_matter, **item} for item in text.data[FILES[kind]]]


def _cross_check(codes: set[str], texts: dict[str, list[Text]]) -> None:
    """What a schema cannot see: matters that exist, ids and questions that are unique."""
    found, seen = list[str](), dict[str, str]()

    def once(text: Text, key: str, what: str, *at: str | int) -> None:
        here = f"{text.path.name} 第 {text.line(*at)} 行"
        if key in seen:
            found.append(f"{here}：{what}“{key}”重复，{seen[key]} 已经有了")
        seen.setdefault(key, here)

    for kind, text in [(kind, text) for kind, those in texts.items() for text in those]:
        matter = text.data.get("matter")
        if matter is not None and matter not in codes:
            found.append(f"{text.path.name} 第 {text.line('matter')} 行：事项“{matter}”不在 matters.yaml 里")
        if kind not in FILES:
            once(text, text.data["id"], "编号", "id")
            continue
        for n, row in enumerate(text.data[FILES[kind]]):
            once(text, row["id"], "编号", FILES[kind], n, "id")
            for k, question in enumerate(row.get("questions", ())):
                once(text, question, "问法", FILES[kind], n, "questions", k)
    if found:
        raise TextError("\n".join(found))


def _check_revised(items: Items, revised: Sequence[Revised]) -> None:
    """The same for what was laid over."""
    codes = {m["code"] for m in items.matters}
    found = [f"修订 {other}：问法“{q}”与 {one} 重复" for q, one, other in asked_twice(items.of["entry"])]
    for r in revised:
        if r.body is None:
            continue
        found += [f"修订 {r.id}：{'.'.join(map(str, at)) or '全文'}：{what}" for at, what in faults(r.kind, r.body)]
        if r.body.get("matter") is not None and r.body["matter"] not in codes:
            found.append(f"修订 {r.id}：没有事项“{r.body['matter']}”")
    if found:
        raise TextError("\n".join(found))


def asked_twice(entries: Mapping[str, Item]) -> list[tuple[str, str, str]]:
    """Questions that two entries have: (question, the first entry, the other)."""
    owner: dict[str, str] = {}
    questions = ((q, key) for key, item in entries.items() for q in item["questions"])
    return [(q, owner[q], key) for q, key in questions if owner.setdefault(q, key) != key]


def digest_of(revised: Sequence[Revised]) -> bytes:
    """What tells one set of revisions from another."""
    return json.dumps([[r.kind, r.id, r.body] for r in revised], ensure_ascii=False, sort_keys=True).encode()
