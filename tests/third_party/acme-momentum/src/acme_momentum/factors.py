"""A factor: the step form is the definition, and the batch form runs it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind import Bars
    from tradewind.model.typing import FloatArray

__all__ = ["Gap"]


class Gap:
    """Close over the average of the last own closes, less 1; NaN until there are enough."""

    needs: tuple[str, ...] = ("close",)

    def __init__(self, bars: Annotated[int, Field(ge=2, description="Own bars of the average.")] = 20) -> None:
        self.bars = bars

    def compute(self, bars: Bars) -> FloatArray:
        """Return all rows, each from the step form."""
        closes = bars.fields["close"]
        steps = self.start(closes.shape[1])
        return np.array([steps.step({"close": row}) for row in closes])

    def start(self, symbols: int) -> GapSteps:
        """Return a fresh step form."""
        return GapSteps(symbols, self.bars)


class GapSteps:
    """Keeps the last closes of each symbol."""

    def __init__(self, symbols: int, bars: int) -> None:
        self._closes: list[deque[float]] = [deque(maxlen=bars) for _ in range(symbols)]
        self._last: FloatArray = np.full(symbols, np.nan)

    def step(self, row: Mapping[str, FloatArray]) -> FloatArray:
        """Return the gap of each symbol; a halted one keeps its last."""
        for column, close in enumerate(row["close"].tolist()):
            kept = self._closes[column]
            if close == close:
                kept.append(close)
                if len(kept) == kept.maxlen:
                    self._last[column] = close / (sum(kept) / len(kept)) - 1.0
        return self._last.copy()
