"""When a sleeve is due."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradewind.contracts import Schedule
    from tradewind.model.typing import IntArray

__all__ = ["Due", "next_period", "period_of"]

_EPOCH = dt.date(1970, 1, 1).toordinal()
_MONTHS = {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12}


def period_of(schedule: Schedule, days: int) -> int:
    """Return the number of the period that a day lies in; ``days`` since 1970-01-01, UTC."""
    if schedule == "daily":
        return days
    if schedule == "weekly":
        return (days + 3) // 7  # 1970-01-01 was a Thursday; ISO weeks start on Monday
    day = dt.date.fromordinal(_EPOCH + days)
    return (day.year * 12 + day.month - 1) // _MONTHS[schedule]


def next_period(schedule: Schedule, days: int) -> int:
    """Return the first day of the period after the one a day lies in; ``days`` since 1970-01-01, UTC."""
    if schedule == "daily":
        return days + 1
    if schedule == "weekly":
        return days + 7 - (days + 3) % 7
    months = (period_of(schedule, days) + 1) * _MONTHS[schedule]
    return dt.date(months // 12, months % 12 + 1, 1).toordinal() - _EPOCH


class Due:
    """Tells on each bar whether a sleeve is to be called: first after warm-up, then on the first bar of each period."""

    __slots__ = ("_schedule", "_until", "_warmup")

    def __init__(self, schedule: Schedule, warmup: int) -> None:
        self._schedule = schedule
        self._warmup = warmup
        self._until = -(10**9)
        """First day of the next period."""

    def on(self, bar: int, days: int) -> bool:
        """Return whether the sleeve is due on a bar of that day; to be asked once a bar, in order."""
        if bar < self._warmup:
            return False
        if self._schedule == "every_bar":
            return True
        if days < self._until:
            return False
        self._until = next_period(self._schedule, days)
        return True

    def next_bar(self, bar: int, days: IntArray, *, foreseen: bool) -> int:
        """Return the first bar after this one on which `on` will be true; the number of bars if there is none.

        Parameters
        ----------
        bar
            The current bar.
        days
            Day of each bar since 1970-01-01, shape (T,).
        foreseen
            Whether the strategy itself says on which bars after its first call it is to be asked.
        """
        first = max(bar + 1, self._warmup)
        if self._schedule != "every_bar":
            first = max(first, int(np.searchsorted(days, self._until)))
        elif foreseen and bar >= self._warmup:
            first = len(days)
        return min(first, len(days))
