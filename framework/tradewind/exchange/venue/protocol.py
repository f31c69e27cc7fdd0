"""What client and venue say to each other: one JSON object a line, one answer a request.

A request is ``{"op": …, …}``. An answer is ``{"result": …, "reports": […], "told": …}``, or has ``error`` for
``result``; its reports are what has happened since the last answer on the same connection, and ``told`` counts those
of all time. ``hello`` names the venue; who says it again with that name and the count of what it was told misses none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tradewind.contracts import BrokerOrder, Outcome, Response
from tradewind.model import OrderState, ReasonCode
from tradewind.model.wire import instrument_from, instrument_to

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["decode", "encode", "order_from", "order_to", "response_from", "response_to"]


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the message of a line; `ValueError` where it is none."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"expected a JSON object, received {type(message).__name__}")  # noqa: TRY004 one error for bad input
    return message


def order_to(order: BrokerOrder) -> dict[str, Any]:
    """Return an order's fields."""
    return {
        "order_id": order.order_id,
        "venue_order_id": order.venue_order_id,
        "instrument": instrument_to(order.instrument),
        "quantity": order.quantity,
        "filled": order.filled,
        "average_price": order.average_price,
        "state": order.state.value,
        "reason": order.reason,
        "code": order.code.value,
    }


def order_from(fields: Mapping[str, Any]) -> BrokerOrder:
    """Return the order that `order_to` described."""
    values = {
        **fields,
        "instrument": instrument_from(fields["instrument"]),
        "state": OrderState(fields["state"]),
        "code": ReasonCode(fields["code"]),
    }
    return BrokerOrder(**values)


def response_to(response: Response) -> dict[str, Any]:
    """Return a response's fields."""
    return {
        "order_id": response.order_id,
        "outcome": response.outcome.value,
        "reason": response.reason,
        "code": response.code.value,
    }


def response_from(fields: Mapping[str, Any]) -> Response:
    """Return the response that `response_to` described."""
    return Response(
        order_id=fields["order_id"],
        outcome=Outcome(fields["outcome"]),
        reason=fields["reason"],
        code=ReasonCode(fields["code"]),
    )
