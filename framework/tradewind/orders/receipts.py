"""What the venue reports, folded into orders, the account and the events for those who decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.model import ExecutionReport, OrderEvent, OrderEventKind, ReportKind
from tradewind.orders.machine import Act, Order, act, applied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import Response
    from tradewind.model import OrderIntent
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.cancelling import Cancellations
    from tradewind.orders.simulation import Simulation

__all__ = ["Receipts"]

_EVENTS = {
    ReportKind.ACCEPTED: OrderEventKind.ACCEPTED,
    ReportKind.REJECTED: OrderEventKind.REJECTED,
    ReportKind.CANCELLED: OrderEventKind.CANCELLED,
    ReportKind.EXPIRED: OrderEventKind.EXPIRED,
    ReportKind.REPLACED: OrderEventKind.REPLACED,
}


class Receipts:
    """The session's orders as far as they are known, and what has become of them.

    Parameters
    ----------
    account
        Own account.
    cancellations
        Orders that are to be cancelled.
    """

    def __init__(self, account: OwnAccount, cancellations: Cancellations) -> None:
        self.orders: dict[str, Order] = {}
        """Every order of the session by client order id."""
        self.open_orders: dict[str, Order] = {}
        """Those that have not ended."""
        self.undelivered: dict[str, Response] = {}
        """Dead letters: orders that were not delivered, or may not have been, with what is known of each."""
        self.events: list[OrderEvent] = []
        """What has become of orders since it was last asked."""
        self.last_execution = ""
        self.simulation: Simulation | None = None
        """The simulated broker, which alone knows our bars."""
        self._account, self._cancellations = account, cancellations
        self._own: dict[str, str] = {}

    def register(self, here: OrderIntent, there: OrderIntent) -> None:
        """Take in an order under its name here and under its name at the venue."""
        self._own[there.order_id] = here.order_id
        self.orders[there.order_id] = self.open_orders[there.order_id] = Order(intent=there)

    def told(self) -> Sequence[OrderEvent]:
        """Return what has become of orders since the last call."""
        events, self.events = self.events, []
        return events

    def act(self, order_id: str, what: Act, request_id: str = "") -> None:
        """Move an order that has not ended by something we did."""
        if order_id in self.open_orders:
            self.orders[order_id] = self.open_orders[order_id] = act(self.open_orders[order_id], what, request_id)

    def receive(self, report: ExecutionReport, bar: int) -> None:
        """Fold a report into its order, the account and the events to come."""
        if report.fill is not None:
            self.last_execution = report.execution_id
        before = self.orders.get(report.order_id)
        if before is None:
            self._receive_without_order(report, bar)
            return
        after = self.orders[report.order_id] = applied(before, report)
        if report.kind is not ReportKind.CANCEL_REJECTED:
            self.undelivered.pop(report.order_id, None)
        if after.ended:
            self.open_orders.pop(report.order_id, None)
            self._cancellations.ended(report.order_id)
        else:
            self.open_orders[report.order_id] = after
        name = self._own[report.order_id]
        if report.fill is not None:
            if report.execution_id not in before.executions:
                # Only a simulation knows our bars; and no venue knows our sectors, lots and calendars.
                filled_on = report.fill.bar if self.simulation else bar
                fill = report.fill._replace(order_id=name, bar=filled_on, instrument=before.intent.instrument)
                self._account.apply(fill)
                self.events.append(OrderEvent(name, fill.bar, OrderEventKind.FILL, "", fill))
        elif after.standing is not before.standing and report.kind in _EVENTS:
            self.events.append(OrderEvent(name, bar, _EVENTS[report.kind], report.reason, None, report.code))

    def _receive_without_order(self, report: ExecutionReport, bar: int) -> None:
        """Book the end of an instrument's data; whatever else is not ours shows as a difference."""
        liquidated = set() if self.simulation is None else self.simulation.liquidated
        if report.fill is None or report.order_id not in liquidated:
            return
        liquidated.discard(report.order_id)
        self._account.apply(report.fill, without_order=True)
        self.events.append(OrderEvent(report.order_id, bar, OrderEventKind.FILL, report.reason, report.fill))
