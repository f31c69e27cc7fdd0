"""Measure the order path: latency, recovery with many orders, quotes.

Usage: python benchmarks/order_path.py [--bars 300]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.orders.crash.scenario import ask_venue, start_venue  # noqa: E402 the path comes first
from tests.orders.test_threaded import Client  # noqa: E402
from tradewind.config.plan import Plan  # noqa: E402
from tradewind.contracts import FeedPlugin, StrategyPlugin  # noqa: E402
from tradewind.engine.assemble import Builder  # noqa: E402
from tradewind.hookspecs import hookimpl  # noqa: E402
from tradewind.journal.store import open_store  # noqa: E402
from tradewind.model import Bars, Instrument, Targets  # noqa: E402
from tradewind.orders import ThreadedBroker  # noqa: E402
from tradewind.orders.path import OrderPath  # noqa: E402
from tradewind.registry import Registry  # noqa: E402
from tradewind.runs.execute import execute  # noqa: E402
from tradewind.runs.session import open_run  # noqa: E402
from tradewind.testing import make_bars  # noqa: E402
from tradewind_plugins.feeds.replay import Replay, ReplayedRows  # noqa: E402

SYMBOLS = 100


class Memory:
    """Bars of some symbols."""

    def __init__(self, bars: int, symbols: int) -> None:
        generator = np.random.default_rng(3)
        close = 50.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (bars, symbols)), axis=0))
        made = make_bars(close, open=close, high=close, low=close, volume=np.full(close.shape, 1e6))
        self.bars = Bars(
            timestamps=made.timestamps,
            instruments=tuple(
                Instrument(symbol=f"S{number}", lot_size=0.0, calendar="24/5") for number in range(symbols)
            ),
            fields=made.fields,
        )

    def history(self, request: Any) -> Bars:  # noqa: ARG002 of the contract
        return self.bars


class Drift:
    """Other weights for some symbols on every bar; the rest is kept."""

    def __init__(self, orders: int = 10) -> None:
        self.orders = orders

    def on_bar(self, market: Any, portfolio: Any) -> Targets:  # noqa: ARG002 of the contract
        generator = np.random.default_rng(market.bar)
        weights = np.full(SYMBOLS, np.nan)
        chosen = generator.choice(SYMBOLS, self.orders, replace=False)
        weights[chosen] = 0.009 * generator.uniform(0.2, 1.0, self.orders)
        return Targets(weights=weights)


class Provider:
    """The feed and the strategy of the measurement."""

    def __init__(self, bars: int, symbols: int = SYMBOLS) -> None:
        self._bars = bars
        self._symbols = symbols

    @hookimpl
    def tradewind_feeds(self) -> Any:
        def stream() -> Replay:
            return Replay(Memory(self._bars, self._symbols))

        yield FeedPlugin(name="bench_memory", create=stream, summary="Bars in memory.")

    @hookimpl
    def tradewind_strategies(self) -> Any:
        yield StrategyPlugin(name="bench_drift", create=Drift, summary="Trades on every bar.")


def percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "p50_ms": 1e3 * statistics.median(ordered),
        "p99_ms": 1e3 * ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)],
        "max_ms": 1e3 * ordered[-1],
    }


def latency(bars: int, orders: int, *, outside: bool) -> dict[str, float]:
    """Time from a bar's delivery to the answer for its whole batch of orders, journal included."""
    registry = Registry.load()
    registry.register(Provider(bars), "benchmark")
    venue, port = start_venue() if outside else (0, 0)
    broker = {"broker": {"name": "venue", "params": {"port": port}}} if outside else {}
    plan = Plan.model_validate(
        {
            "name": "latency",
            "account": {"cash": 100_000.0},
            "data": {"feed": "bench_memory"},
            "sleeves": [{"name": "drift", "strategy": {"name": "bench_drift", "params": {"orders": orders}}}],
            "mode": {"mode": "paper", **broker},
        }
    )
    taken: list[float] = []
    begun = [0.0]
    submit, rows = OrderPath.submit, Replay.stream

    def stamped(self: Replay, request: Any) -> Any:
        template, coming = rows(self, request)

        def stamping() -> Any:
            for row in coming:
                begun[0] = time.perf_counter()
                yield row

        return template, ReplayedRows(stamping(), waits=False)

    def timed_submit(self: OrderPath, intents: Any, costs: Any = ()) -> None:
        submit(self, intents, costs)
        taken.append(time.perf_counter() - begun[0])

    path: Any = OrderPath
    feed: Any = Replay
    path.submit, feed.stream = timed_submit, stamped
    try:
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "journal.db") as store:
            builder = Builder(plan, registry)
            with open_run(store, builder, Path.cwd()) as durable:
                execute(plan, registry, directory=Path.cwd(), durable=durable)
                durable.end("finished")
    finally:
        path.submit, feed.stream = submit, rows
        if venue:
            os.kill(venue, signal.SIGKILL)
            os.waitpid(venue, 0)
    return percentiles(taken[5:])


