"""How the acceptance cases trade: orders with ids of their own, reports gathered, failures in four parts."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

from tradewind.contracts import Outcome, Replacement
from tradewind.model import OrderIntent, OrderState, OrderType, ReportKind, TimeInForce
from tradewind.testing.kits.failure import fail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.contracts import Broker, BrokerCapabilities, BrokerOrder, Response
    from tradewind.model import ExecutionReport, Fill, ReasonCode
    from tradewind.testing.kits.broker_session import VenueSession

__all__ = ["PRICE", "Desk"]

PRICE = 100.0
"""Of every instrument when a case begins."""
_AT_WORK = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.SUBMITTED, OrderState.CANCEL_PENDING)


class Desk:
    """One case's way to its venue.

    Parameters
    ----------
    session
        The venue.
    where, remedy
        Of the messages: which case failed at which broker, and what its docstring says to do.
    """

    def __init__(self, session: VenueSession, where: str, remedy: str) -> None:
        self.session = session
        self.reports: list[ExecutionReport] = []
        self._where = where
        self._remedy = remedy
        self._prefix = secrets.token_hex(4)
        self._sent = 0

    @property
    def broker(self) -> Broker:
        """The broker under examination."""
        return self.session.broker

    @property
    def capabilities(self) -> BrokerCapabilities:
        """What it says it can do."""
        return self.session.broker.capabilities

    def expect(self, condition: object, what: str, received: Any) -> None:
        """Fail the case unless a condition holds; ``what`` is wrong where it does not."""
        __tracebackhide__ = True
        if not condition:
            fail(self._where, what, received=received, remedy=self._remedy)

    def new_id(self) -> str:
        """Return an order id that was never used before, here or elsewhere."""
        self._sent += 1
        return f"{self._prefix}-{self._sent}"

    def intent(
        self,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        instrument: int = 0,
        order_id: str = "",
        **terms: Any,
    ) -> OrderIntent:
        """Return an order: market, limit, stop, stop limit or, with a trail, trailing stop."""
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        if stop is not None:
            kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
        if terms.get("trail_amount") is not None or terms.get("trail_fraction") is not None:
            kind = OrderType.TRAILING_STOP
        lasting = TimeInForce.GTC if TimeInForce.GTC in self.capabilities.times_in_force else TimeInForce.DAY
        return OrderIntent(
            order_id=order_id or self.new_id(),
            bar=self.session.bar,
            instrument=self.session.instruments[instrument],
            quantity=quantity,
            order_type=kind,
            limit_price=limit,
            stop_price=stop,
            **{"time_in_force": lasting, **terms},
        )

    def send(self, *intents: OrderIntent) -> list[Response]:
        """Submit orders as one batch, and wait for the venue."""
        responses = list(self.broker.submit(list(intents)))
        self.session.settle()
        return responses

    def place(self, quantity: float, **terms: Any) -> str:
        """Submit one order that the venue must take, and return its id."""
        intent = self.intent(quantity, **terms)
        (response,) = self.send(intent)
        self.expect(response.outcome is Outcome.TAKEN, "an ordinary order is not taken", response)
        return intent.order_id

    def bought(self, quantity: float = 10.0, *, instrument: int = 0) -> str:
        """Buy (or sell) at the market, and return the id of the filled order."""
        order_id = self.place(quantity, instrument=instrument)
        self.market()
        self.expect(
            self.state(order_id) is OrderState.FILLED,
            "a market order is not filled at the next price",
            self.known(order_id),
        )
        return order_id

    def cancel(self, *order_ids: str) -> list[Response]:
        """Ask to cancel orders, and wait for the venue."""
        responses = list(self.broker.cancel(list(order_ids)))
        self.session.settle()
        return responses

    def replace(self, order_id: str, *, new_id: str = "", **terms: float) -> tuple[Response, str]:
        """Ask to change an order, wait, and return the answer and the new id."""
        new_id = new_id or self.new_id()
        (response,) = self.broker.replace([Replacement(order_id=order_id, new_order_id=new_id, **terms)])
        self.session.settle()
        return response, new_id

    def market(self, price: float = PRICE, *, size: float = math.inf, only: int | None = None) -> None:
        """Move the market of all instruments to a price, or of one, the others staying at the first price."""
        self.session.quote(
            {one: price if only in (None, number) else PRICE for number, one in enumerate(self.session.instruments)},
            size,
        )

    def heard(self) -> list[ExecutionReport]:
        """Poll, and return all reports of the case so far."""
        self.session.settle()
        self.reports += self.broker.poll()
        return self.reports

    def kinds(self, order_id: str) -> list[ReportKind]:
        """What was reported of an order, in order."""
        return [report.kind for report in self.heard() if report.order_id == order_id]

    def fills(self, order_id: str = "") -> list[Fill]:
        """Executions that were reported, of one order or all."""
        return [one.fill for one in self.heard() if one.fill is not None and order_id in ("", one.order_id)]

    def filled(self, order_id: str) -> float:
        """Sum of an order's executions that were reported."""
        return math.fsum(fill.quantity for fill in self.fills(order_id))

    def known(self, order_id: str) -> BrokerOrder:
        """What the venue says of an order that it must have."""
        order = self.broker.order(order_id)
        self.expect(order is not None, f"the venue does not know order {order_id}", order)
        assert order is not None
        return order

    def state(self, order_id: str) -> OrderState:
        """Where an order stands at the venue."""
        return self.known(order_id).state

    def open_ids(self) -> list[str]:
        """Ids of the orders at work."""
        return [order.order_id for order in self.broker.open_orders()]

    def held(self, instrument: int = 0) -> float:
        """Signed quantity of an instrument at the venue."""
        return dict(self.broker.positions()).get(self.session.instruments[instrument], 0.0)

    def refusal(self, intent: OrderIntent) -> ReasonCode | None:
        """Submit an order, move the market, and return the code of its refusal; None where it was not refused."""
        (response,) = self.send(intent)
        self.market()
        if response.outcome is Outcome.REFUSED:
            return response.code
        ends = [one for one in self.heard() if one.order_id == intent.order_id and one.kind is ReportKind.REJECTED]
        return ends[0].code if ends else None

    def at_work(self, order_id: str) -> bool:
        """Whether an order works at the venue, by both questions."""
        order = self.broker.order(order_id)
        by_id = order is not None and order.state in _AT_WORK
        listed = order_id in self.open_ids()
        self.expect(by_id == listed, f"order {order_id} is {'not ' * (not listed)}among open_orders()", order)
        return by_id

    def ended(self, order_id: str, *states: OrderState) -> None:
        """Require that an order is over, in one of these states."""
        order = self.known(order_id)
        self.expect(order.state in states, f"order {order_id} is not {' or '.join(states)}", order)
        self.expect(not self.at_work(order_id), f"order {order_id} has ended and is still at work", order)

    def values(self) -> Mapping[str, float]:
        """Cash and equity at the venue."""
        account = self.broker.account()
        return {"cash": account.cash, "equity": account.equity}
