"""Drawdowns: how far below its past high a curve lies. Losses are positive fractions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tradewind.model.typing import FloatArray

__all__ = ["Drawdown", "drawdown_series", "worst_drawdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """One fall from a high and the way back.

    Parameters
    ----------
    depth
        Fraction of the high that was lost, at least 0 (above 1 when equity turns negative).
    peak, trough, recovered
        Bars of the high, of the low, and of the first close at or above the high; None without a fall, and
        ``recovered`` also while still under water.
    """

    depth: float
    peak: pd.Timestamp | None = None
    trough: pd.Timestamp | None = None
    recovered: pd.Timestamp | None = None

    @property
    def days_to_trough(self) -> float:
        """Calendar days from high to low; NaN without a fall."""
        return _days(self.peak, self.trough)

    @property
    def days_to_recover(self) -> float:
        """Calendar days from the low until the high is regained; NaN while under water."""
        return _days(self.trough, self.recovered)


def drawdown_series(equity: ArrayLike) -> FloatArray:
    """Return ``1 - equity / highest equity so far`` per bar, shape (T,), each at least 0."""
    values = np.asarray(equity, dtype=np.float64)
    return 1.0 - values / np.maximum.accumulate(values)


def worst_drawdown(equity: pd.Series) -> Drawdown:
    """Return the deepest drawdown; of equally deep ones, the first."""
    values = equity.to_numpy(dtype=np.float64)
    depths = drawdown_series(values)
    trough = int(depths.argmax())
    if depths[trough] <= 0.0:
        return Drawdown(depth=0.0)
    peak = int(values[: trough + 1].argmax())
    above = np.flatnonzero(values[trough:] >= values[peak])
    times = pd.DatetimeIndex(equity.index)
    return Drawdown(
        depth=float(depths[trough]),
        peak=times[peak],
        trough=times[trough],
        recovered=times[trough + int(above[0])] if len(above) else None,
    )


def _days(start: pd.Timestamp | None, end: pd.Timestamp | None) -> float:
    return math.nan if start is None or end is None else (end - start) / pd.Timedelta(days=1)
