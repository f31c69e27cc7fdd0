"""What an instrument itself did in an episode, where the run's prices reach that far back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from tradewind.research.stress.scenario import Scenario

if TYPE_CHECKING:
    import datetime as dt

    from tradewind.model import AssetClass, Bars
    from tradewind.model.typing import FloatArray

__all__ = ["ReplayedScenario", "replayed"]

_MOST_DAYS_BEFORE = 7
"""A bar at most so long before a date stands for it: weekends and holidays."""


class ReplayedScenario(Scenario):
    """A scenario in which instruments do what they did; only those without a price then follow the shocks.

    A figure by symbol in the scenario itself goes first.
    """

    own_returns: dict[str, float] = Field(default_factory=dict, description="Return of each symbol in the episode.")

    def shock(self, symbol: str, sector: str, asset_class: AssetClass, beta: float) -> tuple[float, str]:
        """Return the return of an instrument and what it comes from, as `Scenario.shock` does."""
        if symbol in self.own_returns and symbol not in self.symbols:
            return self.own_returns[symbol], "own history"
        return super().shock(symbol, sector, asset_class, beta)


def replayed(scenario: Scenario, bars: Bars) -> ReplayedScenario | None:
    """Return a scenario with the returns of the instruments of the bars from its start to its end.

    None where it has no dates, happened within a day, or the bars reach neither of them.
    """
    within_a_day = scenario.path is not None and scenario.path.unit == "moments"
    if scenario.start is None or scenario.end is None or within_a_day:
        return None
    before, after = _closes_at(bars, scenario.start), _closes_at(bars, scenario.end)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = after / before - 1.0
    own = {symbol: float(one) for symbol, one in zip(bars.symbols, moved, strict=True) if np.isfinite(one)}
    return ReplayedScenario.model_validate({**dict(scenario), "own_returns": own}) if own else None


def _closes_at(bars: Bars, date: dt.date) -> FloatArray:
    """Return the close of each instrument on a date or the bar before it, shape (N,); NaN where it has none."""
    nothing = np.full(len(bars.instruments), np.nan)
    row = int(np.searchsorted(bars.timestamps, np.datetime64(date) + np.timedelta64(1, "D"))) - 1
    if row < 0 or np.datetime64(date) - bars.timestamps[row].astype("datetime64[D]") > np.timedelta64(
        _MOST_DAYS_BEFORE, "D"
    ):
        return nothing
    return np.asarray(bars.fields["close"][row], dtype=np.float64)
