"""What must hold between the rows of the roster: references, levels, who may answer, which room is whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bot.desk.register.cells import Problem
from bot.desk.register.columns import KIND_OF, LEVELS
from bot.desk.register.entries import Entry
from bot.domain import GroupKind, Role
from bot.store.register import Group, Identity, Key, Leave, Person, Region, Row, Rows

_LEVELS = list(LEVELS)  # downwards
_Room = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class After:
    """The roster as it would be after the import. `named`: the rows that the import names."""

    rows: Rows
    named: AbstractSet[tuple[type[Row], Key]]
    group_rooms: Mapping[_Room, Sequence[Group]]
    own_rooms: Mapping[_Room, Sequence[Identity]]

    def region(self, region_id: str | None) -> Region | None:
        found = self.rows[Region].get((region_id,))
        return found if isinstance(found, Region) else None

    def person(self, person_id: str | None) -> Person | None:
        found = self.rows[Person].get((person_id,))
        return found if isinstance(found, Person) else None

    def others(self, kind: type[Row]) -> list[Row]:
        """The rows that are there and that the import leaves alone."""
        return [row for key, row in self.rows[kind].items() if (kind, key) not in self.named]


def after(current: Rows, entries: Sequence[Entry]) -> After:
    """The current roster with the entries laid over it."""
    rows = {kind: dict(of_kind) for kind, of_kind in current.items()}
    named = {(type(e.row), e.key): e.row for e in entries if e.key is not None}
    for (kind, key), row in named.items():
        rows[kind][key] = row
    groups, own = defaultdict[_Room, list[Group]](list), defaultdict[_Room, list[Identity]](list)
    for row in (*rows[Group].values(), *rows[Identity].values()):
        if isinstance(row, Group) and row.room_id:
            groups[row.channel, row.room_id].append(row)
        elif isinstance(row, Identity) and row.room_id:
            own[row.channel, row.room_id].append(row)
    return After(rows, named.keys(), groups, own)


def check(entry: Entry, roster: After) -> Iterator[Problem]:
    """All that is wrong with an entry beside the others."""
    yield from _references(entry, roster)
    match entry.row:
        case Region() as region:
            yield from _region(entry, region, roster)
        case Person() as person:
            yield from _person(entry, person, roster)
        case Group() as group:
            yield from _advisors(entry, group, roster)
            yield from _room(entry, group, roster)
        case Identity() as identity:
            rooms = roster.group_rooms.get((identity.channel, identity.room_id), ())
            for other in rooms if entry.sound("channel", "room_id") else ():
                if clash := private_in_group(identity, other):
                    yield entry.problem("room_id", clash)
        case Leave() as leave if entry.sound("first_day", "last_day") and leave.last_day < leave.first_day:
            yield entry.problem("last_day", f"最后一天 {leave.last_day} 早于第一天 {leave.first_day}")


def _references(entry: Entry, roster: After) -> Iterator[Problem]:
    for column in entry.record.kind.columns:
        value = getattr(entry.row, column.key)
        if column.refers and value is not None and entry.sound(column.key) and (value,) not in roster.rows[column.refers]:
            yield entry.problem(column.key, f"{column.title} {value} 不在{KIND_OF[column.refers].title}里")


# ------------------------------------------------------------------ regions


def _region(entry: Entry, region: Region, roster: After) -> Iterator[Problem]:
    if not entry.sound("id", "level", "parent"):
        return
    parent, circle = roster.region(region.parent), _circle(region, roster)
    if circle:
        yield entry.problem("parent", f"上级绕成了一圈：{' → '.join(circle)}")
    elif parent and not _is_above(parent, region):
        yield entry.problem("parent", f"上级 {parent.id} 是{_level(parent)}，不能管{_level(region)}")
    elif region.parent is None and region.level == "village" and _has_higher(roster):
        yield entry.problem("parent", "村要写上级")
    if entry.old is not None and isinstance(entry.old, Region) and entry.old.level != region.level:
        for below in roster.others(Region):
            if isinstance(below, Region) and below.parent == region.id and not _is_above(region, below):
                yield entry.problem("level", f"级别不能改成{_level(region)}：下面有{_level(below)} {below.id}")


def _circle(region: Region, roster: After) -> list[str]:
    """The way from a region up to itself; empty when it does not come back."""
    way, at = [region.id], roster.region(region.parent)
    while at and at.id not in way:
        way.append(at.id)
        at = roster.region(at.parent)
    return [*way, region.id] if at and at.id == region.id else []


def _is_above(upper: Region, lower: Region) -> bool:
    """Whether the levels allow it; a level that could not be read is let through."""
    if upper.level in _LEVELS and lower.level in _LEVELS:
        return _LEVELS.index(upper.level) < _LEVELS.index(lower.level)
    return True


def _has_higher(roster: After) -> bool:
    return any(isinstance(r, Region) and r.level != "village" for r in roster.rows[Region].values())


def _level(region: Region) -> str:
    return LEVELS[region.level][0] if region.level in LEVELS else region.level


# ------------------------------------------------------------------ people and groups


def _person(entry: Entry, person: Person, roster: After) -> Iterator[Problem]:
    if not entry.sound("id", "role"):
        return
    if person.role != Role.ADVISOR and person.region is None and entry.sound("region"):
        yield entry.problem("region", f"缺少地区：{_role(person)}看哪里的工单由它定")
    for group in roster.others(Group) if person.role != Role.ADVISOR else ():
        if isinstance(group, Group) and person.id in (group.advisor, group.deputy):
            yield entry.problem("role", f"角色不能改成{_role(person)}：还是群 {group.id} 的法律顾问")


def _advisors(entry: Entry, group: Group, roster: After) -> Iterator[Problem]:
    for name, person in (("advisor", roster.person(group.advisor)), ("deputy", roster.person(group.deputy))):
        if person and person.role not in (Role.ADVISOR, "") and entry.sound(name):
            column = entry.record.kind.column(name)
            title = column.title if column else name
            yield entry.problem(name, f"{title} {person.id} 的角色是{_role(person)}，不是法律顾问")
    if group.advisor and group.advisor == group.deputy and entry.sound("advisor", "deputy"):
        yield entry.problem("deputy", f"备岗顾问和法律顾问是同一个人（{group.advisor}）")


def _room(entry: Entry, group: Group, roster: After) -> Iterator[Problem]:
    if not entry.sound("id", "channel", "room_id"):
        return
    if bool(group.channel) != bool(group.room_id):
        yield entry.problem("channel" if group.room_id else "room_id", "通道和房间号要一起填")
        return
    for other in roster.group_rooms.get((group.channel, group.room_id), ()):
        if other.id != group.id:
            yield entry.problem("room_id", f"房间号 {group.room_id} 已经是群 {other.id} 的")
    for identity in roster.own_rooms.get((group.channel, group.room_id), ()):
        if clash := private_in_group(identity, group):
            yield entry.problem("room_id", clash)


def private_in_group(identity: Identity, group: Group) -> str | None:
    """What is wrong when somebody would be told of tickets in the room of a group, before the neighbours."""
    if group.kind == GroupKind.ADVISORS:
        return None
    return f"房间号 {identity.room_id} 又是群 {group.id} 的，又是 {identity.person} 的私聊房间：工单会发到群里"


def _role(person: Person) -> str:
    column = KIND_OF[Person].column("role")
    return column.show(person.role) if column else person.role
