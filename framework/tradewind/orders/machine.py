"""The life of an order: what we do and what its venue reports, folded into one state.

Reports may come twice, late, in any order or not at all. `TRANSITIONS` is made so that the order in which they come
does not matter: along the table's rows a report can only carry an order further down. Two orders that have seen the
same reports are equal, but for `Order.late`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tradewind.errors import BrokerError
from tradewind.model.execution import TERMINAL_STATES, OrderState, ReportKind
from tradewind.model.frozen import changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.execution import ExecutionReport
    from tradewind.model.order import OrderIntent

__all__ = ["TRANSITIONS", "Act", "Anomaly", "Execution", "Order", "act", "applied", "apply", "carry", "next_state"]


class Act(StrEnum):
    """What we did with an order, or learnt of it without a report; each happens in the order in which it is told."""

    SENT = "sent"
    """A message is about to leave: from here on only the venue can say that it has not arrived."""
    NOT_SENT = "not_sent"
    """The message certainly did not leave."""
    UNCERTAIN = "uncertain"
    """The message may have arrived."""
    ABSENT = "absent"
    """The venue, asked by our order id, has never had it."""
    DROPPED = "dropped"
    """It will not be sent any more."""
    CANCEL_ASKED = "cancel_asked"
    """A request to cancel is about to leave."""
    CANCEL_NOT_SENT = "cancel_not_sent"
    """The request to cancel certainly did not leave."""


_TABLE = """
                  sent       not_sent  uncertain  absent    dropped    accepted          part_filled       filled
intended          submitted  .         .          .         cancelled  accepted          partially_filled  filled
submitted         !          intended  unknown    intended  !          accepted          partially_filled  filled
unknown           !          .         .          intended  !          accepted          partially_filled  filled
accepted          !          .         .          .         !          .                 partially_filled  filled
partially_filled  !          .         .          .         !          .                 .                 filled
rejected          !          .         .          .         .          .                 .                 filled
expired           !          .         .          .         .          .                 .                 filled
cancelled         !          .         .          .         .          .                 .                 filled
replaced          !          .         .          .         .          .                 .                 filled
filled            !          .         .          .         .          .                 .                 .

                  rejected   expired   cancelled  replaced
intended          rejected   expired   cancelled  replaced
submitted         rejected   expired   cancelled  replaced
unknown           rejected   expired   cancelled  replaced
accepted          rejected   expired   cancelled  replaced
partially_filled  rejected   expired   cancelled  replaced
rejected          .          expired   cancelled  replaced
expired           .          .         cancelled  replaced
cancelled         .          .         .          replaced
replaced          .          .         .          .
filled            .          .         .          .
"""
"""From a state (row) by an act or a report (column) to the next one; ``.`` changes nothing, ``!`` is our own error.

A trade counts as ``part_filled`` or ``filled`` by the sum of all executions. The rows stand in the order of
precedence: an execution of the whole order outweighs every other end, and a rejection is outweighed by any other end,
because a venue also rejects the second copy of an order whose first copy works.

