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
        self._pending = np.zeros(len(self._instruments), dtype=np.bool_)
        self._reasons: list[str] = [""] * len(self._instruments)
        """Why a pending column is to be ordered."""
        self._waits = False
        """Whether any column is pending."""
        self._pending_others: dict[Instrument, str] = {}
        """The same of instruments without a column."""

    @property
    def pending(self) -> bool:
        """Whether any target is still to be ordered."""
        return self._waits or bool(self._pending_others)

    def adopt(self, decision: Decision, market: Market) -> None:
        """Take a decision over. A sizer cannot speak of what does not trade: there the last target stays."""
        if decision.weights is not None:
            decided = ~np.isnan(decision.weights)
            if decision.kind == "signals":
                decided &= market.tradable
            if decision.quantities:
                self._refuse_twice(decision, decided, market)
            self.weights = np.where(decided, decision.weights, self.weights)
            for instrument in [one for one in self.quantities if one in self._columns and decided[self._columns[one]]]:
                del self.quantities[instrument]
            self._pending |= decided
            self._waits = bool(self._pending.any())
            self._give_reason(decided, "rebalance")
        for instrument, quantity in decision.quantities.items():
            self.quantities[instrument] = float(quantity)
            self._want(instrument, "rebalance")
            self._want_no_weight(instrument)

    def retry(self, instrument: Instrument, reason: str = "retry") -> None:
        """Order a target anew whose order was refused, or put off for the reason it had."""
        if not self._is_pending(instrument):
            self._want(instrument, reason)

    def withdraw(self, instrument: Instrument, reason: str) -> None:
        """Take back what is still being ordered of an instrument that has been given up."""
        self._want(instrument, reason)

    def rescale(self, reason: str = "regime") -> None:
        """Order every target anew: after a change of the sleeve's share, or of what the account may do."""
        self._give_reason(~self._pending, reason)
        self._pending[:] = True
        self._waits = True
        for instrument in self.quantities:
            if not self._is_pending(instrument):
                self._want(instrument, reason)

    def close(self, closed: BoolArray, reason: str) -> None:
        """Want nothing any more of the columns an exit gives up."""
        for column in np.flatnonzero(closed).tolist():
            self.give_up(self._instruments[column])
            self._want(self._instruments[column], reason)

    def give_up(self, instrument: Instrument) -> None:
        """Want nothing any more of an instrument."""
        self.quantities.pop(instrument, None)
        self._pending_others.pop(instrument, None)
        column = self._columns.get(instrument)
        if column is not None:
            self._pending[column] = False
            self._waits = bool(self._pending.any())
            self._want_no_weight(instrument)

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
        wishes, stale = self._column_wishes(capital, market, books, waiting)
        for instrument, reason in list(self._pending_others.items()):
            target = self.quantities.get(instrument, 0.0) if capital > 0.0 else 0.0
            have, under_way = books.holding(self._sleeve, instrument), waiting.get(instrument, 0.0)
            quote = quotes.quote(instrument)
            if quote is not None:
                del self._pending_others[instrument]
                if target != have:
                    wishes.append(Wish(self._sleeve, instrument, have, target, quote.close, reason))
                elif under_way:
                    stale.append(instrument)
            elif math.isclose(have + under_way, target, rel_tol=1e-9, abs_tol=1e-9):
                del self._pending_others[instrument]
            elif under_way:
                stale.append(instrument)
        return wishes, stale

    def wanted(self, capital: float, market: Market) -> dict[Instrument, float]:
        """Return every signed quantity the sleeve wants by now, with some capital and at the last prices."""
        columns = self._wanted(capital, market.marks)
        wanted = {self._instruments[column]: float(columns[column]) for column in np.flatnonzero(columns).tolist()}
        others = {one: held for one, held in self.quantities.items() if one not in self._columns and capital > 0.0}
        return {
            one: quantity if one in self.quantities else round_to_lot(quantity, one.lot_size)
            for one, quantity in {**wanted, **others}.items()
        }

    def _column_wishes(
        self, capital: float, market: Market, books: SleeveBooks, waiting: Mapping[Instrument, float]
    ) -> tuple[list[Wish], list[Instrument]]:
        held = books.books[self._sleeve].quantities
        wanted = self._wanted(capital, market.marks)
        under_way = np.zeros(len(held))
        for instrument, quantity in waiting.items():
            if instrument in self._columns:
                under_way[self._columns[instrument]] = quantity
        trades = self._pending & market.tradable
        waits = self._pending & ~market.tradable
        differs = wanted != held
        reached = np.isclose(held + under_way, wanted, rtol=1e-9, atol=1e-9) if waits.any() else trades
        self._pending = waits & ~reached
        self._waits = bool(self._pending.any())
        stale = (trades & ~differs) | (waits & ~reached)
        wishes: list[Wish] = []
        for column in np.flatnonzero(trades & differs).tolist():
            instrument = self._instruments[column]
            lot = 0.0 if instrument in self.quantities else instrument.lot_size
            target, price = round_to_lot(float(wanted[column]), lot), float(market.marks[column])
            wishes.append(Wish(self._sleeve, instrument, float(held[column]), target, price, self._reasons[column]))
        return wishes, [self._instruments[column] for column in np.flatnonzero(stale & (under_way != 0.0)).tolist()]

    def _wanted(self, capital: float, marks: FloatArray) -> FloatArray:
        """Wanted quantities of the panel columns; 0 for what has never had a price."""
        with np.errstate(invalid="ignore", over="ignore"):
            wanted: FloatArray = self.weights * capital / (marks * self._multipliers)
        wanted[np.isnan(wanted)] = 0.0
        if np.isinf(wanted).any():
            worst = int(np.isinf(wanted).argmax())
            symbol, weight = self._instruments[worst].symbol, self.weights[worst]
            raise PluginError(
                f"sleeve {self._sleeve!r}: the weight {weight:g} of {symbol} is more than can be ordered; return "
                f"weights that are fractions of the sleeve's capital"
            )
        for instrument, quantity in self.quantities.items():
            column = self._columns.get(instrument)
            if column is not None:
                wanted[column] = quantity if capital > 0.0 else 0.0
        return wanted

    def _want_no_weight(self, instrument: Instrument) -> None:
        column = self._columns.get(instrument)
        if column is not None and self.weights[column] != 0.0:
            # A new array, as portfolios are made anew where the weights are others.
            self.weights = self.weights.copy()
            self.weights[column] = 0.0

    def _want(self, instrument: Instrument, reason: str) -> None:
        column = self._columns.get(instrument)
        if column is None:
            self._pending_others[instrument] = reason
        else:
            self._pending[column] = self._waits = True
            self._reasons[column] = reason

    def _is_pending(self, instrument: Instrument) -> bool:
        column = self._columns.get(instrument)
        return instrument in self._pending_others if column is None else bool(self._pending[column])

    def _give_reason(self, columns: BoolArray, reason: str) -> None:
        if columns.all():
            self._reasons = [reason] * len(self._reasons)
        else:
            for column in np.flatnonzero(columns).tolist():
                self._reasons[column] = reason

    def _refuse_twice(self, decision: Decision, decided: BoolArray, market: Market) -> None:
        for instrument, quantity in decision.quantities.items():
            column = self._columns.get(instrument)
            if column is not None and decided[column] and decision.weights is not None:
                raise PluginError(
                    f"sleeve {self._sleeve!r}: Targets at bar {market.bar} give {instrument.symbol} a weight "
                    f"({decision.weights[column]}) and a quantity ({quantity}); give a "
                    f"quantity and NaN as weight, or a weight alone"
                )
