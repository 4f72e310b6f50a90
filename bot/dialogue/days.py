"""The day a question speaks of."""

from __future__ import annotations

import re
from datetime import date

_NUMERALS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_YEAR = r"(?P<year>(?:19|20)\d\d|[一二][〇零一二三四五六七八九]{3})\s*年|(?P<ago>今年|去年|前年|大前年)"
_DAY = re.compile(rf"(?:{_YEAR})(?:底|初|的|过年|春上)?\s*(?:(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s*月(?:份)?)?(?:\s*(?P<day>[12]\d|3[01]|0?[1-9])\s*[日号])?")
_AGO = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}


def spoken_of(text: str, today: date) -> date | None:
    """The earliest past day that a text names by its year, at least; months and days it does not name are the last ones."""
    days = [d for m in _DAY.finditer(text) if (d := _day(m, today)) is not None and d < today]
    return min(days, default=None)


def _day(m: re.Match[str], today: date) -> date | None:
    year = today.year - _AGO[m["ago"]] if m["ago"] else int(m["year"].translate(_NUMERALS))
    if m["month"] is None:
        return date(year, 12, 31)
    month = _month(m["month"])
    try:
        return date(year, month, int(m["day"] or 28))
    except ValueError:
        return None


def _month(text: str) -> int:
    return int(text) if text.isdigit() else 10 * ("十" in text) + int(text.replace("十", "").translate(_NUMERALS) or 0)
