"""Our exceptions.

FarunError
├── SettingError      a setting is missing or odd: the start stops and names it
├── Rejected          a request is forged, stale, oversized or malformed: 4xx and one log line
├── Undelivered       a push did not arrive; `retryable` says whether trying again can help
├── RosterError       rows of an import are wrong: `problems` lists each, nothing is changed
└── EditError         an edit of the library cannot be: `problems` lists why, nothing is changed
"""

from __future__ import annotations

from collections.abc import Sequence


class FarunError(Exception):
    """Base of all our errors."""


class SettingError(FarunError):
    """A setting is missing or odd. The message names it."""


class Rejected(FarunError):
    """A request that we refuse. `status` is the HTTP status, 400 to 499."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Undelivered(FarunError):
    """A push that did not arrive. `retry_after` in seconds, when the platform names it."""

    def __init__(self, reason: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after


class RosterError(FarunError):
    """An import with wrong rows. `problems` has one line a row, in the reader's language."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class EditError(FarunError):
    """An edit of the library that cannot be. `problems` has one line a reason, in the reader's language."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
