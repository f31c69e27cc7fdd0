"""Bounds that all sizers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradewind.model import Market, Signals
    from tradewind.model.typing import FloatArray

__all__ = ["bounded", "directions"]


def directions(signals: Signals, market: Market) -> FloatArray:
    """Return 1 to own, -1 to short and 0 to hold nothing, shape (N,); 0 where not tradable or without an opinion."""
    signs: FloatArray = np.sign(np.where(market.tradable, np.nan_to_num(signals.scores), 0.0))
    return signs


def bounded(weights: FloatArray, max_weight: float, budget: float) -> FloatArray:
    """Clip weights to ``max_weight`` and scale them down pro rata to ``budget``; NaN and infinite become 0."""
    clipped = np.clip(np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0), -max_weight, max_weight)
    total = float(np.abs(clipped).sum())
    return clipped * (budget / total) if total > budget else clipped
