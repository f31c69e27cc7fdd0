"""Which part of an order opens or increases a position, and which makes one smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["Repeats", "opening_parts"]

_DUST = 1e-9
"""Part of an order that opens nothing but the rounding of sums."""


class Repeats(NamedTuple):
    """Which orders of a batch are for one instrument.

    Parameters
    ----------
    instruments
        Number of each order's instrument, shape (n,).
    groups
        Number of each order's one-cancels-all group, -1 for none, shape (n,): only one order of a group fills.
    """

    instruments: IntArray
    groups: IntArray


def opening_parts(quantities: FloatArray, held: FloatArray, repeats: Repeats | None = None) -> FloatArray:
    """Return the signed part of each order that opens or increases a position, shape (n,).

    Parameters
    ----------
    quantities
        Signed quantities, shape (n,).
    held
        Signed quantity of each order's instrument before the batch, shape (n,).
    repeats
        Where some instrument comes more than once: an order then meets what those before it have left, and the orders
        of a group all meet the same. None where none does.
    """
    if repeats is not None:
        held = _held_before(quantities, held, repeats)
    closes = quantities * held < 0.0
    closing = np.where(closes, np.copysign(np.minimum(np.abs(quantities), np.abs(held)), quantities), 0.0)
    openings: FloatArray = quantities - closing
    openings[np.abs(openings) <= _DUST * np.abs(quantities)] = 0.0
    return openings


def _held_before(quantities: FloatArray, held: FloatArray, repeats: Repeats) -> FloatArray:
    """Return what is held of each order's instrument when its turn comes."""
    before = held.copy()
    moved: dict[int, float] = {}
    met: dict[int, float] = {}
    for order, (number, group) in enumerate(zip(*(column.tolist() for column in repeats), strict=True)):
        first = group not in met
        change = moved.get(number, 0.0) if group < 0 or first else met[group]
        before[order] += change
        if group < 0 or first:
            moved[number] = change + float(quantities[order])
        if group >= 0:
            met[group] = change
    return before
