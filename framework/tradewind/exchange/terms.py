"""New terms of an order at work."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from tradewind.model import OrderType

if TYPE_CHECKING:
    from tradewind.exchange.working import WorkingOrder
    from tradewind.model import OrderIntent

__all__ = ["new_terms"]

_PRICED = {
    "limit_price": frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT}),
    "stop_price": frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}),
}


def new_terms(
    order: WorkingOrder,
    order_id: str,
    bar: int,
    *,
    quantity: float | None,
    limit_price: float | None,
    stop_price: float | None,
) -> OrderIntent | str:
    """Return the intent of the order that replaces another, or why there is none.

    Parameters
    ----------
    order
        The order at work.
    order_id
        Id of the new one.
    bar
        Bar at whose close it is replaced.
    quantity
        Signed quantity of the whole order, what was filled included (FIX's OrderQty); None keeps it.
    limit_price, stop_price
        New prices; None keeps them.

    Returns
    -------
    The intent; or ``quantity`` (nothing would remain to fill, or the other side) or ``price`` (not positive, or one
    that this type of order has not).
    """
    old = order.intent
    for name, price in (("limit_price", limit_price), ("stop_price", stop_price)):
        if price is not None and not (order.order_type in _PRICED[name] and 0.0 < price < math.inf):
            return "price"
    whole = old.quantity if quantity is None else quantity
    left = order.remaining + (whole - old.quantity)
    if not (math.isfinite(left) and left * order.remaining > 0.0):
        return "quantity"
    split = {sleeve: part * (whole / old.quantity) for sleeve, part in old.split.items()}
    return replace(
        old,
        order_id=order_id,
        bar=bar,
        quantity=whole,
        split=split,
        limit_price=old.limit_price if limit_price is None else limit_price,
        stop_price=old.stop_price if stop_price is None else stop_price,
    )
