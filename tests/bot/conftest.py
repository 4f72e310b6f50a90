"""A village group to talk in, as each of its people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.webhook import Parts
from tests.conversation import ENTERPRISE, HARDSHIP, VILLAGE, Talk, application

People = Callable[..., Talk]
NAMES = {"liu": "刘婶", "zhao": "小赵", "sun": "老孙", "chen": "陈支书", "wang": "王律师", "li": "李律师", "zhang": "张科长"}


@pytest.fixture
def people(parts: Parts) -> People:
    client = application(parts)

    def speaker(who: str, room: str | None = None) -> Talk:
        return Talk(parts, client, room or f"dm:{who}", who, NAMES[who], private=room is None)

    return speaker


@pytest.fixture
def liu(people: People) -> Talk:
    return people("liu", VILLAGE)


@pytest.fixture
def wang(people: People) -> Talk:
    """王律师 in private with the robot, where tickets reach him."""
    return people("wang")


@pytest.fixture
def zhang(people: People) -> Talk:
    return people("zhang")


@pytest.fixture
def in_enterprise(people: People) -> Talk:
    return people("sun", ENTERPRISE)


@pytest.fixture
def in_hardship(people: People) -> Talk:
    return people("sun", HARDSHIP)


@pytest.fixture
def signed_only(parts: Parts) -> Talk:
    """刘婶 in a county that answers from signed entries only."""
    careful = replace(parts, settings=replace(parts.settings, signed_only=True))
    return Talk(careful, application(careful), VILLAGE, "liu", NAMES["liu"])
