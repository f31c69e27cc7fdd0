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
    """Watches the loss from the highest equity since the start, or since it was re-armed.

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

    def observe(self, view: BreakerView) -> Reading:
        """Compare equity with its peak."""
        if self._peak is None or view.equity > self._peak:
            self._peak = view.equity
        return self._levels.reading(view.equity, self._peak)

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead stay above the first level."""
        return self._levels.quiet(path.equity, self._peaks(path))

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember the peak of bars ahead."""
        if bars:
            self._peak = float(self._peaks(path)[bars - 1])

    def rearm(self, view: BreakerView) -> None:
        """Measure from the present equity."""
        self._peak = view.equity

    def state(self) -> dict[str, Any]:
        """Return the peak."""
        return {"peak": self._peak}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember the peak."""
        self._peak = state["peak"]

    def _peaks(self, path: BreakerPath) -> FloatArray:
        peaks: FloatArray = np.fmax.accumulate(path.equity)
        return peaks if self._peak is None else np.fmax(peaks, self._peak)
