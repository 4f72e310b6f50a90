"""Working time in China: weekends, public holidays and 调休 from chinese-calendar, overridden by the bureau's own table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar

from bot.domain import SHANGHAI

# Days off with a fixed date, for years whose plan is not out yet. Source: 全国年节及纪念日放假办法 (2024), article 2;
# those of the lunar calendar are entered in the bureau's table as soon as they are known.
_FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Counts working time in office hours. Moments are aware UTC; days and hours are Asia/Shanghai."""

    office: tuple[time, time]
    overrides: Mapping[date, bool] = field(default_factory=dict)

    def is_workday(self, day: date) -> bool:
        """Whether offices are open on a day; a year whose holidays are not published counts weekdays and fixed dates."""
        if day in self.overrides:
            return self.overrides[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return day.weekday() < 5 and (day.month, day.day) not in _FIXED

    def knows(self, year: int) -> bool:
        """Whether the year's holidays are published in the library or entered in the table."""
        try:
            chinese_calendar.is_workday(date(year, 1, 1))
        except NotImplementedError:
            return any(day.year == year for day in self.overrides)
        return True

    @property
    def day_minutes(self) -> int:
        """Working minutes of one working day."""
        start, end = self.office
        return (end.hour - start.hour) * 60 + end.minute - start.minute

    def add_minutes(self, start: datetime, minutes: int) -> datetime:
        """The moment when so many working minutes have passed since `start`."""
        moment, left = start.astimezone(SHANGHAI), timedelta(minutes=minutes)
        for _ in range(5000):
            opens, closes = (datetime.combine(moment.date(), t, SHANGHAI) for t in self.office)
            begin = max(moment, opens)
            if self.is_workday(moment.date()) and begin + left <= closes:
                return (begin + left).astimezone(UTC)
            if self.is_workday(moment.date()) and begin < closes:
                left -= closes - begin
            moment = datetime.combine(moment.date() + timedelta(days=1), time(0), SHANGHAI)
        raise ValueError("no working day within reach: check the holiday table")

    def add_days(self, start: datetime, days: int, percent: int = 100) -> datetime:
        """The moment when so many working days (or a percentage of them) have passed since `start`."""
        return self.add_minutes(start, self.day_minutes * days * percent // 100)


def after_quiet(moment: datetime, quiet: tuple[time, time]) -> datetime:
    """The moment itself, or the end of the quiet hours it falls into."""
    local = moment.astimezone(SHANGHAI)
    start, end = quiet
    now = local.time()
    over_midnight = start > end
    within = now >= start or now < end if over_midnight else start <= now < end
    if not within:
        return moment
    day = local.date() + timedelta(days=1) if over_midnight and now >= start else local.date()
    return datetime.combine(day, end, SHANGHAI).astimezone(UTC)
