"""What a path shows of itself to people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind.orders.machine import Order
    from tradewind.orders.path import OrderPath

__all__ = ["path_status"]

_MOST_ORDERS = 200


def path_status(path: OrderPath) -> dict[str, Any]:
    """Return account, positions, orders at work, dead letters and differences as plain JSON types."""
    return {
        "live": path.live,
        "cash": path.cash,
        "positions": {one.symbol: held for one, held in path.quantities().items()},
        "open_orders": [_order(order) for order in list(path.open_orders.values())[:_MOST_ORDERS]],
        "open_order_count": len(path.open_orders),
        "undelivered": {
            name: {**_order(path.orders[name]), "outcome": known.outcome.value, "problem": known.reason}
            for name, known in path.undelivered.items()
        },
        "differences": {symbol: list(pair) for symbol, pair in path.differences.items()},
    }


def _order(order: Order) -> dict[str, Any]:
    price = order.average_price
    return {
        "id": order.order_id,
        "symbol": order.intent.instrument.symbol,
        "quantity": order.intent.quantity,
        "filled": order.filled,
        "average_price": None if math.isnan(price) else price,
        "state": order.state.value,
        "reason": order.intent.reason,
        "venue_order_id": order.venue_order_id,
    }
