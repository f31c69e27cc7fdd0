"""A session in a process of its own that holds many resting orders at a venue, and hangs when it is told to."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

import tradewind
from tests.orders.crash.scenario import ask_venue
from tradewind.config.plan import Plan
from tradewind.contracts import DataRequest, FeedPlugin, StrategyPlugin
from tradewind.engine.assemble import Builder
from tradewind.journal.store import SessionInfo, open_store
from tradewind.model import Bars, Market, OrderIntent, Portfolio, Targets
from tradewind.orders.courier import Courier
from tradewind.registry import Registry
from tradewind.runs.execute import execute
from tradewind.runs.session import open_run
from tradewind.testing import make_bars
from tradewind_plugins.brokers.venue import VenueBroker
from tradewind_plugins.feeds.replay import Replay, ReplayedRows

NAME = "hanging"
BARS = 12
HANGS_AT = 4


class Memory:
    """Quiet prices: no stop is hit."""

    def __init__(self, symbols: int) -> None:
        generator = np.random.default_rng(11)
        close = 50.0 + generator.normal(0.0, 0.05, (BARS, symbols))
        self.bars = make_bars(close, start="2023-02-21", open=close, high=close + 0.1, low=close - 0.1,
                              volume=np.full(close.shape, 1e9))  # fmt: skip

    def history(self, request: DataRequest) -> Bars:
        return self.bars


class Hangs:
    """Hold everything and change a little on every bar; stand still at one bar while a file is there."""

    def __init__(self, file: str = "") -> None:
        self.file = file

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets:
        if market.bar == HANGS_AT and self.file and Path(self.file).exists():
            Path(f"{self.file}.reached").touch()
            while Path(self.file).exists():
                time.sleep(0.01)
        count = len(market.instruments)
        weights = np.full(count, 0.9 / count)
        weights[market.bar % count] *= 0.5
        return Targets(weights=weights)


class Provider:
    @tradewind.hookimpl
    def tradewind_feeds(self) -> Any:
        def stream(symbols: int = 20) -> Replay:
            return Replay(Memory(symbols))

        yield FeedPlugin(name="hanging_memory", create=stream, summary="Bars in memory.")

    @tradewind.hookimpl
    def tradewind_strategies(self) -> Any:
        yield StrategyPlugin(name="hangs", create=Hangs, summary="Hangs.")


def registry() -> Registry:
    known = Registry.load()
    known.register(Provider(), "hanging")
    return known


def plan(port: int, file: str, symbols: int) -> Plan:
    return Plan.model_validate(
        {
            "name": NAME,
            "account": {"cash": 100_000.0},
            "data": {"feed": {"name": "hanging_memory", "params": {"symbols": symbols}}},
            "sleeves": [
                {
                    "strategy": {"name": "hangs", "params": {"file": file}},
                    "exits": [{"name": "stop_loss", "params": {"fraction": 0.2, "resting": True}}],
                }
            ],
            "mode": {"mode": "paper", "broker": {"name": "venue", "params": {"port": port}}},
        }
    )


def main(port: int, journal: str, file: str, symbols: int, *, slowly: bool = False) -> None:
    """Run the session to its end; ``slowly`` waits between bars, as a stream does."""
    known = registry()
    if slowly:
        _slow_down()
    builder = Builder(plan(port, file, symbols), known)
    with open_store(journal) as store, open_run(store, builder, Path.cwd()) as durable:
        execute(builder.plan, known, directory=Path.cwd(), durable=durable)
        durable.end("finished")


def _slow_down() -> None:
    stream = Replay.stream

    def slow(self: Replay, request: DataRequest) -> Any:
        template, rows = stream(self, request)

        def waiting() -> Iterator[Any]:
            for number, row in enumerate(rows):
                if number > HANGS_AT:
                    time.sleep(0.2)
                yield row

        return template, ReplayedRows(waiting(), waits=True)

    Replay.stream = slow  # type: ignore[method-assign]


def _hang_before_delivery(file: Path) -> None:
    """Stand still when the first orders are durable and not on their way yet."""
    deliver = Courier.deliver

    def hang(self: Courier, intents: Sequence[OrderIntent], *, again: bool) -> Any:
        Path(f"{file}.reached").touch()
        while file.exists():
            time.sleep(0.01)
        return deliver(self, intents, again=again)

    Courier.deliver = hang  # type: ignore[method-assign]


def _hang_in_submit(file: Path, *, before: bool) -> None:
    """Stand still when the first orders have been sent, before anything else is said; or just before they are."""
    submit = VenueBroker.submit

    def hang(self: VenueBroker, intents: Sequence[OrderIntent]) -> Any:
        answers = None if before else submit(self, intents)
        Path(f"{file}.reached").touch()
        while file.exists():
            time.sleep(0.01)
        return submit(self, intents) if before else answers

    VenueBroker.submit = hang  # type: ignore[method-assign]


@contextmanager
def started(
    port: int,
    journal: Path | str,
    file: Path,
    symbols: int,
    *,
    slowly: bool = False,
    hangs: Literal["", "before_delivery", "before_submit", "in_submit"] = "",
) -> Iterator[Any]:
    """Run the session in a process of its own, which does not outlive the block."""
    way = "slowly" if slowly else hangs
    arguments = [str(port), str(journal), str(file), str(symbols), way]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.runs.hanging", *arguments], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(holds: Callable[[], object], process: Any = None) -> None:
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline, "nothing happened in a minute"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


def at_work(port: int) -> int:
    return len(ask_venue(port, {"op": "open_orders"}))


def info_of(journal: Path | str) -> SessionInfo:
    with open_store(journal) as store:
        return store.sessions(NAME)[-1]


if __name__ == "__main__":
    if sys.argv[5] == "before_delivery":
        _hang_before_delivery(Path(sys.argv[3]))
    if sys.argv[5] in ("in_submit", "before_submit"):
        _hang_in_submit(Path(sys.argv[3]), before=sys.argv[5] == "before_submit")
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), slowly=sys.argv[5] == "slowly")
