"""A strategy whose factor is a plugin itself, chosen in YAML."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Factor, Schedule
from tradewind.model import Market, Portfolio, Signals

__all__ = ["Strongest"]


class Strongest:
    """Score the instruments with the highest positive factor with it, and the rest 0."""

    schedule: Schedule = "weekly"

    def __init__(
        self,
        factor: Factor,
        top_n: Annotated[int, Field(ge=1, description="Number of instruments to hold.")] = 2,
        warmup_bars: Annotated[int, Field(ge=0, description="Bars before the first decision.")] = 20,
    ) -> None:
        self.factors = {"lead": factor}
        self.top_n = top_n
        self.warmup = warmup_bars

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals:
        """Rank what trades now."""
        lead = np.where(market.tradable, market.factor("lead"), np.nan)
        order = np.argsort(np.where(np.isnan(lead), -np.inf, lead), kind="stable")[::-1][: self.top_n]
        scores = np.zeros(len(lead))
        scores[order] = np.maximum(np.nan_to_num(lead[order]), 0.0)
        return Signals(scores=scores)
