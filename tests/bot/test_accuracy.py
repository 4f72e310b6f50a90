"""A matter that breaks its promise is answered by people until it recovers; villagers are told how good the robot is."""

from bot.store import accuracy, quarantine
from faq.accuracy import Measured, lower_bound
from tests.bot.test_conversation import WAGES

MATTER = "labour.wages.arrears"


def measured(right):
    return [Measured(MATTER, 30, 20, right, lower_bound(right, 20)), Measured("debt.loan", 30, 20, 20, lower_bound(20, 20))]


def test_a_matter_that_breaks_the_promise_goes_to_people_until_it_recovers(liu, engine, clock):
    assert "怎么办" in liu.ask(WAGES)
    with engine.begin() as conn:
        assert accuracy.keep(conn, measured(12), clock()) == [MATTER]
    clock.pass_(minutes=40)
    assert "我拿不准" in liu.ask(WAGES)
    with engine.begin() as conn:
        assert accuracy.keep(conn, measured(20), clock()) == []
        assert quarantine.listed(conn) == []
    clock.pass_(minutes=40)
    assert "怎么办" in liu.ask(WAGES)


def test_a_villager_who_asks_how_good_the_robot_is_hears_what_was_measured(liu, engine, clock):
    assert "仅供参考" in liu.ask("你准不准")
    with engine.begin() as conn:
        accuracy.keep(conn, measured(18), clock())
        when, rows = accuracy.last(conn)
    assert when == clock()
    assert [m.right for m in rows] == [18, 20]
    assert "40 个里，找对法律依据的有 38 个（95%）" in liu.ask("你说的准吗？")
    assert liu.say("这秤准不准") is None


def test_the_nightly_job_measures(engine, settings, clock):
    from schedulers import reminders

    assert reminders.measure(engine, settings, clock()) == []
    with engine.connect() as conn:
        assert len(accuracy.last(conn)[1]) > 50
