"""Which orders the exchange takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.exchange.accounting import split
from tradewind.model import OrderType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.exchange.accounting import Book, Position
    from tradewind.exchange.charges import Tariff
    from tradewind.exchange.rules import ExchangeRules, QuoteSource
    from tradewind.exchange.shorts import Shorts
    from tradewind.exchange.working import WorkingOrder

__all__ = ["Admission"]

_OF_A_MOMENT = frozenset({OrderType.MARKET, OrderType.LIMIT})


class Admission:
    """Checks orders as they are submitted, all those of one bar against one account.

    Cash is checked as ``BackBroker.check_submitted`` does it: each order is executed in thought, at the price known
    now, on the account the orders before it would leave. One that leaves less than no cash is refused, and what it
    took stays taken, so that later buys of the bar are refused as well.

    Whether an order opens a short position is judged on the holding and the *market* orders of the bar: a stop and a
    limit order on one holding both only close it. A child is judged on the holding that its parent will leave. The
    fill checks again.
    """

    def __init__(
        self, rules: ExchangeRules, book: Book, shorts: Shorts, tariff: Tariff, working: Mapping[str, WorkingOrder]
    ) -> None:
        self._rules = rules
        self._book = book
        self._tariff = tariff
        self._working = working
        self._shorts = shorts
        self.credit = 0.0
        self._owed = 0.0
        """Costs of orders taken on this bar that have not been counted yet."""
        self._unasked: list[WorkingOrder] = []
        """Orders of this bar that only close, whose costs nobody has needed yet."""
        self._cash: float | None = None
        self._planned: dict[Position, float] = {}
        self._certain: dict[Position, float] = {}
        self._counted: set[WorkingOrder] = set()
        """Orders that are in what is certain."""
        self._first_cash = 0.0
        self._taken: list[tuple[WorkingOrder | None, tuple[float, ...]]] = []
        """Orders of this bar executed in thought, with what each added to the cash; None: costs counted late."""

    def start(self) -> None:
        """Forget the last bar's orders."""
        if self._cash is not None:
            self._cash = None
            self._owed = 0.0
            self._unasked = []
            self._planned.clear()
            self._certain.clear()
            self._counted.clear()
            self._taken.clear()

    def withdraw(self, order: WorkingOrder) -> None:
        """Undo in thought an order of this bar that is cancelled."""
        self._uncount(order)
        if order in self._unasked:
            self._unasked.remove(order)
        kept = [one for one in self._taken if one[0] is not order]
        if len(kept) == len(self._taken):
            return
        self._planned[order.position] -= order.remaining
        # Added up anew, so that the account is to the last digit what it is without the order.
        self._taken, self._cash = kept, self._first_cash
        for _, amounts in kept:
            for amount in amounts:
                self._cash += amount

    def costs(self, orders: Sequence[WorkingOrder], known: Sequence[float]) -> Sequence[float]:
        """Return the costs to check a batch with: those known, else an estimate.

        What closes on credit is not refused for its costs: they are asked when they matter for others.
        """
        if self.credit > 0.0 and self._only_close(orders):
            self._unasked += orders
            return [0.0] * len(orders)
        if self._unasked:
            self._owed = math.fsum(self._estimate(self._unasked))
            self._unasked = []
        return known or self._estimate(orders)

    def _estimate(self, orders: Sequence[WorkingOrder]) -> Sequence[float]:
        return self._tariff.estimate(orders) if self._rules.check_cash else [0.0] * len(orders)

    def _only_close(self, orders: Sequence[WorkingOrder]) -> bool:
        """Whether each of these orders takes from a holding as the bar's orders leave it, and none turns it round."""
        left: dict[Position, float] = {}
        for order in orders:
            position = order.position
            held = left.get(position)
            if held is None:
                held = self._planned.get(position, position.quantity)
            after = left[position] = held + order.remaining
            if held * order.remaining >= 0.0 or held * after < 0.0:
                return False
        return True

    def refusal(self, order: WorkingOrder, cash: float, charges: float, quotes: QuoteSource | None) -> str:
        """Return the reason to reject an order, empty to accept it.

        Parameters
        ----------
        order
            The order.
        cash
            Cash of the account.
        charges
            Estimated costs of the order, in cash.
        quotes
            Prices of the current bar, for the value of short positions.

        Returns
        -------
        ``reference`` (quoted only), ``trail`` (a trailing distance or reference that is no positive number),
        ``time_in_force`` (a stop of any kind for one moment), ``short``, ``margin`` or nothing.
        """
        if self._cash is None:
            self._cash = self._first_cash = cash
        if self._owed:
            self._taken.append((None, (-self._owed,)))
            self._cash -= self._owed
            self._owed = 0.0
        if order.position.instrument.is_reference:
            return "reference"
        if order.order_type is OrderType.TRAILING_STOP and not _trails(order):
            return "trail"
        if order.momentary and order.order_type not in _OF_A_MOMENT:
            return "time_in_force"
        short = 0.0 if order.buys else self._short_after(order)
        if short and not self._rules.allow_short:
            return "short"
        price = order.checked_price
        if self._rules.check_cash:
            self._book.touch(order.position)
            if price is not None and not self._execute_in_thought(order, price, charges):
                return "margin"
        if short and self._rules.short_margin and price is not None:
            self._shorts.mark(quotes, "close")
            if not self._shorts.backed(order.position, short, price, self._cash_after(order, price, charges)):
                return "margin"
        self._count(order)
        return ""

    def replacement_refusal(self, old: WorkingOrder, new: WorkingOrder, cash: float, quotes: QuoteSource | None) -> str:
        """Return the reason to leave an order as it is, empty to replace it; see `refusal`."""
        charges = self.costs([new], ())[0]
        if self._uncount(old):
            reason = self.refusal(new, cash, charges, quotes)
            if reason:
                self._count(old)
            return reason
        return self.refusal(new, cash, charges, quotes)

    def _short_after(self, order: WorkingOrder) -> float:
        """Quantity of the short position that a sell would open or extend; 0 where it does neither."""
        certain = self._certain.get(order.position, order.position.quantity)
        parent = self._working.get(order.parent_id) if order.parent_id else None
        if parent is not None and parent.position is order.position and parent not in self._counted:
            certain += parent.remaining
        return min(certain + order.remaining, 0.0)

    def _count(self, order: WorkingOrder) -> None:
        if order.order_type is OrderType.MARKET:
            position = order.position
            self._counted.add(order)
            self._certain[position] = self._certain.get(position, position.quantity) + order.remaining

    def _uncount(self, order: WorkingOrder) -> bool:
        if order not in self._counted:
            return False
        self._counted.remove(order)
        self._certain[order.position] -= order.remaining
        return True

    def _cash_after(self, order: WorkingOrder, price: float, charges: float) -> float:
        assert self._cash is not None
        if self._rules.check_cash:
            return self._cash
        return self._cash - order.remaining * price * order.position.multiplier - charges

    def _execute_in_thought(self, order: WorkingOrder, price: float, charges: float) -> bool:
        assert self._cash is not None
        position, size = order.position, order.remaining
        multiplier = position.multiplier
        factor = self._rules.percent_commission
        held = self._planned.get(position, position.quantity)
        opened, closed = split(held, size)
        amounts: tuple[float, ...] = ()
        if closed:
            amounts = (-closed * price * multiplier, -(abs(closed) * factor * price * multiplier))
        if opened:
            amounts += (-(opened * price * multiplier), -(abs(opened) * factor * price * multiplier))
        amounts += (-charges,)
        cash = self._cash
        for amount in amounts:
            cash += amount
        self._taken.append((order, amounts))
        self._cash = cash
        self._planned[position] = held + size
        # Cash that is lent can be overdrawn by a fall of prices; closing is then the remedy, never to be refused.
        return cash >= -self.credit or (self.credit > 0.0 and not opened)


def _trails(order: WorkingOrder) -> bool:
    distances = (order.intent.trail_amount, order.intent.trail_fraction, order.intent.stop_price)
    return all(value is None or (math.isfinite(value) and value > 0.0) for value in distances)
