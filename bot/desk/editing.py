"""Editing the library without Git: a draft, somebody else's review, a numbered release that can be taken back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import yaml

from bot.domain import Role
from bot.errors import EditError
from bot.store import register, revisions, roster
from bot.store.revisions import Release, Revision
from knowledge import checks
from knowledge.items import Item, Items, asked_twice, plain
from knowledge.library import Library
from knowledge.workbook import REVIEW, Read

_REVIEW = {c.at[0]: c.title for c in REVIEW if c.at != ("author",)}  # the author is who imports


@dataclass(frozen=True, slots=True)
class Edit:
    """One item that an import adds or changes. `old` is None for a new one."""

    kind: str
    key: str
    old: Item | None
    new: Item

    def __str__(self) -> str:
        return f"{'新增' if self.old is None else '修改'} {self.key}"


def editor(conn: sa.Connection, who: str) -> str:
    """The id of the active advisor or officer with this id or name. Raises `EditError` when the roster has none or two."""
    found = [p for p in roster.named(conn, who.strip()) if p.role in (Role.ADVISOR, Role.OFFICER)]
    if len(found) != 1:
        raise EditError([f"名册里{'没有' if not found else '不止一个'}“{who}”：要写名册里法律顾问或司法局人员的姓名或编号"])
    return found[0].id


# ------------------------------------------------------------------ drafts


def plan(read: Read, items: Items, library: Library, today: date) -> list[Edit]:
    """What a workbook changes. Raises `EditError` with every bad row: what may not be in the library, or nobody may write."""
    edits, problems = list[Edit](), list[str]()
    codes = {m["code"] for m in items.matters}
    for (kind, key), new in read.items.items():
        old = items.of[kind].get(key)
        before, here = (plain(old) if old else None), read.places[kind, key][()]
        wrong = [f"“{title}”由审核产生，不能在表里改" for at, title in _REVIEW.items() if not _unclaimed(at, before, new)]
        if before is not None and same(before, new) and not wrong:
            continue
        wrong += [f"没有事项“{new['matter']}”"] if new.get("matter", next(iter(codes))) not in codes else []
        wrong += checks.faults(new, library, today)
        problems += [f"{here}（{key}）：{w}" for w in wrong]
        edits.append(Edit(kind, key, before, new))
    fresh = {e.key: e.new for e in edits if e.kind == "entry"}
    twice = asked_twice({**items.of["entry"], **fresh})
    problems += [f"问法“{q}”在 {one} 和 {other} 里都有" for q, one, other in twice if one in fresh or other in fresh]
    if problems:
        raise EditError(problems)
    return edits


def _unclaimed(at: str, old: Item | None, new: Item) -> bool:
    """Whether a column about the review says what is known, or nothing."""
    return new.get(at) in (None, "drafted", old.get(at) if old else None)


def same(one: Item, other: Item) -> bool:
    """Whether two items say the same, whoever wrote or reviewed them; an empty list is as good as none."""
    left_out = {"author", *_REVIEW}
    return bool(_bare({k: v for k, v in one.items() if k not in left_out}) == _bare({k: v for k, v in other.items() if k not in left_out}))


def _bare(value: Any) -> Any:
    match value:
        case dict():
            return {k: _bare(v) for k, v in value.items() if v not in (None, "", [], {}, 0)}
        case list():
            return [_bare(v) for v in value]
        case _:
            return value


def take_in(conn: sa.Connection, edits: Sequence[Edit], author: str, now: datetime, tickets: Sequence[int] = ()) -> list[int]:
    """Keep edits as drafts; the numbers of the revisions."""
    revisions.lock(conn)
    bodies = [e.new if e.kind == "service" else _unsigned(e.new, author) for e in edits]
    numbers = [revisions.draft(conn, e.kind, e.key, body, author, now, tickets) for e, body in zip(edits, bodies, strict=True)]
    register.note(conn, author, "library.draft", " ".join(e.key for e in edits), now)
    return numbers


def _unsigned(item: Item, author: str) -> Item:
    """The item as somebody wrote it: nobody has reviewed these words."""
    kept = {k: v for k, v in item.items() if k != "reviewer"}
    return {**kept, "author": author, "status": "drafted", "reviewed_on": None}


def withdraw(conn: sa.Connection, items: Items, key: str, author: str, now: datetime) -> int:
    """A draft after which the item is no longer in the library."""
    kind, _ = find(items, key)
    revisions.lock(conn)
    register.note(conn, author, "library.withdraw", key, now)
    return revisions.draft(conn, kind, key, None, author, now)


def sign(conn: sa.Connection, items: Items, keys: Sequence[str], by: str, now: datetime) -> list[int]:
    """Somebody has read items as they stand: reviewed revisions with the same words."""
    found, numbers = [find(items, key) for key in keys], list[int]()
    revisions.lock(conn)
    for kind, item in found:
        if item.get("author") == by:
            raise EditError([f"{item['id']}：是自己写的，要别人来审"])
        number = revisions.draft(conn, kind, item["id"], plain(item), item.get("author", ""), now)
        revisions.decide(conn, number, "reviewed", by, now, "照原文签")
        numbers.append(number)
    register.note(conn, by, "library.sign", " ".join(keys), now)
    return numbers


def find(items: Items, key: str) -> tuple[str, Item]:
    """The kind and the item of an id. Raises `EditError` when there is none."""
    for kind, those in items.of.items():
        if key in those:
            return kind, those[key]
    raise EditError([f"没有 {key}"])


# ------------------------------------------------------------------ review


def review(conn: sa.Connection, numbers: Sequence[int], by: str, now: datetime, refused_because: str = "") -> None:
    """Somebody other than the author has read these drafts. All or none; raises `EditError` saying which cannot be."""
    revisions.lock(conn)
    found = {r.id: r for r in revisions.get(conn, numbers)}
    problems = [f"没有修订 {n}" for n in numbers if n not in found]
    problems += [f"修订 {r.id}（{r.key}）已经是“{STATUS[r.status]}”" for r in found.values() if r.status != "draft"]
    problems += [f"修订 {r.id}（{r.key}）是自己写的，要别人来审" for r in found.values() if r.author == by]
    if problems:
        raise EditError(problems)
    for number in numbers:
        revisions.decide(conn, number, "refused" if refused_because else "reviewed", by, now, refused_because)
    register.note(conn, by, "library.refuse" if refused_because else "library.review", " ".join(map(str, numbers)), now)


STATUS = {"draft": "待审", "reviewed": "已审，待发布", "released": "已发布", "refused": "退回", "replaced": "被新稿代替"}


# ------------------------------------------------------------------ releases


@dataclass(frozen=True, slots=True)
class Coming:
    """A release that is not made yet. `fresh`: the revisions that come in with it."""

    number: int
    revisions: tuple[int, ...]
    fresh: tuple[int, ...]


def coming(conn: sa.Connection) -> Coming:
    """The next release: the current one and all that was reviewed since. Raises `EditError` when that is nothing."""
    made, fresh = revisions.releases(conn), revisions.with_status(conn, "reviewed")
    if not fresh:
        raise EditError(["没有已审、待发布的修订：先 farun library review"])
    last = made[-1] if made else None
    kept = {(r.kind, r.key): r.id for r in revisions.get(conn, last.revisions if last else ())}
    kept |= {(r.kind, r.key): r.id for r in fresh}
    return Coming((last.number if last else 0) + 1, tuple(sorted(kept.values())), tuple(r.id for r in fresh))


def back_to(conn: sa.Connection, number: int) -> Coming:
    """A release like an earlier one, 0 for the library without any."""
    made = revisions.releases(conn)
    wanted = next((r for r in made if r.number == number), None)
    if (wanted is None and number) or not made or made[-1].number == number:
        raise EditError([f"不能退回到第 {number} 版：现在是第 {made[-1].number if made else 0} 版"])
    return Coming(made[-1].number + 1, wanted.revisions if wanted else (), ())


def publish(conn: sa.Connection, c: Coming, by: str, note: str, scores: Mapping[str, float], now: datetime) -> Release:
    """Make it the current release, unless another was made meanwhile."""
    revisions.lock(conn)
    made = revisions.releases(conn)
    if (made[-1].number if made else 0) != c.number - 1:
        raise EditError(["刚刚有人发布了另一版，请再来一次"])
    new = Release(c.number, now, by, note, c.revisions, scores)
    revisions.publish(conn, new, c.fresh)
    register.note(conn, by, "library.publish", str(c.number), now)
    return new


def difference(old: Item | None, new: Item | None) -> str:
    """What changes from one item to the other, line by line: `-` goes, `+` comes."""
    one, other = (yaml.safe_dump(plain(i), allow_unicode=True, sort_keys=False, width=1000).splitlines() if i else [] for i in (old, new))
    return "\n".join(line for line in difflib.unified_diff(one, other, "原来", "现在", lineterm="", n=0) if not line.startswith(("---", "+++", "@@")))


def changed(conn: sa.Connection, before: Iterable[int], after: Iterable[int]) -> list[tuple[Revision | None, Revision | None]]:
    """Which revisions tell one release from another: (what was there, what is there), by key."""
    one, other = ({r.key: r for r in revisions.get(conn, ids)} for ids in (before, after))
    return [(one.get(k), other.get(k)) for k in sorted({*one, *other}) if one.get(k) != other.get(k)]

