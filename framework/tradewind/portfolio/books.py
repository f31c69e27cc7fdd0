"""Sleeve books: who holds what, since when, and what it has earned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.model import Fill, Instrument, OrderIntent
    from tradewind.model.typing import FloatArray

__all__ = ["SleeveBook", "SleeveBooks"]


_DUST = 1e-12
"""A holding below this part of the trade that leaves it is the rounding of divided fills: it is none."""


class SleeveBook:
    """Holdings and cash flows of one sleeve. Arrays have one entry a panel column, shape (N,)."""

    def __init__(self, columns: int) -> None:
        self.quantities = np.zeros(columns)
        self.entry_prices = np.full(columns, np.nan)
        self.entry_bars = np.full(columns, -1, dtype=np.int64)
        self.highest_closes = np.full(columns, np.nan)
        self.lowest_closes = np.full(columns, np.nan)
        self.others: dict[Instrument, float] = {}
        self.cash_flow = 0.0
        """Cash paid in (positive) and out since the start, costs included."""
        self.held_columns = 0
        """Number of columns that are not flat."""
        self.version = 0
        """Grows with every change of a holding."""
        self._marked_bar = -1

    def trade(self, column: int, quantity: float, price: float, bar: int) -> None:
        """Update a column's holding; the average entry price follows when the position grows."""
        self.version += 1
        held = float(self.quantities[column])
        after = held + quantity
        if abs(after) <= _DUST * max(abs(held), abs(quantity)):
            after = 0.0
        if after == 0.0:
            self.entry_prices[column] = self.highest_closes[column] = self.lowest_closes[column] = np.nan
            self.entry_bars[column] = -1
        elif held == 0.0 or held * after < 0:
            self.entry_prices[column] = self.highest_closes[column] = self.lowest_closes[column] = price
            self.entry_bars[column] = bar
        elif abs(after) > abs(held):
            self.entry_prices[column] += (price - self.entry_prices[column]) * (quantity / after)
        self.quantities[column] = after
        self.held_columns += (after != 0.0) - (held != 0.0)

    def mark_to(self, closes: FloatArray, bar: int) -> None:
        """Let the extremes since entry follow the closes, shape (T, N), up to a bar; NaN (halted) changes nothing.

        To be called before a trade, up to the bar before it. Those of flat columns mean nothing: they start anew with
        the next position.
        """
        start, self._marked_bar = self._marked_bar + 1, max(bar, self._marked_bar)
        if start > bar or not self.held_columns:
            return
        rows = closes[start : bar + 1]
        np.fmax(self.highest_closes, np.fmax.reduce(rows, axis=0), out=self.highest_closes)
        np.fmin(self.lowest_closes, np.fmin.reduce(rows, axis=0), out=self.lowest_closes)