def recovery(orders: int = 1000, restarts: int = 30) -> dict[str, float]:
    """Time of a restart, from opening the journal to the first complete bar, with orders resting at a venue process."""
    registry = Registry.load()
    registry.register(Provider(restarts + 3, orders), "benchmark")
    venue, port = start_venue()
    sleeve = {
        "strategy": "buy_and_hold",
        "sizer": {"name": "equal_weight", "params": {"max_weight": 1.0}},
        "exits": [{"name": "stop_loss", "params": {"fraction": 0.9, "resting": True}}],
    }
    plan = Plan.model_validate(
        {
            "name": "recovery",
            "account": {"cash": 100_000.0, "cash_buffer": 0.05},
            "data": {"feed": "bench_memory"},
            "sleeves": [{"name": "hold", **sleeve}],
            "mode": {"mode": "paper", "broker": {"name": "venue", "params": {"port": port}}},
        }
    )
    taken: list[float] = []
    resting = 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            for life in range(restarts):
                began = time.perf_counter()
                with open_store(Path(folder) / "journal.db") as store:
                    builder = Builder(plan, registry)
                    with open_run(store, builder, Path.cwd()) as durable:
                        done = len(durable.rows) + (3 if life == 0 else 1)
                        execute(plan, registry, directory=Path.cwd(), durable=durable, last_bar=done - 1)
                        if life:
                            taken.append(time.perf_counter() - began)
                        resting = len(ask_venue(port, {"op": "open_orders"}))
                        durable.end("stopped")
    finally:
        os.kill(venue, signal.SIGKILL)
        os.waitpid(venue, 0)
    return {**percentiles(taken), "orders_at_work": resting}


def quotes(updates: int = 200_000, reports: int = 2_000) -> dict[str, float]:
    """Rate at which a client's thread hands quotes over while ours takes them; all reports must arrive."""
    client = Client()
    broker = ThreadedBroker(client)
    broker.connect()
    loop = broker._loop  # noqa: SLF001 the client is told to stream in its own thread
    assert loop is not None
    started = time.perf_counter()
    future = asyncio.run_coroutine_threadsafe(client.stream(updates, reports), loop)
    arrived = most = 0
    while not future.done():
        arrived += len(broker.poll())
        most = max(most, len(broker.quotes()))
        time.sleep(0.001)
    arrived += len(broker.poll())
    seconds = time.perf_counter() - started
    broker.close()
    return {"updates_per_second": updates / seconds, "reports_lost": reports - arrived, "most_quotes_waiting": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=300)
    arguments = parser.parse_args()
    result: dict[str, Any] = {}
    for orders in (10, SYMBOLS):
        for outside in (False, True):
            where = "venue process" if outside else "exchange in process"
            result[f"bar to {orders} submitted orders, {where}"] = latency(arguments.bars, orders, outside=outside)
    result["restart with 1,000 orders at work"] = recovery()
    result["quotes"] = quotes()
    json.dump(result, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
