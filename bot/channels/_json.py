"""JSON at the border. What is odd in what comes in is `Rejected` with 400, which names the field, never the value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from bot.channels._text import clean
from bot.errors import Rejected

MAX_DEPTH = 16
_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object, read field by field. A field that is null counts as absent."""

    values: Mapping[str, object]

    @classmethod
    def load(cls, body: bytes) -> Self:
        """Read one JSON object: UTF-8, no key twice, no NaN, no deep nesting."""
        try:
            found = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
        except RecursionError:
            raise Rejected("nested too deeply", 400) from None
        except ValueError:  # also UnicodeDecodeError, JSONDecodeError and a number of thousands of digits
            raise Rejected("not strict JSON", 400) from None
        if not isinstance(found, dict):
            raise Rejected("not a JSON object", 400)
        if any(depth > MAX_DEPTH for depth in _depths(found)):
            raise Rejected("nested too deeply", 400)
        return cls(found)

    def id(self, key: str, limit: int, default: str | None = None) -> str:
        """An id or a word: one line, 1 to `limit` characters. Where there is a default, an empty one is none."""
        value = self.values.get(key)
        if value in (None, "") and default is not None:
            return default
        if not isinstance(value, str) or len(value) > limit or not _ID.fullmatch(value):
            raise Rejected(f"bad {key}", 400)
        return value

    def text(self, key: str, limit: int | None = None, default: str | None = None) -> str:
        """Something a person wrote, cleaned, at most `limit` characters as it came."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (limit is not None and len(value) > limit):
            raise Rejected(f"bad {key}", 400)
        return clean(value)

    def flag(self, key: str) -> bool:
        """True or false; absent is false."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise Rejected(f"bad {key}", 400)
        return value is True

    def whole(self, key: str) -> int:
        """A whole number of at most nine digits."""
        value = self.number(key)
        if not isinstance(value, int) or abs(value) > 999_999_999:
            raise Rejected(f"bad {key}", 400)
        return value

    def number(self, key: str) -> int | float:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Rejected(f"bad {key}", 400)
        return value

    def words(self, key: str, limit: int) -> list[str]:
        """A list of at most `limit` strings; absent is empty."""
        value = self._list(key)
        if len(value) > limit or not all(isinstance(word, str) for word in value):
            raise Rejected(f"bad {key}", 400)
        return [str(word) for word in value]

    def child(self, key: str) -> Fields | None:
        """An object inside, or None."""
        value = self.values.get(key)
        return None if value is None else _object(key, value)

    def children(self, key: str) -> list[Fields]:
        """A list of objects; absent is empty."""
        return [_object(key, value) for value in self._list(key)]

    def _list(self, key: str) -> list[object]:
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Rejected(f"bad {key}", 400)
        return value


def dump(message: Mapping[str, object]) -> bytes:
    """JSON as we send it: compact UTF-8."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _object(key: str, value: object) -> Fields:
    if not isinstance(value, dict):
        raise Rejected(f"bad {key}", 400)
    return Fields(value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key twice")
    return values


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("infinite")
    return value


def _depths(value: object) -> Iterator[int]:
    todo = [(value, 1)]
    while todo:
        each, depth = todo.pop()
        yield depth
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        todo += [(one, depth + 1) for one in inner]
