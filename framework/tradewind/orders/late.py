"""Orders that have certainly not arrived at the venue, and which of them are still to go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.contracts import Outcome
from tradewind.model import OrderType
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradewind.contracts import Response
    from tradewind.model import Instrument, OrderIntent
    from tradewind.orders.machine import Order

__all__ = ["LateOrders"]

_DUST = 1e-9
_EXIT = "exit:"


class LateOrders:
    """Finds the orders that are delivered again under their own names: closings, and what protects a holding.

    Another market order that was not delivered is decided anew instead.

    Parameters
    ----------
    open_orders
        Orders that have not ended, by client order id.
    undelivered
        Those that were not delivered, or may not have been.
    held
        Signed quantity of an instrument that is held.
    """

    def __init__(
        self,
        open_orders: Mapping[str, Order],
        undelivered: Mapping[str, Response],
        held: Callable[[Instrument], float],
    ) -> None:
        self._open_orders, self._undelivered, self._held = open_orders, undelivered, held

    def closings(self) -> list[OrderIntent]:
        """Return the closing orders among them."""
        return [intent for intent in self._late() if intent.reason == FLATTEN]

    def protective(self, *, before: int) -> list[OrderIntent]:
        """Return the stops and limits of exits among them that were decided before a bar."""
        return [
            intent
            for intent in self._late()
            if intent.order_type is not OrderType.MARKET and intent.reason.startswith(_EXIT) and intent.bar < before
        ]

    def closes(self, intent: OrderIntent) -> bool:
        """Tell whether a closing order closes no more than what is held and no other closing order will close."""
        others = math.fsum(
            order.remaining
            for name, order in self._open_orders.items()
            if order.intent.instrument == intent.instrument
            and order.intent.reason == FLATTEN
            and not self._is_late(name)
        )
        left = self._held(intent.instrument) + others
        return left * intent.quantity < 0.0 and abs(intent.quantity) <= abs(left) * (1.0 + _DUST)

    def _late(self) -> list[OrderIntent]:
        return [self._open_orders[name].intent for name in self._undelivered if self._is_late(name)]

    def _is_late(self, name: str) -> bool:
        known = self._undelivered.get(name)
        return known is not None and known.outcome is Outcome.NOT_SENT
