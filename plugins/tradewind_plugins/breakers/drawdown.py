"""The loss from the highest equity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from tradewind_plugins.breakers.levels import LossLevels

if TYPE_CHECKING:
    from tradewind.contracts import BreakerPath, BreakerView, Reading
    from tradewind.model.typing import FloatArray

__all__ = ["Drawdown"]


class Drawdown:
    """Watches the loss from the highest equity since the start, or since a kill was re-armed.

    After the cool-down of a halt, warning and halt are measured from the equity of that moment; the kill stays measured
    from the highest.

    Parameters
    ----------
    warn, halt, kill
        Drawdowns at which orders become smaller, the account halts, and it is killed, as fractions of the peak.
    """

    def __init__(
        self,
        warn: Annotated[float, Field(gt=0.0, le=1.0, description="Drawdown from which on sizes are smaller.")] = 0.08,
        halt: Annotated[float, Field(gt=0.0, le=1.0, description="Drawdown that halts the account.")] = 0.12,
        kill: Annotated[float, Field(gt=0.0, le=1.0, description="Drawdown that kills the account.")] = 0.15,
    ) -> None:
        self._levels = LossLevels("drawdown", warn=warn, halt=halt, kill=kill)
        self._peak: float | None = None
        self._reference: float | None = None
        """Highest equity since the last cool-down."""

    def observe(self, view: BreakerView) -> Reading:
        """Compare equity with its peak."""
        self._peak = view.equity if self._peak is None else max(self._peak, view.equity)
        self._reference = view.equity if self._reference is None else max(self._reference, view.equity)
        return self._levels.reading(view.equity, self._reference, self._peak)

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead stay above the first level."""
        killed_from = _highest(self._peak, path.equity)
        return self._levels.quiet(path.equity, _highest(self._reference, path.equity), killed_from)

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember the peak of bars ahead."""
        if bars:
            self._peak = float(_highest(self._peak, path.equity)[bars - 1])
            self._reference = float(_highest(self._reference, path.equity)[bars - 1])

    def cooled(self, view: BreakerView) -> None:
        """Measure what halts from the present equity."""
        self._reference = view.equity

    def rearm(self, view: BreakerView) -> None:
        """Measure from the present equity."""
        self._peak = self._reference = view.equity

    def state(self) -> dict[str, Any]:
        """Return the peaks."""
        return {"peak": self._peak, "reference": self._reference}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember the peaks."""
        self._peak, self._reference = state["peak"], state["reference"]


def _highest(before: float | None, equity: FloatArray) -> FloatArray:
    """Return the highest equity up to each bar, what was before included."""
    peaks: FloatArray = np.fmax.accumulate(equity)
    return peaks if before is None else np.fmax(peaks, before)
