"""Run a scenario on a Cerebro class and write down all that a script can see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import backtrader as bt

from tests.backtrader.account import Account, Mode
from tests.backtrader.script import Action, act
from tests.backtrader.universe import Universe
from tests.backtrader.zoo import ANALYZERS, OBSERVERS, measures_of

Event = dict[str, Any]
FACTS_OF_A_FILL = "dt size remsize price pricelimit trailamount trailpercent"
FACTS_OF_AN_EXECUTION = f"{FACTS_OF_A_FILL} value comm margin pnl psize pprice"
FACTS_OF_A_BIT = "dt size price closed closedvalue closedcomm opened openedvalue openedcomm value comm pnl psize pprice"
FACTS_OF_A_TRADE = (
    "tradeid size price value commission pnl pnlcomm justopened isopen isclosed baropen dtopen barclose dtclose barlen"
    " historyon status"
)
ERRORS = (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError, Warning)
FACTS_OF_A_POSITION = "size price price_orig upopened upclosed adjbase"


@dataclass(frozen=True)
class Scenario:
    """A market, an account, one script a strategy, and how to run."""

    universe: Universe
    scripts: tuple[tuple[Action, ...], ...]
    account: Account = field(default_factory=Account)
    mode: Mode = field(default_factory=Mode)
    indicators: tuple[tuple[str, int], ...] = ()
    analyzers: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recording:
    """What a run showed: events in their order, then the state at its end."""

    events: list[Event]
    end: dict[str, Any]
    error: str | None = None


class Notebook:
    """Collects events; references of orders and trades are told from the run's first ones."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.first_order = next(bt.Order.refbasis) + 1
        self.first_trade = next(bt.Trade.refbasis) + 1

    def write(self, event: str, **facts: Any) -> None:
        self.events.append({"event": event, **facts})

    def order(self, order: Any) -> Event:
        """Return all facts of an order."""
        return {
            "ref": order.ref - self.first_order,
            "data": order.data._name,
            "status": order.getstatusname(),
            "side": order.ordtypename(),
            "exectype": order.getordername(),
            "alive": order.alive(),
            "active": order.active(),
            "triggered": order.triggered,
            "size": order.size,
            "price": order.price,
            "pricelimit": order.pricelimit,
            "plimit": order.plimit,
            "trail": (order.trailamount, order.trailpercent),
            "valid": order.valid,
            "end of session": order.dteos,
            "tradeid": order.tradeid,
            "transmit": order.transmit,
            "plen": order.plen,
            "parent": None if order.parent is None else order.parent.ref - self.first_order,
            "oco": None if order.oco is None else order.oco.ref - self.first_order,
            "info": dict(order.info),
            "created": facts(order.created, FACTS_OF_A_FILL),
            "executed": facts(order.executed, FACTS_OF_AN_EXECUTION),
            "bits": [facts(bit, FACTS_OF_A_BIT) for bit in order.executed.exbits],
            "pending": [facts(bit, FACTS_OF_A_BIT) for bit in order.executed.iterpending()],
        }

    def trade(self, trade: Any) -> Event:
        """Return all facts of a trade and of its history."""
        return {
            "ref": trade.ref - self.first_trade,
            "data": trade.getdataname(),
            **facts(trade, FACTS_OF_A_TRADE),
            "long": getattr(trade, "long", None),
            "history": [
                {
                    "status": {name: value for name, value in entry.status.items() if name != "tz"},
                    "order": entry.event.order.ref - self.first_order,
                    "event": facts(entry.event, "size price commission"),
                }
                for entry in trade.history
            ],
        }


def facts(thing: Any, names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names.split()}


def around(line: Any) -> dict[str, Any]:
    """Return what a script can read of a line around the current bar, tomorrow included where it is loaded."""
    seen = {"length": len(line), "buffer": line.buflen(), "last": answer(lambda: list(line.get(size=3)))}
    return seen | {f"[{ago}]": answer(lambda ago=ago: line[ago]) for ago in (-2, -1, 0, 1)}


def answer(question: Callable[[], Any]) -> Any:
    """Return the answer, or the name of the error: a line that saves memory has no past to show."""
    try:
        return question()
    except (IndexError, ValueError) as error:
        return type(error).__name__


class QuietScript(bt.Strategy):
    """Acts, and overrides no notification: what a run does when nobody listens."""

    lines = ("mood",)
    params = (("notebook", None), ("actions", ()), ("indicators", ()), ("mode", None), ("number", 0))

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.calls = 0
        self.measures = [made for name, period in self.p.indicators for made in measures_of(name, self.datas, period)]

    def step(self, moment: str, acting: bool) -> None:
        if moment in ("prenext", "next"):
            self.lines.mood[0] = self.calls - 0.5
        self.look(moment)
        if acting:
            for action in self.p.actions:
                if action.bar == self.calls:
                    act(self, action)
            self.calls += 1

    def look(self, moment: str) -> None:
        """Look at nothing."""

    def prenext(self) -> None:
        self.step("prenext", self.p.mode.acts_early and not self.p.mode.acts_at_open)

    def next(self) -> None:
        self.step("next", not self.p.mode.acts_at_open)

    def prenext_open(self) -> None:
        self.step("prenext_open", self.p.mode.acts_early and self.p.mode.acts_at_open)

    def next_open(self) -> None:
        self.step("next_open", self.p.mode.acts_at_open)


