"""What must hold for any orders on any bars; the order state machine, which knows no exchange, reads its events."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.exchange.replay import PanelSource
from tests.exchange.test_against_backtrader import BARS, panels, play_settings
from tradewind.exchange import Exchange, ExchangeRules
from tradewind.model import Fill, Instrument, OrderEvent, OrderEventKind, OrderIntent, OrderType, TimeInForce
from tradewind.model.execution import ExecutionReport, OrderState, ReportKind
from tradewind.model.typing import FloatArray
from tradewind.orders.machine import Act, Order, act, apply, carry

REPORTS = {
    OrderEventKind.ACCEPTED: ReportKind.ACCEPTED,
    OrderEventKind.REJECTED: ReportKind.REJECTED,
    OrderEventKind.FILL: ReportKind.TRADE,
    OrderEventKind.REPLACED: ReportKind.REPLACED,
    OrderEventKind.CANCELLED: ReportKind.CANCELLED,
    OrderEventKind.EXPIRED: ReportKind.EXPIRED,
}


@dataclass
class Tape:
    """An exchange on a panel, and all that it said."""

    panel: NDArray[np.float64]
    rules: ExchangeRules
    intents: dict[str, OrderIntent] = field(default_factory=dict)
    events: list[OrderEvent] = field(default_factory=list)
    promise: int = 0
    """First bar on which something might happen."""

    def __post_init__(self) -> None:
        self.instruments = [Instrument(symbol=f"S{column}") for column in range(self.panel.shape[1])]
        self.source = PanelSource(self.panel, self.instruments)
        self.exchange = Exchange(cash=5_000.0, rules=self.rules)
        self.numbers = itertools.count()

    def prices(self, instrument: Instrument, name: str, start: int, stop: int) -> FloatArray:
        field_number = ("open", "high", "low", "close").index(name)
        return self.panel[start:stop, self.source.columns[instrument], field_number]

    def poll(self) -> list[OrderEvent]:
        events = self.exchange.poll()
        self.events += events
        return events

    def bar(self, bar: int) -> None:
        """Process a bar; nothing may happen before the promised one."""
        self.source.bar = bar
        before = self.exchange.pending()
        self.exchange.process(bar, self.source)
        events = self.poll()
        assert bar >= self.promise or (not events and self.exchange.pending() == before)
        for event in events:
            if event.fill is not None and self.intents[event.order_id].parent_id:
                self.follows_its_parent(event)

    def follows_its_parent(self, event: OrderEvent) -> None:
        parent_id = self.intents[event.order_id].parent_id
        while any(e.order_id == parent_id and e.kind is OrderEventKind.REPLACED for e in self.events):
            parent_id = next(
                e.reason for e in self.events if e.order_id == parent_id and e.kind is OrderEventKind.REPLACED
            )
        fills = [e for e in self.events if e.order_id == parent_id and e.fill is not None]
        assert fills
        assert fills[-1].bar < event.bar
        assert self.exchange.remaining(parent_id) == 0.0

    def send(self, intents: list[OrderIntent]) -> None:
        self.intents |= {intent.order_id: intent for intent in intents}
        self.exchange.submit(intents)

    def done(self, bar: int) -> None:
        """End a bar: see what was taken, and ask for the next bar on which anything might happen."""
        self.poll()
        self.promise = self.exchange.next_event(bar, BARS, self.prices)

    def orders(self) -> dict[str, Order]:
        """Every order as its events tell it."""
        orders: dict[str, Order] = {}
        for order_id, intent in self.intents.items():
            orders[order_id] = act(Order(intent=intent), Act.SENT)
        for number, event in enumerate(self.events):
            if event.kind is not OrderEventKind.REDUCED:
                report = ExecutionReport(event.order_id, REPORTS[event.kind], f"e{number}", event.fill, event.reason)
                orders[event.order_id] = apply(orders[event.order_id], report)
            if event.kind is OrderEventKind.REPLACED:
                orders[event.reason] = carry(orders[event.reason], orders[event.order_id])
        return orders


@st.composite
def intents(draw: st.DrawFn, tape: Tape, bar: int) -> OrderIntent:
    """Any order, sensible or not."""
    column = draw(st.integers(0, len(tape.instruments) - 1))
    close = float(tape.panel[bar, column, 3])
    close = 100.0 if np.isnan(close) else close
    kind = draw(st.sampled_from(OrderType))
    near = st.sampled_from([0.95, 0.99, 1.0, 1.01, 1.05])
    terms: dict[str, Any] = {}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        terms["limit_price"] = close * draw(near)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        terms["stop_price"] = close * draw(near)
    if kind is OrderType.TRAILING_STOP:
        terms["trail_fraction"] = draw(st.sampled_from([0.01, 0.03]))
    working = [intent.order_id for intent in tape.exchange.pending()]
    return OrderIntent(
        order_id=f"o{next(tape.numbers)}",
        bar=bar,
        instrument=tape.instruments[column],
        quantity=draw(st.sampled_from([1.0, 3.0, 10.0, 25.0, 0.3])) * draw(st.sampled_from([1.0, -1.0])),
        order_type=kind,
        time_in_force=draw(st.sampled_from([TimeInForce.GTC, *TimeInForce])),
        oca_group=draw(st.sampled_from(["", "", "g", "h"])),
        parent_id=draw(st.sampled_from(["", "", *working])),
        **terms,
    )


def play(data: st.DataObject, tape: Tape) -> None:
    for bar in range(BARS):
        tape.bar(bar)
        for _ in range(data.draw(st.integers(0, 3))):
            working = [intent.order_id for intent in tape.exchange.pending()]
            what = data.draw(st.sampled_from(["submit", "submit", "submit", "cancel", "replace"]))
            if what == "submit" or not working:
                tape.send([data.draw(intents(tape, bar))])
                continue
            order_id = data.draw(st.sampled_from(working))
            if what == "cancel":
                tape.exchange.cancel(order_id)
                continue
            old, new_id = tape.intents[order_id], f"o{next(tape.numbers)}"
            quantity = old.quantity * data.draw(st.sampled_from([0.5, 1.0, 2.0]))
            if not tape.exchange.replace(order_id, new_id, quantity=quantity):
                new = next(intent for intent in tape.exchange.pending() if intent.order_id == new_id)
                tape.intents[new_id] = new
        tape.done(bar)


@given(data=st.data(), panel=panels(), volume_limit=st.sampled_from([0.0, 0.05, 0.25]), halts=st.integers(0, 3))
@play_settings
def test_any_orders_on_any_bars(
    data: st.DataObject, panel: NDArray[np.float64], volume_limit: float, halts: int
) -> None:
    for _ in range(halts):
        panel[data.draw(st.integers(0, BARS - 1)), data.draw(st.integers(0, panel.shape[1] - 1))] = np.nan
    tape = Tape(panel, ExchangeRules(volume_limit=volume_limit, allow_short=data.draw(st.booleans())))
    play(data, tape)
    orders = tape.orders()
    its_state_is_what_its_events_say(tape, orders)
    nothing_is_made_or_lost(tape, orders)
    a_group_takes_from_its_orders(tape)


def its_state_is_what_its_events_say(tape: Tape, orders: dict[str, Order]) -> None:
    working = {intent.order_id for intent in tape.exchange.pending()}
    reduced = {event.order_id for event in tape.events if event.kind is OrderEventKind.REDUCED}
    assert {order_id for order_id, order in orders.items() if not order.ended} == working
    for order_id, order in orders.items():
        assert not order.anomalies
        assert not order.late
        if order_id in working and order_id not in reduced and not order.carried:
            assert abs(tape.exchange.remaining(order_id) - order.remaining) < 1e-9
        if order.intent.time_in_force is TimeInForce.FOK:
            assert len(order.executions) <= 1
            assert (order.state is OrderState.FILLED) == bool(order.executions)


def nothing_is_made_or_lost(tape: Tape, orders: dict[str, Order]) -> None:
    fills: list[Fill] = [event.fill for event in tape.events if event.fill is not None]
    for instrument in tape.instruments:
        traded = sum(fill.quantity for fill in fills if fill.instrument == instrument)
        held = tape.exchange.positions().get(instrument)
        assert abs(traded - (held.quantity if held else 0.0)) < 1e-9
    assert abs(sum(order.filled for order in orders.values()) - sum(fill.quantity for fill in fills)) < 1e-9


def a_group_takes_from_its_orders(tape: Tape) -> None:
    """An order trades no more than the fills of its group have left to it."""
    left: dict[str, float] = {}
    for event in tape.events:
        intent = tape.intents[event.order_id]
        if event.kind is OrderEventKind.ACCEPTED:
            left.setdefault(event.order_id, abs(intent.quantity))
        elif event.kind is OrderEventKind.REPLACED:
            new = tape.intents[event.reason]
            left[event.reason] = left.pop(event.order_id) + abs(new.quantity) - abs(intent.quantity)
        elif event.fill is not None:
            size = abs(event.fill.quantity)
            assert size <= left[event.order_id] + 1e-9
            left[event.order_id] -= size
            for other in left.keys() - {event.order_id}:
                if intent.oca_group and tape.intents[other].oca_group == intent.oca_group:
                    left[other] -= size


@given(data=st.data(), panel=panels(), volume_limit=st.sampled_from([0.0, 0.05]))
@play_settings
def test_a_group_never_trades_more_than_its_largest_order(
    data: st.DataObject, panel: NDArray[np.float64], volume_limit: float
) -> None:
    tape = Tape(panel, ExchangeRules(volume_limit=volume_limit))
    tape.bar(0)
    batch = []
    for _ in range(data.draw(st.integers(2, 5))):
        intent = data.draw(intents(tape, 0))
        batch.append(OrderIntent(**(_terms(intent) | {"parent_id": "", "oca_group": "g"})))
    tape.send(batch)
    tape.done(0)
    for bar in range(1, BARS):
        tape.bar(bar)
    traded = sum(abs(event.fill.quantity) for event in tape.events if event.fill is not None)
    assert traded <= max(abs(intent.quantity) for intent in batch) + 1e-9
    filled = [order for order in tape.orders().values() if order.state is OrderState.FILLED]
    assert len(filled) <= 1
    if filled:
        assert tape.exchange.pending() == ()


def _terms(intent: OrderIntent) -> dict[str, Any]:
    return {name: getattr(intent, name) for name in intent.__slots__}
