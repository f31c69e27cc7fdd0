"""Returns as a portfolio's marks see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradewind.model import Market
    from tradewind.model.typing import FloatArray

__all__ = ["marked_returns"]


def marked_returns(market: Market, bars: int) -> FloatArray:
    """Return the log returns of the last ``bars`` bars, shape (bars, N), from the sizer's factor ``returns``.

    A halted bar returns 0, as its position is marked at the last price; the bar after the halt carries the whole move.
    NaN before an instrument's second bar.
    """
    returns = market.factor_window("returns", bars)
    # On a halted bar the factor repeats its last value, which would count one move many times.
    halted = np.isnan(market.window("close", bars)) & np.isfinite(returns)
    return np.where(halted, 0.0, returns)