class SleeveBooks:
    """The books of all sleeves; their sum is the account.

    Parameters
    ----------
    names
        Sleeves, in plan order.
    instruments
        Panel columns.
    """

    def __init__(self, names: Sequence[str], instruments: Sequence[Instrument]) -> None:
        self._columns = {instrument: column for column, instrument in enumerate(instruments)}
        self.books = {name: SleeveBook(len(instruments)) for name in names}
        self._unfilled: dict[str, Mapping[str, float]] = {}
        self._ended: dict[str, Mapping[str, float]] = {}
        """What orders that have ended still lacked: a venue may report a fill after the end."""

    @property
    def version(self) -> int:
        """Grows with every change of a holding of any sleeve."""
        return sum(book.version for book in self.books.values())

    def totals(self) -> tuple[FloatArray, dict[Instrument, float]]:
        """Return the account's signed quantities by column, shape (N,), and of instruments without one; both anew."""
        books = list(self.books.values())
        held: FloatArray = books[0].quantities.copy()
        for book in books[1:]:
            held += book.quantities
        others: dict[Instrument, float] = {}
        for book in books:
            for instrument, quantity in book.others.items():
                others[instrument] = others.get(instrument, 0.0) + quantity
        return held, others

    def holding(self, sleeve: str, instrument: Instrument) -> float:
        """Return the sleeve's signed quantity."""
        book = self.books[sleeve]
        column = self._columns.get(instrument)
        return book.others.get(instrument, 0.0) if column is None else float(book.quantities[column])

    def open_order(self, intent: OrderIntent) -> None:
        """Remember how an order's fills are to be divided."""
        self._unfilled[intent.order_id] = intent.split

    def unfilled(self, order_id: str) -> Mapping[str, float]:
        """Return what of an order's split is still to be filled, by sleeve; empty for an order that has ended."""
        return dict(self._unfilled.get(order_id, {}))

    def close_order(self, order_id: str) -> None:
        """Take note that an order has ended."""
        left = self._unfilled.pop(order_id, None)
        if left:
            self._ended[order_id] = left

    def apply(self, fill: Fill) -> Mapping[str, float]:
        """Divide a fill among the sleeves of its order and return the parts; the last fill takes what is left exactly.

        A fill without an order of ours (the end of an instrument's data, a position taken over) goes to the sleeves
        that hold it; where none does, or their holdings cancel out, to the first.
        """
        split = self._unfilled.get(fill.order_id) or self._ended.get(fill.order_id)
        if split is None:
            split = {name: -held for name in self.books if (held := self.holding(name, fill.instrument)) != 0.0}
            if math.fsum(split.values()) == 0.0:
                split = {next(iter(self.books)): fill.quantity}
        if len(split) == 1 and next(iter(split.values())) == fill.quantity:
            return self._apply_whole(next(iter(split)), split, fill)
        total = math.fsum(split.values())
        complete = math.isclose(fill.quantity, total, rel_tol=1e-12)
        parts = dict(split) if complete else {name: fill.quantity * (part / total) for name, part in split.items()}
        for name, part in parts.items():
            self._book(name, fill.instrument, part, fill.price, fill.bar)
            self.books[name].cash_flow -= fill.costs * (part / fill.quantity)
        if complete:
            self._unfilled.pop(fill.order_id, None)
        elif fill.order_id in self._unfilled:
            self._unfilled[fill.order_id] = {name: part - parts[name] for name, part in split.items()}
        return parts

    def _apply_whole(self, sleeve: str, split: Mapping[str, float], fill: Fill) -> Mapping[str, float]:
        """Book the whole fill of an order of one sleeve."""
        self._book(sleeve, fill.instrument, fill.quantity, fill.price, fill.bar)
        self.books[sleeve].cash_flow -= fill.costs
        self._unfilled.pop(fill.order_id, None)
        return split

    def cross(self, instrument: Instrument, buyer: str, seller: str, quantity: float, price: float, bar: int) -> None:
        """Move a holding between sleeves at a price, without a trade."""
        self._book(buyer, instrument, quantity, price, bar)
        self._book(seller, instrument, -quantity, price, bar)

    def settle(self, instrument: Instrument, price: float, bar: int) -> tuple[str, ...]:
        """Close what sleeves hold of an instrument against each other, at a price; return who held any.

        For the end of an instrument of which the account holds none, because the sleeves' holdings cancel out.
        """
        holders = tuple(name for name in self.books if self.holding(name, instrument) != 0.0)
        for name in holders:
            self._book(name, instrument, -self.holding(name, instrument), price, bar)
        return holders

    def charge(self, amount: float, weights: Mapping[str, float]) -> None:
        """Charge a cost that belongs to no order (borrowing) to sleeves in proportion to weights that sum to 1."""
        for name, weight in weights.items():
            self.books[name].cash_flow -= amount * weight

    def _book(self, sleeve: str, instrument: Instrument, quantity: float, price: float, bar: int) -> None:
        book = self.books[sleeve]
        column = self._columns.get(instrument)
        if column is None:
            book.version += 1
            held = book.others.get(instrument, 0.0)
            after = held + quantity
            if abs(after) <= _DUST * max(abs(held), abs(quantity)):
                book.others.pop(instrument, None)
            else:
                book.others[instrument] = after
        else:
            book.trade(column, quantity, price, bar)
        book.cash_flow -= quantity * price * instrument.multiplier
