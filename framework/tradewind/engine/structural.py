"""The structural gate of a `bt.Strategy`: what is no order is rejected, everything else is Backtrader's affair."""

from __future__ import annotations

import math
from typing import Any

import backtrader as bt

from tradewind.engine.drop_in.broker import Broker

__all__ = ["GATE", "StructuralBroker"]

GATE = "order_structure"
_PRICED = (bt.Order.Limit, bt.Order.Stop, bt.Order.StopLimit)


class StructuralBroker(Broker):
    """Rejects orders without a finite size or price; the strategy is notified as of any rejection."""

    def __init__(self) -> None:
        self.faults: dict[int, str] = {}
        """What was wrong with a rejected order, by its number."""
        super().__init__()

    def submit(self, order: Any, check: bool = True) -> Any:
        """Take an order, or reject it."""
        fault = _fault(order)
        if not fault:
            return super().submit(order, check)
        self.faults[order.ref] = fault
        order.reject(self)
        self.notify(order)
        return order


def _fault(order: Any) -> str:
    created = order.created
    if not math.isfinite(created.size) or created.size == 0.0:
        return f"the size is {created.size}; a finite one other than 0 is needed"
    if order.exectype in _PRICED and not 0.0 < created.price < math.inf:
        return f"a {order.getordername()} order needs a price above 0; received {created.price}"
    if order.exectype == bt.Order.StopLimit and not 0.0 < created.pricelimit < math.inf:
        return f"a {order.getordername()} order needs a limit price above 0; received {created.pricelimit}"
    return ""
