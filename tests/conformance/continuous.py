"""A venue unlike the exchange: asynchronous, it fills at once, refuses what it does not know, and loses the line."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from tradewind.contracts import Account, BrokerCapabilities, BrokerOrder, Outcome, Replacement, Response
from tradewind.model import (
    Activity,
    ExecutionReport,
    Fill,
    Instrument,
    OrderIntent,
    OrderState,
    OrderType,
    Quote,
    ReasonCode,
    ReportKind,
    TimeInForce,
)
from tradewind.orders.threaded import ThreadedBroker
from tradewind.testing import VenueSession

__all__ = ["ContinuousSession", "ContinuousVenue"]

SHARES = (Instrument(symbol="ABC"), Instrument(symbol="XYZ"))
FEE = 0.01
_WORKING = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


@dataclasses.dataclass
class _Order:
    intent: OrderIntent
    number: int
    filled: float = 0.0
    paid: float = 0.0
    state: OrderState = OrderState.ACCEPTED
    triggered: bool = False
    left: float = math.inf
    """What it can still trade until the next quote."""

    @property
    def rest(self) -> float:
        return self.intent.quantity - self.filled

    def told(self) -> BrokerOrder:
        return BrokerOrder(
            order_id=self.intent.order_id,
            venue_order_id=f"v{self.number}",
            instrument=self.intent.instrument,
            quantity=self.intent.quantity,
            filled=self.filled,
            average_price=self.paid / self.filled if self.filled else math.nan,
            state=self.state,
        )


class ContinuousVenue:
    """The venue and its asynchronous client in one: the account outlives connections, reports do not."""

    capabilities = BrokerCapabilities(
        order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
        times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC}),
        fractional=False,
        shorts=False,
        links=False,
        messages_per_minute=200,
    )

    def __init__(self) -> None:
        self.cash = 500_000.0
        self.prices: Mapping[Instrument, float] = {}
        self.size = math.inf
        self.held: dict[Instrument, float] = {}
        self.orders: dict[str, _Order] = {}
        self.replaced: dict[str, str] = {}
        self.done: list[ExecutionReport] = []
        self.faults: list[tuple[str, str]] = []
        self._tell: Callable[[ExecutionReport], Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._numbers = itertools.count(1)

    async def connect(
        self, on_report: Callable[[ExecutionReport], None], on_quote: Callable[[Instrument, Quote], None]
    ) -> None:
        self._tell, self._loop = on_report, asyncio.get_running_loop()

    async def close(self) -> None:
        self._tell = self._loop = None

    async def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return [self._take(intent) for intent in self._struck("submit", intents)]

    async def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        return [self._cancel(order_id) for order_id in self._struck("cancel", order_ids)]

    async def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        return [self._replace(one) for one in self._struck("replace", replacements)]

    async def account(self) -> Account:
        self._struck("account", ())
        held = sum(quantity * self.prices[one] * one.multiplier for one, quantity in self.held.items())
        return Account(cash=self.cash, equity=self.cash + held, buying_power=self.cash - self._reserved())

    async def positions(self) -> Mapping[Instrument, float]:
        return {one: quantity for one, quantity in self.held.items() if quantity}

    async def open_orders(self) -> Sequence[BrokerOrder]:
        return [one.told() for one in self.orders.values() if one.state in _WORKING]

    async def order(self, order_id: str) -> BrokerOrder | None:
        known = self.orders.get(order_id)
        return None if known is None else known.told()

    async def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        ids = [one.execution_id for one in self.done]
        return self.done[ids.index(since) + 1 :] if since else list(self.done)

    async def activities(self, since: str = "") -> Sequence[Activity]:
        return ()

    def move(self, prices: Mapping[Instrument, float], size: float) -> None:
        """Let the market move, and fill what it reaches."""
        self.prices, self.size = prices, size
        for order in list(self.orders.values()):
            order.left = size
            self._match(order)

    def end_day(self) -> None:
        for order in self.orders.values():
            if order.state in _WORKING and order.intent.time_in_force is TimeInForce.DAY:
                self._end(order, OrderState.EXPIRED, ReportKind.EXPIRED)

    def trade_by_hand(self, instrument: Instrument, quantity: float) -> None:
        self.held[instrument] = self.held.get(instrument, 0.0) + quantity
        self.cash -= quantity * self.prices[instrument] * instrument.multiplier

    def _struck(self, operation: str, argument: Sequence[Any]) -> Sequence[Any]:
        """Break the line where that was ordered: before, or after all was carried out."""
        if (operation, "before") in self.faults:
            self.faults.remove((operation, "before"))
            raise ConnectionResetError("before")
        if (operation, "after") in self.faults:
            self.faults.remove((operation, "after"))
            act: Mapping[str, Callable[[Any], Any]] = {
                "submit": self._take,
                "cancel": self._cancel,
                "replace": self._replace,
            }
            for one in argument:
                act[operation](one)
            raise ConnectionResetError("after")
        return argument

    def _reserved(self, *, but: str = "") -> float:
        return sum(
            max(one.rest, 0.0) * (one.intent.limit_price or self.prices[one.intent.instrument])
            for name, one in self.orders.items()
            if one.state in _WORKING and name != but
        )

    def _refusal(self, intent: OrderIntent, *, but: str = "") -> tuple[ReasonCode, str]:
        if intent.instrument not in SHARES:
            return ReasonCode.UNKNOWN_INSTRUMENT, f"asset {intent.instrument.symbol} not found"
        price = intent.limit_price or self.prices[intent.instrument]
        if intent.quantity > 0.0 and intent.quantity * (price + FEE) > self.cash - self._reserved(but=but):
            return ReasonCode.INSUFFICIENT_FUNDS, "insufficient buying power"
        if intent.quantity < 0.0 and self.held.get(intent.instrument, 0.0) < -intent.quantity:
            return ReasonCode.NOT_SHORTABLE, "insufficient quantity available"
        return ReasonCode.NONE, ""

    def _take(self, intent: OrderIntent) -> Response:
        name = intent.order_id
        if name in self.orders:
            return _refused(name, ReasonCode.DUPLICATE, "client_order_id must be unique")
        if len(name) > self.capabilities.order_id_length:
            return _refused(name, ReasonCode.INVALID, "client_order_id is too long")
        code, reason = self._refusal(intent)
        if code:
            return _refused(name, code, reason)
        self._work(intent)
        return Response(order_id=name, outcome=Outcome.TAKEN)

    def _work(self, intent: OrderIntent, **state: Any) -> None:
        order = self.orders[intent.order_id] = _Order(intent, next(self._numbers), left=self.size, **state)
        self._report(order, ReportKind.ACCEPTED)
        self._match(order)
        if intent.time_in_force is TimeInForce.IOC and order.state in _WORKING:
            self._end(order, OrderState.CANCELLED, ReportKind.CANCELLED)

    def _cancel(self, order_id: str) -> Response:
        order = self.orders.get(order_id)
        if order is None or order.state not in _WORKING:
            return _refused(order_id, ReasonCode.INVALID, "order is not cancelable")
        self._end(order, OrderState.CANCELLED, ReportKind.CANCELLED)
        return Response(order_id=order_id, outcome=Outcome.TAKEN)

    def _replace(self, wanted: Replacement) -> Response:
        name, order = wanted.order_id, self.orders.get(wanted.order_id)
        if self.replaced.get(name) == wanted.new_order_id:
            return Response(order_id=name, outcome=Outcome.TAKEN)
        if order is None or order.state not in _WORKING or wanted.new_order_id in self.orders:
            return _refused(name, ReasonCode.INVALID, "order is not replaceable")
        changes = {key: getattr(wanted, key) for key in ("quantity", "limit_price", "stop_price")}
        changes = {key: value for key, value in changes.items() if value is not None}
        prices = [key for key in changes if key != "quantity"]
        fits = all(changes[key] > 0 and getattr(order.intent, key) is not None for key in prices)
        if not fits or abs(changes.get("quantity", math.inf)) <= abs(order.filled):
            return _refused(name, ReasonCode.INVALID, "invalid quantity or price")
        new = dataclasses.replace(order.intent, order_id=wanted.new_order_id, **changes)
        self._end(order, OrderState.REPLACED, ReportKind.REPLACED)
        self.replaced[name] = new.order_id
        self._work(new, filled=order.filled, paid=order.paid, triggered=order.triggered)
        return Response(order_id=name, outcome=Outcome.TAKEN)

    def _match(self, order: _Order) -> None:
        intent, price = order.intent, self.prices[order.intent.instrument]
        if order.state not in _WORKING or not self._reached(order, price):
            return
        size = min(abs(order.rest), order.left)
        if size <= 0.0:
            return
        order.left -= size
        quantity = math.copysign(size, intent.quantity)
        fill = Fill(intent.order_id, 0, intent.instrument, quantity, price, commission=FEE * size)
        order.filled += quantity
        order.paid += quantity * price
        order.state = OrderState.FILLED if order.rest == 0.0 else OrderState.PARTIALLY_FILLED
        self.cash += fill.cash_flow
        self.held[intent.instrument] = self.held.get(intent.instrument, 0.0) + quantity
        self.done.append(self._report(order, ReportKind.TRADE, fill))

    @staticmethod
    def _reached(order: _Order, price: float) -> bool:
        intent, side = order.intent, math.copysign(1.0, order.intent.quantity)
        if intent.stop_price is not None and not order.triggered:
            order.triggered = side * price >= side * intent.stop_price
            if not order.triggered:
                return False
        return intent.limit_price is None or side * price <= side * intent.limit_price

    def _end(self, order: _Order, state: OrderState, kind: ReportKind) -> None:
        order.state = state
        self._report(order, kind)

    def _report(self, order: _Order, kind: ReportKind, fill: Fill | None = None) -> ExecutionReport:
        name = f"x{len(self.done) + 1}" if fill else ""
        report = ExecutionReport(order.intent.order_id, kind, name, fill, venue_order_id=f"v{order.number}")
        if self._loop is not None and self._tell is not None:
            self._loop.call_soon_threadsafe(self._tell, report)
        return report


class ContinuousSession(VenueSession):
    """An account at it, through the broker's thread."""

    can: ClassVar[frozenset[str]] = frozenset({"partial", "day", "hand", "faults", "symbols"})
    instruments = SHARES

    def __init__(self) -> None:
        self.venue = ContinuousVenue()
        self.broker = ThreadedBroker(self.venue)

    def quote(self, prices: Mapping[Instrument, float], size: float = math.inf) -> None:
        self.venue.move(prices, size)

    def settle(self) -> None:
        # The answer comes after all reports that the loop was given before.
        self.broker.positions()

    def end_day(self) -> None:
        self.venue.end_day()

    def fault(self, operation: str, when: str) -> None:
        self.venue.faults.append((operation, when))

    def trade_by_hand(self, instrument: Instrument, quantity: float) -> None:
        self.venue.trade_by_hand(instrument, quantity)

    def close(self) -> None:
        self.broker.close()


def _refused(order_id: str, code: ReasonCode, reason: str) -> Response:
    return Response(order_id=order_id, outcome=Outcome.REFUSED, code=code, reason=reason)
