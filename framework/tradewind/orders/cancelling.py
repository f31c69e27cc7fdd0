"""Orders that are to be cancelled, until they have ended: a request that fails is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.model import OrderState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tradewind.orders.machine import Order

__all__ = ["Cancellations"]

_SECONDS_BETWEEN_REQUESTS = 1.0
_OPEN_TO_REQUESTS = (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


class Cancellations:
    """Remembers what is to be cancelled.

    Parameters
    ----------
    clock
        Tells seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked_at = float("-inf")
        self.wanted: dict[str, None] = {}
        """Client order ids, in the order in which they were asked for."""

    def want(self, order_ids: Iterable[str]) -> None:
        """Take note of a request that is made now."""
        self.wanted.update(dict.fromkeys(order_ids))
        self._asked_at = self._clock()

    def ended(self, order_id: str) -> None:
        """Take note that an order has ended."""
        self.wanted.pop(order_id, None)

    def failed(self, open_orders: Mapping[str, Order]) -> list[str]:
        """Return the orders that work on although they are to be cancelled."""
        return [name for name in self.wanted if name in open_orders and open_orders[name].state in _OPEN_TO_REQUESTS]

    def due(self, open_orders: Mapping[str, Order]) -> list[str]:
        """Return those of them to ask for again by now."""
        if not self.wanted or self._clock() - self._asked_at < _SECONDS_BETWEEN_REQUESTS:
            return []
        return self.failed(open_orders)
