"""Which part of an order opens or increases a position, and which makes one smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["opening_parts"]

_DUST = 1e-9
"""Part of an order that opens nothing but the rounding of sums."""


def opening_parts(quantities: FloatArray, held: FloatArray, repeats: IntArray | None = None) -> FloatArray:
    """Return the signed part of each order that opens or increases a position, shape (n,).

    Parameters
    ----------
    quantities
        Signed quantities, shape (n,).
    held
        Signed quantity of each order's instrument before the batch, shape (n,).
    repeats
        Number of the instrument of each order, shape (n,), where some come more than once: an order then meets what
        those before it have left. None where none does.
    """
    if repeats is not None:
        held = _held_before(quantities, held, repeats)
    closes = quantities * held < 0.0
    closing = np.where(closes, np.copysign(np.minimum(np.abs(quantities), np.abs(held)), quantities), 0.0)
    openings: FloatArray = quantities - closing
    openings[np.abs(openings) <= _DUST * np.abs(quantities)] = 0.0
    return openings


def _held_before(quantities: FloatArray, held: FloatArray, repeats: IntArray) -> FloatArray:
    """Return what is held of each order's instrument when its turn comes."""
    before = held.copy()
    moved: dict[int, float] = {}
    for order, number in enumerate(repeats.tolist()):
        change = moved.get(number, 0.0)
        before[order] += change
        moved[number] = change + float(quantities[order])
    return before
