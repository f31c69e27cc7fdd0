"""Fractional Kelly."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.contracts import Factor
from tradewind.model.typing import FloatArray
from tradewind_plugins.factors import Returns
from tradewind_plugins.sizers.bounds import bounded, directions

__all__ = ["Kelly", "kelly_bet", "kelly_fraction", "kelly_growth"]


def kelly_fraction(mean: FloatArray, variance: FloatArray, rate: float = 0.0) -> FloatArray:
    """Return the growth-optimal fraction of a lognormal asset: ``(mean - rate) / variance``, per same period.

    References
    ----------
    Thorp (2006), "The Kelly Criterion in Blackjack, Sports Betting, and the Stock Market", section 7.

    >>> round(float(kelly_fraction(np.array(0.11), np.array(0.15**2), rate=0.06)), 4)
    2.2222
    """
    fraction: FloatArray = (mean - rate) / variance
    return fraction


def kelly_growth(fraction: float, mean: float, variance: float, rate: float = 0.0) -> float:
    """Return the growth rate of a fraction held in the asset and the rest at the rate: Thorp (2006), section 7.

    >>> round(kelly_growth(2.2222, 0.11, 0.15**2, rate=0.06), 5)
    0.11556
    """
    return rate + fraction * (mean - rate) - fraction**2 * variance / 2.0


def kelly_bet(win_probability: FloatArray, payoff_ratio: FloatArray) -> FloatArray:
    """Return the growth-optimal stake of a repeated bet: ``p - (1 - p) / b``. Kelly (1956)."""
    return win_probability - (1.0 - win_probability) / payoff_ratio


class Kelly:
    """A fraction of the Kelly weight, capped, with a floor below which nothing is held.

    The strategy's win probability and payoff ratio come first; then its expected return over the instrument's trailing
    variance; then the trailing mean over the variance. An edge against the score's direction holds nothing.
    """

    def __init__(
        self,
        fraction: Annotated[float, Field(gt=0, le=1, description="Part of the full Kelly weight.")] = 0.25,
        max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 0.25,
        floor: Annotated[float, Field(ge=0, lt=1, description="Weights below this are not held.")] = 0.001,
        estimate_bars: Annotated[int, Field(ge=20, description="Bars of returns for mean and variance.")] = 252,
        budget: Annotated[float, Field(gt=0, le=1, description="Bound on the sum of absolute weights.")] = 1.0,
    ) -> None:
        self.fraction = fraction
        self.max_weight = max_weight
        self.floor = floor
        self.estimate_bars = estimate_bars
        self.budget = budget
        self.factors: dict[str, Factor] = {"returns": Returns()}

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return the fractional Kelly weights."""
        signs = directions(signals, market)
        full = np.maximum(self._full(signals, market, signs), 0.0)
        weights = signs * np.minimum(np.nan_to_num(full, posinf=0.0) * self.fraction, self.max_weight)
        return bounded(np.where(np.abs(weights) < self.floor, 0.0, weights), self.max_weight, self.budget)

    def _full(self, signals: Signals, market: Market, signs: FloatArray) -> FloatArray:
        """Edge in the direction of the score; NaN where unknown."""
        if signals.win_probability is not None and signals.payoff_ratio is not None:
            positive = np.where(signals.payoff_ratio > 0, signals.payoff_ratio, np.nan)
            return kelly_bet(signals.win_probability, positive)
        if market.bar + 1 < self.estimate_bars:
            return np.full_like(signs, np.nan)
        window = market.factor_window("returns", self.estimate_bars)
        variance = window.var(axis=0, ddof=1)
        variance = np.where(variance > 0, variance, np.nan)
        if signals.expected_return is not None:
            return signs * kelly_fraction(signals.expected_return, variance)
        # The mean of log returns lies half the variance below the drift that Kelly's formula takes.
        return signs * kelly_fraction(window.mean(axis=0) + variance / 2.0, variance)
