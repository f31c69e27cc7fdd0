"""A paper session decides what the backtest decides, to the last digit, however often its process ends."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import exchange_calendars
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tradewind
from tests.engine.test_jump import Universe, plans, universes
from tests.exchange.test_venue import venue
from tradewind.config.loader import load_plan
from tradewind.config.plan import Plan
from tradewind.contracts import DataRequest, FeedPlugin
from tradewind.engine.assemble import Builder, exchange_rules
from tradewind.journal.store import open_store
from tradewind.model import Bars
from tradewind.registry import Registry
from tradewind.runs.execute import Execution, execute
from tradewind.runs.session import open_run
from tradewind.runs.stopping import Stop
from tradewind_plugins.feeds.replay import Replay

CONFIGS = Path(__file__).parents[2] / "configs"
WITHOUT_LIQUIDITY = {
    "name": "us_equity",
    "params": {"impact_coefficient": 0.0, "spread_tight_bp": 6.0, "spread_wide_bp": 6.0},
}


class KilledError(Exception):
    """The process dies here."""


class Stopping(Stop):
    """Ends a process after so many looks, orderly or not."""

    def __init__(self, looks: int, *, killed: bool) -> None:
        super().__init__()
        self.left = looks
        self.killed = killed

    def is_set(self) -> bool:
        self.left -= 1
        if self.left < 0 and self.killed:
            raise KilledError
        return self.left < 0


def lives(plan: Plan, registry: Registry, directory: Path, journal: Path, chance: random.Random | None) -> Execution:
    """Run a session to its end; with ``chance``, through some ends of its process."""
    for life in range(100):
        looks = chance.randint(1, 60 * (life + 1)) if chance is not None and life < 3 else 10**9
        stop = Stopping(looks, killed=chance is not None and chance.random() < 0.5)
        builder = Builder(plan, registry, directory)
        try:
            with open_store(journal) as store, open_run(store, builder, directory, stop=stop) as durable:
                execution = execute(plan, registry, directory=directory, stopped=stop.is_set, durable=durable)
                complete = execution.result.status == "complete"
                durable.end("finished" if complete else "stopped")
        except KilledError:
            continue
        if complete:
            return execution
    raise AssertionError("the session never ended")


def require_equal(paper: Execution, backtest: Execution) -> None:
    assert paper.result.decision_hash == backtest.result.decision_hash
    pd.testing.assert_frame_equal(paper.result.equity, backtest.result.equity, check_exact=True)
    pd.testing.assert_frame_equal(paper.result.fills, backtest.result.fills, check_exact=True)
    assert len(backtest.result.fills) > 0


def on_venue(plan: Plan, port: int) -> Plan:
    fields = plan.model_dump(exclude_none=True)
    fields["mode"] = {**fields["mode"], "broker": {"name": "venue", "params": {"port": port}}}
    return Plan.model_validate(fields)


NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_session_decides_what_the_backtest_decides(name: str, tmp_path: Path) -> None:
    registry = Registry.load()
    span: dict[str, Any] = {"start": "2006-10-02", "end": "2008-03-31"}
    backtest, paper = (load_plan([CONFIGS / f"{name}.yaml"], mode=mode, **span) for mode in ("backtest", "paper"))
    expected = execute(backtest.plan, registry, directory=CONFIGS)
    require_equal(lives(paper.plan, registry, CONFIGS, tmp_path / "many.db", random.Random(name)), expected)


@pytest.mark.parametrize("name", [name for name in NAMES if "backtrader" not in name])
def test_a_session_on_a_venue_decides_what_the_backtest_decides(name: str, tmp_path: Path) -> None:
    registry = Registry.load()
    options: dict[str, Any] = {"start": "2006-10-02", "end": "2008-03-31"}
    backtest, paper = (load_plan([CONFIGS / f"{name}.yaml"], mode=mode, **options) for mode in ("backtest", "paper"))
    plain, outside = (one.plan.model_dump(exclude_none=True) for one in (backtest, paper))
    for fields in (plain, outside):
        fields["costs"] = WITHOUT_LIQUIDITY
    expected_plan = Plan.model_validate(plain)
    expected = execute(expected_plan, registry, directory=CONFIGS)
    builder = Builder(expected_plan, registry, CONFIGS)
    with venue(rules=exchange_rules(expected_plan), cash=expected_plan.account.cash, cost=builder.cost()) as server:
        plan = on_venue(Plan.model_validate(outside), server.address[1])
        require_equal(lives(plan, registry, CONFIGS, tmp_path / "venue.db", random.Random(name)), expected)


class Provider:
    """Bars of the test as a feed with a history and a stream."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    @tradewind.hookimpl
    def tradewind_feeds(self) -> Any:
        bars = self._bars

        class Memory:
            def history(self, request: DataRequest) -> Bars:
                return bars

        def stream() -> Replay:
            return Replay(Memory())

        yield FeedPlugin(name="memory", create=stream, summary="The bars of the test.")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(universe=universes(), fields=plans(), seed=st.integers(0, 2**32 - 1))
def test_any_plan_on_any_bars_comes_through_restarts(
    universe: Universe, fields: dict[str, Any], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    registry = Registry.load()
    bars = universe.make()
    sessions = exchange_calendars.get_calendar("XNYS").sessions_window("2015-01-02", len(bars))
    bars = dataclasses.replace(bars, timestamps=sessions.to_numpy().astype("datetime64[ns]"))
    registry.register(Provider(bars), "tests")
    fields = {**fields, "data": {"feed": "memory"}}
    fields.pop("regime", None)
    for sleeve in fields["sleeves"]:
        sleeve["share"] = 0.5
    here, folder = Path(), tmp_path_factory.mktemp("paper")
    backtest = Plan.model_validate(fields)
    expected = execute(backtest, registry, directory=here)
    if expected.result.fills.empty:
        return
    paper = Plan.model_validate({**fields, "mode": {"mode": "paper"}})
    require_equal(lives(paper, registry, here, folder / "own.db", random.Random(seed)), expected)
    if "costs" in fields:
        fields["costs"] = WITHOUT_LIQUIDITY
        backtest = Plan.model_validate(fields)
        expected = execute(backtest, registry, directory=here)
        paper = Plan.model_validate({**fields, "mode": {"mode": "paper"}})
    cost = Builder(backtest, registry, here).cost()
    with venue(rules=exchange_rules(backtest), cash=backtest.account.cash, cost=cost) as server:
        plan = on_venue(paper, server.address[1])
        require_equal(lives(plan, registry, here, folder / "venue.db", random.Random(seed)), expected)
