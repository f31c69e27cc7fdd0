"""The value of what was in the account at the start: transfers change how much there is of it, not what it is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray

__all__ = ["UnitValue"]


class UnitValue:
    """Equity as it would be had nothing been paid in or out (time-weighted).

    The account begins with one unit, worth its equity. What is paid in or out between two closes buys or returns units
    at their value on the later close, on which it can be traded for the first time:

        value = (equity - flows) / units          units *= equity / (equity - flows)

    Without transfers the value is the equity to the last digit.
    """

    def __init__(self) -> None:
        self._units = 1.0
        self._flows: list[float] = []

    @property
    def is_settled(self) -> bool:
        """Whether every transfer has met a close."""
        return not self._flows

    def transfer(self, value: float) -> None:
        """Take note of what was paid in, below 0 of what was paid out."""
        if value:
            self._flows.append(value)

    def mark(self, equity: float) -> float:
        """Return the value at a close, and count the units from there on."""
        if not self._flows:
            return equity / self._units
        own = equity - math.fsum(self._flows)
        self._flows.clear()
        value = own / self._units
        # Of an account that had lost everything no part is left that could be compared with what was paid in.
        if own > 0.0 and equity > 0.0:
            self._units *= equity / own
        return value

    def path(self, equity: FloatArray) -> FloatArray:
        """Return the values at the closes ahead, on which nothing is paid in or out, shape (T,)."""
        values: FloatArray = equity / self._units
        return values
