"""One run per due notice and group, whatever restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.desk import Desk
from bot.store import schema
from knowledge.library import Notice
from schedulers import campaigns


def front(parts, shelf) -> Desk:
    return Desk(parts.settings, shelf)


class Shelf:
    """A library that holds these notices."""

    def __init__(self, *notices: Notice) -> None:
        self._notices = list(notices)

    def notices(self) -> list[Notice]:
        return self._notices


def notice(**how) -> Notice:
    given = {"id": "notice.x", "title": "年底结工钱", "text": "各位乡亲", "refs": (), "kinds": ("village", "hardship"), "regions": (),
             "cron": None, "date": None, "lunar": None, "term": None, "before": 0, "trades": (), "audiences": (), **how}
    return Notice(**given)


def planned(engine):
    with engine.connect() as conn:
        return conn.execute(sa.select(schema.delivery).order_by(schema.delivery.c.key)).all()


AT = datetime(2026, 12, 4, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


@pytest.fixture
def seeded(parts):
    return parts


def test_a_notice_reaches_each_group_of_its_kind_once(seeded):
    shelf = Shelf(notice(cron="0 9 4 12 *"))
    for minutes in (0, 1, 30, 600):
        campaigns.plan_due(seeded.engine, front(seeded, shelf), AT + timedelta(minutes=minutes))
    keys = [r.key for r in planned(seeded.engine)]
    assert keys == ["campaign:notice.x:2026-12-04:demo-qingshui", "campaign:notice.x:2026-12-04:demo-shiqiao"]


def test_before_its_time_nothing_and_after_a_stop_it_is_made_up_for(seeded):
    shelf = Shelf(notice(cron="0 9 4 12 *"))
    assert campaigns.plan_due(seeded.engine, front(seeded, shelf), AT - timedelta(seconds=1)) == 0
    assert campaigns.plan_due(seeded.engine, front(seeded, shelf), AT + timedelta(hours=23)) == 2


def test_a_date_and_regions(seeded):
    shelf = Shelf(notice(date="2026-12-04T09:00", regions=("demo-qingshui",)))
    assert campaigns.plan_due(seeded.engine, front(seeded, shelf), AT) == 1
    assert campaigns.plan_due(seeded.engine, front(seeded, Shelf(notice(id="notice.y", date="2026-12-04T09:00", regions=("demo-town",)))), AT) == 2


def test_quiet_hours_put_it_off(seeded):
    campaigns.plan_due(seeded.engine, front(seeded, Shelf(notice(date="2026-12-04T22:00"))), AT + timedelta(hours=13))
    assert {r.due_at for r in planned(seeded.engine)} == {datetime(2026, 12, 4, 23, 30, tzinfo=UTC)}


def test_a_group_bound_later_does_not_get_old_news(seeded, clock):
    with seeded.engine.begin() as conn:
        conn.execute(sa.update(schema.group).values(bound_at=AT + timedelta(minutes=1)))
    assert campaigns.plan_due(seeded.engine, front(seeded, Shelf(notice(cron="0 9 4 12 *"))), AT + timedelta(hours=1)) == 0


def test_all_notices_of_the_library_come_due_within_a_year(library):
    start = datetime(2026, 12, 1, tzinfo=UTC)
    for n in library.notices():
        assert campaigns.fires(n, start, start + timedelta(days=366)), n.id


@pytest.mark.parametrize(
    ("how", "day"),
    [
        ({"lunar": "1-1"}, "2027-02-06"),  # 春节 2027
        ({"lunar": "12-30"}, "2027-02-05"),  # its eve; this twelfth month has 29 days
        ({"lunar": "12-23", "before": 7}, "2027-01-23"),
        ({"lunar": "5-5"}, "2027-06-09"),  # 端午
        ({"lunar": "8-15"}, "2027-09-15"),  # 中秋
        ({"lunar": "9-9"}, "2027-10-08"),  # 重阳
        ({"term": "清明"}, "2027-04-05"),
        ({"term": "冬至", "before": 3}, "2026-12-19"),
    ],
)
def test_lunar_days_and_solar_terms(how, day):
    found = campaigns.fires(notice(**how), AT, AT + timedelta(days=365))
    assert [m.isoformat() for m in found] == [f"{day}T09:00:00+08:00"]


def test_a_leap_month_does_not_fire_again():
    # 2028 has a leap fifth month. Source: Hong Kong Observatory, Gregorian-lunar calendar conversion table
    found = campaigns.fires(notice(lunar="5-5"), datetime(2028, 1, 1, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC))
    assert [m.date().isoformat() for m in found] == ["2028-05-28"]


def test_weekdays_of_cron_are_as_in_crontab():
    monday = notice(cron="0 9 * * 1")
    (first, *_) = campaigns.fires(monday, datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC))
    assert first.strftime("%A") == "Monday"
