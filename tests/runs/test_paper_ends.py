"""How a paper session ends, and what it does while the account is not explained."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.test_venue import venue
from tests.orders.crash.scenario import ask_venue
from tests.runs.test_session_begins import Sessions
from tradewind.config.loader import check_plan, load_plan
from tradewind.config.plan import Plan
from tradewind.contracts import DataRequest
from tradewind.engine.assemble import Builder
from tradewind.errors import ConfigError, TradewindError, UserError
from tradewind.exchange import ExchangeRules
from tradewind.journal.store import open_store
from tradewind.registry import Registry
from tradewind.runs.execute import execute
from tradewind.runs.launch import run_plan
from tradewind.runs.paper import run_session_of
from tradewind.runs.session import open_run
from tradewind.runs.stopping import Stop
from tradewind_plugins.feeds.replay import ReplayedRows

CONFIGS = Path(__file__).parents[2] / "configs"


def test_a_session_that_cannot_be_kept_is_not_finished(tmp_path: Path) -> None:
    loaded = load_plan([CONFIGS / "quickstart.yaml"], mode="paper", start="1991-01-02", end="1991-03-28")
    registry, journal = Registry.load(), tmp_path / "journal.db"
    place = tmp_path / "runs"

    def in_the_way(*_: object) -> None:
        if not place.exists():
            place.write_text("a file where the folder should be")

    with pytest.raises(TradewindError) as caught:
        run_session_of(loaded, registry, journal=journal, runs_directory=place, reports=False, progress=in_the_way)
    assert "runs" in str(caught.value)
    with open_store(journal) as store:
        assert [info.status for info in store.sessions()] == ["open"]
    place.unlink()
    result = run_session_of(loaded, registry, journal=journal, runs_directory=place, reports=False)
    assert result.status == "complete"
    with open_store(journal) as store:
        assert [info.status for info in store.sessions()] == ["finished"]


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_a_folder_that_cannot_keep_the_run_is_refused_before_the_run(tmp_path: Path, mode: str) -> None:
    place, journal = tmp_path / "runs", tmp_path / "journal.db"
    place.write_text("a file where the folder should be")
    loaded = load_plan([CONFIGS / "quickstart.yaml"], mode=mode, end="1991-03-28")
    told: list[Any] = []
    options: dict[str, Any] = {"journal": journal} if mode == "paper" else {}
    start = run_session_of if mode == "paper" else run_plan
    with pytest.raises(UserError, match=r"--runs .*runs/below: .*runs is a file; name a folder"):
        start(
            loaded, Registry.load(), runs_directory=place / "below", progress=lambda *one: told.append(one), **options
        )
    assert not journal.exists()
    assert told == []
    place.unlink()
    place.mkdir()
    place.chmod(0o500)
    if not os.access(place, os.W_OK):
        with pytest.raises(UserError, match="cannot be written to"):
            run_plan(loaded, Registry.load(), runs_directory=place)


def test_a_backtrader_strategy_on_a_broker_is_refused(tmp_path: Path) -> None:
    mode = tmp_path / "venue.yaml"
    mode.write_text("mode: paper\nfeed: replay\nbroker: venue\n")
    loaded = load_plan([CONFIGS / "backtrader_sma.yaml"], mode="paper", mode_file=mode)
    with pytest.raises(ConfigError, match="trades on the simulated exchange only"):
        check_plan(loaded, Registry.load())


class Meddled:
    """A feed before some of whose bars something is done."""

    def __init__(self, feed: Any, acts: dict[int, Callable[[], object]], *, waits: bool = False) -> None:
        self._feed, self._acts, self._waits = feed, acts, waits

    def stream(self, request: DataRequest) -> Any:
        template, rows = self._feed.stream(request)
        return template, ReplayedRows(self._rows(rows), waits=self._waits)

    def _rows(self, rows: Any) -> Any:
        for number, row in enumerate(rows):
            self._acts.get(number, lambda: None)()
            yield row


def test_while_the_account_is_not_explained_stops_stay_and_orders_are_put_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.orders.reconcile._SECONDS_BETWEEN_COMPARISONS", 0.0)
    registry = Registry.load()
    fields = {
        "name": "meddled",
        "account": {"cash": 100_000.0},
        "data": {"feed": "sample", "symbols": ["KO", "PEP", "XOM"], "start": "1991-01-02", "end": "1991-06-28"},
        "sleeves": [
            {
                "strategy": {"name": "high_52w", "params": {"top_n": 2, "lookback_bars": 20}},
                "sizer": "equal_weight",
                "exits": [{"name": "trailing_stop", "params": {"fraction": 0.05, "resting": True}}],
            }
        ],
    }
    with venue(cash=100_000.0, rules=ExchangeRules()) as server:
        port = server.address[1]
        broker = {"name": "venue", "params": {"port": port}}
        plan = Plan.model_validate({**fields, "mode": {"mode": "paper", "feed": "replay", "broker": broker}})
        builder = Builder(plan, registry)
        made = builder.create
        resting: list[set[str]] = []

        def trades(bar: int, quantity: float) -> object:
            return ask_venue(port, {"op": "manual", "bar": bar, "instrument": "KO", "quantity": quantity})

        def looks() -> None:
            at_work = ask_venue(port, {"op": "open_orders"})
            resting.append({order["instrument"]["symbol"] for order in at_work if "trailing_stop" in order["order_id"]})

        with open_store(tmp_path / "journal.db") as store, open_run(store, builder, Path()) as durable:
            acts = {
                60: lambda: trades(59, 1.0),
                64: looks,
                70: lambda: trades(69, -1.0),
                80: lambda: store.post(durable.session, "adopt", {}),
            }

            def create(self: Builder, kind: str, ref: Any, where: str) -> Any:
                plugin = made(kind, ref, where)
                return Meddled(plugin, acts) if kind == "feed" else plugin

            monkeypatch.setattr(Builder, "create", create)
            execution = execute(plan, registry, directory=Path(), durable=durable)
            durable.end("finished")
    bars = execution.result.orders["bar"].to_numpy()
    assert ((bars > 40) & (bars < 60)).any()
    assert not ((bars >= 60) & (bars < 80)).any()
    assert (bars > 81).any()
    assert resting == [{"KO", "XOM"}]


def test_operators_are_heard_while_the_stream_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On daily bars the next bar is a day away: what they ask is done meanwhile, and again by a restart."""
    monkeypatch.setattr("tradewind.orders.reconcile._SECONDS_BETWEEN_COMPARISONS", 0.0)
    registry, journal = Registry.load(), tmp_path / "journal.db"
    fields = {
        "name": "asked",
        "account": {"cash": 100_000.0},
        "data": {"feed": "sample", "symbols": ["KO", "PEP", "XOM"], "start": "1991-01-02", "end": "1991-04-30"},
        "sleeves": [
            {"strategy": {"name": "high_52w", "params": {"top_n": 2, "lookback_bars": 20}}, "sizer": "equal_weight"}
        ],
    }

    def asked() -> list[str]:
        with open_store(journal) as store:
            told = [json.loads(entry.payload) for entry in store.entries(1, kinds=["answer"])]
        return [one["command"] for talk in told if talk["operation"] == "operator" for one in talk["answer"]]

    def bars_done() -> int:
        with open_store(journal) as store:
            return sum(1 for _ in store.entries(1, kinds=["bar_end"])) if store.sessions() else 0

    def wait_for(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30.0
        while not condition():
            assert time.monotonic() < deadline, "nothing happened in half a minute"
            time.sleep(0.01)

    def meddle() -> None:
        wait_for(lambda: bars_done() == 50)
        ask_venue(port, {"op": "manual", "bar": 49, "instrument": "KO", "quantity": 1.0})

    def ask() -> None:
        wait_for(lambda: bars_done() == 55)
        with open_store(journal) as store:
            store.post(1, "adopt", {})
        wait_for(asked)

    with venue(cash=100_000.0, rules=ExchangeRules()) as server:
        port = server.address[1]
        broker = {"name": "venue", "params": {"port": port}}
        plan = Plan.model_validate({**fields, "mode": {"mode": "paper", "feed": "replay", "broker": broker}})
        made = Builder.create
        stop = Stop()
        acts = {50: meddle, 55: ask, 58: stop.ask}

        def create(self: Builder, kind: str, ref: Any, where: str) -> Any:
            plugin = made(self, kind, ref, where)
            return Meddled(plugin, acts, waits=True) if kind == "feed" else plugin

        monkeypatch.setattr(Builder, "create", create)
        with open_store(journal) as store:
            with open_run(store, Builder(plan, registry), Path(), stop=stop) as durable:
                execute(plan, registry, directory=Path(), durable=durable)
                durable.end("stopped")
            acts.clear()
            with open_run(store, Builder(plan, registry), Path()) as durable:
                execution = execute(plan, registry, directory=Path(), durable=durable)
                assert durable.writer.pending() == []
                durable.end("finished")
    assert asked() == ["adopt"]
    fills = execution.result.fills
    assert [(one.symbol, one.quantity) for one in fills.itertuples() if one.order_id.startswith("adopt-")] == [
        ("KO", 1.0)
    ]
    assert (execution.result.orders["bar"] > 60).any()


@pytest.mark.parametrize("command", ["pause", "reduce_only", "kill", "flatten"])
def test_a_command_left_for_a_stopped_session_is_carried_out_when_it_goes_on(tmp_path: Path, command: str) -> None:
    """The exchange in the process goes through what was done before, which no later command forbids."""
    sessions = Sessions(tmp_path)
    sessions.stop_after(40)
    with open_store(sessions.journal) as store:
        store.post(1, command, {"reason": "while away"})
    result = sessions.run()
    assert result.status == "complete"
    assert len(result.orders)
    with open_store(sessions.journal) as store:
        assert store.pending(1) == []
        assert store.verify().good
    after = result.orders[result.orders["bar"] >= 40]
    if command != "reduce_only":
        assert set(after["reason"]) <= ({"flatten"} if command == "flatten" else set())
    assert result.standings["by"].iloc[-1] == "operator"
    if command == "flatten":
        assert "flatten" in set(result.orders["reason"])
        assert result.weights.iloc[-1].abs().sum() == 0.0


@pytest.mark.parametrize("command", ["pause", "reduce_only", "kill"])
def test_a_command_just_before_the_first_order_of_a_process_does_not_spoil_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "undisturbed").mkdir()
    bar = int(Sessions(tmp_path / "undisturbed").run().orders["bar"].min())
    sessions = Sessions(tmp_path)
    made = Builder.create

    def post() -> None:
        with open_store(sessions.journal) as store:
            store.post(1, command, {"reason": "test"})

    def create(self: Builder, kind: str, ref: Any, where: str) -> Any:
        plugin = made(self, kind, ref, where)
        return Meddled(plugin, {bar: post}) if kind == "feed" else plugin

    with monkeypatch.context() as once:
        once.setattr(Builder, "create", create)
        sessions.stop_after(bar + 5)
    assert sessions.run().status == "complete"
