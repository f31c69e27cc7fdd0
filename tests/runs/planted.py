"""Paper sessions on venues with planted differences, on bars in memory."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import tradewind
from tradewind.config.plan import Plan
from tradewind.contracts import (
    BrokerOrder,
    BrokerPlugin,
    CostPlugin,
    Costs,
    DataRequest,
    FeedPlugin,
    Outcome,
    Response,
    StrategyPlugin,
    Trades,
)
from tradewind.engine.assemble import Builder
from tradewind.exchange import Exchange, ExchangeBroker, ExchangeRules
from tradewind.journal.store import open_store
from tradewind.model import Bars, Instrument, Market, OrderIntent, OrderState, Portfolio, Quote, Targets
from tradewind.registry import Registry
from tradewind.runs.execute import execute
from tradewind.runs.parity import Parity, compare_session, read_session
from tradewind.runs.session import open_run
from tradewind.testing import make_bars
from tradewind_plugins.feeds.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CASH = 100_000.0


def bars_of(count: int = 20, symbols: int = 3, seed: int = 5, volume: float = 1e6) -> Bars:
    generator = np.random.default_rng(seed)
    shape = (count, symbols)
    close = 50.0 * np.exp(np.cumsum(generator.normal(0.0, 0.02, shape), axis=0))
    open_ = close * np.exp(generator.normal(0.0, 0.01, shape))
    high, low = np.maximum(open_, close) * 1.02, np.minimum(open_, close) * 0.98
    return make_bars(close, start="2023-02-21", open=open_, high=high, low=low, volume=np.full(shape, volume))


class Fixed:
    """Holds given quantities from given bars on, whatever happens."""

    orders: Mapping[int, Mapping[int, float]] = {}

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets | None:
        wanted = self.orders.get(market.bar)
        if wanted is None:
            return None
        return Targets(quantities={market.instruments[column]: quantity for column, quantity in wanted.items()})


def holds(orders: Mapping[int, Mapping[int, float]]) -> type[Fixed]:
    """Return a strategy that holds quantities by column from bars on."""
    return type("Held", (Fixed,), {"orders": orders})


class Churn:
    """Other weights on every third bar, of the equity there is: everything that happens has consequences."""

    seed = 0

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets | None:
        if market.bar % 3:
            return None
        generator = np.random.default_rng([self.seed, market.bar])
        weights = generator.dirichlet(np.ones(len(market.instruments))) * 0.8
        weights[generator.random(len(weights)) < 0.3] = 0.0
        return Targets(weights=weights)


@dataclass(frozen=True)
class Proportional:
    """Charges fractions of the traded value."""

    commission: float = 0.0
    spread: float = 0.0

    def costs(self, trades: Trades) -> Costs:
        value = np.abs(trades.quantities * trades.prices)
        none = np.zeros(len(value))
        return Costs(commission=value * self.commission, spread=value * self.spread, slippage=none, impact=none)


class PlantedVenue(ExchangeBroker):
    """An exchange in this process that is late, or refuses some orders."""

    def __init__(self, exchange: Exchange, refuses: Callable[[OrderIntent], bool], *, late: bool) -> None:
        super().__init__(exchange)
        self._refuses = refuses
        self._late = late
        self._waiting: list[OrderIntent] = []

    def advance(self, bar: int, quotes: Mapping[Instrument, Quote], years: float) -> float:
        borrowed = super().advance(bar, quotes, years)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            super().submit([dataclasses.replace(intent, bar=bar) for intent in waiting])
        return borrowed

    def open_orders(self) -> Sequence[BrokerOrder]:
        return [*super().open_orders(), *(_waiting(intent) for intent in self._waiting)]

    def order(self, order_id: str) -> BrokerOrder | None:
        waiting = [_waiting(intent) for intent in self._waiting if intent.order_id == order_id]
        return waiting[0] if waiting else super().order(order_id)

    def trade_by_hand(self, intent: OrderIntent) -> None:
        super().submit([intent])

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        refused = {intent.order_id for intent in intents if self._refuses(intent)}
        kept = [intent for intent in intents if intent.order_id not in refused]
        if self._late:
            self._waiting += kept
            taken = [Response(order_id=intent.order_id, outcome=Outcome.TAKEN) for intent in kept]
        else:
            taken = list(super().submit(kept))
        told = {one.order_id: one for one in taken}
        no = Outcome.REFUSED
        return [
            told.get(one.order_id) or Response(order_id=one.order_id, outcome=no, reason="planted") for one in intents
        ]


def _waiting(intent: OrderIntent) -> BrokerOrder:
    return BrokerOrder(
        order_id=intent.order_id,
        venue_order_id="",
        instrument=intent.instrument,
        quantity=intent.quantity,
        filled=0.0,
        average_price=math.nan,
        state=OrderState.ACCEPTED,
    )


@dataclass
class Planted:
    """A plan, its feed and a venue; everything that is not set is as in the backtest."""

    bars: Bars = field(default_factory=bars_of)
    history: Bars | None = None
    strategy: type[Any] = Fixed
    plan: Mapping[str, Any] = field(default_factory=dict)
    rules: ExchangeRules | None = None
    cost: Any = None
    venue_cash: float = CASH
    refuses: Callable[[OrderIntent], bool] = lambda _: False
    late: bool = False
    plan_cost: Any = None
    backtrader: str = ""
    kept_venue: PlantedVenue | None = None

    def __post_init__(self) -> None:
        planted = self
        self.delivered = self.bars
        self.registry = Registry.load()

        class Memory:
            def history(self, request: DataRequest) -> Bars:
                return planted.delivered

        class Provider:
            @tradewind.hookimpl
            def tradewind_feeds(self) -> Any:
                yield FeedPlugin(name="memory", create=lambda: Replay(Memory()), summary="Bars in memory.")

            @tradewind.hookimpl
            def tradewind_strategies(self) -> Any:
                yield StrategyPlugin(name="planted", create=lambda: planted.strategy(), summary="Trades.")

            @tradewind.hookimpl
            def tradewind_costs(self) -> Any:
                yield CostPlugin(name="planned", create=lambda: planted.plan_cost, summary="Costs of the plan.")

            @tradewind.hookimpl
            def tradewind_brokers(self) -> Any:
                yield BrokerPlugin(name="planted", create=planted.venue, summary="A venue in this process.")

        self.registry.register(Provider(), "planted")

    def venue(self) -> PlantedVenue:
        if self.kept_venue is not None:
            return self.kept_venue
        rules = self.rules or ExchangeRules()
        exchange = Exchange(cash=self.venue_cash, rules=rules, cost=self.cost or self.plan_cost)
        return PlantedVenue(exchange, self.refuses, late=self.late)

    def configuration(self) -> Plan:
        strategy: Any = {"backtrader": self.backtrader} if self.backtrader else "planted"
        mode: dict[str, Any] = {"mode": "paper"}
        if not self.backtrader:
            mode["broker"] = "planted"
        return Plan.model_validate(
            {
                "name": "planted",
                "account": {"cash": CASH},
                "data": {"feed": "memory"},
                "risk": False,
                "sleeves": [{"name": "only", "strategy": strategy}],
                "mode": mode,
                **({"costs": "planned"} if self.plan_cost else {}),
                **self.plan,
            }
        )

    def run(self, journal: Path, *, last_bar: int | None = None) -> tuple[Any, Parity]:
        """Run paper to its end, or stop it after a bar, and return its result and the comparison with its backtest."""
        builder = Builder(self.configuration(), self.registry)
        with open_store(journal) as store, open_run(store, builder, Path.cwd()) as durable:
            done = execute(builder.plan, self.registry, directory=Path.cwd(), durable=durable, last_bar=last_bar)
            durable.end("finished" if last_bar is None else "stopped")
        return done.result, self.compare(journal)

    def compare(self, journal: Path, **options: Any) -> Parity:
        self.delivered = self.bars if self.history is None else self.history
        with open_store(journal) as store:
            session = read_session(store, store.sessions()[-1])
        return compare_session(session, self.registry, Path.cwd(), **options)
