"""Closing everything: with what stands against it, beside stops that net to nothing, and when the account is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from tests.engine.helpers import run, scripted, weights
from tests.engine.test_risk_orders import RISK, STOP, acting, flat, on_a_venue
from tests.orders.scripted import ScriptedBroker
from tradewind.contracts import Outcome, Response
from tradewind.engine.session import Session
from tradewind.errors import RiskHaltError
from tradewind.model import (
    ActivityKind,
    Bars,
    Instrument,
    OrderIntent,
    OrderState,
    ReasonCode,
    ReportKind,
    Standing,
    Targets,
)
from tradewind.orders.account import OwnAccount
from tradewind.orders.machine import Order
from tradewind.orders.naming import client_id
from tradewind.orders.room import Room
from tradewind.runs.operators import Operators
from tradewind.testing import make_bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.journal.store import SessionWriter

S0 = Instrument(symbol="S0", lot_size=0.0)


class Halts(ScriptedBroker):
    """Sells nothing of one stock, for long."""

    def _take(self, intent: OrderIntent) -> Response:
        if intent.instrument == S0 and intent.quantity < 0.0:
            return Response(order_id=intent.order_id, outcome=Outcome.REFUSED, reason="halted", code=ReasonCode.HALTED)
        return super()._take(intent)


class Quiet:
    """A mailbox without commands."""

    def pending(self) -> tuple[()]:
        return ()


class LosesCancels(ScriptedBroker):
    """The first requests to cancel are lost, and nobody knows that."""

    lost = 4

    def _cancel(self, order_id: str) -> Response:
        self.lost -= 1
        if self.lost >= 0:
            return Response(order_id=order_id, outcome=Outcome.UNCERTAIN, reason="timeout")
        return super()._cancel(order_id)


class LatePositions(ScriptedBroker):
    """The positions that are told differ for a moment from what was executed."""

    late = 0.0

    def positions(self) -> dict[Instrument, float]:
        return {one: quantity + self.late for one, quantity in super().positions().items()}


def filling(broker: ScriptedBroker) -> Any:
    def fill(_: Session) -> None:
        for order in broker.open_orders():
            broker.fill(order.order_id, price=100.0)

    return fill


def test_a_cancel_of_which_nobody_knows_whether_it_arrived_is_asked_for_again() -> None:
    broker = LosesCancels()
    acts = {2: lambda session: session.operate(Standing.KILLED, "test")}
    _, path = on_a_venue(flat(12), [{"strategy": scripted("uncertain", {1: weights(0.4)})}], broker, acts)
    assert broker.lost < 0
    assert broker.open_orders() == []
    assert [order.state for order in path.orders.values()] == [OrderState.CANCELLED]


def test_an_account_that_is_gone_is_closed_before_the_run_ends() -> None:
    close = np.full((12, 1), 100.0)
    close[6:] = 700.0
    made = make_bars(close, start="2023-02-20", open=close, high=close, low=close, volume=np.full(close.shape, 1e9))
    bars = Bars(timestamps=made.timestamps, instruments=(S0,), fields=made.fields)
    broker = ScriptedBroker()
    fill = filling(broker)
    sleeves = [{"strategy": scripted("gone", {0: weights(-0.5)})}]
    with pytest.raises(RiskHaltError, match="the account is gone"):
        on_a_venue(bars, sleeves, broker, {1: fill}, {**RISK, "on_kill": "flatten"})
    (closing,) = broker.open_orders()
    assert closing.quantity == -broker.positions()[S0]


def test_what_could_not_be_closed_at_once_is_closed_before_the_next_bar() -> None:
    broker = LatePositions()
    sent: list[int] = []

    def flatten(session: Session) -> None:
        broker.late = 5.0
        broker.clock.now += 10.0
        session.operate(Standing.HALTED, "flatten", flatten=True)
        broker.late = 0.0
        sent.append(len(broker.calls_of("submit")))
        path: Any = session.ledger.exchange
        assert path.could_close(session.flattening.left())
        session.flatten_again()
        assert session.flattening.left() == []
        sent.append(len(broker.calls_of("submit")))

    on_a_venue(
        flat(9), [{"strategy": scripted("late_cash", {0: weights(0.4)})}], broker,
        {1: filling(broker), 3: flatten, 5: filling(broker)},
    )  # fmt: skip
    assert sent == [1, 2]
    assert broker.positions() == {}


def test_a_position_that_differs_does_not_keep_the_others_from_being_closed() -> None:
    broker = ScriptedBroker()
    fill = filling(broker)
    acts = {
        1: fill,
        3: lambda _: broker.happens(ActivityKind.OTHER, 0.0, instrument=Instrument(symbol="NEWCO"), quantity=30.0),
        5: lambda session: session.operate(Standing.KILLED, "test", flatten=True),
        8: fill,
    }
    _, path = on_a_venue(flat(12), [{"strategy": scripted("spin_off", {0: weights(0.4)})}], broker, acts)
    assert [one.symbol for one in broker.positions()] == ["NEWCO"]
    assert list(path.differences) == ["NEWCO"]
    assert len(broker.calls_of("submit")) == 2


def test_stops_of_sleeves_that_net_to_nothing_do_not_outlive_a_flattening() -> None:
    acts = acting({5: lambda session: session.operate(Standing.HALTED, "flatten", flatten=True)})
    sleeves = [
        {"name": "long", "strategy": scripted("net_long", {0: weights(0.3)}), "share": 0.5, "exits": [STOP]},
        {"name": "short", "strategy": scripted("net_short", {2: weights(-0.3)}), "share": 0.5},
    ]
    session = run(flat(14, crash=9), sleeves, risk=RISK, **acts)
    assert session.ledger.holdings() == {}
    assert not session.ledger.working()
    assert session.ledger.recorder.tables(session.panel.timestamps, None)["fills"]["bar"].max() < 9


@pytest.mark.parametrize("how", ["refused", "stuck"])
def test_buys_do_not_go_without_the_room_that_their_sells_were_to_make(how: str) -> None:
    broker = ScriptedBroker(waits_for_sells=True)
    plan = {0: Targets(weights=np.array([0.9, 0.0])), 3: Targets(weights=np.array([0.0, 0.9]))}

    def fill_buys(session: Session) -> None:
        broker.clock.now += 60.0
        session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]
        for order in broker.open_orders():
            if order.quantity > 0.0:
                broker.fill(order.order_id, price=100.0)

    def prepare(_: Session) -> None:
        if how == "refused":
            broker.script.extend(["refused"])

    session, _ = on_a_venue(
        flat(6, columns=2), [{"strategy": scripted(f"room_{how}", plan)}], broker,
        {1: fill_buys, 2: prepare, 3: fill_buys, 4: fill_buys},
    )  # fmt: skip
    gross = session.ledger.recorder.tables(session.panel.timestamps, None)["equity"]["gross"]
    assert 0.85 < gross.max() <= 1.0


def test_an_order_whose_cancel_is_open_takes_room_from_other_instruments() -> None:
    from tests.orders.test_asynchronous_venue import SlowCancels

    broker = SlowCancels()
    plan = {1: Targets(weights=np.array([0.9, 0.0])), 3: Targets(weights=np.array([0.0, 0.9]))}
    session, _ = on_a_venue(flat(9, columns=2), [{"strategy": scripted("pending", plan)}], broker, {4: filling(broker)})
    gross = session.ledger.recorder.tables(session.panel.timestamps, None)["equity"]["gross"]
    assert 0.85 < gross.max() <= 1.0


def test_a_closing_that_was_not_sent_is_ordered_anew() -> None:
    broker = ScriptedBroker()
    fill = filling(broker)

    def flatten(session: Session) -> None:
        broker.script.extend(["not_sent"] * 2)
        session.operate(Standing.HALTED, "test", flatten=True)

    acts = {1: fill, 3: flatten, **dict.fromkeys(range(5, 10), fill)}
    _, path = on_a_venue(flat(12), [{"strategy": scripted("not_sent", {0: weights(0.4)})}], broker, acts)
    assert broker.positions() == {}
    assert not path.undelivered


def test_a_closing_from_outside_is_owned_once_however_often_it_is_named() -> None:
    broker = ScriptedBroker()
    fill = filling(broker)
    operators = Operators(cast("SessionWriter", Quiet()))

    def outside(session: Session) -> None:
        path: Any = session.ledger.exchange
        name = client_id("t", "abcd-S0", broker.capabilities.order_id_length)
        broker.submit([OrderIntent(order_id=name, bar=3, instrument=S0, quantity=-400.0)])
        broker.fill(name, -150.0, price=100.0)
        broker.ends(name, OrderState.EXPIRED, ReportKind.EXPIRED)
        for number, command in enumerate(("flatten", "kill")):
            argument = {"orders": [["abcd-S0", "S0", -400.0]], "flatten": True}
            asked = {"id": number, "command": command, "argument": argument, "posted_at": "now"}
            operators.carry_out(asked, path, session)
            assert path.quantities() == broker.positions()
            assert path.cash == broker.cash

    acts = {1: fill, 3: outside, **dict.fromkeys(range(5, 10), fill)}
    _, path = on_a_venue(flat(12), [{"strategy": scripted("owned", {0: weights(0.4)})}], broker, acts)
    assert broker.positions() == path.quantities() == {}
    assert path.differences == {}


def test_buys_go_though_a_sale_beside_them_is_refused_on_every_bar() -> None:
    broker = Halts(waits_for_sells=True)
    plan = {0: Targets(weights=np.array([0.3, 0.0])), 3: Targets(weights=np.array([0.0, 0.2]))}

    def fill(session: Session) -> None:
        broker.clock.now += 60.0
        session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]
        filling(broker)(session)

    acts = dict.fromkeys(range(1, 12), fill)
    on_a_venue(flat(12, columns=2), [{"strategy": scripted("halted", plan)}], broker, acts)
    assert {one.symbol for one in broker.positions()} == {"S0", "S1"}


def test_what_rounding_leaves_of_opposite_sleeves_does_not_stop_a_flattening() -> None:
    left = []

    def flatten(session: Session) -> None:
        left.append(session.ledger.holdings().get(S0, 0.0))
        session.operate(Standing.KILLED, "flatten", flatten=True)

    for seed in range(60):
        generator = np.random.default_rng(seed)
        whole, first, second, short = generator.uniform(0.05, 0.9, 4)
        long = {0: weights(first), 4: weights(second), 6: weights(whole)}
        sleeves = [
            {"name": "long", "strategy": scripted(f"long{seed}", long), "share": 0.5},
            {
                "name": "short",
                "strategy": scripted(f"short{seed}", {2: weights(-short), 5: weights(-whole)}),
                "share": 0.5,
            },
        ]
        session = run(flat(12), sleeves, risk=RISK, **acting({8: flatten}))
        assert all(abs(quantity) < 1e-9 for quantity in session.ledger.holdings().values())
    assert any(0.0 < abs(quantity) < 1e-9 for quantity in left)


def test_stops_of_longs_and_shorts_rest_at_once_where_buys_wait_for_sales() -> None:
    broker = ScriptedBroker(waits_for_sells=True)
    plan = {0: Targets(weights=np.array([0.3, -0.3]))}
    sleeves = [{"strategy": scripted("both_sides", plan), "exits": [STOP]}]
    resting: list[dict[str, float]] = []

    def fill(session: Session) -> None:
        broker.clock.now += 60.0
        session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]
        for order in broker.open_orders():
            if "-stop-" not in order.order_id:
                broker.fill(order.order_id, price=100.0)

    def look(_: Session) -> None:
        resting.append({one.instrument.symbol: one.quantity for one in broker.open_orders()})

    _, path = on_a_venue(flat(6, columns=2), sleeves, broker, {0: fill, 1: look, 4: look})
    assert resting == [{"S0": -300.0, "S1": 300.0}] * 2
    assert not [order for order in path.orders.values() if order.state is OrderState.REJECTED]


def test_a_stop_that_fills_while_other_orders_are_sent_is_not_bought_back() -> None:
    class FillsTheStop(ScriptedBroker):
        def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
            answers = super().submit(intents)
            stops = [one for one in self.open_orders() if one.quantity < 0.0 and one.instrument == S0]
            if any(intent.instrument.symbol == "S1" for intent in intents) and stops:
                self.fill(stops[0].order_id, price=95.0)
            return answers

    broker = FillsTheStop()
    plan = {0: Targets(weights=np.array([0.3, 0.0])), 3: Targets(weights=np.array([0.3, 0.2]))}

    def fill(_: Session) -> None:
        for order in broker.open_orders():
            if "-stop-" not in order.order_id:
                broker.fill(order.order_id, price=100.0)

    sleeves = [{"strategy": scripted("stopped", plan), "exits": [STOP]}]
    session, _ = on_a_venue(flat(8, columns=2), sleeves, broker, {0: fill, 3: fill})
    assert [one.symbol for one in broker.positions()] == ["S1"]
    assert session.sleeves[0].targets.weights[0] == 0.0


def test_a_late_closing_keeps_its_name_and_is_dropped_when_it_closes_no_more() -> None:
    broker = ScriptedBroker()
    fill = filling(broker)
    tries: list[tuple[str, ...]] = []

    def flatten(session: Session) -> None:
        broker.script.extend(["not_sent"] * 2)
        session.operate(Standing.HALTED, "test", flatten=True)
        path: Any = session.ledger.exchange
        (late,) = path.late.closings()
        assert path.could_close([late.instrument])
        session.flatten_again()
        assert path.late.closings() == []
        tries.extend(broker.calls_of("submit")[1:])

    on_a_venue(flat(8), [{"strategy": scripted("late", {0: weights(0.4)})}], broker, {1: fill, 3: flatten, 4: fill})
    assert len(tries) == 3
    assert len(set(tries)) == 1
    assert broker.positions() == {}


def test_a_late_closing_is_dropped_when_its_position_is_gone() -> None:
    broker = ScriptedBroker()

    def flatten(session: Session) -> None:
        broker.script.extend(["not_sent"] * 2)
        session.operate(Standing.HALTED, "test", flatten=True)
        broker.held.clear()
        broker.cash = 100_000.0
        path: Any = session.ledger.exchange
        path.adopt()
        session.idle(path.idle())
        session.flatten_again()
        assert path.late.closings() == []
        assert not path.undelivered

    acts = {1: filling(broker), 3: flatten}
    on_a_venue(flat(8), [{"strategy": scripted("gone_late", {0: weights(0.4)})}], broker, acts)
    assert broker.positions() == {}
    assert broker.open_orders() == []


def test_a_sale_without_a_price_leaves_no_room() -> None:
    sale = OrderIntent(order_id="sale", bar=0, instrument=S0, quantity=-10.0)
    account = OwnAccount(0.0)
    account.adopt(S0, 10.0, 100.0)
    known = Room({"sale": Order(intent=sale)}, {}, account, lambda _: 100.0)
    unknown = Room({"sale": Order(intent=sale)}, {}, account, lambda _: float("nan"))
    assert (known.lacking("sale"), unknown.lacking("sale")) == (1_000.0, float("inf"))
    assert [room.spent("sale", 0.0) for room in (known, unknown)] == [0.0, 0.0]