``cancel_pending`` has no row: it is what ``submitted``, ``accepted`` and ``partially_filled`` are called while a
request to cancel is open, that is asked and not refused. A refusal therefore brings back what was there.
"""

_CANCELLABLE = frozenset({OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})
_TOLERANCE = 1e-9
"""Relative; what a sum of fractional quantities may lack."""


def _read(table: str) -> dict[tuple[OrderState, str], OrderState | None]:
    transitions: dict[tuple[OrderState, str], OrderState | None] = {}
    for block in table.strip("\n").split("\n\n"):
        header, *rows = block.splitlines()
        for row in rows:
            name, *cells = row.split()
            state = OrderState(name)
            for event, cell in zip(header.split(), cells, strict=True):
                if cell != "!":
                    transitions[state, event] = None if cell == "." else OrderState(cell)
    return transitions


TRANSITIONS: Mapping[tuple[OrderState, str], OrderState | None] = MappingProxyType(_read(_TABLE))
"""The table as a mapping: None where nothing changes; what must not happen is absent."""


class Anomaly(StrEnum):
    """What a venue should never have said of an order; it is counted all the same."""

    OVERFILLED = "overfilled"
    """More was executed than ordered."""
    WRONG_SIDE = "wrong_side"
    """A buy was executed as a sale, or the reverse."""
    CONTRADICTED = "contradicted"
    """One execution id came with different quantities or prices."""


class Execution(NamedTuple):
    """A signed quantity at a price."""

    quantity: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as far as we know it.

    Parameters
    ----------
    intent
        The decision; its quantity is that of the whole order.
    standing
        State but for open requests to cancel; see `state`.
    executions
        By execution id.
    filled
        Signed quantity of all executions.
    carried
        Signed quantity that the orders it replaces have executed: part of the whole.
    asked, refused
        Identities of requests to cancel: made, and refused or never sent.
    contradicted
        Execution ids that came with different contents; the one that fills most counts.
    reason
        Why it ended; the venue's words.
    venue_order_id
        The venue's name of it.
    late
        Execution ids that came when it was held ended. Tells how messages arrived, not where the order stands, and so
        is no part of equality.
    """

    intent: OrderIntent
    standing: OrderState = OrderState.INTENDED
    executions: Mapping[str, Execution] = field(default_factory=dict)
    filled: float = 0.0
    carried: float = 0.0
    asked: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    contradicted: frozenset[str] = frozenset()
    reason: str = ""
    venue_order_id: str = ""
    late: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def order_id(self) -> str:
        """Our client order id."""
        return self.intent.order_id

    @property
    def state(self) -> OrderState:
        """Where it stands."""
        if self.standing in _CANCELLABLE and not self.asked <= self.refused:
            return OrderState.CANCEL_PENDING
        return self.standing

    @property
    def ended(self) -> bool:
        """Whether it works no more."""
        return self.standing in TERMINAL_STATES

    @property
    def remaining(self) -> float:
        """Signed quantity that may still be executed: 0 where it has ended, never more than was ordered."""
        quantity = self.intent.quantity
        part = 1.0 - (self.filled + self.carried) / quantity
        return 0.0 if self.ended or part <= 0.0 else min(part, 1.0) * quantity

    @property
    def average_price(self) -> float:
        """Quantity-weighted price of the executions; NaN before the first, and where they cancel out."""
        total = math.fsum(abs(one.quantity) for one in self.executions.values())
        if abs(self.filled) <= _TOLERANCE * total:
            return math.nan
        return math.fsum(one.quantity * one.price for one in self.executions.values()) / self.filled

    @property
    def anomalies(self) -> frozenset[Anomaly]:
        """What the venue should never have said."""
        quantity = self.intent.quantity
        found = set()
        if (self.filled + self.carried) / quantity > 1.0 + _TOLERANCE:
            found.add(Anomaly.OVERFILLED)
        if any(one.quantity * quantity < 0.0 for one in self.executions.values()):
            found.add(Anomaly.WRONG_SIDE)
        if self.contradicted:
            found.add(Anomaly.CONTRADICTED)
        return frozenset(found)


def next_state(state: OrderState, event: str) -> OrderState:
    """Look an act or a report up in `TRANSITIONS`.

    Raises
    ------
    ValueError
        If the act must not happen in this state.

    >>> next_state(OrderState.UNKNOWN, "accepted")
    <OrderState.ACCEPTED: 'accepted'>
    """
    try:
        return TRANSITIONS[state, event] or state
    except KeyError:
        known = ", ".join(sorted({name for standing, name in TRANSITIONS if standing is state}))
        raise ValueError(f"an order that is {state} cannot be {str(event)!r}; possible: {known}") from None


def act(order: Order, what: Act, request_id: str = "", reason: str = "") -> Order:
    """Return the order after something we did.

    Parameters
    ----------
    order
        The order before.
    what
        What we did.
    request_id
        Identity of the request, of ``CANCEL_ASKED`` and ``CANCEL_NOT_SENT``; a refusal names it.
    reason
        Why it was dropped.

    Raises
    ------
    ValueError
        If it must not be done in this state, such as sending an order twice, or a request has no identity.
    """
    if what in (Act.CANCEL_ASKED, Act.CANCEL_NOT_SENT):
        if not request_id:
            raise ValueError(f"order {order.order_id}: {what} needs a request_id; received ''")
        if what is Act.CANCEL_ASKED:
            return changed(order, asked=order.asked | {request_id})
        return changed(order, refused=order.refused | {request_id})
    try:
        state = next_state(order.standing, what)
    except ValueError as error:
        raise ValueError(f"order {order.order_id}: {error}") from None
    if state is order.standing:
        return order
    return changed(order, standing=state, reason=reason if state in TERMINAL_STATES else order.reason)


