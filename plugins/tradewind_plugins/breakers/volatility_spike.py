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
    from tradewind.model.typing import FloatArray

__all__ = ["VolatilitySpike"]

_BENCHMARK = "benchmark"
_RETURNS = 20
_BARS_PER_YEAR = 252
_NEARLY = 0.999
"""Part of the sum of squares that decides from which on a window is looked at closely."""


class VolatilitySpike:
    """Watches the volatility of the market, in percent a year.

    It is that of a volatility index where the run has one as a reference. Else it is what the reference ``benchmark``
    has realised: the sample standard deviation of its last 20 returns, times the root of 252, times 100. A run with
    neither is not watched, nor is one whose measure is not known yet.

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

    def observe(self, view: BreakerView) -> Reading:
        """Compare the market's volatility with the levels."""
        if self._role in view.references:
            value, name = view.references[self._role], self._role
        elif _BENCHMARK in view.references:
            self._closes = [*self._closes[-_RETURNS:], view.references[_BENCHMARK]]
            value, name = (
                float(_realised(np.array(self._closes), self._levels[0].at)[-1]),
                f"volatility of the {_BENCHMARK}",
            )
        else:
            return Reading()
        for level in reversed(self._levels):
            if value >= level.at:
                return Reading(level.standing, f"{name} {value:.4g}, {level.word} at {level.at:.4g}")
        return Reading()

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead stay below the first level."""
        bars = len(path.equity)
        if self._role in path.references:
            values = path.references[self._role]
        elif _BENCHMARK in path.references:
            closes = np.concatenate((self._closes, path.references[_BENCHMARK]))
            values = _realised(closes, self._levels[0].at)[len(self._closes) :]
        else:
            return bars
        return leading(~(values >= self._levels[0].at))

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember the benchmark's closes of bars ahead."""
        if self._role not in path.references and _BENCHMARK in path.references:
            closes = [*self._closes, *path.references[_BENCHMARK][:bars].tolist()]
            self._closes = closes[-_RETURNS - 1 :]

    def rearm(self, view: BreakerView) -> None:
        """Go on: the market is not the account's."""

    def state(self) -> dict[str, Any]:
        """Return the benchmark's last closes, None for one that is not known."""
        return {"closes": [None if math.isnan(close) else close for close in self._closes]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember the benchmark's last closes."""
        self._closes = [math.nan if close is None else close for close in state["closes"]]


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
