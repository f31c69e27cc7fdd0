"""Positions at their worst while orders are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind.model.typing import FloatArray

__all__ = ["worst_of"]


def worst_of(held: FloatArray, now: FloatArray, ending: Iterable[tuple[int, float]]) -> FloatArray:
    """Return each position as limits count it: the larger of what it may become, and short if it may become that.

    A sale makes room when it has filled; a purchase takes it until it has certainly ended.

    Parameters
    ----------
    held
        Signed quantities with what is under way, shape (N,).
    now
        Signed quantities without it, shape (N,).
    ending
        Column and signed quantity of orders that are being cancelled and may still fill.
    """
    more, less = np.zeros_like(held), np.zeros_like(held)
    for column, coming in ending:
        (more if coming > 0.0 else less)[column] += coming
    possible = np.stack((held + more, held + less, now + more, now + less))
    sizes = abs(possible).max(axis=0)
    worst: FloatArray = np.where((possible < 0.0).any(axis=0), -sizes, sizes)
    return worst
