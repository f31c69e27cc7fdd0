"""A strategy of your own: one class, no package."""

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind_plugins.factors import Roc


class MyStrategy:
    """Hold the shares that have risen most, while they rise."""

    schedule = "monthly"

    def __init__(
        self,
        lookback_bars: Annotated[int, Field(ge=2, description="Bars over which the rise is measured.")] = 120,
        top_n: Annotated[int, Field(ge=1, description="Number of shares to hold.")] = 4,
    ) -> None:
        self.top_n = top_n
        self.warmup = lookback_bars
        self.factors = {"rise": Roc(lookback_bars)}

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals:
        """Score the best risers 1 and the rest 0."""
        rise = np.where(market.tradable, market.factor("rise"), np.nan)
        best = np.argsort(-np.nan_to_num(rise, nan=-np.inf), kind="stable")[: self.top_n]
        scores = np.zeros(len(rise))
        scores[best] = rise[best] > 0
        return Signals(scores=scores)
