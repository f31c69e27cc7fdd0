"""Choosing by rank, the same way in every strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["highest", "percentile_rank"]


def highest(values: FloatArray, count: int) -> BoolArray:
    """Return True for the ``count`` highest values, fewer where fewer are known; NaN is never chosen.

    Of equal values the one in the earlier column is chosen.

    >>> highest(np.array([1.0, np.nan, 3.0, 3.0]), 1).tolist()
    [False, False, True, False]
    """
    chosen = np.zeros(len(values), dtype=np.bool_)
    order = np.argsort(-values, kind="stable")[:count]
    chosen[order] = ~np.isnan(values[order])
    return chosen


def percentile_rank(values: FloatArray) -> FloatArray:
    """Return the rank of each value over their number, 0 to 1; equal values share the mean of their ranks.

    >>> percentile_rank(np.array([5.0, 1.0, 5.0, 9.0])).tolist()
    [0.625, 0.25, 0.625, 1.0]
    """
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    rank: FloatArray = (below + up_to + 1) / 2 / len(values)
    return rank
