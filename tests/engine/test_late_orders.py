"""Orders that did not arrive, or stand beside others: closings, and the stops that protect what is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from tests.engine.helpers import scripted, weights
from tests.engine.test_flattening import S0, Quiet, filling
from tests.engine.test_risk_orders import RISK, STOP, flat, on_a_venue
from tests.engine.test_waiting_buys import S1, RefusesLater
from tests.orders.scripted import ScriptedBroker, bar_of, intent, path_of, sends
from tests.orders.test_asynchronous_venue import SlowCancels
from tradewind.contracts import BrokerOrder
from tradewind.engine.session import Session
from tradewind.errors import BrokerError, RiskHaltError
from tradewind.model import (
    Bars,
    ExecutionReport,
    OrderIntent,
    OrderState,
    ReportKind,
    Standing,
    Targets,
)
from tradewind.orders.naming import client_id
from tradewind.runs.operators import Operators
from tradewind.testing import make_bars


class Hiccup(ScriptedBroker):
    """A venue that does not answer some look-ups."""

    fails = 0

    def order(self, order_id: str) -> BrokerOrder | None:
        if self.fails:
            self.fails -= 1
            raise BrokerError("timeout")
        return super().order(order_id)


class Deaf(ScriptedBroker):
    """A venue that answers no question at first; what it would have reported by then is lost."""

    deaf = True

    def poll(self) -> Sequence[ExecutionReport]:
        heard = super().poll()
        return [] if self.deaf else heard

    def order(self, order_id: str) -> BrokerOrder | None:
        if self.deaf:
            raise BrokerError("timeout")
        return super().order(order_id)


def sent_from_outside(broker: ScriptedBroker, session: Session, *names: str) -> None:
    """Let a session hear of a kill that closed its 400 shares under the last of these names."""
    path: Any = session.ledger.exchange
    sent = client_id("t", names[-1], broker.capabilities.order_id_length)
    broker.submit([OrderIntent(order_id=sent, bar=3, instrument=S0, quantity=-400.0)])
    argument = {"flatten": True, "orders": [[name, "S0", -400.0] for name in names]}
    asked = {"id": 1, "command": "kill", "posted_at": "now", "argument": argument}
    Operators(cast("Any", Quiet())).carry_out(asked, path, session)


def test_a_late_closing_is_not_sent_beside_one_from_outside() -> None:
    broker = ScriptedBroker()
    fill = filling(broker)

    def flatten(session: Session) -> None:
        broker.script.extend(["not_sent"] * 2)
        session.operate(Standing.HALTED, "flatten", flatten=True)
        sent_from_outside(broker, session, "abcd-S0")
        assert [order.quantity for order in broker.open_orders()] == [-400.0]

    on_a_venue(flat(8), [{"strategy": scripted("beside", {0: weights(0.4)})}], broker, {1: fill, 3: flatten, 5: fill})
    assert broker.positions() == {}
    assert len(broker.created) == 2


def test_of_two_closings_from_outside_one_is_sent_though_the_venue_misses_a_question() -> None:
    broker = Hiccup()
    seen: list[int] = []

    def outside(session: Session) -> None:
        broker.fails = 1
        sent_from_outside(broker, session, "aaaa-S0", "bbbb-S0")

    def look(_: Session) -> None:
        seen.append(len(broker.open_orders()))

    acts = {1: filling(broker), 3: outside, 4: look, 5: look, 6: filling(broker)}
    on_a_venue(flat(9), [{"strategy": scripted("two_kills", {0: weights(0.4)})}], broker, acts)
    assert seen == [1, 1]
    assert broker.positions() == {}


@pytest.mark.parametrize("halted", [False, True])
def test_what_closes_a_short_waits_for_no_sale(halted: bool) -> None:
    broker = RefusesLater(waits_for_sells=True)
    covers: list[float] = []

    def flatten(session: Session) -> None:
        session.operate(Standing.HALTED, "flatten", flatten=True)
        if halted:
            broker.refuse()
        covers.extend(one.quantity for one in broker.open_orders() if one.instrument.symbol == "S1")

    plan = {0: Targets(weights=np.array([0.3, -0.3]))}

    def fill(session: Session) -> None:
        for _ in range(3):
            filling(broker)(session)
            session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]

    acts = {1: fill, 3: flatten}
    on_a_venue(flat(6, columns=2), [{"strategy": scripted("covers", plan)}], broker, acts)
    assert covers == [300.0]


@pytest.mark.parametrize(("wanted", "left"), [(0.0, 0.0), (-0.1, -100.0)])
def test_what_covers_a_short_does_not_wait_for_a_sale_that_is_always_refused(wanted: float, left: float) -> None:
    broker = RefusesLater(waits_for_sells=True)
    short: list[float] = []

    def later(session: Session) -> None:
        broker.clock.now += 60.0
        if session.panel.bar >= 3:
            broker.refuse()
        for _ in range(3):
            session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]
            for order in broker.open_orders():
                broker.fill(order.order_id, price=float(session.panel.marks()[int(order.instrument.symbol[1:])]))
        short.append({one.symbol: held for one, held in broker.positions().items()}.get("S1", 0.0))

    close = np.full((8, 2), 100.0)
    close[3:, 1] = 270.0
    made = make_bars(close, start="2023-02-20", open=close, high=close, low=close, volume=np.full(close.shape, 1e9))
    bars = Bars(timestamps=made.timestamps, instruments=flat(2, columns=2).instruments, fields=made.fields)
    plan = {0: Targets(weights=np.array([0.9, -0.3])), 3: Targets(quantities={S0: 0.0, S1: 1000.0 * wanted})}
    acts = dict.fromkeys(range(8), later)
    on_a_venue(bars, [{"strategy": scripted("covers_beside", plan)}], broker, acts)
    assert short[2:4] == [-300.0, left]


def test_the_closing_of_a_short_is_sent_when_the_account_is_gone() -> None:
    close = np.full((12, 2), 100.0)
    close[6:, 1] = 700.0
    made = make_bars(close, start="2023-02-20", open=close, high=close, low=close, volume=np.full(close.shape, 1e9))
    bars = Bars(timestamps=made.timestamps, instruments=flat(2, columns=2).instruments, fields=made.fields)
    broker = ScriptedBroker(waits_for_sells=True)

    def fill(session: Session) -> None:
        for _ in range(3):
            filling(broker)(session)
            session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]

    plan = {0: Targets(weights=np.array([0.3, -0.5]))}
    with pytest.raises(RiskHaltError, match="the account is gone"):
        on_a_venue(bars, [{"strategy": scripted("ruin", plan)}], broker, {1: fill}, {**RISK, "on_kill": "flatten"})
    closing = {order.instrument.symbol: np.sign(order.quantity) for order in broker.open_orders()}
    assert closing == {"S0": -1.0, "S1": 1.0}


def test_a_stop_that_did_not_arrive_is_sent_again_under_its_name() -> None:
    broker = ScriptedBroker()
    resting: list[int] = []

    def not_sent(session: Session) -> None:
        filling(broker)(session)
        broker.script.extend(["not_sent"] * 2)

    def look(session: Session) -> None:
        path: Any = session.ledger.exchange
        resting.append(len(broker.open_orders()))
        assert bool(path.undelivered) is (resting == [0])

    sleeves = [{"strategy": scripted("stop_late", {0: weights(0.4)}), "exits": [STOP]}]
    on_a_venue(flat(6), sleeves, broker, {0: not_sent, 1: look, 2: look, 3: look})
    assert resting[-1] == 1
    stops = [name for names in broker.calls_of("submit") for name in names if "main" in name]
    assert len(set(stops)) == 1 < len(stops)


@pytest.mark.parametrize("opposite", [0.2, 0.3, 0.4])
def test_a_late_stop_of_a_sleeve_that_holds_more_than_the_account_is_sent_again(opposite: float) -> None:
    broker = ScriptedBroker()
    resting: list[int] = []

    def fill(session: Session) -> None:
        stops = [order for order in broker.open_orders() if "-long-" in order.order_id]
        resting.append(len(stops))
        for order in [one for one in broker.open_orders() if one not in stops]:
            broker.fill(order.order_id, price=100.0)
        if session.panel.bar == 2:
            broker.script.extend(["not_sent"] * 2)

    sleeves = [
        {"name": "short", "strategy": scripted("opposite", {0: weights(-opposite)}), "share": 0.5},
        {"name": "long", "strategy": scripted("covered", {2: weights(0.3)}), "share": 0.5, "exits": [STOP]},
    ]
    on_a_venue(flat(6), sleeves, broker, dict.fromkeys(range(6), fill))
    assert resting[3:] == [0, 1, 1]


def test_what_rounding_leaves_of_pieces_is_not_ordered_away() -> None:
    broker = ScriptedBroker()

    def pieces(session: Session) -> None:
        for order in broker.open_orders():
            for part in (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0):
                broker.fill(order.order_id, round(order.quantity * part, 6), price=100.0)
                session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]

    def flatten(session: Session) -> None:
        session.operate(Standing.HALTED, "flatten", flatten=True)

    acts = {1: filling(broker), 3: flatten, 4: pieces, 5: pieces, 6: pieces}
    session, _ = on_a_venue(flat(8), [{"strategy": scripted("pieces", {0: weights(0.0003)})}], broker, acts)
    (rest,) = session.ledger.holdings().values()
    assert 0.0 < abs(rest) < 1e-15
    assert len([name for name in broker.created if "flatten" in name]) == 1


def test_an_order_that_is_accepted_as_data_end_is_not_forgotten() -> None:
    made = flat(9, columns=3)
    fields = {name: values.copy() for name, values in made.fields.items()}
    for values in fields.values():
        values[4:, 2] = np.nan
    ends = np.array([9, 9, 4])
    bars = Bars(timestamps=made.timestamps, instruments=made.instruments, fields=fields, ends=ends)
    broker = ScriptedBroker(waits_for_sells=True)
    fill = filling(broker)
    plan = {
        0: Targets(weights=np.array([0.4, 0.0, 0.0])),
        3: Targets(weights=np.array([0.0, 0.4, 0.0])),
        4: Targets(weights=np.array([0.0, 0.3, 0.0])),
    }
    session, _ = on_a_venue(bars, [{"strategy": scripted("ends", plan)}], broker, dict.fromkeys((1, 3, 4), fill))
    assert {one.symbol: held for one, held in broker.positions().items()} == {"S1": 300.0}
    assert session.ledger.working() == []


@pytest.mark.parametrize("standing", [Standing.KILLED, Standing.HALTED])
def test_an_order_that_was_cancelled_while_nobody_knew_of_it_is_gone_when_it_never_arrived(standing: Standing) -> None:
    broker = Deaf()
    broker.script.append("vanished")

    def stop(session: Session) -> None:
        session.operate(standing, "test")
        broker.deaf = False

    def resume(session: Session) -> None:
        path: Any = session.ledger.exchange
        assert (path.open_orders, path.undelivered) == ({}, {})
        session.resume(rearm=True)

    acts = {0: stop, 2: resume}
    plan = {0: weights(0.4), 4: weights(0.5)}
    on_a_venue(flat(9), [{"strategy": scripted("vanished", plan)}], broker, acts)
    assert [order.quantity for order in broker.open_orders()] == [500.0]


@pytest.mark.parametrize("word", ["vanished", "lost"])
def test_a_closing_of_which_nobody_knows_is_asked_for_between_bars(word: str) -> None:
    broker = Deaf()
    broker.deaf = False

    def flatten(session: Session) -> None:
        path: Any = session.ledger.exchange
        broker.script.append(word)
        broker.deaf = True
        session.operate(Standing.HALTED, "flatten", flatten=True)
        assert len(path.undelivered) == 1
        broker.deaf = False
        for _ in range(60):
            broker.clock.now += 1.0
            session.idle(path.idle())
        if path.late.closings():
            session.flatten_again()
        assert [order.quantity for order in broker.open_orders()] == [-400.0]
        assert path.undelivered == {}

    acts = {1: filling(broker), 3: flatten, 4: filling(broker)}
    on_a_venue(flat(6), [{"strategy": scripted(f"closing_{word}", {0: weights(0.4)})}], broker, acts)
    assert broker.positions() == {}
    assert len(broker.created) == 2


def test_an_order_of_which_nobody_knew_is_cancelled_between_bars() -> None:
    broker = Deaf()
    broker.script.append("lost")
    broker.cancel_script.extend(["vanished"] * 9)
    path = path_of(broker)
    bar_of(path, 0, sends(intent("a")))
    path.cancel_orders(["a"])
    broker.deaf = False
    broker.cancel_script.clear()
    for _ in range(20):
        broker.clock.now += 1.0
        path.idle()
    assert broker.open_orders() == []
    assert path.open_orders == {}


@pytest.mark.parametrize("word", ["not_sent", "busy"])
def test_many_late_stops_are_tried_together(word: str) -> None:
    broker = ScriptedBroker()
    waited: list[float] = []

    def down(session: Session) -> None:
        filling(broker)(session)
        broker.script.extend([word] * 10_000)
        waited.append(broker.clock.now)

    def look(_: Session) -> None:
        waited.append(broker.clock.now)

    sleeves = [{"strategy": scripted(f"many_{word}", {0: weights(*[0.018] * 50)}), "exits": [STOP]}]
    on_a_venue(flat(4, columns=50), sleeves, broker, {0: down, 1: look, 2: look})
    assert max(np.diff(waited)) <= 7.0


@pytest.mark.parametrize("late", [False, True])
def test_what_an_order_brings_that_was_to_be_cancelled_is_not_kept(late: bool) -> None:
    broker = SlowCancels()
    crossing: list[str] = []

    def cancelling(session: Session) -> None:
        crossing.extend(order.order_id for order in broker.open_orders())
        if late:
            broker.ends(crossing[0], OrderState.CANCELLED, ReportKind.CANCELLED)
            session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]
        broker.fill(crossing[0], price=100.0)

    fill = filling(broker)
    acts = {1: cancelling, 2: fill, 3: fill, 4: fill}
    plan = {0: weights(0.4), 1: weights(0.0)}
    on_a_venue(flat(6), [{"strategy": scripted("crossed", plan)}], broker, acts)
    assert broker.positions() == {}
    assert len(broker.created) == 2
