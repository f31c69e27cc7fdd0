"""One script of orders on one panel, played to Backtrader's broker and to the exchange."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import backtrader as bt
import numpy as np
from numpy.typing import NDArray

from tradewind.exchange import Exchange, ExchangeRules, Quote
from tradewind.model import Instrument, OrderEventKind, OrderIntent, OrderType, TimeInForce

START = dt.datetime(2020, 1, 1)  # noqa: DTZ001
KINDS = {
    OrderType.MARKET: bt.Order.Market,
    OrderType.LIMIT: bt.Order.Limit,
    OrderType.STOP: bt.Order.Stop,
    OrderType.STOP_LIMIT: bt.Order.StopLimit,
    OrderType.TRAILING_STOP: bt.Order.StopTrail,
}


@dataclass(frozen=True)
class Step:
    """An order to submit on the close of a bar, its prices relative to that close, or an order number to cancel."""

    bar: int
    symbol: int = 0
    quantity: float = 0.0
    order_type: OrderType = OrderType.MARKET
    day: bool = False
    stop: float = 1.0
    limit: float = 1.0
    trail_amount: float | None = None
    trail_fraction: float | None = None
    trail_from: float | None = None
    cancel: int | None = None


@dataclass
class Played:
    """What came of a script: fills as (order, bar, size, price), last state by order, cash and value by bar."""

    fills: list[tuple[int, int, float, float]] = field(default_factory=list)
    commissions: list[float] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    cash: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)


def order_terms(step: Step, close: float) -> dict[str, float]:
    """Prices of an order, by field of the intent."""
    terms: dict[str, float] = {}
    if step.order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
        terms["stop_price"] = close * step.stop
    if step.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        terms["limit_price"] = close * step.limit
    if step.order_type is OrderType.TRAILING_STOP:
        if step.trail_fraction is not None:
            terms["trail_fraction"] = step.trail_fraction
        else:
            terms["trail_amount"] = close * (step.trail_amount or 0.05)
        if step.trail_from is not None:
            terms["stop_price"] = close * step.trail_from
    return terms


class PanelFeed(bt.feed.DataBase):  # type: ignore[misc]
    """One symbol of a panel on consecutive days."""

    params = (("rows", ()),)

    def _load(self) -> bool:
        bar = len(self) - 1
        if bar >= len(self.p.rows):
            return False
        self.lines.datetime[0] = bt.date2num(START + dt.timedelta(days=bar))
        for line, value in zip(Quote._fields, self.p.rows[bar], strict=True):
            getattr(self.lines, line)[0] = value
        return True


class Playback(bt.Strategy):  # type: ignore[misc]
    """Plays the script; reads no position, since in Backtrader that would change the order of the book."""

    params = (("script", ()), ("played", None))

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.sent: dict[int, Any] = {}

    def notify_order(self, order: Any) -> None:
        number, played, bar = self.numbers[order.ref], self.p.played, len(self.data) - 1
        played.states[number] = order.getstatusname()
        for bit in order.executed.iterpending():
            played.fills.append((number, bar, float(bit.size), bit.price))
            played.commissions.append(bit.comm)

    def next(self) -> None:
        bar = len(self.data) - 1
        self.p.played.cash.append(self.broker.getcash())
        self.p.played.value.append(self.broker.getvalue())
        for number, step in enumerate(self.p.script):
            if step.bar == bar and step.cancel is not None:
                if step.cancel in self.sent:
                    self.cancel(self.sent[step.cancel])
            elif step.bar == bar:
                self.send(number, step)

    def send(self, number: int, step: Step) -> None:
        data = self.datas[step.symbol]
        terms = order_terms(step, data.close[0])
        limit = terms.get("limit_price")
        is_limit = step.order_type is OrderType.LIMIT
        send = self.buy if step.quantity > 0 else self.sell
        order = send(
            data=data,
            size=abs(step.quantity),
            exectype=KINDS[step.order_type],
            price=limit if is_limit else terms.get("stop_price"),
            plimit=None if is_limit else limit,
            trailamount=terms.get("trail_amount"),
            trailpercent=terms.get("trail_fraction"),
            valid=START + dt.timedelta(days=step.bar + 1) if step.day else None,
        )
        self.numbers[order.ref] = number
        self.sent[number] = order


def play_backtrader(
    panel: NDArray[np.float64], script: list[Step], *, cash: float, broker: dict[str, Any], commission: float = 0.0
) -> Played:
    """Run a script over a panel of shape (T, N, 5) on stock Backtrader."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = bt.brokers.BackBroker(**broker)
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=commission)
    for column in range(panel.shape[1]):
        cerebro.adddata(PanelFeed(rows=panel[:, column].tolist()))
    played = Played()
    cerebro.addstrategy(Playback, script=script, played=played)
    cerebro.run()
    return played


class PanelSource:
    """Quotes of one bar of a panel."""

    def __init__(self, panel: NDArray[np.float64], instruments: list[Instrument]) -> None:
        self.panel = panel
        self.columns = {instrument: column for column, instrument in enumerate(instruments)}
        self.bar = 0

    def quote(self, instrument: Instrument) -> Quote | None:
        return Quote(*self.panel[self.bar, self.columns[instrument]].tolist())

    def close(self, instrument: Instrument) -> float:
        return float(self.panel[self.bar, self.columns[instrument], 3])


def play_exchange(panel: NDArray[np.float64], script: list[Step], *, cash: float, rules: ExchangeRules) -> Played:
    """Run the same script on the exchange."""
    instruments = [Instrument(symbol=f"S{column}") for column in range(panel.shape[1])]
    source = PanelSource(panel, instruments)
    exchange = Exchange(cash=cash, rules=rules)
    played = Played()
    for bar in range(len(panel)):
        source.bar = bar
        exchange.process(bar, source)
        played.cash.append(exchange.cash)
        played.value.append(exchange.equity(source.close))
        for number, step in enumerate(script):
            if step.bar == bar and step.cancel is not None:
                exchange.cancel(str(step.cancel))
            elif step.bar == bar:
                instrument = instruments[step.symbol]
                exchange.submit(
                    [
                        OrderIntent(
                            order_id=str(number),
                            bar=bar,
                            instrument=instrument,
                            quantity=step.quantity,
                            order_type=step.order_type,
                            time_in_force=TimeInForce.DAY if step.day else TimeInForce.GTC,
                            **order_terms(step, source.close(instrument)),  # type: ignore[arg-type]
                        )
                    ]
                )
        record(exchange, played)
    return played


def record(exchange: Exchange, played: Played) -> None:
    """Translate the exchange's events into Backtrader's words."""
    for event in exchange.poll():
        number = int(event.order_id)
        if event.kind is OrderEventKind.FILL:
            assert event.fill is not None
            played.fills.append((number, event.bar, event.fill.quantity, event.fill.price))
            played.commissions.append(event.fill.commission)
            played.states[number] = "Partial" if exchange.remaining(event.order_id) else "Completed"
        else:
            played.states[number] = {
                OrderEventKind.ACCEPTED: "Accepted",
                OrderEventKind.REJECTED: "Margin",
                OrderEventKind.CANCELLED: "Canceled",
                OrderEventKind.EXPIRED: "Expired",
            }[event.kind]
