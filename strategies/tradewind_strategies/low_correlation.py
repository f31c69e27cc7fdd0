"""Hold calm instruments that do not move together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from tradewind.contracts import Schedule
from tradewind.model import Market, Portfolio, Signals
from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["LowCorrelation", "select_uncorrelated"]

LEAST_COVERAGE = 0.9
"""Part of the window's returns an instrument must have to be eligible: a short halt does not cost it a year."""
LEAST_VOLATILITY = 1e-8
"""Below this standard deviation of daily log returns a price is constant and its correlations are rounding noise."""


class LowCorrelation:
    """A calm, diversified selection: greedy under a cap on pairwise correlation.

    The first instrument is the one with the lowest volatility. The next is, of those whose correlation with every one
    selected is below ``correlation_cap``, the one with the lowest mean correlation with those selected; and so on until
    ``top_n`` are selected or none is left. Selected ones are scored 1, the rest 0.

    Volatility and correlation are those of the daily log returns of the last ``lookback_bars`` bars, each correlation
    over the bars that both instruments traded. Eligible is what trades on this bar, has at least 90 % of these returns
    and a price that moves. Where the selection stays and every weight held lies within ``drift`` of its target, nothing
    is decided and so nothing traded.

    Parameters
    ----------
    top_n
        Most instruments to hold.
    correlation_cap
        Correlation that a pair of selected instruments must stay below.
    drift
        Distance of a weight from its target, as a fraction of the sleeve's capital, beyond which it is traded back.
    lookback_bars
        Bars of returns.
    schedule
        How often it looks.

    References
    ----------
    Mantegna (1999), "Hierarchical structure in financial markets", *European Physical Journal B* 11, 193-197:
    correlations of daily log returns as distances between shares. Clarke, de Silva and Thorley (2006),
    "Minimum-Variance Portfolios in the U.S. Equity Market", *Journal of Portfolio Management* 33(1): calm and little
    correlated shares lower risk without lowering return. The greedy selection is the project's own.
    """

    def __init__(
        self,
        top_n: Annotated[int, Field(ge=1, description="Most instruments to hold.")] = 10,
        correlation_cap: Annotated[
            float, Field(gt=-1.0, le=1.0, description="Correlation a pair must stay below.")
        ] = 0.5,
        drift: Annotated[
            float, Field(ge=0.0, le=1.0, description="Distance of a weight from its target that is left alone.")
        ] = 0.05,
        lookback_bars: Annotated[int, Field(ge=20, description="Bars of returns.")] = 252,
        schedule: Annotated[Schedule, Field(description="How often it looks.")] = "quarterly",
    ) -> None:
        self.top_n = top_n
        self.correlation_cap = correlation_cap
        self.drift = drift
        self.lookback_bars = lookback_bars
        self.schedule: Schedule = schedule
        self.warmup = lookback_bars

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals | None:
        """Score the selection 1 and the rest 0; None while selection and weights may stay."""
        returns = _log_returns(market.window("close", self.lookback_bars + 1))
        enough = np.isfinite(returns).sum(axis=0) >= LEAST_COVERAGE * self.lookback_bars
        columns = np.flatnonzero(market.tradable & enough)
        volatility = _volatility(returns[:, columns])
        columns = columns[volatility > LEAST_VOLATILITY]
        chosen = select_uncorrelated(
            volatility[volatility > LEAST_VOLATILITY],
            _Correlations(returns[:, columns]),
            self.top_n,
            self.correlation_cap,
        )
        selected = np.zeros(len(market.tradable), dtype=np.bool_)
        selected[columns[chosen]] = True
        if self._may_stay(selected, market, portfolio):
            return None
        return Signals(scores=selected.astype(np.float64))

    def _may_stay(self, selected: BoolArray, market: Market, portfolio: Portfolio) -> bool:
        if not np.array_equal(portfolio.target_weights != 0.0, selected):
            return False
        if portfolio.capital <= 0.0:
            return True
        multipliers = np.array([instrument.multiplier for instrument in market.instruments])
        held = portfolio.quantities != 0.0
        values = np.where(held, portfolio.quantities * market.marks * multipliers, 0.0)
        distances = np.abs(values / portfolio.capital - portfolio.target_weights)
        return bool((distances <= self.drift).all())


def select_uncorrelated(
    volatility: FloatArray, correlation_with: Callable[[int], FloatArray], count: int, cap: float
) -> list[int]:
    """Return the greedy selection of `LowCorrelation`, in the order of selection; of equals the earlier one.

    Parameters
    ----------
    volatility
        Shape (N,), finite.
    correlation_with
        Correlations of one with all, shape (N,); a pair whose correlation is NaN counts as not below the cap.
    count
        Most to select.
    cap
        Correlation that pairs must stay below.

    >>> correlation = np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.1], [0.2, 0.1, 1.0]])
    >>> select_uncorrelated(np.array([0.1, 0.2, 0.3]), correlation.__getitem__, 3, 0.5)
    [0, 2]
    """
    selected: list[int] = []
    free = np.ones(len(volatility), dtype=np.bool_)
    totals = np.zeros(len(volatility))
    while free.any() and len(selected) < count:
        order = totals if selected else volatility
        best = int(np.argmin(np.where(free, order, np.inf)))
        selected.append(best)
        free[best] = False
        correlation = correlation_with(best)
        free &= correlation < cap
        totals += correlation
    return selected


def _log_returns(closes: FloatArray) -> FloatArray:
    """Log returns from each traded bar to the instrument's traded bar before; NaN on bars it did not trade."""
    known = pd.DataFrame(closes).ffill().to_numpy(dtype=np.float64)
    returns = np.log(known[1:] / known[:-1])
    return np.where(np.isfinite(closes[1:]), returns, np.nan)


def _volatility(returns: FloatArray) -> FloatArray:
    present = np.isfinite(returns)
    counts = present.sum(axis=0)
    means = np.where(present, returns, 0.0).sum(axis=0) / counts
    centred = np.where(present, returns - means, 0.0)
    volatility: FloatArray = np.sqrt((centred**2).sum(axis=0) / (counts - 1))
    return volatility


class _Correlations:
    """Correlations of one column with all, each over the bars both have; only those asked for are computed."""

    def __init__(self, returns: FloatArray) -> None:
        present = np.isfinite(returns)
        means = np.where(present, returns, 0.0).sum(axis=0) / present.sum(axis=0)
        self._present = present.astype(np.float64)
        self._centred = np.where(present, returns - means, 0.0)
        self._squared = self._centred**2

    def __call__(self, column: int) -> FloatArray:
        own, has = self._centred[:, column], self._present[:, column]
        both = has @ self._present
        own_sums, other_sums = own @ self._present, has @ self._centred
        covariances = own @ self._centred - own_sums * other_sums / both
        own_spreads = self._squared[:, column] @ self._present - own_sums**2 / both
        other_spreads = has @ self._squared - other_sums**2 / both
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations: FloatArray = covariances / np.sqrt(own_spreads * other_spreads)
        return correlations
