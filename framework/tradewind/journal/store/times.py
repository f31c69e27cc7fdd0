"""Times as the tables keep them: whole microseconds since 1970 in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tradewind.errors import JournalError

__all__ = ["as_time", "microseconds_now"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds_now() -> int:
    """Return the time of day."""
    return time.time_ns() // 1000


def as_time(microseconds: int) -> datetime:
    """Return a stored time."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise JournalError(
            f"journal: holds the time {microseconds}, which is none; tradewind audit verify names where"
        ) from error
