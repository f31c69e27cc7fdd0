"""Hold what has risen most, with volume behind it."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from tradewind.contracts import Schedule
from tradewind.model import Market, Portfolio, Signals, Targets
from tradewind.model.typing import BoolArray, FloatArray
from tradewind_plugins.factors import Roc
from tradewind_strategies.ranking import highest, percentile_rank

__all__ = ["Momentum"]

SHORT_BARS = 20
LONG_BARS = 60
DECILE = 10
LEAST_LONG_SHARE = 0.5


class Momentum:
    """Combined rank of rise, volume trend and relative strength.

    The rank is the mean of these percentile ranks over the eligible instruments, each in (0, 1], ties averaged:

    - return over 20 bars, and over 60 bars;
    - volume trend: average volume of the last 20 bars over that of the last 60; left out where the feed has no volume;
    - relative strength: part of the last 60 bars on which the instrument's return was above the universe's median
      return. (The 60-bar return less the median would rank exactly as the return itself.)

    Eligible is what trades on this bar and has all of them. The ``top_n`` best are scored with their rank, the rest 0.

    With ``short_leg`` it answers with exact weights of the sleeve's capital instead of scores, and a ``sizer`` is then
    a configuration error. Each of the worst tenth (rounded down: fewer than 10 eligible instruments, no shorts) that is
    not among the best gets ``-short_weight``; each of the best gets ``1 / top_n`` of what the shorts leave of the
    capital, or of half of it where they leave less. So cash backs up to 50 shorts of 2 % at a margin of half.

    Parameters
    ----------
    top_n
        Number of instruments to hold.
    short_leg
        Whether to short the worst tenth.
    short_weight
        Size of each short, as a fraction of the sleeve's capital.
    schedule
        How often it decides.

    References
    ----------
    Jegadeesh and Titman (1993), "Returns to Buying Winners and Selling Losers", *Journal of Finance* 48(1), 65-91
    (returns); Lee and Swaminathan (2000), "Price Momentum and Trading Volume", *Journal of Finance* 55(5), 2017-2069
    (volume).
    """

    def __init__(
        self,
        top_n: Annotated[int, Field(ge=1, description="Number of instruments to hold.")] = 10,
        short_leg: Annotated[bool, Field(description="Short the worst tenth; then give no sizer.")] = False,
        short_weight: Annotated[
            float, Field(gt=0.0, le=1.0, description="Size of each short, as a fraction of the sleeve's capital.")
        ] = 0.02,
        schedule: Annotated[Schedule, Field(description="How often it decides.")] = "weekly",
    ) -> None:
        self.top_n = top_n
        self.short_leg = short_leg
        self.short_weight = short_weight
        self.schedule: Schedule = schedule
        self.warmup = LONG_BARS
        self.factors = {"short_return": Roc(SHORT_BARS), "long_return": Roc(LONG_BARS)}

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals | Targets:
        """Score the best with their rank; with the short leg, weigh the best and the worst."""
        rank = self._rank(market)
        best = highest(rank, self.top_n)
        if not self.short_leg:
            return Signals(scores=np.where(best, rank, 0.0))
        worst = highest(-rank, int(np.isfinite(rank).sum()) // DECILE) & ~best
        shorts = self.short_weight * int(worst.sum())
        long_weight = max(1.0 - shorts, LEAST_LONG_SHARE) / self.top_n
        return Targets(weights=np.where(best, long_weight, 0.0) - np.where(worst, self.short_weight, 0.0))

    def _rank(self, market: Market) -> FloatArray:
        parts = [market.factor("short_return"), market.factor("long_return"), _relative_strength(market)]
        if "volume" in market.fields:
            parts.append(_volume_trend(market))
        table = np.column_stack(parts)
        eligible: BoolArray = market.tradable & np.isfinite(table).all(axis=1)
        mean: FloatArray = np.full(len(eligible), np.nan)
        mean[eligible] = np.mean([percentile_rank(part) for part in table[eligible].T], axis=0)
        return mean


def _volume_trend(market: Market) -> FloatArray:
    """Average volume of the last 20 bars over that of the last 60; NaN where there was none."""
    volume = market.window("volume", LONG_BARS)
    short, long = _average(volume[-SHORT_BARS:]), _average(volume)
    trend: FloatArray = np.divide(short, long, out=np.full(len(long), np.nan), where=long > 0.0)
    return trend


def _relative_strength(market: Market) -> FloatArray:
    """Part of the last 60 bars on which the return was above the universe's median; NaN without a return."""
    closes = market.window("close", LONG_BARS + 1)
    returns = closes[1:] / closes[:-1] - 1.0
    medians = _medians(returns)
    above = np.where(np.isfinite(returns), returns > medians[:, np.newaxis], np.nan)
    return _average(above)


def _medians(values: FloatArray) -> FloatArray:
    """Median of each row over what is known; NaN where nothing is."""
    if np.isfinite(values).all():
        return np.asarray(np.median(values, axis=1), dtype=np.float64)
    return pd.DataFrame(values).median(axis=1).to_numpy(dtype=np.float64)


def _average(values: FloatArray) -> FloatArray:
    """Mean of each column over what is known; NaN where nothing is."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    totals = np.where(known, values, 0.0).sum(axis=0)
    averages: FloatArray = np.divide(totals, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return averages