class LoudScript(QuietScript):
    """Acts, and writes down every notification and every bar."""

    def write(self, event: str, **seen: Any) -> None:
        self.p.notebook.write(event, strategy=self.p.number, length=len(self), **seen)

    def look(self, moment: str) -> None:
        book, broker = self.p.notebook, self.broker
        self.write(
            moment,
            time=self.datetime.datetime(0) if len(self) else None,
            cash=broker.getcash(),
            value=broker.getvalue(),
            fund=(broker.get_fundvalue(), broker.get_fundshares()),
            bars=[(len(data), data.datetime[0], data.close[0]) if len(data) else None for data in self.datas],
            closes=[around(data.close) for data in self.datas],
            moods=around(self.lines.mood),
            measured=[around(measure.lines[0]) for measure in self.measures],
            positions=[self.position_of(data) if data.buflen() else None for data in self.datas],
            values=[broker.getvalue([data]) if len(data) else None for data in self.datas],
            open_orders=[book.order(order) for order in broker.get_orders_open()],
            measures=[[line[0] for line in measure.lines] if len(measure) else None for measure in self.measures],
        )

    def position_of(self, data: Any) -> Event:
        position = self.getposition(data)
        return facts(position, FACTS_OF_A_POSITION)

    def start(self) -> None:
        self.write("start", cash=self.broker.getcash(), value=self.broker.getvalue())

    def nextstart(self) -> None:
        self.write("nextstart")
        self.next()

    def stop(self) -> None:
        self.write("stop", cash=self.broker.getcash(), value=self.broker.getvalue())

    def notify_order(self, order: Any) -> None:
        self.write("order", **self.p.notebook.order(order))

    def notify_trade(self, trade: Any) -> None:
        self.write("trade", **self.p.notebook.trade(trade))

    def notify_cashvalue(self, cash: float, value: float) -> None:
        self.write("cashvalue", cash=cash, value=value)

    def notify_fund(self, cash: float, value: float, fundvalue: float, shares: float) -> None:
        self.write("fund", cash=cash, value=value, fundvalue=fundvalue, shares=shares)


def record(cerebro_class: Any, scenario: Scenario) -> Recording:
    """Run the scenario on a Cerebro class; an error that stops the run is part of the recording."""
    book = Notebook()
    cerebro = cerebro_class(**dict(scenario.mode.cerebro))
    scenario.account.apply(cerebro, scenario.universe.add_to(cerebro))
    for name in scenario.analyzers:
        analyzer, parameters = ANALYZERS[name]
        cerebro.addanalyzer(analyzer, _name=name, **parameters)
    for name in scenario.observers:
        observer, parameters = OBSERVERS[name]
        cerebro.addobserver(observer, **parameters)
    strategy = LoudScript if scenario.mode.loud else QuietScript
    for number, actions in enumerate(scenario.scripts):
        cerebro.addstrategy(
            strategy,
            notebook=book,
            actions=actions,
            indicators=scenario.indicators,
            mode=scenario.mode,
            number=number,
        )
    try:
        strategies = cerebro.run()
    except ERRORS as error:
        return Recording(book.events, {}, f"{type(error).__name__}: {error}")
    return Recording(
        book.events,
        {"account": final_account(cerebro)}
        | {f"strategy {number}": final_state(book, strategy) for number, strategy in enumerate(strategies)},
    )


def final_account(cerebro: Any) -> Event:
    """Return the broker's state after the run."""
    broker = cerebro.broker
    return {
        "cash": broker.getcash(),
        "value": broker.getvalue(),
        "start": broker.startingcash,
        "fund": (broker.get_fundvalue(), broker.get_fundshares()),
        "orders": len(broker.orders),
        "positions": [facts(broker.getposition(data), "size price") for data in cerebro.datas],
    }


def final_state(book: Notebook, strategy: Any) -> Event:
    """Return orders, trades, lines and analyses of a strategy after the run."""
    return {
        "length": len(strategy),
        "calls": strategy.calls,
        "minimum period": strategy._minperiod,
        "orders": [book.order(order) for order in strategy.sent],
        "trades": [
            [[book.trade(trade) for trade in trades] for trades in by_id.values()]
            for by_id in strategy._trades.values()
        ],
        "moods": lines_of(strategy),
        "feeds": {data._name: lines_of(data) for data in strategy.datas},
        "indicators": [(type(measure).__name__, lines_of(measure)) for measure in strategy.measures],
        "observers": [(type(observer).__name__, lines_of(observer)) for observer in strategy.observers],
        "analyzers": {
            name: plain(strategy.analyzers.getbyname(name).get_analysis()) for name in strategy.analyzers.getnames()
        },
    }


def lines_of(thing: Any) -> list[list[float]]:
    """Return each line's values, oldest first, as far as the line remembers."""
    return [list(line.array) for line in thing.lines]


def plain(analysis: Any) -> Any:
    """Return an analysis as plain dictionaries and lists."""
    if isinstance(analysis, dict):
        return {key: plain(value) for key, value in analysis.items()}
    if isinstance(analysis, list | tuple):
        return [plain(value) for value in analysis]
    return analysis
