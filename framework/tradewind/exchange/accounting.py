"""The book of positions, and what a trade does to it, in Backtrader's order of floating-point operations."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tradewind.model import Instrument
    from tradewind.model.typing import FloatArray

__all__ = [
    "Book",
    "Position",
    "PositionRecord",
    "average_price",
    "market_value",
    "market_values",
    "released_cash",
    "split",
]


class PositionRecord(NamedTuple):
    """A holding: signed quantity and average entry price per unit."""

    quantity: float
    average_price: float


class Position:
    """One place in the book; it stays there when flat, so that the order of the book never changes.

    ``place`` is -1 until an order touches the instrument. ``mark`` is the last price the exchange saw, kept up to date
    for short positions only.
    """

    __slots__ = ("average_price", "instrument", "mark", "multiplier", "place", "quantity")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.multiplier = instrument.multiplier
        self.quantity = 0.0
        self.average_price = 0.0
        self.mark = 0.0
        self.place = -1


class Book:
    """All positions, in the order in which orders first touched their instruments."""

    def __init__(self) -> None:
        self._positions: dict[Instrument, Position] = {}
        self._places = 0
        self._held: list[Position] | None = None
        self._records: Mapping[Instrument, PositionRecord] | None = None

    def position(self, instrument: Instrument) -> Position:
        """Return the position in an instrument, flat and without a place if it is new."""
        position = self._positions.get(instrument)
        if position is None:
            position = self._positions[instrument] = Position(instrument)
        return position

    def touch(self, position: Position) -> None:
        """Give a position its place, if it has none."""
        if position.place < 0:
            position.place = self._places
            self._places += 1

    def held(self) -> list[Position]:
        """Return what is not flat, in book order."""
        if self._held is None:
            held = [position for position in self._positions.values() if position.quantity]
            self._held = sorted(held, key=lambda position: position.place)
        return self._held

    def records(self) -> Mapping[Instrument, PositionRecord]:
        """Return a read-only view of what is not flat, in book order."""
        if self._records is None:
            self._records = MappingProxyType(
                {p.instrument: PositionRecord(p.quantity, p.average_price) for p in self.held()}
            )
        return self._records

    def move(self, position: Position, size: float, price: float) -> None:
        """Apply a signed trade."""
        held = position.quantity
        position.average_price = average_price(held, position.average_price, size, price)
        position.quantity = after = held + size
        position.mark = price
        self._records = None
        if not held or not after:
            self._held = None


def split(held: float, size: float) -> tuple[float, float]:
    """Split a signed trade into the part that opens and the part that closes.

    >>> split(10.0, -15.0)
    (-5.0, -10.0)
    """
    after = held + size
    if not after:
        return 0.0, size
    if not held:
        return size, 0.0
    if (held > 0) == (size > 0):
        return size, 0.0
    if (held > 0) == (after > 0):
        return 0.0, size
    return after, -held


def average_price(held: float, average: float, size: float, price: float) -> float:
    """Return the average entry price after a trade: unchanged by a reduction, 0 when flat, the price on a reversal."""
    after = held + size
    if not after:
        return 0.0
    if not held or (held > 0) != (after > 0):
        return price
    if (held > 0) == (size > 0):
        return (average * held + size * price) / after
    return average


def released_cash(position: Position, closed: float, price: float) -> float:
    """Return the cash that a closing trade sets free: the entry value, then the profit, as Backtrader adds them up."""
    value = -closed * position.average_price * position.multiplier
    profit = -closed * (price - position.average_price) * position.multiplier
    return value + profit


def market_values(positions: Iterable[Position], bars: int, marks: Callable[[Instrument], FloatArray]) -> FloatArray:
    """Return the value of positions on several bars, shape (bars,), each as `market_value` adds it up."""
    total = np.zeros(bars)
    for position in positions:
        mark = marks(position.instrument)
        quantity = position.quantity
        value = quantity * mark * position.multiplier
        unrealized = quantity * (mark - position.average_price) * position.multiplier
        total = np.where(value > 0, total + (value - unrealized) + unrealized, total + value)
    return total


def market_value(positions: Iterable[Position], marks: Callable[[Instrument], float]) -> float:
    """Return the value of positions, added up as ``BackBroker._get_value`` does.

    A long position enters in two steps, cost and unrealized profit: their sum can differ from quantity times price in
    the last digit, and so would the equity.
    """
    total = 0.0
    for position in positions:
        mark = marks(position.instrument)
        quantity = position.quantity
        value = quantity * mark * position.multiplier
        if value > 0:
            unrealized = quantity * (mark - position.average_price) * position.multiplier
            total += value - unrealized
            total += unrealized
        else:
            total += value
    return total
