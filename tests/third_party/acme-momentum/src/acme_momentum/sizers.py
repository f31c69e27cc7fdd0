"""A sizer."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.model import Market, Portfolio, Signals
from tradewind.model.typing import FloatArray

__all__ = ["ByScore"]


class ByScore:
    """Weights in proportion to positive scores, bounded for each instrument."""

    budget = 1.0

    def __init__(
        self, max_weight: Annotated[float, Field(gt=0.0, le=1.0, description="Largest weight of one.")] = 0.4
    ) -> None:
        self.max_weight = max_weight

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Divide the budget."""
        wanted = np.where(market.tradable, np.maximum(np.nan_to_num(signals.scores), 0.0), 0.0)
        total = float(wanted.sum())
        none: FloatArray = np.zeros(len(wanted))
        return np.minimum(wanted / total * self.budget, self.max_weight) if total > 0.0 else none
