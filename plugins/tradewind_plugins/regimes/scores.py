"""The parts of the composite score as factors, each from -1 (falling, nervous) to 1 (rising, calm).

A measure is scaled to reach 1 in size at a stated level, is cut there, and parts are plain means of their measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tradewind_plugins.factors import Macd, RealisedVolatility, Roc, Rsi, Slope, Sma
from tradewind_plugins.factors.base import OwnBarFactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray
    from tradewind_plugins.factors.recurrence import Operations

__all__ = ["AverageGap", "BreadthScore", "MomentumScore", "TermStructure", "TrendScore"]

PRICE_GAP = 0.05
"""Distance of a price from its average, or of two averages, that counts as a full trend."""
SLOPE_DAYS = 20
FAST_SLOPE, SLOW_SLOPE = 0.03, 0.02
"""Change of the fast and the slow average over `SLOPE_DAYS` that counts as a full trend."""
ADVANCE_DAYS = 20
FULL_ADVANCE = 0.2
"""Net advances of a symbol over `ADVANCE_DAYS` that count as full breadth: 12 days of 20 up, 8 down."""
HIGH_DAYS = 252
FULL_HIGHS = 0.1
"""Net new highs of `HIGH_DAYS` over `ADVANCE_DAYS` that count as full breadth: 2 days of 20."""
FULL_RATE = 0.1
"""Change of price over `SLOPE_DAYS` that counts as full momentum."""
FULL_HISTOGRAM = 0.01
"""MACD histogram, as a part of the price, that counts as full momentum."""
RSI_SPAN = 20.0
"""Distance of the RSI from 50 at Wilder's bounds of 30 and 70."""


@dataclass(frozen=True)
class AverageGap(OwnBarFactor):
    """Close over its average of ``days``, less 1, as a fraction."""

    days: int = 200

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the gap."""
        gap: FloatArray = fields["close"] / Sma(self.days).formula(run, fields) - 1.0
        return gap


@dataclass(frozen=True)
class TermStructure(OwnBarFactor):
    """Volatility of the last ``short_days`` over that of the last ``long_days``; above 1 it is rising."""

    warmup_tolerance: ClassVar[float] = 1e-6

    short_days: int = 10
    long_days: int = 63

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the ratio; NaN where the long one is 0."""
        short = RealisedVolatility(self.short_days).formula(run, fields)
        long = RealisedVolatility(self.long_days).formula(run, fields)
        ratio: FloatArray = short / np.where(long > 0.0, long, np.nan)
        return ratio


@dataclass(frozen=True)
class TrendScore(OwnBarFactor):
    """Mean of: price to slow average, fast to slow average, slope of the fast, slope of the slow."""

    fast_days: int = 50
    slow_days: int = 200

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the score."""
        close = fields["close"]
        fast = Sma(self.fast_days).formula(run, fields)
        slow = Sma(self.slow_days).formula(run, fields)
        price = _cut((close / slow - 1.0) / PRICE_GAP)
        cross = _cut((fast / slow - 1.0) / PRICE_GAP)
        fast_slope = _cut(Slope(self.fast_days, SLOPE_DAYS).formula(run, fields) / FAST_SLOPE)
        slow_slope = _cut(Slope(self.slow_days, SLOPE_DAYS).formula(run, fields) / SLOW_SLOPE)
        score: FloatArray = (price + cross + fast_slope + slow_slope) / 4.0
        return score


@dataclass(frozen=True)
class MomentumScore(OwnBarFactor):
    """Mean of: RSI(14), the MACD(12, 26, 9) histogram over the price, the change over a month."""

    warmup_tolerance: ClassVar[float] = math.inf

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the score."""
        strength = _cut((Rsi(14).formula(run, fields) - 50.0) / RSI_SPAN)
        divergence = _cut(Macd().formula(run, fields) / fields["close"] / FULL_HISTOGRAM)
        rate = _cut(Roc(SLOPE_DAYS).formula(run, fields) / FULL_RATE)
        score: FloatArray = (strength + divergence + rate) / 3.0
        return score


@dataclass(frozen=True)
class BreadthScore(OwnBarFactor):
    """What one symbol adds to breadth, whose score is the mean over the universe.

    Mean of: net advances (days up less days down), net new highs (days at the highest less days at the lowest close of
    a year), and the side of the slow average.
    """

    warmup_tolerance: ClassVar[float] = 1.0
    """Where a close equals its average, rounding decides the side; only what is not known yet is told apart."""

    slow_days: int = 200

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the score of each symbol."""
        close = fields["close"]
        moved = np.sign(close - run.delay(close, 1))
        advances = run.total(moved, ADVANCE_DAYS) / ADVANCE_DAYS
        highest, lowest = run.highest(close, HIGH_DAYS), run.lowest(close, HIGH_DAYS)
        extreme = np.where(np.isnan(highest), np.nan, (close >= highest).astype(np.float64) - (close <= lowest))
        highs = run.total(extreme, ADVANCE_DAYS) / ADVANCE_DAYS
        side = np.sign(close - Sma(self.slow_days).formula(run, fields))
        score: FloatArray = (_cut(advances / FULL_ADVANCE) + _cut(highs / FULL_HIGHS) + side) / 3.0
        return score


def _cut(values: FloatArray) -> FloatArray:
    cut: FloatArray = np.minimum(np.maximum(values, -1.0), 1.0)
    return cut
