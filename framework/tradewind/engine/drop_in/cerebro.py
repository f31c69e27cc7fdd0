"""A `bt.Cerebro` that is fast where the result is provably the same."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from tradewind.engine.drop_in.path import Path

__all__ = ["Cerebro"]


class Cerebro(bt.Cerebro):
    """Behaves as `bt.Cerebro`; `path` tells whether the last run took the fast loop.

    >>> Cerebro().path.fast
    False
    """

    path = Path(fast=False, reason="not run yet")

    def run(self, **kwargs: Any) -> Any:
        """Run as `bt.Cerebro.run` does."""
        self.path = Path(fast=False, reason="the fast loop is switched off")
        return super().run(**kwargs)
