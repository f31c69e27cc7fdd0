"""Equal weights scaled to a volatility."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.contracts import Factor
from tradewind.model.typing import FloatArray
from tradewind_plugins.factors import Returns
from tradewind_plugins.sizers.bounds import bounded, directions
from tradewind_plugins.sizers.trailing import marked_returns

__all__ = ["VolatilityTarget", "portfolio_volatility"]


def portfolio_volatility(weights: FloatArray, returns: FloatArray, periods_per_year: float) -> float:
    """Return the annual volatility of fixed weights over a window of returns of shape (bars, N), sample deviation."""
    return float((returns @ weights).std(ddof=1)) * math.sqrt(periods_per_year)


class VolatilityTarget:
    """Start from equal weights and scale them so that the portfolio's trailing volatility meets a target.

    The budget bounds the result: a calm portfolio is not levered beyond it. Instruments without a full window of
    returns get nothing; a halted bar counts as a return of 0. A portfolio that has not moved at all is not held, as no
    scale would meet the target.

    References
    ----------
    Moreira, Muir (2017), "Volatility-Managed Portfolios", Journal of Finance 72(4).
    """

    def __init__(
        self,
        target: Annotated[float, Field(gt=0, le=2, description="Volatility a year, as a fraction.")] = 0.10,
        lookback_bars: Annotated[int, Field(ge=10, description="Bars of returns.")] = 60,
        periods_per_year: Annotated[float, Field(gt=0, description="Bars a year.")] = 252.0,
        max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 1.0,
        budget: Annotated[float, Field(gt=0, le=1, description="Bound on the sum of absolute weights.")] = 1.0,
    ) -> None:
        self.target = target
        self.lookback_bars = lookback_bars
        self.periods_per_year = periods_per_year
        self.max_weight = max_weight
        self.budget = budget
        self.factors: dict[str, Factor] = {"returns": Returns()}

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return equal weights times ``target / volatility``."""
        signs = directions(signals, market)
        if market.bar + 1 < self.lookback_bars:
            return np.zeros_like(signs)
        window = marked_returns(market, self.lookback_bars)
        signs = np.where(np.isfinite(window).all(axis=0), signs, 0.0)
        count = np.count_nonzero(signs)
        if count == 0:
            return signs
        equal = signs * (self.budget / count)
        volatility = portfolio_volatility(equal, np.nan_to_num(window), self.periods_per_year)
        scale = self.target / volatility if volatility > 0.0 else 0.0
        return bounded(equal * scale, self.max_weight, self.budget)
