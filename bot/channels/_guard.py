"""What every signed call must pass, and short ids that the same words always give."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from bot.errors import Rejected


def same(expected: str, given: str) -> bool:
    """Compare two signatures in constant time, whatever characters came."""
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))


def check_clock(timestamp: str, now: datetime, window: int) -> None:
    """Raise `Rejected` unless `timestamp`, in seconds, lies within `window` seconds of `now`, before or after."""
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise Rejected("timestamp is not a number of seconds", 400)
    if abs(now.timestamp() - int(timestamp)) > window:
        raise Rejected("timestamp is stale or in the future")


def short_id(*parts: str) -> str:
    """32 characters of [0-9a-f]: platforms refuse longer ids, and ours are longer."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
