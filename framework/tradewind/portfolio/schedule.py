"""When a sleeve is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from tradewind.contracts import Schedule

__all__ = ["Due", "period_of"]


def period_of(schedule: Schedule, timestamp: np.datetime64) -> int:
    """Return the number of the period a timestamp (UTC) lies in; equal numbers mean the same period."""
    days = int(timestamp.astype("datetime64[D]").astype(np.int64))
    if schedule == "daily":
        return days
    if schedule == "weekly":
        return (days + 3) // 7  # 1970-01-01 was a Thursday; ISO weeks start on Monday
    stamp = pd.Timestamp(timestamp)
    months_per_period = {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12}[schedule]
    return (stamp.year * 12 + stamp.month - 1) // months_per_period


class Due:
    """Tells on each bar whether a sleeve is to be called: first after warm-up, then on the first bar of each period."""

    __slots__ = ("_period", "_schedule", "_started", "_warmup")

    def __init__(self, schedule: Schedule, warmup: int) -> None:
        self._schedule = schedule
        self._warmup = warmup
        self._started = False
        self._period = 0

    def on(self, bar: int, timestamp: np.datetime64) -> bool:
        """Return whether the sleeve is due; to be asked once a bar, in order."""
        if bar < self._warmup:
            return False
        if self._schedule == "every_bar":
            return True
        period = period_of(self._schedule, timestamp)
        due = not self._started or period != self._period
        self._started, self._period = True, period
        return due
