"""The loss of a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from tradewind_plugins.breakers.levels import LossLevels

if TYPE_CHECKING:
    from tradewind.contracts import BreakerPath, BreakerView, Reading
    from tradewind.model.typing import FloatArray

__all__ = ["DailyLoss"]


class DailyLoss:
    """Watches the loss from the equity at the last close of the day before.

    On the first day it is the first equity, and after it was re-armed the equity of then.

    Parameters
    ----------
    warn, halt, kill
        Losses of a day at which orders become smaller, the account halts, and it is killed, as fractions.
    """

    def __init__(
        self,
        warn: Annotated[float, Field(gt=0.0, le=1.0, description="Loss from which on sizes are smaller.")] = 0.03,
        halt: Annotated[float, Field(gt=0.0, le=1.0, description="Loss that halts the account.")] = 0.05,
        kill: Annotated[float, Field(gt=0.0, le=1.0, description="Loss that kills the account.")] = 0.08,
    ) -> None:
        self._levels = LossLevels("loss of the day", warn=warn, halt=halt, kill=kill)
        self._day: int | None = None
        self._before = 0.0
        self._last = 0.0

    def observe(self, view: BreakerView) -> Reading:
        """Compare equity with that of the day before."""
        if view.day != self._day:
            self._before = view.equity if self._day is None else self._last
            self._day = view.day
        self._last = view.equity
        return self._levels.reading(view.equity, self._before)

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead stay above the first level."""
        return self._levels.quiet(path.equity, self._days_before(path))

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember the day and the equities of bars ahead."""
        if bars:
            self._before = float(self._days_before(path)[bars - 1])
            self._day = int(path.days[bars - 1])
            self._last = float(path.equity[bars - 1])

    def rearm(self, view: BreakerView) -> None:
        """Measure from the present equity."""
        self._day = view.day
        self._before = self._last = view.equity

    def state(self) -> dict[str, Any]:
        """Return the day, the equity at the end of the one before, and the last equity."""
        return {"day": self._day, "before": self._before, "last": self._last}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember the day and the two equities."""
        self._day, self._before, self._last = state["day"], state["before"], state["last"]

    def _days_before(self, path: BreakerPath) -> FloatArray:
        """Return the equity at the end of the day before each bar's, shape (T,)."""
        equity, days = path.equity, path.days
        if not len(equity):
            return equity
        begun = self._day is not None
        last = np.concatenate(([self._last if begun else equity[0]], equity[:-1]))
        is_new = np.concatenate(([days[0] != self._day if begun else True], days[1:] != days[:-1]))
        # Entry 0 is the day that goes on, entry k the one that begins at bar k - 1.
        begins = np.maximum.accumulate(np.where(is_new, np.arange(1, len(equity) + 1), 0))
        before: FloatArray = np.concatenate(([self._before], last))[begins]
        return before
