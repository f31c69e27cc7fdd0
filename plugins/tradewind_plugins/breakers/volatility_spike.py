"""A market that has become wild."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from tradewind.contracts import Reading
from tradewind.model import Standing
from tradewind_plugins.breakers.levels import Level, leading, require_rising

if TYPE_CHECKING:
    from tradewind.contracts import BreakerPath, BreakerView
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["VolatilitySpike"]

_BENCHMARK = "benchmark"
_RETURNS = 20
_BARS_PER_YEAR = 252
_DEAD_DAYS = 5
_NEARLY = 0.999
"""Part of the sum of squares that decides from which on a window is looked at closely."""


class VolatilitySpike:
    """Watches the volatility of the market, in percent a year.

    It is that of a volatility index where the run has one as a reference and it lives. Else it is what the reference
    ``benchmark`` has realised: the sample standard deviation of its last 20 returns, times the root of 252, times 100.
    An index is dead while it has no value, or has kept the same one over five days on end; without 21 closes of a
    benchmark its last value stands. A run with neither is not watched, nor is one whose measure is not known yet.

    Parameters
    ----------
    warn, reduce_only, halt
        Volatilities at which orders become smaller, positions may only become smaller, and the account halts.
    role
        Reference that is the volatility index.
    """

    def __init__(
        self,
        warn: Annotated[float, Field(gt=0.0, description="Volatility from which on sizes are smaller.")] = 30.0,
        reduce_only: Annotated[
            float, Field(gt=0.0, description="Volatility from which on positions may only become smaller.")
        ] = 40.0,
        halt: Annotated[float, Field(gt=0.0, description="Volatility that halts the account.")] = 50.0,
        role: Annotated[str, Field(min_length=1, description="Reference that is a volatility index.")] = "vix",
    ) -> None:
        self._levels = (
            Level("warn", warn, Standing.REDUCED),
            Level("reduce_only", reduce_only, Standing.REDUCE_ONLY),
            Level("halt", halt, Standing.HALTED),
        )
        require_rising(self._levels)
        self._role = role
        self._closes: list[float] = []
        self._value = math.nan
        self._day = -1
        self._still_days = 0
        """Days on end that the index has not moved."""

    def observe(self, view: BreakerView) -> Reading:
        """Compare the market's volatility with the levels."""
        references = view.references
        if _BENCHMARK in references:
            self._closes = [*self._closes[-_RETURNS:], references[_BENCHMARK]]
        value, name = references.get(self._role, math.nan), self._role
        self._still_days = 0 if value != self._value else self._still_days + (view.day != self._day)
        self._value, self._day = value, view.day
        if (value != value or self._still_days >= _DEAD_DAYS) and len(self._closes) > _RETURNS:
            value = float(_realised(np.array(self._closes), self._levels[0].at)[-1])
            name = f"volatility of the {_BENCHMARK}"
        for level in reversed(self._levels):
            if value >= level.at:
                return Reading(level.standing, f"{name} {value:.4g}, {level.word} at {level.at:.4g}")
        return Reading()

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead stay below the first level."""
        bars = len(path.equity)
        values = path.references.get(self._role)
        dead = np.ones(bars, dtype=np.bool_)
        if values is not None:
            dead = np.isnan(values) | (self._still_days_of(values, path.days) >= _DEAD_DAYS)
        if _BENCHMARK in path.references and dead.any():
            closes = np.concatenate((self._closes, path.references[_BENCHMARK]))
            realised = _realised(closes, self._levels[0].at)[len(self._closes) :]
            measured = np.arange(len(self._closes) + 1, len(closes) + 1) > _RETURNS
            values = realised if values is None else np.where(dead & measured, realised, values)
        return bars if values is None else leading(~(values >= self._levels[0].at))

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember the closes of bars ahead, and how long the index has not moved."""
        if not bars:
            return
        if _BENCHMARK in path.references:
            self._closes = [*self._closes, *path.references[_BENCHMARK][:bars].tolist()][-_RETURNS - 1 :]
        values = path.references.get(self._role)
        if values is not None:
            self._still_days = int(self._still_days_of(values[:bars], path.days[:bars])[-1])
            self._value = float(values[bars - 1])
        self._day = int(path.days[bars - 1])

    def _still_days_of(self, values: FloatArray, days: IntArray) -> IntArray:
        """Return at each bar ahead on how many days on end the index has not moved, shape (T,)."""
        moved = values != np.concatenate(([self._value], values[:-1]))
        counts = np.cumsum((days != np.concatenate(([self._day], days[:-1]))) & ~moved)
        last_move = np.maximum.accumulate(np.where(moved, np.arange(len(values)), -1))
        still: IntArray = counts - np.where(last_move >= 0, counts[last_move], -self._still_days)
        return still

    def rearm(self, view: BreakerView) -> None:
        """Go on: the market is not the account's."""

    def state(self) -> dict[str, Any]:
        """Return what the index and the benchmark have shown, None for a value that is not known."""
        return {
            "closes": [_or_none(close) for close in self._closes],
            "value": _or_none(self._value),
            "day": self._day,
            "still_days": self._still_days,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember what the index and the benchmark have shown."""
        self._closes = [math.nan if close is None else close for close in state["closes"]]
        self._value = math.nan if state["value"] is None else state["value"]
        self._day, self._still_days = state["day"], state["still_days"]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _realised(closes: FloatArray, least: float) -> FloatArray:
    """Return the volatility at each close, shape (T,); NaN where there are too few closes or it is below ``least``."""
    values = np.full(len(closes), np.nan)
    if len(closes) <= _RETURNS:
        return values
    returns = closes[1:] / closes[:-1] - 1.0
    # A variance is at most the mean square; running sums of squares leave few windows to be looked at closely. They are
    # capped at what decides, so that no wild one takes the digits of those after it; fmax makes NaN 0.
    enough = (least / 100.0) ** 2 / _BARS_PER_YEAR * (_RETURNS - 1)
    sums = np.cumsum(np.concatenate(([0.0], np.fmax(np.minimum(returns * returns, enough), 0.0))))
    near = np.flatnonzero(sums[_RETURNS:] - sums[:-_RETURNS] >= _NEARLY * enough)
    if len(near):
        # Contiguous rows are summed alike, however many there are: a bar alone and a path agree to the last digit.
        windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(returns, _RETURNS)[near])
        values[near + _RETURNS] = windows.std(axis=1, ddof=1) * math.sqrt(_BARS_PER_YEAR) * 100.0
    return values
