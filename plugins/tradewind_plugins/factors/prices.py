"""Extremes, returns, volatility and oscillators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind_plugins.factors.base import OwnBarFactor, log_ratio, require_bars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray
    from tradewind_plugins.factors.recurrence import Operations

__all__ = ["Atr", "RealisedVolatility", "Returns", "Roc", "RollingHigh", "RollingLow", "Rsi"]

Length = Annotated[int, Field(ge=1, description="Number of own bars.")]


@dataclass(frozen=True)
class RollingHigh(OwnBarFactor):
    """Largest value of a field over the last ``bars`` bars, the current one included."""

    warmup_tolerance: ClassVar[float] = 0.0

    bars: Length
    field: Annotated[str, Field(description="Field to look at.")] = "close"

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)
        object.__setattr__(self, "needs", (self.field,))

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the largest of the window."""
        return run.highest(fields[self.field], self.bars)


@dataclass(frozen=True)
class RollingLow(OwnBarFactor):
    """Smallest value of a field over the last ``bars`` bars, the current one included."""

    warmup_tolerance: ClassVar[float] = 0.0

    bars: Length
    field: Annotated[str, Field(description="Field to look at.")] = "close"

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)
        object.__setattr__(self, "needs", (self.field,))

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the smallest of the window."""
        return run.lowest(fields[self.field], self.bars)


@dataclass(frozen=True)
class Roc(OwnBarFactor):
    """Rate of change: close over the close ``bars`` bars earlier, less 1, as a fraction.

    >>> from tradewind.testing import make_bars
    >>> Roc(2).compute(make_bars([4.0, 3.0, 5.0]))[:, 0].tolist()
    [nan, nan, 0.25]
    """

    warmup_tolerance: ClassVar[float] = 0.0

    bars: Length

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the relative change."""
        close = fields["close"]
        change: FloatArray = close / run.delay(close, self.bars) - 1.0
        return change


@dataclass(frozen=True)
class Returns(OwnBarFactor):
    """Log return of the last bar, ln(close / close before); NaN where that is no finite number."""

    warmup_tolerance: ClassVar[float] = 0.0

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the log return."""
        close = fields["close"]
        return log_ratio(close, run.delay(close, 1))


@dataclass(frozen=True)
class RealisedVolatility(OwnBarFactor):
    """Sample standard deviation (divisor ``bars`` - 1) of the last ``bars`` log returns, a fraction a year.

    The mean is subtracted; the result is multiplied by the root of ``periods_per_year``.
    """

    warmup_tolerance: ClassVar[float] = 1e-6
    """The root of a variance near 0 magnifies how its sums round."""

    bars: Annotated[int, Field(ge=2, description="Number of returns.")]
    periods_per_year: Annotated[int, Field(ge=1, description="Bars in a year: 252 for daily.")] = 252

    def __post_init__(self) -> None:
        require_bars(self, least=2, bars=self.bars)

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the annualised deviation."""
        close = fields["close"]
        returns = log_ratio(close, run.delay(close, 1))
        total = run.total(returns, self.bars)
        squares = run.total(returns * returns, self.bars)
        variance = np.maximum((squares - total * total / self.bars) / (self.bars - 1), 0.0)
        deviation: FloatArray = np.sqrt(variance) * math.sqrt(self.periods_per_year)
        return deviation


@dataclass(frozen=True)
class Rsi(OwnBarFactor):
    """Relative strength index (Wilder 1978), 0 to 100: average gain over average gain and loss of closes.

    Averages begin with the simple mean of the first ``bars`` changes, as in TA-Lib's ``RSI``. 50 where the close has
    never moved (TA-Lib: 0).
    """

    warmup_tolerance: ClassVar[float] = math.inf

    bars: Length = 14

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the share of gains, in per cent."""
        close = fields["close"]
        change = close - run.delay(close, 1)
        gain = run.smooth(np.maximum(change, 0.0), self.bars, 1.0 / self.bars)
        loss = run.smooth(np.maximum(-change, 0.0), self.bars, 1.0 / self.bars)
        moved = gain + loss
        still = moved == 0.0
        index: FloatArray = np.where(still, 50.0, 100.0 * gain / np.where(still, 1.0, moved))
        return index


@dataclass(frozen=True)
class Atr(OwnBarFactor):
    """Average true range (Wilder 1978), in price units, begun with the simple mean; TA-Lib's ``ATR``.

    The true range is the largest of high less low and the distances of both from the close before; the first bar has
    none.
    """

    warmup_tolerance: ClassVar[float] = math.inf

    bars: Length = 14

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)
        object.__setattr__(self, "needs", ("high", "low", "close"))

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the averaged true range."""
        high, low = fields["high"], fields["low"]
        before = run.delay(fields["close"], 1)
        true_range = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before)))
        return run.smooth(true_range, self.bars, 1.0 / self.bars)
