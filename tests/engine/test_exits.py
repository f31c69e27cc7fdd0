"""Exits at work: on the close, and resting at the exchange."""

import json

import numpy as np
import pytest

from tests.engine.helpers import builder, fills_of, run, scripted, single, weights
from tests.engine.test_risk_orders import RISK, STOP, flat
from tradewind.contracts import ExitPlugin
from tradewind.engine.assemble import run_session
from tradewind.errors import ConfigError
from tradewind.hookspecs import hookimpl
from tradewind.testing import make_bars

CASH = {"cash": 1000.0, "cash_buffer": 0.0}


class OutAt:
    """Give up what has fallen below a price."""

    def __init__(self, price: float = 9.0) -> None:
        self.price = price

    def closes(self, market, portfolio):
        return market.current("close") < self.price


class RestingStop:
    """Rest a stop at a fixed price."""

    def __init__(self, price: float = 9.0) -> None:
        self.price = price

    def stop_prices(self, market, portfolio):
        return np.full(len(market.instruments), self.price)

    def limit_prices(self, market, portfolio):
        return np.full(len(market.instruments), np.nan)


class Exits:
    @hookimpl
    def tradewind_exits(self):
        yield ExitPlugin(name="out_at", create=OutAt, summary="Below a price.")
        yield ExitPlugin(name="resting_stop", create=RestingStop, summary="Resting stop.")


@pytest.fixture
def _exits(monkeypatch):
    from tests.engine import helpers

    monkeypatch.setattr(
        helpers.TestPlugins, "tradewind_exits", hookimpl(lambda self: iter(Exits().tradewind_exits())), raising=False
    )


@pytest.mark.usefixtures("_exits")
def test_an_exit_closes_on_the_next_bar_and_stays_out_until_the_next_decision():
    bars = make_bars([[10.0], [10.0], [8.0], [7.0], [9.5], [9.5], [9.5]])
    session = run(bars, single("exit", {0: weights(0.5), 5: weights(0.5)}, exits=["out_at"]), account=CASH)
    assert fills_of(session)[:2] == [(1, "S0", 50.0, 10.0), (3, "S0", -50.0, 7.0)]
    assert fills_of(session)[2][:2] == (6, "S0")
    assert session.ledger.recorder.tables(session.panel.timestamps, None)["fills"]["reason"][1] == "exit:out_at"


@pytest.mark.usefixtures("_exits")
def test_a_resting_stop_is_renewed_on_every_close_and_fills_within_the_bar():
    close = [[10.0], [10.0], [10.0], [9.8], [9.8]]
    low = [[10.0], [10.0], [9.5], [8.5], [9.8]]
    bars = make_bars(close, open=close, high=close, low=low)
    for stream in (False, True):
        sleeve = single("resting", {0: weights(0.5)}, exits=["resting_stop"])
        session = run(bars, sleeve, stream=stream, account=CASH)
        assert fills_of(session) == [(1, "S0", 50.0, 10.0), (3, "S0", -50.0, 9.0)]


@pytest.mark.usefixtures("_exits")
def test_two_resting_exits_in_one_sleeve_are_refused():
    with pytest.raises(ConfigError, match="a sleeve can have one"):
        run(make_bars([[1.0]]), single("two", {}, exits=["resting_stop", "resting_stop"]))


def test_a_trim_leaves_the_rest_under_its_resting_stop(monkeypatch):
    from tests.engine import helpers

    monkeypatch.setattr(
        helpers.TestPlugins, "tradewind_exits", hookimpl(lambda self: iter(Exits().tradewind_exits())), raising=False
    )
    close = [[10.0], [10.0], [10.0], [8.0], [8.0]]
    bars = make_bars(close, open=[[10.0], [10], [10], [10], [8]], high=[[10.0], [10], [10], [10], [8]], low=close)
    script = {0: weights(0.5), 2: weights(0.4)}
    fills = fills_of(run(bars, single("trim", script, exits=["resting_stop"]), account=CASH))
    assert fills[1:] == [(3, "S0", pytest.approx(-10.0), 10.0), (3, "S0", pytest.approx(-40.0), 9.0)]


def test_an_exit_is_carried_out_however_small_the_position():
    bars = make_bars([[10.0], [10.0], [8.0], [8.0], [8.0]])
    script = {0: weights(0.05)}
    from tests.engine import helpers

    helpers.TestPlugins.tradewind_exits = hookimpl(lambda self: iter(Exits().tradewind_exits()))
    try:
        big = {"name": "big", "strategy": scripted("big", {0: weights(0.8)}), "share": 0.9}
        small = {"name": "small", "strategy": scripted("small", script), "share": 0.1, "exits": ["out_at"]}
        session = run(bars, [big, small], account=CASH, rebalance={"drift_threshold": 0.0045})
    finally:
        del helpers.TestPlugins.tradewind_exits
    assert session.ledger.books.books["small"].quantities.tolist() == [0.0]


@pytest.mark.parametrize(
    "wanted",
    [
        ([0.9, 0.3, 0.3, 0.0], [0.9, 0.0, 0.9, 0.3]),
        ([0.3, 0.3, 0.0, 0.9], [0.45, 0.0, 0.0, 0.3]),
        ([0.9, 0.3, 0.0, 0.45], [0.9, 0.0, 0.3, 0.45]),
    ],
)
def test_what_rounding_leaves_between_sleeves_is_not_ordered(wanted):
    sleeves = [
        {"name": f"s{n}", "share": 1 / 3, "exits": [STOP]}
        | {"strategy": scripted(f"rounded_{n}", {bar: weights(weight) for bar, weight in enumerate(part)})}
        for n, part in enumerate(wanted)
    ]
    session = run_session(builder(flat(5), sleeves, risk=RISK), flat(5))
    intents = [json.loads(one.payload) for one in session.ledger.journal.records if one.kind == "intent"]
    assert {one["type"] for one in intents} == {"market", "stop"}
    assert min(abs(one["quantity"]) for one in intents) > 1.0
