"""Buy everything once and hold it."""

from __future__ import annotations

import numpy as np

from tradewind.contracts import Schedule
from tradewind.model import Market, Path, Portfolio, Signals
from tradewind.model.typing import BoolArray

__all__ = ["BuyAndHold"]


class BuyAndHold:
    """Equal scores for everything that trades, and no decision after that: the yardstick of the others.

    Decides on the first bar and again whenever an instrument trades that the last decision could not include: one that
    starts later, or was halted then. Such a decision sizes the whole sleeve anew, so that the newcomer gets its share.

    References
    ----------
    Sharpe (1991), "The Arithmetic of Active Management", *Financial Analysts Journal* 47(1): the average active dollar
    earns what the market held passively earns, less costs.
    """

    schedule: Schedule = "every_bar"

    def __init__(self) -> None:
        self._included: BoolArray | None = None

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals | None:
        """Score 1 what trades, 0 what does not; None while there is nothing new to include."""
        included = self._included if self._included is not None else np.zeros_like(market.tradable)
        if not (market.tradable & ~included).any():
            return None
        self._included = market.tradable.copy()
        return Signals(scores=market.tradable.astype(np.float64))

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead on which something trades that is not included yet."""
        if self._included is None:
            return path.bar + 1
        return path.first(np.isfinite(path.ahead("close")) & ~self._included)
