"""The equal-weight universe as a market, for runs without a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.model import Bars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.contracts import Factor, FactorStep
    from tradewind.model.typing import FloatArray

__all__ = ["OnUniverse"]


class OnUniverse:
    """Evaluate a factor of closes on an index of the universe; every column holds the same value.

    The index starts at 1 with the first close of any symbol. On each bar it moves by the plain mean of the relative
    changes of the symbols that have a close there and had one before, whenever that was. A bar without any close is no
    bar of the index.
    """

    needs: tuple[str, ...] = ("close",)

    def __init__(self, factor: Factor) -> None:
        self._factor = factor

    @property
    def warmup_tolerance(self) -> float:
        """That of its factor."""
        return float(getattr(self._factor, "warmup_tolerance", 0.0))

    def compute(self, bars: Bars) -> FloatArray:
        """Return the factor of the index in every column, shape (T, N)."""
        close = bars.fields["close"]
        before = np.full_like(close, np.nan)
        before[1:] = pd.DataFrame(close).ffill().to_numpy(dtype=np.float64)[:-1]
        level: FloatArray = np.asarray(np.cumprod(1.0 + _mean_change(close, before)), dtype=np.float64)
        level[~np.isfinite(close).any(axis=1)] = np.nan
        index = Bars(
            timestamps=bars.timestamps, instruments=bars.instruments[:1], fields={"close": level[:, np.newaxis]}
        )
        return np.repeat(self._factor.compute(index), close.shape[1], axis=1)

    def start(self, symbols: int) -> OnUniverseStep:
        """Return a fresh step form for that many columns."""
        return OnUniverseStep(self._factor.start(1), symbols)


class OnUniverseStep:
    """The step form of `OnUniverse`."""

    def __init__(self, step: FactorStep, symbols: int) -> None:
        self._step = step
        self._before = np.full(symbols, np.nan)
        self._level = 1.0

    def step(self, row: Mapping[str, FloatArray]) -> FloatArray:
        """Take the closes of one bar, shape (N,), and return the factor of the index in every column."""
        close = row["close"]
        present = np.isfinite(close)
        self._level *= 1.0 + float(_mean_change(close[np.newaxis], self._before[np.newaxis])[0])
        self._before = np.where(present, close, self._before)
        level = np.array([self._level if present.any() else np.nan])
        return np.repeat(self._step.step({"close": level}), len(close))


def _mean_change(close: FloatArray, before: FloatArray) -> FloatArray:
    """Return the mean relative change of each row, 0 where no symbol has one."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        change = close / before - 1.0
    known = np.isfinite(change)
    # Cumulated, because a plain sum's order of addition, so its last digit, depends on the array's shape.
    total = np.cumsum(np.where(known, change, 0.0), axis=1)[:, -1]
    mean: FloatArray = total / np.maximum(known.sum(axis=1), 1)
    return mean
