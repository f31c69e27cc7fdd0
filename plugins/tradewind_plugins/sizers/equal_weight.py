"""The same weight for every signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.model.typing import FloatArray
from tradewind_plugins.sizers.bounds import bounded, directions

__all__ = ["EqualWeight"]


@dataclass(frozen=True, slots=True)
class EqualWeight:
    """Divide the budget equally over all instruments with a score, long or short.

    References
    ----------
    DeMiguel, Garlappi, Uppal (2009), "Optimal Versus Naive Diversification", Review of Financial Studies 22(5).
    """

    max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 1.0
    budget: Annotated[float, Field(gt=0, le=1, description="Sum of absolute weights.")] = 1.0

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return ``budget / count`` for each signal, with the sign of its score."""
        signs = directions(signals, market)
        count = float(np.count_nonzero(signs))
        return bounded(signs * (self.budget / max(count, 1.0)), self.max_weight, self.budget)
