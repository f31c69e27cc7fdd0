"""What an execution does to the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.exchange.accounting import released_cash, split
from tradewind.exchange.charges import FREE
from tradewind.model import Fill, TimeInForce

if TYPE_CHECKING:
    from tradewind.exchange.accounting import Book, Position
    from tradewind.exchange.charges import Charges, Execution, Tariff
    from tradewind.exchange.rules import ExchangeRules, QuoteSource
    from tradewind.exchange.shorts import Shorts
    from tradewind.exchange.working import WorkingOrder

__all__ = ["Settlement"]


class Settlement:
    """Cash, and how executions change it, in Backtrader's order of floating-point operations.

    Parameters
    ----------
    cash
        Cash at the start.
    rules
        Rules on commission and short positions.
    book, shorts
        Positions of the account.
    tariff
        Costs, for the part of an execution that is left when the rest is refused.
    """

    def __init__(self, cash: float, rules: ExchangeRules, book: Book, shorts: Shorts, tariff: Tariff) -> None:
        self.cash = cash
        self.credit = 0.0
        self._rules = rules
        self._book = book
        self._shorts = shorts
        self._tariff = tariff

    def execute(
        self, order: WorkingOrder, execution: Execution, charges: Charges, bar: int, quotes: QuoteSource | None
    ) -> tuple[Fill | None, str]:
        """Execute as much as cash and the rules on short positions allow.

        Returns
        -------
        The fill, None where nothing was executed, and why the rest is refused, empty where it is not. What closes is
        executed though the rest is refused, but for an order that is filled at once or not at all.
        """
        position, price, size = order.position, execution.price, execution.quantity
        self._book.touch(position)
        opened, closed = split(position.quantity, size)
        factor = self._rules.percent_commission
        cash, commission, refusal = self.cash, 0.0, ""
        if closed:
            cash += released_cash(position, closed, price)
            commission = abs(closed) * factor * price * position.multiplier
            cash -= commission
        if opened:
            after = cash - opened * price * position.multiplier
            opening = abs(opened) * factor * price * position.multiplier
            after -= opening
            if charges is not FREE:
                after -= charges.total
            refusal = self._opening_refusal(position, opened, price, after, quotes)
            if not refusal:
                cash, commission = after, commission + opening
            elif not closed or order.time_in_force is TimeInForce.FOK:
                return None, refusal
            else:
                size = closed
                charges = self._tariff.charge([execution._replace(quantity=closed)])[0]
                cash -= charges.total
        elif charges is not FREE:
            cash -= charges.total
        self.cash = cash
        order.remaining -= size
        self._book.move(position, size, price)
        self._shorts.note(position)
        charged, spread, slippage, impact = charges
        cost = commission + charged
        return Fill(order.order_id, bar, position.instrument, size, price, cost, spread, slippage, impact), refusal

    def _opening_refusal(
        self, position: Position, opened: float, price: float, cash: float, quotes: QuoteSource | None
    ) -> str:
        if opened < 0 and not self._rules.allow_short:
            return "short"
        if cash < -self.credit:
            return "margin"
        if opened < 0 and self._rules.short_margin:
            self._shorts.mark(quotes, "open")
            if not self._shorts.backed(position, min(position.quantity, 0.0) + opened, price, cash):
                return "margin"
        return ""
