"""Our account and orders against the venue's: what was missed, and what cannot be explained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tradewind.errors import BrokerRefusalError
from tradewind.model import TERMINAL_STATES, ExecutionReport, OrderState, ReportKind
from tradewind.model.wire import instrument_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tradewind.contracts import Broker
    from tradewind.model import Activity, Fill, Instrument
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.machine import Order

__all__ = [
    "Differences",
    "Missed",
    "Reconciliation",
    "differing",
    "ended_there",
    "missed",
    "opening_cash",
    "unexplained",
]

Differences = dict[str, tuple[float, float]]
"""Symbol, ``cash`` or ``order <id>`` to what we have and what the venue has."""

_ENDS = {
    OrderState.CANCELLED: ReportKind.CANCELLED,
    OrderState.EXPIRED: ReportKind.EXPIRED,
    OrderState.REJECTED: ReportKind.REJECTED,
    OrderState.REPLACED: ReportKind.REPLACED,
}
_UNSENT = (OrderState.INTENDED, OrderState.UNKNOWN)
_SECONDS_BETWEEN_COMPARISONS = 5.0


def opening_cash(broker: Broker) -> float:
    """Return the cash of an account that a new session begins with.

    Raises
    ------
    BrokerRefusalError
        If the account holds anything: no sleeve would own it.
    """
    held = {instrument.symbol: quantity for instrument, quantity in broker.positions().items() if quantity}
    at_work = [order.venue_order_id for order in broker.open_orders()]
    if held or at_work:
        told = ", ".join(f"{symbol} {quantity:g}" for symbol, quantity in held.items()) or "nothing"
        raise BrokerRefusalError(
            f"a new session needs an account without positions and orders; this one holds {told} and has "
            f"{len(at_work)} orders at work. Close them, or continue the session that owns them"
        )
    return broker.account().cash


class Missed(NamedTuple):
    """What was not heard: reports, and orders of the session that only one side has at work.

    One that the venue had taken and says now that it has never had means another account, or a venue that has lost its
    state; one of this session that it does not know was sent from outside, as a kill switch closes positions.
    """

    reports: list[ExecutionReport]
    differences: Differences


def missed(
    broker: Broker, open_orders: Mapping[str, Order], last_execution: str, is_stray: Callable[[str], bool]
) -> Missed:
    """Ask for the executions after the last one known, and for what became of orders that are at work on one side.

    ``is_stray`` tells of a client order id whether it is the session's, and of no order that it knows.

    Raises
    ------
    BrokerError
        If the venue cannot be asked.
    """
    reports = list(broker.executions(last_execution))
    at_work = {order.order_id: order.quantity - order.filled for order in broker.open_orders()}
    differences = {f"order {name}": (0.0, remaining) for name, remaining in at_work.items() if is_stray(name)}
    for order_id, order in open_orders.items():
        if order_id in at_work or order.state is OrderState.INTENDED:
            continue
        known = broker.order(order_id)
        if known is None:
            if order.state is not OrderState.UNKNOWN:
                differences[f"order {order_id}"] = (order.remaining, 0.0)
        elif known.state in _ENDS:
            kind, venue_id = _ENDS[known.state], known.venue_order_id
            reports.append(
                ExecutionReport(order_id, kind, reason=known.reason, venue_order_id=venue_id, code=known.code)
            )
    return Missed(reports, differences)


def unexplained(
    account: OwnAccount, broker: Broker, awaited: Sequence[Fill], activities: Sequence[Activity] = ()
) -> Differences:
    """Return the positions and the cash that the venue has otherwise than our fills say.

    Quantities are compared to nine digits, cash to what the broker tolerates; ``awaited`` are fills, ``activities``
    changes without an order, that are not booked yet.
    """
    held = {instrument.symbol: quantity for instrument, quantity in account.quantities().items()}
    for fill in awaited:
        held[fill.instrument.symbol] = held.get(fill.instrument.symbol, 0.0) + fill.quantity
    for activity in activities:
        if activity.instrument is not None:
            held[activity.instrument.symbol] = held.get(activity.instrument.symbol, 0.0) + activity.quantity
    own_cash = account.cash + math.fsum(
        [*(fill.cash_flow for fill in awaited), *(activity.cash for activity in activities)]
    )
    there = {instrument.symbol: quantity for instrument, quantity in broker.positions().items()}
    differences: Differences = {}
    for symbol in sorted({*held, *there}):
        ours, theirs = held.get(symbol, 0.0), there.get(symbol, 0.0)
        if not math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9):
            differences[symbol] = (ours, theirs)
    cash = broker.account().cash
    if not math.isclose(own_cash, cash, rel_tol=1e-9, abs_tol=broker.capabilities.cash_tolerance):
        differences["cash"] = (own_cash, cash)
    return differences


def differing(
    account: OwnAccount, broker: Broker, mark: Callable[[Instrument], float], instruments: Sequence[Instrument]
) -> list[list[Any]]:
    """Return what the venue has more of each instrument than our fills say, as plain JSON types with the last price.

    A venue knows symbols, and none of our sectors, lots and calendars: ``instruments`` are ours. One without a price is
    left out: its value would be unknown.
    """
    here = account.quantities()
    ours = {instrument.symbol: instrument for instrument in (*instruments, *here)}
    there = {ours.get(one.symbol, one): quantity for one, quantity in broker.positions().items()}
    return [
        [instrument_to(one), there.get(one, 0.0) - here.get(one, 0.0), mark(one)]
        for one in dict.fromkeys((*here, *there))
        if there.get(one, 0.0) != here.get(one, 0.0) and math.isfinite(mark(one))
    ]


def ended_there(broker: Broker, open_orders: Mapping[str, Order]) -> list[str]:
    """Return the orders that are at work here and not at the venue, whatever became of their executions."""
    asked = {order_id: broker.order(order_id) for order_id, order in open_orders.items() if order.state not in _UNSENT}
    return [order_id for order_id, known in asked.items() if known is None or known.state in TERMINAL_STATES]


class Reconciliation:
    """What the venue has otherwise than we have, and the reports that explain it.

    Parameters
    ----------
    broker, account
        Theirs and ours.
    orders, open_orders
        Every order of the session, and those that have not ended.
    liquidated
        Names of the positions closed without an order whose reports are awaited.
    clock
        Tells seconds.
    tag
        Prefix of the session's client order ids.
    """

    def __init__(
        self,
        broker: Broker,
        account: OwnAccount,
        orders: Mapping[str, Order],
        open_orders: Mapping[str, Order],
        liquidated: AbstractSet[str],
        clock: Callable[[], float],
        tag: str,
    ) -> None:
        self._tag = tag
        self._clock, self._compared_at = clock, 0.0
        self.differences: Differences = {}
        self.compared = False
        """Whether this process has compared the accounts."""
        self.agreed_execution = ""
        """Last execution on which both sides agreed; empty before the first."""
        self.broker, self._account = broker, account
        self._orders, self._open_orders, self._liquidated = orders, open_orders, liquidated
        self.last_activity = ""
        """Last activity that was booked; empty before the first."""
        self._inbox: list[ExecutionReport] = []
        self._activities: list[Activity] = []
        self._cash_differs_since = math.inf
        self._of_orders: Differences = {}

    def due(self) -> bool:
        """Whether the accounts should be compared: not yet in this process, or not for some seconds."""
        return not self.compared or self._clock() - self._compared_at >= _SECONDS_BETWEEN_COMPARISONS

    def take(self) -> list[ExecutionReport]:
        """Return the reports found since it was last asked."""
        reports, self._inbox = self._inbox, []
        return reports

    def take_activities(self) -> list[Activity]:
        """Return the activities found since it was last asked."""
        activities, self._activities = self._activities, []
        return activities

    def ask(self) -> None:
        """Ask for what was not heard, from the last execution on which both sides agreed."""
        reports, self._of_orders = missed(self.broker, self._open_orders, self.agreed_execution, self._is_stray)
        new = [report for report in reports if report.fill is None or self._is_new(report)]
        # A liquidation is reported after the cancellations that it brings about.
        self._inbox += sorted(new, key=lambda report: report.order_id in self._liquidated)

    def compare(self) -> None:
        """Compare orders and accounts, twice where something may have happened meanwhile."""
        self.compared, self._compared_at = True, self._clock()
        for _ in range(2):
            self.ask()
            self._inbox += self.broker.poll()
            self._activities = list(self.broker.activities(self.last_activity))
            found = unexplained(self._account, self.broker, self._awaited(), self._activities)
            self.differences = self._in_time(found) | self._of_orders
            if not self.differences:
                return

    def _in_time(self, differences: Differences) -> Differences:
        """Leave out a difference of the cash alone while the venue's cash may still be late."""
        if "cash" not in differences:
            self._cash_differs_since = math.inf
            return differences
        now = self._clock()
        self._cash_differs_since = min(self._cash_differs_since, now)
        late = now - self._cash_differs_since < self.broker.capabilities.cash_lag_seconds
        return {key: value for key, value in differences.items() if key != "cash" or not late}

    def agrees_on(self, instrument: Instrument) -> bool:
        """Whether both sides hold the same of an instrument, and no order could change that unknown to us."""
        of_orders = any(one.startswith("order ") for one in self.differences)
        return not of_orders and instrument.symbol not in self.differences

    def _is_stray(self, order_id: str) -> bool:
        return order_id.startswith(f"{self._tag}-") and order_id not in self._orders

    def _is_new(self, report: ExecutionReport) -> bool:
        order = self._orders.get(report.order_id)
        return report.order_id in self._liquidated if order is None else report.execution_id not in order.executions

    def _awaited(self) -> list[Fill]:
        """Return our fills that were heard and not yet booked."""
        fills = {one.execution_id: one.fill for one in self._inbox if one.fill is not None and self._is_new(one)}
        return list(fills.values())