def apply(order: Order, report: ExecutionReport) -> Order:
    """Return the order after a report; one that tells nothing new returns the same order.

    Raises
    ------
    BrokerError
        If the report is of another order, a trade lacks its execution, the id of it, or a finite quantity and price,
        or a refusal the identity of what was refused.
    """
    if report.order_id != order.intent.order_id:
        raise BrokerError(
            f"execution report of order {report.order_id!r} was given to order {order.intent.order_id!r}; look the "
            f"order up by the report's order_id"
        )
    if report.kind is ReportKind.TRADE:
        order = _execute(order, report)
    elif report.kind is ReportKind.CANCEL_REJECTED:
        order = _refuse(order, report)
    else:
        order = _turn(order, report.kind, report.reason)
    if report.venue_order_id > order.venue_order_id:
        order = changed(order, venue_order_id=report.venue_order_id)
    return order


def applied(order: Order, report: ExecutionReport) -> Order:
    """Return the order after a report; a refusal to cancel that names no request of ours answers all that are open."""
    if report.kind is ReportKind.CANCEL_REJECTED and report.execution_id not in order.asked:
        for request_id in order.asked - order.refused:
            order = apply(order, report._replace(execution_id=request_id))
        return order
    return apply(order, report)


def carry(order: Order, predecessor: Order) -> Order:
    """Return the order with what the order it replaces has executed so far; again after each late execution of that."""
    carried = predecessor.filled + predecessor.carried
    if carried == order.carried:
        return order
    standing, reason = _progress(order, order.executions, carried)
    return changed(order, carried=carried, standing=standing, reason=reason)


def _turn(order: Order, kind: ReportKind, reason: str) -> Order:
    state = next_state(order.standing, kind.value)
    if state is not order.standing:
        return changed(order, standing=state, reason=reason if state in TERMINAL_STATES else order.reason)
    if state in TERMINAL_STATES and state == kind.value and reason > order.reason:
        return changed(order, reason=reason)
    return order


def _refuse(order: Order, report: ExecutionReport) -> Order:
    if not report.execution_id:
        raise BrokerError(
            f"order {report.order_id}: a refused request to cancel needs the request's identity as execution_id; "
            f"received ''. The broker plugin must say which request was refused"
        )
    if report.execution_id in order.refused:
        return order
    return changed(order, refused=order.refused | {report.execution_id})


def _execute(order: Order, report: ExecutionReport) -> Order:
    execution_id, execution = report.execution_id, _execution(report)
    known = order.executions.get(execution_id)
    if known == execution:
        return order
    contradicted = order.contradicted
    if known is not None:
        contradicted |= {execution_id}
        side = math.copysign(1.0, order.intent.quantity)
        execution = max(known, execution, key=lambda one: (one.quantity * side, one.price))
    executions = {**order.executions, execution_id: execution}
    standing, reason = _progress(order, executions, order.carried)
    return changed(
        order,
        standing=standing,
        executions=executions,
        filled=math.fsum([one.quantity for one in executions.values()]),
        contradicted=contradicted,
        reason=reason,
        late=order.late | {execution_id} if order.standing in TERMINAL_STATES else order.late,
    )


def _progress(order: Order, executions: Mapping[str, Execution], carried: float) -> tuple[OrderState, str]:
    """Return the state that executions imply, and why it ended: what is filled needs no reason.

    Executions of the wrong side do not undo progress: the state would depend on which came first.
    """
    quantity = order.intent.quantity
    done = math.fsum([one.quantity for one in executions.values() if one.quantity * quantity > 0.0])
    if (done + carried) / quantity >= 1.0 - _TOLERANCE:
        return next_state(order.standing, "filled"), ""
    return next_state(order.standing, "part_filled") if executions else order.standing, order.reason


def _execution(report: ExecutionReport) -> Execution:
    fill = report.fill
    if fill is not None and report.execution_id and math.isfinite(fill.quantity) and math.isfinite(fill.price):
        return Execution(fill.quantity, fill.price)
    raise BrokerError(
        f"order {report.order_id}: a trade needs an execution_id and a fill with a finite quantity and price; received "
        f"execution_id {report.execution_id!r} and {fill}. The broker plugin must name every execution"
    )
