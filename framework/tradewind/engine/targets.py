"""What a sleeve wants of every instrument, and what of it is still to be ordered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import PluginError
from tradewind.portfolio.rebalance import Wish, round_to_lot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.engine.quotes import PanelQuotes
    from tradewind.engine.sleeve import Decision
    from tradewind.model import Instrument, Market
    from tradewind.model.typing import BoolArray, FloatArray
    from tradewind.portfolio.books import SleeveBooks

__all__ = ["TargetBook"]


class TargetBook:
    """The last decision of a sleeve, by instrument: a weight of its capital, or an exact quantity.

    Exits set a target to nothing. What cannot be ordered on the bar it is decided, because the instrument is halted or
    has no quote, stays pending and is ordered on the close of the first bar on which it trades.

    Parameters
    ----------
    sleeve
        Name, for messages and wishes.
    instruments
        Panel columns.
    """

    def __init__(self, sleeve: str, instruments: Sequence[Instrument]) -> None:
        self._sleeve = sleeve
        self._instruments = tuple(instruments)
        self._columns = {instrument: column for column, instrument in enumerate(instruments)}
        self._multipliers = np.array([instrument.multiplier for instrument in instruments])
        self.weights = np.zeros(len(self._instruments))
        self.quantities: dict[Instrument, float] = {}
        self.pending: dict[Instrument, str] = {}
        """Instruments whose target is still to be ordered, with the reason."""

    def adopt(self, decision: Decision, market: Market) -> None:
        """Take a decision over. A sizer cannot speak of what does not trade: there the last target stays."""
        if decision.weights is not None:
            decided = ~np.isnan(decision.weights)
            if decision.kind == "signals":
                decided &= market.tradable
            self.weights = np.where(decided, decision.weights, self.weights)
            for column in np.flatnonzero(decided).tolist():
                instrument = self._instruments[column]
                if instrument in decision.quantities:
                    raise PluginError(
                        f"sleeve {self._sleeve!r}: Targets at bar {market.bar} give {instrument.symbol} a weight "
                        f"({decision.weights[column]}) and a quantity ({decision.quantities[instrument]}); give a "
                        f"quantity and NaN as weight, or a weight alone"
                    )
                self.quantities.pop(instrument, None)
                self.pending[instrument] = "rebalance"
        for instrument, quantity in decision.quantities.items():
            self.quantities[instrument] = quantity
            self.pending[instrument] = "rebalance"
            if instrument in self._columns:
                self.weights[self._columns[instrument]] = 0.0

    def rescale(self) -> None:
        """Order every target anew after a change of the sleeve's share."""
        for instrument in (*self._instruments, *self.quantities):
            self.pending.setdefault(instrument, "regime")

    def close(self, closed: BoolArray, reason: str) -> None:
        """Want nothing any more of the columns an exit gives up."""
        for column in np.flatnonzero(closed).tolist():
            self.give_up(self._instruments[column])
            self.pending[self._instruments[column]] = reason

    def give_up(self, instrument: Instrument) -> None:
        """Want nothing any more of an instrument."""
        self.quantities.pop(instrument, None)
        self.pending.pop(instrument, None)
        if instrument in self._columns:
            self.weights[self._columns[instrument]] = 0.0

    def wishes(
        self,
        capital: float,
        market: Market,
        quotes: PanelQuotes,
        books: SleeveBooks,
        waiting: Mapping[Instrument, float],
    ) -> tuple[list[Wish], list[Instrument]]:
        """Return wishes for what is pending and trades, and the instruments whose waiting order contradicts a target.

        Parameters
        ----------
        capital
            Of the sleeve; with none, it holds nothing.
        waiting
            Signed quantities its orders at work still have to bring.
        """
        wanted = self._wanted(capital, market.marks)
        held = books.books[self._sleeve].quantities
        wishes: list[Wish] = []
        stale: list[Instrument] = []
        for instrument, reason in list(self.pending.items()):
            column = self._columns.get(instrument)
            if column is None:
                target = self.quantities.get(instrument, 0.0) if capital > 0.0 else 0.0
                have = books.holding(self._sleeve, instrument)
                quote = quotes.quote(instrument)
                price = None if quote is None else quote.close
            else:
                target, have = float(wanted[column]), float(held[column])
                price = float(market.marks[column]) if market.tradable[column] else None
            under_way = waiting.get(instrument, 0.0)
            if price is not None:
                del self.pending[instrument]
                if target != have:
                    lot = instrument.lot_size if column is not None and instrument not in self.quantities else 0.0
                    wishes.append(Wish(self._sleeve, instrument, have, round_to_lot(target, lot), price, reason))
                elif under_way:
                    stale.append(instrument)
            elif math.isclose(have + under_way, target, rel_tol=1e-9, abs_tol=1e-9):
                del self.pending[instrument]
            elif under_way:
                stale.append(instrument)
        return wishes, stale

    def _wanted(self, capital: float, marks: FloatArray) -> FloatArray:
        """Wanted quantities of the panel columns; 0 for what has never had a price."""
        with np.errstate(invalid="ignore"):
            wanted: FloatArray = self.weights * capital / (marks * self._multipliers)
        wanted[np.isnan(wanted)] = 0.0
        for instrument, quantity in self.quantities.items():
            column = self._columns.get(instrument)
            if column is not None:
                wanted[column] = quantity if capital > 0.0 else 0.0
        return wanted
