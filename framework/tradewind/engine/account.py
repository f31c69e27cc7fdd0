"""The account of a session in columns: what is held between two trades is valued once, for all bars, at the end."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradewind.engine.recorder import AccountTables, Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.engine.panel import Panel
    from tradewind.engine.quotes import PanelQuotes
    from tradewind.model import Instrument
    from tradewind.model.typing import FloatArray
    from tradewind.portfolio.books import SleeveBooks

__all__ = ["SessionRecorder"]

_BLOCK = 4096
"""Bars valued at once, which bounds the memory of the tables."""


class _Others(NamedTuple):
    """Values of what has no column, at the close of one bar: by sleeve, and the account's gross and net."""

    by_sleeve: tuple[float, ...]
    gross: float
    net: float


class SessionRecorder(Recorder):
    """Columns of a session. Holdings are noted when they change; weights and profits follow from the marks.

    Parameters
    ----------
    panel
        Whose marks value what is held.
    books, quotes
        Holdings of the sleeves, and prices of what has no column.
    labels
        Labels of the regime detector.
    """

    def __init__(self, panel: Panel, books: SleeveBooks, quotes: PanelQuotes, labels: Sequence[str]) -> None:
        names = list(books.books)
        super().__init__([instrument.symbol for instrument in panel.instruments], names, labels)
        self._panel = panel
        self._books = books
        self._quotes = quotes
        self._multipliers = np.array([instrument.multiplier for instrument in panel.instruments])
        self._equity = array("d")
        self._cash = array("d")
        self._flows = array("d")
        self._held: list[tuple[int, FloatArray]] = []
        """Bars from which holdings count, and the holdings by sleeve, shape (S, N)."""
        self._version = -1
        self._others: dict[int, _Others] = {}

    @property
    def bars(self) -> int:
        """Number of complete bars."""
        return len(self._equity)

    def close(self, equity: float, cash: float) -> None:
        """Record the close of the current bar."""
        self._note_holdings()
        if any(book.others for book in self._books.books.values()):
            self._others[self.bars] = self._value_others()
        self._equity.append(equity)
        self._cash.append(cash)
        self._flows.extend([book.cash_flow for book in self._books.books.values()])

    def pass_over(self, equity: FloatArray, cash: float) -> None:
        """Record the closes of bars on which nothing was traded."""
        bars = len(equity)
        self._equity.frombytes(equity.tobytes())
        self._cash.extend(array("d", [cash]) * bars)
        self._flows.extend(array("d", [book.cash_flow for book in self._books.books.values()]) * bars)

    def equity_curve(self) -> FloatArray:
        """Return the equity at each close, shape (T,)."""
        return np.array(self._equity)

    def _note_holdings(self) -> None:
        version = self._books.version
        if version != self._version:
            self._version = version
            self._held.append((self.bars, np.array([book.quantities for book in self._books.books.values()])))

    def _value_others(self) -> _Others:
        account: dict[Instrument, float] = {}
        by_sleeve: list[float] = []
        for book in self._books.books.values():
            values = {one: held * self._quotes.mark(one) * one.multiplier for one, held in book.others.items()}
            by_sleeve.append(math.fsum(values.values()))
            for instrument, value in values.items():
                account[instrument] = account.get(instrument, 0.0) + value
        gross = math.fsum(abs(value) for value in account.values())
        return _Others(tuple(by_sleeve), gross, math.fsum(account.values()))

    def _account_tables(self) -> AccountTables:
        bars, sleeves = self.bars, len(self._sleeves)
        account = np.empty((bars, 4))
        account[:, 0], account[:, 1] = self._equity, self._cash
        weights = np.empty((bars, len(self._symbols)))
        profits = np.array(self._flows).reshape(bars, sleeves)
        for number, (first, held) in enumerate(self._held):
            last = self._held[number + 1][0] if number + 1 < len(self._held) else bars
            for start in range(first, last, _BLOCK):
                stop = min(start + _BLOCK, last)
                self._value(held, slice(start, stop), account, weights, profits)
        for bar, others in self._others.items():
            profits[bar] += others.by_sleeve
            account[bar, 2] += others.gross / account[bar, 0]
            account[bar, 3] += others.net / account[bar, 0]
        return account, weights, profits

    def _value(
        self, held: FloatArray, rows: slice, account: FloatArray, weights: FloatArray, profits: FloatArray
    ) -> None:
        prices = self._panel.marks_between(rows.start, rows.stop) * self._multipliers
        prices[np.isnan(prices)] = 0.0
        for sleeve, quantities in enumerate(held):
            profits[rows, sleeve] += (quantities * prices).sum(axis=1)
        np.divide(held.sum(axis=0) * prices, account[rows, :1], out=weights[rows])
        account[rows, 2] = np.abs(weights[rows]).sum(axis=1)
        account[rows, 3] = weights[rows].sum(axis=1)
