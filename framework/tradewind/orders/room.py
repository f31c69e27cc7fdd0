"""The room that sells make for the buys of their batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from tradewind.model import Instrument, OrderIntent
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.machine import Order

__all__ = ["Room"]


class Room:
    """Values what is to be bought, and what was to be sold and is still held.

    Parameters
    ----------
    orders, open_orders, account
        Those of the path.
    mark
        Last price of an instrument.
    """

    def __init__(
        self,
        orders: Mapping[str, Order],
        open_orders: Mapping[str, Order],
        account: OwnAccount,
        mark: Callable[[Instrument], float],
    ) -> None:
        self._orders, self._open_orders, self._account, self._mark = orders, open_orders, account, mark

    def free_cash(self, going: Container[str]) -> float:
        """Return the cash that other buys, at work or waiting, leave for these. At least 0, and 0 without a price."""
        needed = math.fsum(
            self._value(order.intent.instrument, order.remaining)
            for name, order in self._open_orders.items()
            if order.intent.quantity > 0.0 and name not in going
        )
        left = self._account.cash - needed
        return max(0.0, left) if math.isfinite(left) else 0.0

    def needed(self, buy: OrderIntent) -> float:
        """Return the value of a buy, in the account's currency; 0 where it has no price."""
        value = self._value(buy.instrument, buy.quantity)
        return value if math.isfinite(value) else 0.0

    def lacking(self, sell: str) -> float:
        """Return the value of what an order was to sell, has not sold, and is still held; infinite without a price."""
        order = self._orders[sell]
        left = min(order.filled - order.intent.quantity, self._account.held(order.intent.instrument))
        value = self._value(order.intent.instrument, left) if left > 0.0 else 0.0
        return value if math.isfinite(value) else math.inf

    def spent(self, buy: str, filled: float) -> float:
        """Return the value of what an order has bought since so much of it was filled, and may still; 0 of a sale."""
        order = self._orders[buy]
        may_come = order.remaining if buy in self._open_orders else 0.0
        more = order.filled - filled + may_come
        value = self._value(order.intent.instrument, more) if more > 0.0 else 0.0
        return value if math.isfinite(value) else math.inf

    def _value(self, instrument: Instrument, quantity: float) -> float:
        return quantity * self._mark(instrument) * instrument.multiplier
