"""What a venue says of an order, and the states an order can be in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from tradewind.model.reason import ReasonCode

if TYPE_CHECKING:
    from tradewind.model.order import Fill

__all__ = ["TERMINAL_STATES", "ExecutionReport", "OrderState", "ReportKind"]


class OrderState(StrEnum):
    """Where an order stands, as far as we know; the words are those of FIX's OrdStatus."""

    INTENDED = "intended"
    """Decided and durable; no venue has heard of it."""
    SUBMITTED = "submitted"
    """Sent; the venue has not said anything yet."""
    UNKNOWN = "unknown"
    """Sent, perhaps in vain: only the venue can tell whether it has it."""
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    CANCEL_PENDING = "cancel_pending"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    """Ended by an order with other terms, which has an id of its own."""
    EXPIRED = "expired"
    REJECTED = "rejected"


TERMINAL_STATES = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.REPLACED, OrderState.EXPIRED, OrderState.REJECTED}
)
"""States in which an order works no more; a late execution can still arrive."""


class ReportKind(StrEnum):
    """What an execution report tells; the words are those of FIX's ExecType."""

    ACCEPTED = "accepted"
    TRADE = "trade"
    CANCEL_REJECTED = "cancel_rejected"
    """A request to cancel or replace was refused: the order works on."""
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REJECTED = "rejected"


class ExecutionReport(NamedTuple):
    """One message of a venue about one order. It may arrive twice, late, out of order or never.

    Parameters
    ----------
    order_id
        Our client order id.
    kind
        What it tells.
    execution_id
        Identity of an execution at its venue: two reports with the same one are the same execution. Of a refused
        request to cancel, the identity of the request; both need one.
    fill
        The execution itself, of a trade.
    reason
        Why, of a refusal or an end; the venue's own words.
    venue_order_id
        The venue's own name of the order.
    venue_time
        When the venue says it happened, ISO 8601 with an offset; empty where it does not say.
    code
        The reason, as far as code may act on it.
    """

    order_id: str
    kind: ReportKind
    execution_id: str = ""
    fill: Fill | None = None
    reason: str = ""
    venue_order_id: str = ""
    venue_time: str = ""
    code: ReasonCode = ReasonCode.NONE
