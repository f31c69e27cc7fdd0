"""The same loss at the stop for every position."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.model.typing import FloatArray
from tradewind_plugins.sizers.bounds import bounded, directions

__all__ = ["FixedRisk", "risk_units"]


def risk_units(equity: float, risk: float, loss_per_unit: FloatArray) -> FloatArray:
    """Return how many units lose ``risk`` of equity at the stop.

    References
    ----------
    Faith (2003), "The Original Turtle Trading Rules", chapter 3: a million dollars, 1 %, N = 0.0141 USD a gallon and
    42,000 gallons a contract give 16 contracts.

    >>> round(float(risk_units(1e6, 0.01, np.array(0.0141 * 42_000))), 3)
    16.886
    """
    units: FloatArray = equity * risk / loss_per_unit
    return units


class FixedRisk:
    """Size each position so that its stop loses a fixed part of the sleeve's capital.

    The stop is the signal's, or ``stop_fraction`` away from the price where the strategy gives none. A stop on the
    wrong side of the price holds nothing.
    """

    def __init__(
        self,
        risk: Annotated[float, Field(gt=0, le=0.02, description="Part of capital lost at the stop.")] = 0.01,
        stop_fraction: Annotated[float, Field(gt=0, lt=1, description="Distance of a stop not given.")] = 0.10,
        max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 0.25,
        budget: Annotated[float, Field(gt=0, le=1, description="Bound on the sum of absolute weights.")] = 1.0,
    ) -> None:
        self.risk = risk
        self.stop_fraction = stop_fraction
        self.max_weight = max_weight
        self.budget = budget

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return ``risk * price / distance`` with the sign of the score."""
        signs = directions(signals, market)
        price = market.marks
        default = price * (1.0 - signs * self.stop_fraction)
        stop = (
            default
            if signals.stop_price is None
            else np.where(np.isnan(signals.stop_price), default, signals.stop_price)
        )
        distance = signs * (price - stop)
        sound = (signs != 0) & (distance > 0)
        fraction = np.divide(distance, price, out=np.ones_like(price), where=sound)
        return bounded(np.where(sound, signs * risk_units(1.0, self.risk, fraction), 0.0), self.max_weight, self.budget)
