"""The same loss at the stop for every position."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.contracts import Factor
from tradewind.model.typing import FloatArray
from tradewind_plugins.factors import Atr
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

    The stop is the signal's; where the strategy gives none it lies ``atr_multiple`` average true ranges from the price,
    or ``stop_fraction`` of the price where ``atr_multiple`` is not set. A stop on the wrong side of the price, and an
    average true range that is not known yet, hold nothing.

    Parameters
    ----------
    risk
        Part of the sleeve's capital lost at the stop, before gaps and costs.
    stop_fraction
        Distance of a stop not given, as a fraction of the price.
    max_weight, budget
        Bounds of one weight and of the sum of absolute weights, to which all are scaled down pro rata.
    atr_multiple
        Distance of a stop not given, in Wilder's average true ranges; the feed needs high and low.
    atr_bars
        Bars of the average true range.

    References
    ----------
    Faith (2003), "The Original Turtle Trading Rules", chapters 3 and 5: 1 % a position, stops at two ranges of 20 days.
    """

    def __init__(
        self,
        risk: Annotated[float, Field(gt=0, le=0.02, description="Part of capital lost at the stop.")] = 0.01,
        stop_fraction: Annotated[float, Field(gt=0, lt=1, description="Distance of a stop not given.")] = 0.10,
        max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 0.25,
        budget: Annotated[float, Field(gt=0, le=1, description="Bound on the sum of absolute weights.")] = 1.0,
        atr_multiple: Annotated[
            float | None, Field(gt=0, description="Distance of a stop not given, in average true ranges.")
        ] = None,
        atr_bars: Annotated[int, Field(ge=2, description="Bars of the average true range.")] = 20,
    ) -> None:
        self.risk = risk
        self.stop_fraction = stop_fraction
        self.max_weight = max_weight
        self.budget = budget
        self.atr_multiple = atr_multiple
        self.factors: dict[str, Factor] = {} if atr_multiple is None else {"atr": Atr(atr_bars)}

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return ``risk * price / distance`` with the sign of the score."""
        signs = directions(signals, market)
        price = market.marks
        default = price - signs * self._distance(market)
        stop = (
            default
            if signals.stop_price is None
            else np.where(np.isnan(signals.stop_price), default, signals.stop_price)
        )
        distance = signs * (price - stop)
        sound = (signs != 0) & (distance > 0)
        fraction = np.divide(distance, price, out=np.ones_like(price), where=sound)
        return bounded(np.where(sound, signs * risk_units(1.0, self.risk, fraction), 0.0), self.max_weight, self.budget)

    def _distance(self, market: Market) -> FloatArray:
        """Distance of a stop not given, in price."""
        if self.atr_multiple is None:
            return market.marks * self.stop_fraction
        return market.factor("atr") * self.atr_multiple
