"""Our account and orders against the venue's: what was missed, and what cannot be explained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tradewind.errors import BrokerError
from tradewind.model import ExecutionReport, OrderState, ReportKind
from tradewind.model.wire import instrument_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tradewind.contracts import Broker
    from tradewind.model import Fill, Instrument
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.machine import Order

__all__ = ["Differences", "Reconciliation", "differing", "missed_reports", "opening_cash", "unexplained"]

Differences = dict[str, tuple[float, float]]
"""Symbol, or ``cash``, to what we have and what the venue has."""

_ENDS = {
    OrderState.CANCELLED: ReportKind.CANCELLED,
    OrderState.EXPIRED: ReportKind.EXPIRED,
    OrderState.REJECTED: ReportKind.REJECTED,
    OrderState.REPLACED: ReportKind.REPLACED,
}
_CENT = 0.01


def opening_cash(broker: Broker) -> float:
    """Return the cash of an account that a new session begins with.

    Raises
    ------
    BrokerError
        If the account holds anything: no sleeve would own it.
    """
    held = {instrument.symbol: quantity for instrument, quantity in broker.positions().items() if quantity}
    at_work = [order.venue_order_id for order in broker.open_orders()]
    if held or at_work:
        told = ", ".join(f"{symbol} {quantity:g}" for symbol, quantity in held.items()) or "nothing"
        raise BrokerError(
            f"a new session needs an account without positions and orders; this one holds {told} and has "
            f"{len(at_work)} orders at work. Close them, or continue the session that owns them"
        )
    return broker.account().cash


def missed_reports(broker: Broker, open_orders: Mapping[str, Order], last_execution: str) -> list[ExecutionReport]:
    """Ask for the executions after the last one known, and for the ends of orders that are at work here only.

    Raises
    ------
    BrokerError
        If the venue cannot be asked, or has never had an order that it had taken.
    """
    reports = list(broker.executions(last_execution))
    at_work = {order.order_id for order in broker.open_orders()}
    for order_id, order in open_orders.items():
        if order_id in at_work or order.state in (OrderState.INTENDED, OrderState.UNKNOWN):
            continue
        known = broker.order(order_id)
        if known is None:
            raise BrokerError(
                f"order {order_id}: the venue had taken it and says now that it has never had it; this is another "
                f"account, or the venue has lost its state. Check the account; nothing was sent"
            )
        kind = _ENDS.get(known.state)
        if kind is not None:
            reports.append(ExecutionReport(order_id, kind, reason=known.reason, venue_order_id=known.venue_order_id))
    return reports


def unexplained(account: OwnAccount, broker: Broker, awaited: Sequence[Fill]) -> Differences:
    """Return the positions and the cash that the venue has otherwise than our fills say.

    Quantities are compared to nine digits, cash to a cent; ``awaited`` are fills that are not booked yet.
    """
    held = {instrument.symbol: quantity for instrument, quantity in account.quantities().items()}
    for fill in awaited:
        held[fill.instrument.symbol] = held.get(fill.instrument.symbol, 0.0) + fill.quantity
    own_cash = account.cash + math.fsum(fill.cash_flow for fill in awaited)
    there = {instrument.symbol: quantity for instrument, quantity in broker.positions().items()}
    differences: Differences = {}
    for symbol in sorted({*held, *there}):
        ours, theirs = held.get(symbol, 0.0), there.get(symbol, 0.0)
        if not math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9):
            differences[symbol] = (ours, theirs)
    cash = broker.account().cash
    if not math.isclose(own_cash, cash, rel_tol=1e-9, abs_tol=_CENT):
        differences["cash"] = (own_cash, cash)
    return differences


def differing(account: OwnAccount, broker: Broker, mark: Callable[[Instrument], float]) -> list[list[Any]]:
    """Return what the venue has more of each instrument than our fills say, as plain JSON types with the last price.

    An instrument without a price is left out: its value would be unknown.
    """
    there, here = dict(broker.positions()), account.quantities()
    return [
        [instrument_to(one), there.get(one, 0.0) - here.get(one, 0.0), mark(one)]
        for one in dict.fromkeys((*here, *there))
        if there.get(one, 0.0) != here.get(one, 0.0) and math.isfinite(mark(one))
    ]


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
    """

    def __init__(
        self,
        broker: Broker,
        account: OwnAccount,
        orders: Mapping[str, Order],
        open_orders: Mapping[str, Order],
        liquidated: AbstractSet[str],
    ) -> None:
        self.differences: Differences = {}
        self.compared = False
        """Whether this process has compared the accounts."""
        self.agreed_execution = ""
        """Last execution on which both sides agreed; empty before the first."""
        self._broker, self._account = broker, account
        self._orders, self._open_orders, self._liquidated = orders, open_orders, liquidated
        self._inbox: list[ExecutionReport] = []

    def take(self) -> list[ExecutionReport]:
        """Return the reports found since it was last asked."""
        reports, self._inbox = self._inbox, []
        return reports

    def ask(self) -> None:
        """Ask for what was not heard, from the last execution on which both sides agreed."""
        reports = missed_reports(self._broker, self._open_orders, self.agreed_execution)
        self._inbox += [report for report in reports if report.fill is None or self._is_new(report)]

    def compare(self) -> None:
        """Compare orders and accounts, twice where something may have happened meanwhile."""
        self.compared = True
        for _ in range(2):
            self.ask()
            self._inbox += self._broker.poll()
            self.differences = unexplained(self._account, self._broker, self._awaited())
            if not self.differences:
                return

    def _is_new(self, report: ExecutionReport) -> bool:
        order = self._orders.get(report.order_id)
        return report.order_id in self._liquidated if order is None else report.execution_id not in order.executions

    def _awaited(self) -> list[Fill]:
        """Return our fills that were heard and not yet booked."""
        fills = {one.execution_id: one.fill for one in self._inbox if one.fill is not None and self._is_new(one)}
        return list(fills.values())
