"""Averages and what is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from tradewind.errors import PluginError
from tradewind_plugins.factors.base import OwnBarFactor, require_bars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray
    from tradewind_plugins.factors.recurrence import Operations

__all__ = ["AverageVolume", "Ema", "Macd", "Slope", "Sma"]

Length = Annotated[int, Field(ge=1, description="Number of own bars.")]


@dataclass(frozen=True)
class Sma(OwnBarFactor):
    """Simple average of the last ``bars`` values of a field, in its unit.

    >>> from tradewind.testing import make_bars
    >>> Sma(2).compute(make_bars([1.0, 2.0, 4.0]))[:, 0].tolist()
    [nan, 1.5, 3.0]
    """

    bars: Length
    field: Annotated[str, Field(description="Field to average.")] = "close"

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)
        object.__setattr__(self, "needs", (self.field,))

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the mean of the window."""
        return run.total(fields[self.field], self.bars) / self.bars


@dataclass(frozen=True)
class AverageVolume(OwnBarFactor):
    """Simple average of the volume of the last ``bars`` bars, in shares or contracts."""

    bars: Length = 20

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)
        object.__setattr__(self, "needs", ("volume",))

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the mean of the window."""
        return run.total(fields["volume"], self.bars) / self.bars


@dataclass(frozen=True)
class Ema(OwnBarFactor):
    """Exponential average of closes, weight 2 / (bars + 1), begun with the mean of the first ``bars`` closes.

    TA-Lib's ``EMA``.
    """

    warmup_tolerance: ClassVar[float] = math.inf

    bars: Length

    def __post_init__(self) -> None:
        require_bars(self, bars=self.bars)

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the recursive average."""
        return run.smooth(fields["close"], self.bars, 2.0 / (self.bars + 1))


@dataclass(frozen=True)
class Macd(OwnBarFactor):
    """Moving average convergence divergence of closes (Appel), in price units.

    ``line`` is the fast less the slow exponential average, ``signal`` the exponential average of the line,
    ``histogram`` the line less the signal. Both averages begin at bar ``slow``, as in TA-Lib's ``MACD``; TA-Lib hides
    the line's first ``signal`` - 1 values.
    """

    warmup_tolerance: ClassVar[float] = math.inf

    fast: Length = 12
    slow: Length = 26
    signal: Length = 9
    output: Annotated[Literal["line", "signal", "histogram"], Field(description="Which of the three.")] = "histogram"

    def __post_init__(self) -> None:
        require_bars(self, fast=self.fast, slow=self.slow, signal=self.signal)
        if self.fast >= self.slow:
            raise PluginError(
                f"factor Macd: fast must be shorter than slow; received fast {self.fast} and slow {self.slow}. "
                f"Usual are 12 and 26"
            )

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the output asked for."""
        close = fields["close"]
        fast = run.smooth(close, self.fast, 2.0 / (self.fast + 1), self.slow - self.fast)
        line: FloatArray = fast - run.smooth(close, self.slow, 2.0 / (self.slow + 1))
        if self.output == "line":
            return line
        signal = run.smooth(line, self.signal, 2.0 / (self.signal + 1))
        return signal if self.output == "signal" else line - signal


@dataclass(frozen=True)
class Slope(OwnBarFactor):
    """Relative change of the ``average_bars`` average of closes over the last ``over_bars`` bars, as a fraction."""

    average_bars: Length
    over_bars: Length

    def __post_init__(self) -> None:
        require_bars(self, average_bars=self.average_bars, over_bars=self.over_bars)

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the average over its earlier value, less 1."""
        average = run.total(fields["close"], self.average_bars) / self.average_bars
        change: FloatArray = average / run.delay(average, self.over_bars) - 1.0
        return change
