"""A scripted session: some symbols, a strategy that trades every bar, resting stops, on a venue of its own."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tradewind
from tradewind.config.plan import Plan
from tradewind.contracts import DataRequest, FeedPlugin, StrategyPlugin
from tradewind.engine.assemble import Builder
from tradewind.exchange import Exchange, ExchangeBroker, ExchangeRules
from tradewind.exchange.venue import VenueServer
from tradewind.journal.store import open_store
from tradewind.model import Bars, Market, Portfolio, Targets
from tradewind.registry import Registry
from tradewind.runs.execute import execute
from tradewind.runs.session import DurableRun, open_run
from tradewind.testing import make_bars
from tradewind_plugins.brokers import VenueBroker
from tradewind_plugins.feeds.replay import Replay

CASH = 100_000.0
SYMBOLS = 6


def bars_of(count: int) -> Bars:
    generator = np.random.default_rng(7)
    shape = (count, SYMBOLS)
    close = 50.0 * np.exp(np.cumsum(generator.normal(0.0, 0.03, shape), axis=0))
    open_ = close * np.exp(generator.normal(0.0, 0.01, shape))
    high = np.maximum(open_, close) * np.exp(np.abs(generator.normal(0.0, 0.01, shape)))
    low = np.minimum(open_, close) * np.exp(-np.abs(generator.normal(0.0, 0.01, shape)))
    for prices in (close, open_, high, low):
        prices[max(count * 3 // 5, 2) :, -1] = np.nan  # the data of one symbol end
    # Thirty-three weekdays without a holiday of the exchange; a longer session lasts longer only by its symbols.
    volume = np.where(np.isnan(close), np.nan, 400.0)
    return make_bars(close, start="2023-02-21", open=open_, high=high, low=low, volume=volume)


class Memory:
    """Bars made anew by every process."""

    def __init__(self, count: int = 30) -> None:
        self.bars = bars_of(count)

    def history(self, request: DataRequest) -> Bars:
        return self.bars


class Churn:
    """Other weights on every bar, drawn from the bar's number alone."""

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets:
        generator = np.random.default_rng(market.bar)
        weights = generator.dirichlet(np.ones(SYMBOLS)) * 0.9
        weights[generator.random(SYMBOLS) < 0.4] = 0.0
        return Targets(weights=weights)


class Provider:
    @tradewind.hookimpl
    def tradewind_feeds(self) -> Any:
        def stream(count: int = 30) -> Replay:
            return Replay(Memory(count))

        yield FeedPlugin(name="crash_memory", create=stream, summary="Bars in memory.")

    @tradewind.hookimpl
    def tradewind_strategies(self) -> Any:
        yield StrategyPlugin(name="crash_churn", create=Churn, summary="Trades on every bar.")


@dataclass
class Scenario:
    """The plan, and everything that a process needs to run its session."""

    bars: int = 30
    registry: Registry = field(default_factory=Registry.load)

    def __post_init__(self) -> None:
        self.registry.register(Provider(), "crash")

    def plan(self, port: int) -> Plan:
        return Plan.model_validate(
            {
                "name": "crash",
                "account": {"cash": CASH},
                "data": {"feed": {"name": "crash_memory", "params": {"count": self.bars}}},
                "exchange": {"volume_limit": 0.5},
                "risk": False,
                "sleeves": [
                    {
                        "name": "churn",
                        "strategy": "crash_churn",
                        "exits": [{"name": "stop_loss", "params": {"fraction": 0.04, "resting": True}}],
                    }
                ],
                "mode": {"mode": "paper", "broker": {"name": "venue", "params": {"port": port}}},
            }
        )

    def run(self, port: int, journal: Path, *, opened: Any = open_run) -> DurableRun:
        """Run the session to its end, as one process does."""
        builder = Builder(self.plan(port), self.registry)
        with open_store(journal) as store, opened(store, builder, Path.cwd()) as durable:
            execute(builder.plan, self.registry, directory=Path.cwd(), durable=durable)
            durable.end("finished")
        return durable


def start_venue() -> tuple[int, int]:
    """Fork a venue and return its process and port."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        exchange = Exchange(cash=CASH, rules=ExchangeRules(volume_limit=0.5))
        server = VenueServer(ExchangeBroker(exchange))
        os.write(writing, str(server.address[1]).encode())
        os.close(writing)
        server.serve_forever()
        os._exit(0)
    os.close(writing)
    port = int(os.read(reading, 16))
    os.close(reading)
    return process, port


def ask_venue(port: int, request: dict[str, Any]) -> Any:
    """Ask a venue over a connection of one's own."""
    client = VenueBroker(port)
    client.connect()
    try:
        return client._ask(request, lambda told: told)
    finally:
        client.close()


def decision(order_id: str) -> str:
    """Return the decision that an order carries out; a naive path gives it another name in every process."""
    return re.sub(r"^[0-9a-f]{8}(-p\d+)?-", "", order_id)


@dataclass(frozen=True)
class Outcome:
    """What the venue says when a session has ended."""

    created: dict[str, int]
    executions: tuple[tuple[Any, ...], ...]
    positions: dict[str, float]
    cash: float

    @classmethod
    def of(cls, port: int) -> Outcome:
        executions = ask_venue(port, {"op": "executions", "since": ""})
        created: Counter[str] = Counter()
        for name, count in ask_venue(port, {"op": "stats"})["created"].items():
            created[decision(name)] += count
        return cls(
            created=created,
            executions=tuple(
                (decision(one["order_id"]), one["fill"]["bar"], one["fill"]["quantity"], one["fill"]["price"])
                for one in executions
            ),
            positions={fields["symbol"]: held for fields, held in ask_venue(port, {"op": "positions"})},
            cash=ask_venue(port, {"op": "account"})["cash"],
        )
