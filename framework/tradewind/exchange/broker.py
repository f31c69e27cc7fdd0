"""The exchange as a broker: the contract that real venues meet, over the simulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.contracts import Account, BrokerCapabilities, BrokerOrder, Outcome, Response
from tradewind.errors import BrokerError
from tradewind.exchange.rules import code_of
from tradewind.model import ExecutionReport, OrderEvent, OrderEventKind, OrderState, Quote, ReasonCode, ReportKind
from tradewind.model.frozen import changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.contracts import Replacement
    from tradewind.exchange.exchange import Exchange
    from tradewind.model import Activity, Instrument, OrderIntent

__all__ = ["ExchangeBroker"]

_STATES = {
    OrderEventKind.ACCEPTED: OrderState.ACCEPTED,
    OrderEventKind.REJECTED: OrderState.REJECTED,
    OrderEventKind.CANCELLED: OrderState.CANCELLED,
    OrderEventKind.EXPIRED: OrderState.EXPIRED,
    OrderEventKind.REPLACED: OrderState.REPLACED,
}
_KINDS = {
    OrderEventKind.ACCEPTED: ReportKind.ACCEPTED,
    OrderEventKind.REJECTED: ReportKind.REJECTED,
    OrderEventKind.CANCELLED: ReportKind.CANCELLED,
    OrderEventKind.EXPIRED: ReportKind.EXPIRED,
    OrderEventKind.REPLACED: ReportKind.REPLACED,
    OrderEventKind.FILL: ReportKind.TRADE,
}


class _Board:
    """The quotes of the bar last processed."""

    def __init__(self) -> None:
        self.quotes: Mapping[Instrument, Quote] = {}

    def quote(self, instrument: Instrument) -> Quote | None:
        return self.quotes.get(instrument)


class ExchangeBroker:
    """A `tradewind.contracts.SimulatedBroker` that fills at an `Exchange`.

    It never waits for sells and never loses a message. An order id that was used before takes nothing: the answer is
    what became of the order.

    Parameters
    ----------
    exchange
        The exchange, on which nobody else trades.
    """

    capabilities = BrokerCapabilities(waits_for_sells=False)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._board = _Board()
        self._marks: dict[Instrument, float] = {}
        self._bar = -1
        self._borrowed = 0.0
        self._orders: dict[str, BrokerOrder] = {}
        self._open: dict[str, None] = {}
        self._executions: list[ExecutionReport] = []
        self._reports: list[ExecutionReport] = []

    def connect(self) -> None:
        """Forget the reports of an earlier connection: whoever connects asks for what it has missed."""
        self._reports = []

    def close(self) -> None:
        """Do nothing: the exchange is part of this process."""

    def advance(self, bar: int, quotes: Mapping[Instrument, Quote], years: float) -> float:
        """Process a bar and return what borrowing cost in it; one that was processed before changes nothing.

        Raises
        ------
        BrokerError
            If the bar is older than the last one.
        """
        if bar < self._bar:
            raise BrokerError(
                f"exchange: bar {bar} was shown to it after bar {self._bar}; its account has gone on without this run. "
                f"Start a new session with a new account, or continue the one that was here last"
            )
        if bar > self._bar:
            self._bar = bar
            self._board.quotes = quotes
            before = self._exchange.borrow_costs
            self._exchange.process(bar, self._board, years=years)
            self._borrowed = self._exchange.borrow_costs - before
            self._note()
            held = ((one, quotes.get(one)) for one in self._exchange.quantities())
            self._marks.update({one: quote.close for one, quote in held if quote is not None})
        return self._borrowed

    def lend(self, credit: float) -> None:
        """Let cash fall to ``-credit``."""
        self._exchange.lend(credit)

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order."""
        self._exchange.liquidate(instrument, price, bar, reason)
        self._note()

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        """Take new orders; each is at work or refused at once."""
        fresh = list({one.order_id: one for one in intents if one.order_id not in self._orders}.values())
        for intent in fresh:
            self._enter(intent.order_id, intent.instrument, intent.quantity)
        if fresh:
            self._exchange.submit(fresh)
            self._note()
        return [self._response(intent.order_id) for intent in intents]

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        """Cancel orders at work."""
        responses: list[Response] = []
        for order_id in order_ids:
            done = self._exchange.cancel(order_id)
            if done:
                responses.append(Response(order_id=order_id, outcome=Outcome.TAKEN))
                continue
            known = self._orders.get(order_id)
            reason = "unknown order" if known is None else f"not at work: {known.state}"
            responses.append(
                Response(order_id=order_id, outcome=Outcome.REFUSED, reason=reason, code=ReasonCode.INVALID)
            )
        self._note()
        return responses

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        """Change orders at work, each of which continues under its new id."""
        responses: list[Response] = []
        for wanted in replacements:
            if wanted.new_order_id in self._orders:
                responses.append(self._repeated(wanted))
                continue
            reason = self._exchange.replace(
                wanted.order_id,
                wanted.new_order_id,
                quantity=wanted.quantity,
                limit_price=wanted.limit_price,
                stop_price=wanted.stop_price,
            )
            if reason:
                code = code_of(reason)
                responses.append(Response(order_id=wanted.order_id, outcome=Outcome.REFUSED, reason=reason, code=code))
                continue
            before = self._orders[wanted.order_id]
            quantity = before.quantity if wanted.quantity is None else wanted.quantity
            self._enter(wanted.new_order_id, before.instrument, quantity, filled=before.filled)
            self._note()
            responses.append(Response(order_id=wanted.order_id, outcome=Outcome.TAKEN))
        return responses

    def _repeated(self, wanted: Replacement) -> Response:
        """Answer a replacement by an id that was used before: the same one again, or another's id."""
        known = self._orders.get(wanted.order_id)
        if known is not None and known.state is OrderState.REPLACED and known.reason == wanted.new_order_id:
            return Response(order_id=wanted.order_id, outcome=Outcome.TAKEN)
        reason = f"order id {wanted.new_order_id} was used before"
        return Response(order_id=wanted.order_id, outcome=Outcome.REFUSED, reason=reason, code=ReasonCode.DUPLICATE)

    def _enter(self, order_id: str, instrument: Instrument, quantity: float, *, filled: float = 0.0) -> None:
        self._orders[order_id] = BrokerOrder(
            order_id=order_id,
            venue_order_id=f"x-{len(self._orders) + 1}",
            instrument=instrument,
            quantity=quantity,
            filled=filled,
            average_price=math.nan,
            state=OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED,
        )
        self._open[order_id] = None

    def poll(self) -> Sequence[ExecutionReport]:
        """Return the reports since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def account(self) -> Account:
        """Return the money, with positions at their last closes."""
        equity = self._exchange.equity(lambda instrument: self._marks.get(instrument, math.nan))
        return Account(cash=self._exchange.cash, equity=equity, buying_power=max(self._exchange.cash, 0.0))

    def positions(self) -> Mapping[Instrument, float]:
        """Return the signed quantities held."""
        return self._exchange.quantities()

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Return all orders at work."""
        return [self._orders[order_id] for order_id in self._open]

    def order(self, order_id: str) -> BrokerOrder | None:
        """Return an order, at work or ended; None where it was never submitted."""
        return self._orders.get(order_id)

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        """Return the executions after one, oldest first."""
        return self._executions[int(since.removeprefix("e-") or 0) :]

    def activities(self, since: str = "") -> Sequence[Activity]:  # noqa: ARG002 of the contract
        """Return nothing: only orders, borrowing and ends of data change an account here."""
        return ()

    def _response(self, order_id: str) -> Response:
        order = self._orders[order_id]
        refused = order.state is OrderState.REJECTED and not order.filled
        outcome = Outcome.REFUSED if refused else Outcome.TAKEN
        return Response(order_id=order_id, outcome=outcome, reason=order.reason, code=order.code)

    def _note(self) -> None:
        """Turn the exchange's events into reports, and follow its orders."""
        for event in self._exchange.poll():
            if event.kind is OrderEventKind.REDUCED:
                continue
            order = self._orders.get(event.order_id)
            report = self._report(event, "" if order is None else order.venue_order_id)
            self._reports.append(report)
            if event.fill is not None:
                self._executions.append(report)
            if order is not None:
                order = self._orders[event.order_id] = _after(order, event)
                if event.order_id in self._open and order.state not in (
                    OrderState.ACCEPTED,
                    OrderState.PARTIALLY_FILLED,
                ):
                    del self._open[event.order_id]

    def _report(self, event: OrderEvent, venue_order_id: str) -> ExecutionReport:
        return ExecutionReport(
            order_id=event.order_id,
            kind=_KINDS[event.kind],
            execution_id=f"e-{len(self._executions) + 1}" if event.fill is not None else "",
            fill=event.fill,
            reason=event.reason,
            venue_order_id=venue_order_id,
            code=event.code,
        )


def _after(order: BrokerOrder, event: OrderEvent) -> BrokerOrder:
    if event.fill is None:
        return changed(order, state=_STATES[event.kind], reason=event.reason, code=event.code)
    fill = event.fill
    filled = order.filled + fill.quantity
    known = order.filled if math.isfinite(order.average_price) else 0.0
    paid = fill.price * fill.quantity + (order.average_price * known if known else 0.0)
    complete = math.isclose(filled, order.quantity, rel_tol=1e-12)
    return changed(
        order,
        filled=filled,
        average_price=paid / (known + fill.quantity),
        state=OrderState.FILLED if complete else OrderState.PARTIALLY_FILLED,
    )
