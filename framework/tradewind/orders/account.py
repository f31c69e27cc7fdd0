"""The account as our own fills make it: what is compared with the venue's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.errors import DataError
from tradewind.exchange.accounting import Book, market_value, market_values, released_cash, split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradewind.exchange.accounting import PositionRecord
    from tradewind.model import Activity, Fill, Instrument
    from tradewind.model.typing import FloatArray

__all__ = ["AccountPort", "OwnAccount"]


class OwnAccount:
    """Cash and positions, moved by fills in the exchange's order of floating-point operations.

    On the same fills it is equal to the exchange's account to the last bit, so that decisions on a venue in another
    process are those of a backtest.

    Parameters
    ----------
    cash
        At the start.
    """

    def __init__(self, cash: float) -> None:
        self.cash = cash
        self.borrow_costs = 0.0
        self._book = Book()

    def ordered(self, instrument: Instrument) -> None:
        """Give an instrument its place in the book: that of its first order."""
        self._book.touch(self._book.position(instrument))

    def borrow(self, cost: float) -> None:
        """Pay for borrowed shares."""
        self.cash -= cost
        self.borrow_costs += cost

    def apply(self, fill: Fill, *, without_order: bool = False) -> None:
        """Book a fill; one without an order closes a position whose data have ended, at no cost."""
        position = self._book.position(fill.instrument)
        self._book.touch(position)
        opened, closed = (0.0, fill.quantity) if without_order else split(position.quantity, fill.quantity)
        cash = self.cash
        if closed:
            cash += released_cash(position, closed, fill.price)
        if opened:
            cash -= opened * fill.price * position.multiplier
        self.cash = cash - fill.costs
        self._book.move(position, fill.quantity, fill.price)

    def adopt(self, instrument: Instrument, quantity: float, price: float) -> None:
        """Take over a difference of a position; what it did to the cash is taken over from the venue."""
        position = self._book.position(instrument)
        self._book.touch(position)
        self._book.move(position, quantity, price)

    def receive(self, activity: Activity) -> None:
        """Book what happened without an order."""
        self.cash += activity.cash
        if activity.instrument is not None and activity.quantity:
            self.adopt(activity.instrument, activity.quantity, activity.price)

    def positions(self) -> Mapping[Instrument, PositionRecord]:
        """Return what is held."""
        return self._book.records()

    def quantities(self) -> dict[Instrument, float]:
        """Return the signed quantities held."""
        return {position.instrument: position.quantity for position in self._book.held()}

    def held(self, instrument: Instrument) -> float:
        """Return the signed quantity held of an instrument."""
        return self._book.position(instrument).quantity

    def equity(self, marks: Callable[[Instrument], float]) -> float:
        """Return cash plus the value of what is held at these marks.

        Raises
        ------
        DataError
            If a mark of what is held is not finite.
        """
        held = self._book.held()
        equity = self.cash + market_value(held, marks)
        if not math.isfinite(equity):
            bad = {one.instrument.symbol: marks(one.instrument) for one in held}
            raise DataError(
                f"equity: held positions need a finite price; received {bad} (cash {self.cash}). Mark a halted "
                f"instrument at its last price"
            )
        return equity

    def equity_path(self, bars: int, marks: Callable[[Instrument], FloatArray]) -> FloatArray:
        """Return the equity on several bars in a row without a trade, shape (bars,)."""
        return self.cash + market_values(self._book.held(), bars, marks)


class AccountPort:
    """The part of an `tradewind.exchange.ExecutionPort` that knows the account.

    Parameters
    ----------
    account
        Own account.
    """

    def __init__(self, account: OwnAccount) -> None:
        self.account = account

    @property
    def cash(self) -> float:
        """Cash of the account."""
        return self.account.cash

    @property
    def borrow_costs(self) -> float:
        """What borrowing shares has cost so far."""
        return self.account.borrow_costs

    def positions(self) -> Mapping[Instrument, PositionRecord]:
        """Return what is held."""
        return self.account.positions()

    def quantities(self) -> dict[Instrument, float]:
        """Return the signed quantities held."""
        return self.account.quantities()

    def equity(self, marks: Callable[[Instrument], float]) -> float:
        """Return cash plus the value of what is held at these marks."""
        return self.account.equity(marks)

    def equity_path(self, bars: int, marks: Callable[[Instrument], FloatArray]) -> FloatArray:
        """Return the equity on several bars in a row without a trade, shape (bars,)."""
        return self.account.equity_path(bars, marks)
