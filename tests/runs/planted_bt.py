"""A Backtrader strategy for sessions."""

from __future__ import annotations

from typing import Any

import backtrader as bt


class Crosses(bt.Strategy):  # type: ignore[misc]
    """Holds 10 of the first symbol while it is above its mean."""

    def __init__(self) -> None:
        self.mean: Any = bt.ind.SMA(self.data, period=5)

    def next(self) -> None:
        wanted = 10 if self.data.close[0] > self.mean[0] else 0
        if wanted != self.position.size:
            self.order_target_size(target=wanted)
