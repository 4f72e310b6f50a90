"""The demonstration county: invented places, people and groups, marked as such in the database and in their names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain import GroupKind, Mode, Role
from bot.store import demo_county

CHANNEL = "simulated"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody one can be on the page. `id` is the sender id; villagers are not on the roster and have no region."""

    id: str
    name: str
    about: str
    role: Role = Role.VILLAGER
    region_id: str | None = None

    @property
    def person_id(self) -> str:
        return f"demo-{self.id}"

    @property
    def room(self) -> str:
        """Where this person and the robot talk alone."""
        return f"dm:{self.id}"


@dataclass(frozen=True, slots=True)
class Chat:
    """A group of the county. `id` is the room id on the simulated channel."""

    id: str
    name: str
    kind: GroupKind
    mode: Mode
    region_id: str
    advisor: str
    deputy: str

    @property
    def group_id(self) -> str:
        return f"demo-{self.id}"


ACTORS = (
    Actor("liu", "刘婶", "清水村村民，六十七岁，用语音打字"),
    Actor("zhao", "小赵", "清水村村民，在外打工"),
    Actor("sun", "老孙", "石桥村村民，开小卖部"),
    Actor("chen", "陈支书", "清水村村支书", Role.CADRE, "demo-qingshui"),
    Actor("wang", "王律师", "清水村、石桥村的法律顾问", Role.ADVISOR, "demo-county"),
    Actor("li", "李律师", "开发区的法律顾问", Role.ADVISOR, "demo-county"),
    Actor("zhang", "张科长", "县司法局", Role.OFFICER, "demo-county"),
)
CHATS = (
    Chat("qingshui", "清水村法润民生群（演示）", GroupKind.VILLAGE, Mode.AUTO, "demo-qingshui", "wang", "li"),
    Chat("kaifaqu", "开发区法润企业群（演示）", GroupKind.ENTERPRISE, Mode.MENTION, "demo-kaifaqu", "li", "wang"),
    Chat("shiqiao", "石桥村困难家庭关爱群（演示）", GroupKind.HARDSHIP, Mode.AUTO, "demo-shiqiao", "wang", "li"),
)
_REGIONS = (
    ("demo-city", "演示市", "city", None),
    ("demo-county", "演示县", "county", "demo-city"),
    ("demo-town", "演示镇", "town", "demo-county"),
    ("demo-kaifaqu", "演示县开发区", "town", "demo-county"),
    ("demo-qingshui", "清水村（演示）", "village", "demo-town"),
    ("demo-shiqiao", "石桥村（演示）", "village", "demo-town"),
)


def seed(engine: sa.Engine, now: datetime) -> None:
    """Put the county into the state database; again it changes nothing."""
    regions = [{"id": i, "name": name, "level": level, "parent_id": up} for i, name, level, up in _REGIONS]
    staff = [a for a in ACTORS if a.role is not Role.VILLAGER]
    people = [{"id": a.person_id, "name": a.name, "role": a.role, "region_id": a.region_id} for a in staff]
    identities = [
        {"channel": CHANNEL, "sender_id": a.id, "person_id": a.person_id, "room_id": a.room} for a in staff
    ]
    with engine.begin() as conn:
        demo_county.plant(conn, regions, people, identities, [_group(chat, now) for chat in CHATS])


def _group(chat: Chat, now: datetime) -> demo_county.Row:
    return {
        "id": chat.group_id, "name": chat.name, "kind": chat.kind, "mode": chat.mode, "region_id": chat.region_id,
        "advisor_id": f"demo-{chat.advisor}", "deputy_id": f"demo-{chat.deputy}", "channel": CHANNEL,
        "room_id": chat.id, "bound_at": now,
    }  # fmt: skip
