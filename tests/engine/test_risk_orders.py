"""What gates, standings and operators do to orders at work: on the exchange, and on a venue that answers late."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engine.helpers import builder, run, scripted, weights
from tests.orders.scripted import Log, ScriptedBroker, courier
from tests.orders.test_asynchronous_venue import SlowCancels
from tradewind.engine.assemble import run_session
from tradewind.engine.session import Session
from tradewind.errors import PluginError
from tradewind.model import (
    ActivityKind,
    Bars,
    Instrument,
    Market,
    OrderState,
    Portfolio,
    Signals,
    Standing,
    Targets,
)
from tradewind.orders.account import OwnAccount
from tradewind.orders.path import OrderPath
from tradewind.orders.talks import Recorded
from tradewind.testing import make_bars

RISK: dict[str, Any] = {
    "gates": [{"name": "position_size", "params": {"maximum": 1.0}}],
    "switched_off": ["drawdown", "daily_loss", "volatility_spike", "losing_streak", "error_rate", "stale_data"],
}
STOP = {"python": "tests.engine.test_risk_orders:FixedStop"}


class FixedStop:
    """A stop that rests at 95, below a long; at 105 above a short."""

    def stop_prices(self, market: Market, portfolio: Portfolio) -> Any:
        return np.where(portfolio.quantities > 0.0, 95.0, np.where(portfolio.quantities < 0.0, 105.0, np.nan))

    def limit_prices(self, market: Market, portfolio: Portfolio) -> Any:
        return np.full(len(market.instruments), np.nan)


class RiskyDaily:
    """Own everything on each bar, with a stop half way down."""

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals:
        return Signals(scores=np.ones(len(market.instruments)), stop_price=market.marks * 0.5)


class Risky:
    """Own everything, with a stop half way down."""

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals | None:
        if market.bar:
            return None
        return Signals(scores=np.ones(len(market.instruments)), stop_price=market.marks * 0.5)


def flat(bars: int, columns: int = 1, *, lot_size: float = 0.0, start: str = "2023-02-20", crash: int = -1) -> Bars:
    close = np.full((bars, columns), 100.0)
    open_ = close.copy()
    if crash >= 0:
        close[crash:] = 90.0
        open_[crash + 1 :] = 90.0
    made = make_bars(
        close, start=start, open=open_, high=np.maximum(open_, close), low=np.minimum(open_, close),
        volume=np.full(close.shape, 1e9),
    )  # fmt: skip
    instruments = tuple(Instrument(symbol=f"S{number}", lot_size=lot_size) for number in range(columns))
    return Bars(timestamps=made.timestamps, instruments=instruments, fields=made.fields)


def acting(acts: dict[int, Callable[[Session], object]]) -> dict[str, Any]:
    """Return options of a run that let a test act after some bars."""
    box: dict[str, Session] = {}

    def on_bar(bar: int) -> bool:
        acts.get(bar, lambda _: None)(box["session"])
        return True

    return {"prepared": lambda session: box.__setitem__("session", session), "on_bar": on_bar, "jumps": False}


def on_a_venue(
    bars: Bars, sleeves: list[dict[str, Any]], broker: ScriptedBroker, acts: dict[int, Callable[[Session], object]],
    risk: object = RISK, **options: Any,
) -> tuple[Session, OrderPath]:  # fmt: skip
    box: dict[str, Any] = {}
    sections = {"account": options.pop("account")} if "account" in options else {}

    def make(_: object) -> OrderPath:
        box["path"] = OrderPath(
            courier=courier(broker, attempts=2), log=Log(), account=OwnAccount(broker.cash),
            instruments=bars.instruments, tag="t", recorded=Recorded(),
        )  # fmt: skip
        return box["path"]

    def on_bar(bar: int) -> bool:
        acts.get(bar, lambda _: None)(box["session"])
        box["path"].end_bar(compare=True)
        box["session"].idle(box["path"].idle())
        return True

    session = run_session(
        builder(bars, sleeves, risk=risk, **sections), bars, execution=make, on_bar=on_bar,
        prepared=lambda one: box.__setitem__("session", one), **options,
    )  # fmt: skip
    return session, box["path"]


def entries(session: Session, kind: str) -> list[tuple[int, dict[str, Any]]]:
    return [(one.bar, json.loads(one.payload)) for one in session.ledger.journal.records if one.kind == kind]


def intents(session: Session) -> list[tuple[int, str, float]]:
    return [(bar, told["type"], told["quantity"]) for bar, told in entries(session, "intent")]


def fills(session: Session) -> list[tuple[int, float]]:
    return [(bar, told["quantity"]) for bar, told in entries(session, "fill")]


@pytest.mark.parametrize("standing", [Standing.HALTED, Standing.KILLED])
def test_flattening_takes_the_stop_away_before_it_sells(standing: Standing) -> None:
    bars = flat(8, crash=4)
    acts = acting({3: lambda session: session.operate(standing, "test", flatten=True)})
    session = run(bars, [{"strategy": scripted("own", {0: weights(0.5)}), "exits": [STOP]}], risk=RISK, **acts)
    assert fills(session) == [(1, 500.0), (4, -500.0)]
    assert session.ledger.holdings() == {}


def test_a_halt_leaves_stops_at_work_also_of_sleeves_that_hold_opposite_sides() -> None:
    acts = acting({4: lambda session: session.operate(Standing.HALTED, "test")})
    sleeves = [
        {"name": "long", "strategy": scripted("long", {0: weights(0.3)}), "share": 0.5, "exits": [STOP]},
        {"name": "short", "strategy": scripted("short", {2: weights(-0.2)}), "share": 0.5},
    ]
    session = run(flat(12, crash=9), sleeves, risk=RISK, **acts)
    stops = [one for one in intents(session) if one[1] == "stop"]
    assert stops[-1] == (2, "stop", -150.0)
    assert fills(session)[-1] == (9, -150.0)
    assert entries(session, "gate") == []


@pytest.mark.parametrize("standing", [Standing.REDUCED, Standing.REDUCE_ONLY])
def test_a_stop_is_placed_once_and_whole_whatever_the_account_holds_net(standing: Standing) -> None:
    sleeves = [
        {"name": "short", "strategy": scripted("short2", {0: weights(-0.2)}), "share": 0.5},
        {"name": "long", "strategy": scripted("long2", {1: weights(0.6)}), "share": 0.5, "exits": [STOP]},
    ]
    acts = acting({2: lambda session: session.operate(standing, "test")})
    session = run(flat(9), sleeves, risk=RISK, **acts)
    assert [quantity for _, kind, quantity in intents(session) if kind == "stop"] == [-300.0]


def test_reduced_sizes_are_whole_lots_and_a_part_of_what_is_wanted_however_often_it_is_wanted() -> None:
    wishes = dict.fromkeys(range(1, 9), weights(0.404))
    acts = acting({0: lambda session: session.operate(Standing.REDUCED, "test")})
    session = run(flat(10, lot_size=1.0), [{"strategy": scripted("often", wishes)}], risk=RISK, **acts)
    assert [quantity for _, quantity in fills(session)] == [282.0]


def test_a_position_that_is_no_whole_lot_can_be_closed() -> None:
    broker = ScriptedBroker()
    bars = flat(9, lot_size=1.0)

    def fill(session: Session) -> None:
        for name in [one.order_id for one in broker.open_orders()]:
            broker.fill(name, price=100.0)

    def split(session: Session) -> None:
        broker.happens(ActivityKind.SPLIT, instrument=Instrument(symbol="S0"), quantity=0.5)

    acts = {1: fill, 3: split, 5: lambda one: one.operate(Standing.KILLED, "test", flatten=True), 6: fill}
    session, _ = on_a_venue(bars, [{"strategy": scripted("lots", {0: weights(0.401)})}], broker, acts)
    assert fills(session)[-1][1] == -(fills(session)[0][1] + 0.5)
    assert broker.positions() == {}


def test_the_stop_of_a_decision_limits_that_decision() -> None:
    sleeve = {"strategy": {"python": "tests.engine.test_risk_orders:Risky"}, "sizer": "ninety"}
    session = run(flat(4), [sleeve], risk=RISK)
    assert [told["code"] for _, told in entries(session, "gate")] == ["trade_risk"]
    ((_, quantity),) = fills(session)
    assert quantity * 50.0 == pytest.approx(0.02 * session.ledger.equity())


def test_a_trade_does_not_grow_bit_by_bit_beyond_what_its_stop_may_lose() -> None:
    sleeve = {"strategy": {"python": "tests.engine.test_risk_orders:RiskyDaily"}, "sizer": "ninety"}
    session = run(flat(8), [sleeve], risk=RISK)
    held = sum(quantity for _, quantity in fills(session))
    assert held * 50.0 == pytest.approx(0.02 * session.ledger.equity())


def test_reduce_only_cancels_what_would_open_and_lets_closings_work() -> None:
    broker = ScriptedBroker()
    bars = flat(8, columns=2)

    def fill_first(session: Session) -> None:
        broker.fill(broker.open_orders()[0].order_id, price=100.0)

    plan = {0: Targets(weights=np.array([0.4, 0.0])), 3: Targets(weights=np.array([0.1, 0.4]))}
    acts = {1: fill_first, 3: lambda session: session.operate(Standing.REDUCE_ONLY, "test")}
    _, path = on_a_venue(bars, [{"strategy": scripted("both", plan)}], broker, acts)
    states = {order.intent.instrument.symbol: order.state for order in path.orders.values() if order.intent.bar == 3}
    assert states == {"S0": OrderState.ACCEPTED, "S1": OrderState.CANCELLED}


@pytest.mark.parametrize("again", [0.4, 0.9])
def test_what_replaces_an_order_whose_cancel_is_pending_is_judged_without_it(again: float) -> None:
    broker = SlowCancels()
    plan = {1: weights(0.4), 3: weights(again)}
    session, path = on_a_venue(flat(9), [{"strategy": scripted(f"again{again}", plan)}], broker, {})
    assert entries(session, "gate") == []
    wanted = [quantity for bar, _, quantity in intents(session) if bar == 3]
    assert wanted == pytest.approx([again * broker.cash / 100.0])
    assert len(path.open_orders) <= 2


def test_an_exit_that_a_gate_refuses_for_the_hour_is_tried_until_it_is_taken() -> None:
    bars = flat(9)
    days = np.arange("2023-03-20", "2023-03-29", dtype="datetime64[D]").astype("datetime64[ns]")
    bars = Bars(timestamps=days, instruments=bars.instruments, fields=bars.fields)
    risk = {**RISK, "gates": [*RISK["gates"], {"name": "market_hours", "params": {"sessions": "exchange"}}]}
    session = run(bars, [{"strategy": scripted("weekend", {0: weights(0.4), 5: weights(0.0)})}], risk=risk)
    assert [(bar, told["code"]) for bar, told in entries(session, "gate")] == [(5, "market_hours"), (6, "market_hours")]
    assert fills(session) == [(1, 400.0), (8, -400.0)]


def test_a_kill_that_was_flattened_from_outside_is_not_flattened_again() -> None:
    risk = {**RISK, "on_kill": "flatten"}
    acts = acting({3: lambda session: session.operate(Standing.KILLED, "closed from outside")})
    session = run(flat(7), [{"strategy": scripted("outside", {0: weights(0.4)})}], risk=risk, **acts)
    assert fills(session) == [(1, 400.0)]


def test_resuming_without_re_arming_does_not_stop_the_flattening_of_a_killed_account() -> None:
    broker = ScriptedBroker()

    def fill(session: Session) -> None:
        for one in broker.open_orders():
            broker.fill(one.order_id, price=100.0)

    def kill(session: Session) -> None:
        broker.script.extend(["refused"] * 3)
        session.operate(Standing.KILLED, "test", flatten=True)

    acts = {1: fill, 3: kill, 4: lambda session: session.resume(rearm=False), 7: fill}
    session, _ = on_a_venue(flat(9), [{"strategy": scripted("resumed", {0: weights(0.4)})}], broker, acts)
    assert session.desk.standing is Standing.KILLED
    assert broker.positions() == {}


def test_a_second_command_never_allows_more_than_the_first() -> None:
    def loosen(session: Session) -> None:
        session.operate(Standing.HALTED, "pause")
        session.operate(Standing.REDUCE_ONLY, "reduce-only")

    session = run(flat(5), [{"strategy": scripted("loose", {})}], risk=RISK, **acting({1: loosen}))
    assert session.desk.standing is Standing.HALTED


def test_a_position_without_a_price_that_the_venue_books_stays_a_difference() -> None:
    broker = ScriptedBroker()
    new = Instrument(symbol="NEWCO")
    acts = {2: lambda _: broker.happens(ActivityKind.OTHER, 5.0, instrument=new, quantity=30.0)}
    session, path = on_a_venue(flat(7), [{"strategy": scripted("spin", {})}], broker, acts)
    assert path.differences == {"NEWCO": (0.0, 30.0)}
    assert session.ledger.equity() == broker.cash


@pytest.mark.parametrize(
    ("kind", "standing"), [(ActivityKind.TRANSFER, Standing.ACTIVE), (ActivityKind.FEE, Standing.KILLED)]
)
def test_what_is_taken_out_of_the_account_is_no_loss(kind: ActivityKind, standing: Standing) -> None:
    broker = ScriptedBroker()
    risk = {"gates": RISK["gates"]}
    acts = {3: lambda _: broker.happens(kind, -0.3 * broker.cash)}
    session, path = on_a_venue(flat(8), [{"strategy": scripted("rests", {})}], broker, acts, risk)
    assert session.ledger.equity() == path.cash == broker.cash
    assert session.desk.standing is standing


def test_a_weight_beyond_all_numbers_is_named() -> None:
    with pytest.raises(PluginError, match=r"the weight 1e\+308 of S0 is more than can be ordered"):
        run(flat(4), [{"strategy": scripted("huge", {0: weights(1e308)})}], risk=RISK)


def test_a_ruling_names_who_had_brought_the_standing_about_when_it_was_made() -> None:
    acts = acting({2: lambda session: session.operate(Standing.REDUCE_ONLY, "first"),
                   4: lambda session: session.operate(Standing.HALTED, "second")})  # fmt: skip
    risk = {"gates": RISK["gates"], "breakers": [{"name": "stale_data", "params": {"minimum_fresh": 0.9}}]}
    bars = flat(8, columns=2)
    close = bars.fields["close"].copy()
    close[4:, 1] = np.nan
    gaps = dataclasses.replace(bars, fields={**bars.fields, "close": close})
    plan = {3: weights(0.2, 0.0), 4: weights(0.3, 0.0)}
    session = run(gaps, [{"strategy": scripted("by", plan)}], risk=risk, **acts)
    made = session.ledger.recorder.tables(bars.timestamps, None)["rulings"]
    assert made[["bar", "by"]].to_numpy().tolist() == [[3, "operator"], [4, "stale_data"]]
