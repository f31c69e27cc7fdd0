"""Differential tests of brackets, one-cancels-other pairs and orders for the close, equal to the last bit.

Where the two differ by intent is left out: a group outlives a cancelled or expired order here, and parts filled under
a volume limit take from the others.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import backtrader as bt
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.exchange.replay import START, PanelFeed, PanelSource, Played
from tests.exchange.test_against_backtrader import LAST_SUBMISSION, factors, panels, play_settings, quantities
from tradewind.exchange import Exchange
from tradewind.model import Instrument, OrderEvent, OrderEventKind, OrderIntent, OrderType, TimeInForce

ENTRIES = {
    OrderType.MARKET: bt.Order.Market,
    OrderType.LIMIT: bt.Order.Limit,
    OrderType.STOP: bt.Order.Stop,
}
WORDS = {
    OrderEventKind.ACCEPTED: "Accepted",
    OrderEventKind.CANCELLED: "Canceled",
    OrderEventKind.EXPIRED: "Expired",
}


@dataclass(frozen=True)
class Plan:
    """A bracket, a pair or an order for the close, of three order numbers; or the cancel of an earlier number."""

    bar: int
    kind: str
    symbol: int = 0
    quantity: float = 0.0
    entry: OrderType = OrderType.MARKET
    at: float = 1.0
    low: float = 0.95
    high: float = 1.05
    day: bool = False
    trails: bool = False
    cancel: tuple[int, int] = (0, 0)


@st.composite
def plans(draw: st.DrawFn, symbols: int, kinds: tuple[str, ...]) -> list[Plan]:
    made: list[Plan] = []
    for bar in sorted(draw(st.lists(st.integers(0, LAST_SUBMISSION), min_size=1, max_size=12))):
        earlier = [n for n, plan in enumerate(made) if plan.kind == "bracket" and plan.bar + 1 < bar]
        if earlier and draw(st.integers(0, 3)) == 0:
            target = (draw(st.sampled_from(earlier)), draw(st.integers(0, 2)))
            made.append(Plan(bar, "cancel", cancel=target))
            continue
        entry = draw(st.sampled_from(list(ENTRIES)))
        made.append(
            Plan(
                bar,
                draw(st.sampled_from(kinds)),
                symbol=draw(st.integers(0, symbols - 1)),
                quantity=draw(quantities),
                entry=entry,
                at=draw(factors),
                low=draw(st.sampled_from([0.9, 0.97, 0.99, 1.0, 1.02])),
                high=draw(st.sampled_from([0.98, 1.0, 1.01, 1.03, 1.1])),
                day=entry is not OrderType.MARKET and draw(st.booleans()),
                trails=draw(st.booleans()),
            )
        )
    return made


class Playback(bt.Strategy):  # type: ignore[misc]
    """Sends the plans to stock Backtrader; reads no position."""

    params = (("plans", ()), ("played", None))

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.sent: dict[tuple[int, int], Any] = {}

    def notify_order(self, order: Any) -> None:
        number, played, bar = self.numbers[order.ref], self.p.played, len(self.data) - 1
        played.states[number] = order.getstatusname()
        for bit in order.executed.iterpending():
            played.fills.append((number, bar, float(bit.size), bit.price))

    def next(self) -> None:
        bar = len(self.data) - 1
        self.p.played.cash.append(self.broker.getcash())
        self.p.played.value.append(self.broker.getvalue())
        for number, plan in enumerate(self.p.plans):
            if plan.bar == bar and plan.kind == "cancel":
                self.cancel(self.sent[plan.cancel])
            elif plan.bar == bar:
                for leg, order in enumerate(getattr(self, plan.kind)(plan, self.datas[plan.symbol])):
                    self.sent[number, leg] = order
                    self.numbers[order.ref] = 3 * number + leg

    def bracket(self, plan: Plan, data: Any) -> list[Any]:
        send = self.buy_bracket if plan.quantity > 0 else self.sell_bracket
        close, open_end = data.close[0], {"valid": None}
        low, high = {"price": close * plan.low}, {"price": close * plan.high}
        trailing = {"exectype": bt.Order.StopTrail, "price": None, "trailamount": close * 0.03} if plan.trails else {}
        buys = plan.quantity > 0
        return send(  # type: ignore[no-any-return]
            data=data,
            size=abs(plan.quantity),
            exectype=ENTRIES[plan.entry],
            price=None if plan.entry is OrderType.MARKET else close * plan.at,
            valid=START + dt.timedelta(days=plan.bar + 1) if plan.day else None,
            stopargs=open_end | (low if buys else high) | trailing,
            limitargs=open_end | (high if buys else low),
        )

    def pair(self, plan: Plan, data: Any) -> list[Any]:
        send = self.buy if plan.quantity > 0 else self.sell
        close = data.close[0]
        limit = send(data=data, size=abs(plan.quantity), exectype=bt.Order.Limit, price=close * plan.low)
        stop = send(data=data, size=abs(plan.quantity), exectype=bt.Order.Stop, price=close * plan.high, oco=limit)
        return [limit, stop]

    def close_order(self, plan: Plan, data: Any) -> list[Any]:
        send = self.buy if plan.quantity > 0 else self.sell
        return [send(data=data, size=abs(plan.quantity), exectype=bt.Order.Close)]


def play_backtrader(panel: NDArray[np.float64], script: list[Plan], cash: float) -> Played:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(cash)
    for column in range(panel.shape[1]):
        cerebro.adddata(PanelFeed(rows=panel[:, column].tolist()))
    played = Played()
    cerebro.addstrategy(Playback, plans=script, played=played)
    cerebro.run()
    return played


def legs(number: int, plan: Plan, instrument: Instrument, close: float) -> list[OrderIntent]:
    """Write a plan as intents."""

    def leg(place: int, quantity: float, **terms: Any) -> OrderIntent:
        order_id = str(3 * number + place)
        return OrderIntent(order_id=order_id, bar=plan.bar, instrument=instrument, quantity=quantity, **terms)

    def limit(factor: float, **terms: Any) -> dict[str, Any]:
        return {"order_type": OrderType.LIMIT, "limit_price": close * factor} | terms

    def stop(factor: float, **terms: Any) -> dict[str, Any]:
        return {"order_type": OrderType.STOP, "stop_price": close * factor} | terms

    size = plan.quantity
    if plan.kind == "close_order":
        return [leg(0, size, time_in_force=TimeInForce.CLS)]
    if plan.kind == "pair":
        group = {"oca_group": str(number)}
        return [leg(0, size, **limit(plan.low, **group)), leg(1, size, **stop(plan.high, **group))]
    entries: dict[OrderType, dict[str, Any]] = {
        OrderType.MARKET: {},
        OrderType.LIMIT: limit(plan.at),
        OrderType.STOP: stop(plan.at),
    }
    time_in_force = TimeInForce.DAY if plan.day else TimeInForce.GTC
    bottom, top = (plan.low, plan.high) if size > 0 else (plan.high, plan.low)
    parent = {"parent_id": str(3 * number)}
    loss = stop(bottom, **parent)
    if plan.trails:
        loss = {"order_type": OrderType.TRAILING_STOP, "trail_amount": close * 0.03} | parent
    return [
        leg(0, size, time_in_force=time_in_force, **entries[plan.entry]),
        leg(1, -size, **loss),
        leg(2, -size, **limit(top, **parent)),
    ]


def play_exchange(panel: NDArray[np.float64], script: list[Plan], cash: float) -> Played:
    instruments = [Instrument(symbol=f"S{column}") for column in range(panel.shape[1])]
    source = PanelSource(panel, instruments)
    exchange = Exchange(cash=cash)
    played = Played()
    for bar in range(len(panel)):
        source.bar = bar
        exchange.process(bar, source)
        played.cash.append(exchange.cash)
        played.value.append(exchange.equity(source.close))
        for number, plan in enumerate(script):
            if plan.bar != bar:
                continue
            if plan.kind == "cancel":
                exchange.cancel(str(3 * plan.cancel[0] + plan.cancel[1]))
            else:
                instrument = instruments[plan.symbol]
                exchange.submit(legs(number, plan, instrument, source.close(instrument)))
        for event in exchange.poll():
            record(event, exchange, played)
    return played


def record(event: OrderEvent, exchange: Exchange, played: Played) -> None:
    number = int(event.order_id)
    if event.fill is not None:
        played.fills.append((number, event.bar, event.fill.quantity, event.fill.price))
        played.states[number] = "Partial" if exchange.remaining(event.order_id) else "Completed"
    elif event.kind is OrderEventKind.REJECTED:
        played.states[number] = "Rejected" if event.reason == "parent" else "Margin"
    else:
        played.states[number] = WORDS[event.kind]


def assert_same(panel: NDArray[np.float64], script: list[Plan], cash: float) -> None:
    expected, received = play_backtrader(panel, script, cash), play_exchange(panel, script, cash)
    assert received.fills == expected.fills
    assert received.states == expected.states
    assert received.cash == expected.cash
    assert received.value == expected.value


@given(data=st.data(), panel=panels(), cash=st.sampled_from([500.0, 3_000.0, 10_000.0, 1e6]))
@play_settings
def test_brackets_live_and_die_as_in_backtrader(data: st.DataObject, panel: NDArray[np.float64], cash: float) -> None:
    assert_same(panel, data.draw(plans(panel.shape[1], ("bracket",))), cash)


@given(data=st.data(), panel=panels())
@play_settings
def test_pairs_and_orders_for_the_close_among_brackets(data: st.DataObject, panel: NDArray[np.float64]) -> None:
    assert_same(panel, data.draw(plans(panel.shape[1], ("bracket", "pair", "close_order"))), 1e6)
