"""What orders are called at a venue."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tradewind.model.frozen import changed

if TYPE_CHECKING:
    from tradewind.model import OrderIntent

__all__ = ["client_id", "named"]

_DIGITS = 16


def client_id(tag: str, order_id: str, longest: int) -> str:
    """Name an order to its venue: unique for ever, no longer than it takes.

    >>> client_id("9f3c01ab", "12-0-SPY", 48)
    '9f3c01ab-12-0-SPY'
    """
    name = f"{tag}-{order_id}"
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()
    kept = longest - _DIGITS - 1
    return f"{name[:kept]}-{digest[:_DIGITS]}" if kept > 0 else digest[:longest]


def named(intent: OrderIntent, tag: str, longest: int) -> OrderIntent:
    """Return an order under its name at the venue; the orders it is linked with have theirs."""
    name = client_id(tag, intent.order_id, longest)
    if not intent.parent_id and not intent.oca_group:
        return changed(intent, order_id=name)
    return changed(
        intent,
        order_id=name,
        parent_id=client_id(tag, intent.parent_id, longest) if intent.parent_id else "",
        oca_group=f"{tag}-{intent.oca_group}" if intent.oca_group else "",
    )
