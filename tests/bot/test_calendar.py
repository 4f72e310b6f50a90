"""Working time in China."""

from datetime import UTC, date, datetime, time, timedelta

from bot.desk.calendar import WorkCalendar, after_quiet
from bot.domain import SHANGHAI

OFFICE = (time(9), time(17))
CALENDAR = WorkCalendar(OFFICE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_weekends_holidays_and_days_made_up_for():
    assert not CALENDAR.is_workday(date(2026, 10, 1))
    assert CALENDAR.is_workday(date(2026, 10, 10))  # a Saturday worked for National Day
    assert not CALENDAR.is_workday(date(2026, 11, 21))
    assert CALENDAR.is_workday(date(2026, 11, 23))


def test_a_year_without_a_plan_counts_weekdays_and_fixed_dates():
    assert not CALENDAR.knows(2031)
    assert not CALENDAR.is_workday(date(2031, 1, 1))
    assert CALENDAR.is_workday(date(2031, 1, 2))
    assert not CALENDAR.is_workday(date(2031, 1, 4))


def test_the_bureaus_table_overrides_everything():
    mine = WorkCalendar(OFFICE, {date(2026, 11, 23): False, date(2031, 2, 3): False})
    assert not mine.is_workday(date(2026, 11, 23))
    assert mine.knows(2031)


def test_one_working_day_over_a_weekend():
    assert CALENDAR.add_days(at("2026-11-20T15:00"), 1) == at("2026-11-23T15:00")
    assert CALENDAR.add_days(at("2026-11-20T20:00"), 1) == at("2026-11-23T17:00")
    assert CALENDAR.add_days(at("2026-11-21T12:00"), 1) == at("2026-11-23T17:00")


def test_half_a_day_for_hardship_groups():
    assert CALENDAR.add_days(at("2026-11-23T10:00"), 1, 50) == at("2026-11-23T14:00")


def test_five_days_over_national_day():
    assert CALENDAR.add_days(at("2026-09-29T10:00"), 5) == at("2026-10-12T10:00")


def test_working_minutes_never_fall_outside_office_hours():
    start = at("2026-12-30T08:00")
    for n in range(1, 40):
        due = CALENDAR.add_minutes(start, n * 97).astimezone(SHANGHAI)
        assert OFFICE[0] <= due.time() <= OFFICE[1]
        assert CALENDAR.is_workday(due.date())


def test_moments_are_utc():
    assert CALENDAR.add_minutes(datetime(2026, 11, 23, 2, tzinfo=UTC), 60).tzinfo is UTC


def test_quiet_hours_over_midnight():
    quiet = (time(21, 30), time(7, 30))
    assert after_quiet(at("2026-11-23T12:00"), quiet) == at("2026-11-23T12:00")
    assert after_quiet(at("2026-11-23T22:00"), quiet) == at("2026-11-24T07:30")
    assert after_quiet(at("2026-11-24T03:00"), quiet) == at("2026-11-24T07:30")
    assert after_quiet(at("2026-11-24T07:30"), quiet) == at("2026-11-24T07:30")
    noon = (time(12), time(14))
    assert after_quiet(at("2026-11-24T13:00"), noon) - at("2026-11-24T13:00") == timedelta(hours=1)
