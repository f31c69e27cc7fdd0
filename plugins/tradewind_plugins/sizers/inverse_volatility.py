"""Weights inverse to volatility."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.contracts import Factor
from tradewind.model.typing import FloatArray
from tradewind_plugins.factors import RealisedVolatility
from tradewind_plugins.sizers.bounds import bounded, directions

__all__ = ["InverseVolatility"]


class InverseVolatility:
    """Divide the budget in proportion to one over realised volatility, so that each holding risks about the same.

    An instrument without enough history, or that has not moved at all, gets nothing.

    References
    ----------
    Maillard, Roncalli, Teiletche (2010), "The Properties of Equally Weighted Risk Contribution Portfolios": the
    solution for equal correlations.
    """

    def __init__(
        self,
        lookback_bars: Annotated[int, Field(ge=2, description="Bars of returns.")] = 60,
        max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 1.0,
        budget: Annotated[float, Field(gt=0, le=1, description="Sum of absolute weights.")] = 1.0,
    ) -> None:
        self.max_weight = max_weight
        self.budget = budget
        self.factors: dict[str, Factor] = {"volatility": RealisedVolatility(lookback_bars)}

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return weights in proportion to ``1 / volatility``, summing to the budget before clipping."""
        signs = directions(signals, market)
        volatility = market.factor("volatility")
        known = (signs != 0) & (volatility > 0)
        inverse = np.divide(signs, volatility, out=np.zeros_like(signs), where=known)
        total = float(np.abs(inverse).sum())
        if total == 0.0:
            return np.zeros_like(signs)
        return bounded(inverse * (self.budget / total), self.max_weight, self.budget)
