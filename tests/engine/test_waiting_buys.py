"""Buys that wait for sales which are refused a moment later: with what money they go, and with what they do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engine.helpers import scripted
from tests.engine.test_flattening import S0, filling
from tests.engine.test_risk_orders import RISK, flat, on_a_venue
from tests.orders.scripted import ScriptedBroker
from tradewind.contracts import Outcome, Response
from tradewind.engine.session import Session
from tradewind.model import ExecutionReport, Instrument, OrderState, ReasonCode, ReportKind, Targets

S1 = Instrument(symbol="S1", lot_size=0.0)
UNGUARDED = {**RISK, "switched_off": [*RISK["switched_off"], "total_allocation", "buying_power"]}


class RefusesLater(ScriptedBroker):
    """Takes sales, and refuses them a moment later; ``slow`` cancels nothing before it is told to."""

    slow = False

    def refuse(self, code: ReasonCode = ReasonCode.HALTED) -> None:
        for order in self.open_orders():
            if order.quantity < 0.0:
                self.orders[order.order_id] = dataclasses.replace(order, state=OrderState.REJECTED)
                self.queue.append(ExecutionReport(order.order_id, ReportKind.REJECTED, reason=code.value, code=code))

    def _cancel(self, order_id: str) -> Response:
        return Response(order_id=order_id, outcome=Outcome.TAKEN) if self.slow else super()._cancel(order_id)


@pytest.fixture
def broker() -> RefusesLater:
    return RefusesLater(waits_for_sells=True)


def weights(*values: float) -> Targets:
    return Targets(weights=np.array(values))


def hears(session: Session, times: int = 1) -> None:
    for _ in range(times):
        session.idle(session.ledger.exchange.idle())  # type: ignore[attr-defined]


def refusing(broker: RefusesLater) -> Callable[[Session], None]:
    """Return what happens after each bar: sales are refused, the rest fills, and a minute passes."""

    def later(session: Session) -> None:
        broker.clock.now += 1.0
        broker.refuse()
        for _ in range(3):
            hears(session)
            filling(broker)(session)
        broker.clock.now += 60.0
        hears(session)

    return later


def gross(session: Session) -> float:
    highest: float = session.ledger.recorder.tables(session.panel.timestamps, None)["equity"]["gross"].max()
    return highest


def test_a_sale_that_is_refused_later_does_not_keep_buys_that_cash_pays_for(broker: RefusesLater) -> None:
    plan = {0: weights(0.3, 0.0), 3: weights(0.0, 0.2)}
    acts = {1: filling(broker)} | dict.fromkeys(range(2, 8), refusing(broker))
    on_a_venue(flat(8, columns=2), [{"strategy": scripted("refused_later", plan)}], broker, acts)
    assert {one.symbol: held for one, held in broker.positions().items()} == {"S0": 300.0, "S1": 200.0}


def test_it_is_no_room_for_what_cash_does_not_pay(broker: RefusesLater) -> None:
    plan = {0: weights(0.9, 0.0), 3: weights(0.0, 0.9)}
    acts = {1: filling(broker)} | dict.fromkeys(range(2, 8), refusing(broker))
    session, _ = on_a_venue(
        flat(8, columns=2), [{"strategy": scripted("no_room", plan)}], broker, acts, UNGUARDED
    )  # fmt: skip
    assert gross(session) <= 1.0 + 1e-9
    assert broker.cash >= 0.0


def test_nor_for_what_gates_would_not_allow_beside_it(broker: RefusesLater) -> None:
    gates = [
        {"name": "total_allocation", "params": {"maximum": 0.4}},
        {"name": "position_size", "params": {"maximum": 1.0}},
    ]
    plan = {0: weights(0.4, 0.0), 3: weights(0.0, 0.4)}
    acts = {1: filling(broker)} | dict.fromkeys(range(2, 8), refusing(broker))
    session, _ = on_a_venue(
        flat(8, columns=2), [{"strategy": scripted("limited", plan)}], broker, acts, {**RISK, "gates": gates}
    )  # fmt: skip
    assert gross(session) <= 0.4 + 1e-6


def test_two_batches_do_not_spend_the_same_cash(broker: RefusesLater) -> None:
    def both(session: Session) -> None:
        broker.refuse()
        hears(session, 2)
        filling(broker)(session)

    plans: list[dict[int, Any]] = [
        {0: weights(0.8, 0.0, 0.0, 0.0), 3: weights(0.0, 0.0, 0.4, 0.0)},
        {0: weights(0.0, 0.8, 0.0, 0.0), 4: weights(0.0, 0.0, 0.0, 0.4)},
    ]
    sleeves = [{"name": f"s{n}", "strategy": scripted(f"batch{n}", plan), "share": 0.5} for n, plan in enumerate(plans)]
    on_a_venue(flat(8, columns=4), sleeves, broker, {1: filling(broker), 4: both})
    assert broker.cash >= -1e-6


def test_a_replacement_and_a_waiting_buy_do_not_spend_the_same_cash(broker: RefusesLater) -> None:
    def slow(_: Session) -> None:
        broker.slow = True

    def both(session: Session) -> None:
        broker.refuse()
        for order in broker.open_orders():
            broker.ends(order.order_id, OrderState.CANCELLED, ReportKind.CANCELLED)
        hears(session, 2)
        broker.slow = False
        filling(broker)(session)

    plan = {0: weights(0.5, 0.0, 0.0), 3: weights(0.5, 0.4, 0.0), 4: weights(0.0, 0.5, 0.5)}
    acts = {1: filling(broker), 2: slow, 4: both}
    on_a_venue(flat(8, columns=3), [{"strategy": scripted("replaced", plan)}], broker, acts)
    assert broker.cash >= -1e-6


def test_what_backs_a_short_pays_for_nothing(broker: RefusesLater) -> None:
    def later(session: Session) -> None:
        broker.refuse()
        hears(session, 3)
        filling(broker)(session)

    plan = {0: weights(0.5, -0.3, 0.0), 3: weights(0.0, -0.3, 0.5)}
    acts = {1: filling(broker), 2: filling(broker)} | dict.fromkeys(range(3, 8), later)
    on_a_venue(flat(8, columns=3), [{"strategy": scripted("backed", plan)}], broker, acts, UNGUARDED)
    assert broker.cash >= 1.5 * 30_000.0 - 1e-6


def test_nor_does_the_cash_buffer(broker: RefusesLater) -> None:
    plan = {0: weights(0.4, 0.0), 3: weights(0.0, 0.9)}
    acts = {1: filling(broker)} | dict.fromkeys(range(2, 8), refusing(broker))
    account = {"cash": 100_000.0, "cash_buffer": 0.1}
    on_a_venue(flat(8, columns=2), [{"strategy": scripted("buffer", plan)}], broker, acts, account=account)
    assert broker.positions().keys() == {S0, S1}
    assert broker.cash == pytest.approx(10_000.0)


def test_other_sales_that_fill_do_not_keep_a_buy_from_going_beside_one_that_is_refused(broker: RefusesLater) -> None:
    bought: list[int] = []

    def later(session: Session) -> None:
        broker.clock.now += 1.0
        for order in broker.open_orders():
            if order.instrument == S1 and order.quantity < 0.0:
                broker.fill(order.order_id, price=100.0)
        broker.refuse()
        for _ in range(3):
            hears(session)
            filling(broker)(session)
        if any(one.symbol == "S2" for one in broker.positions()):
            bought.append(session.panel.bar)

    trims = {bar: weights(0.0, 0.3 - 0.02 * (bar - 2), 0.2) for bar in range(3, 10)}
    plan = {0: weights(0.2, 0.3, 0.0), **trims}
    acts = {1: filling(broker)} | dict.fromkeys(range(2, 12), later)
    on_a_venue(flat(12, columns=3), [{"strategy": scripted("trims", plan)}], broker, acts)
    assert bought[0] <= 4


@pytest.mark.parametrize(
    ("code", "bought"), [(ReasonCode.HALTED, 5), (ReasonCode.OTHER, 5), (ReasonCode.UNEXPLAINED, 4)]
)
@pytest.mark.parametrize("largest", [1.0, 0.9])
def test_a_sale_that_is_refused_once_leaves_no_cash_idle(
    broker: RefusesLater, code: ReasonCode, bought: int, largest: float
) -> None:
    held: dict[int, float] = {}

    def later(session: Session) -> None:
        if session.panel.bar == 3:
            broker.refuse(code)
        for _ in range(3):
            hears(session)
            filling(broker)(session)
        held[session.panel.bar] = broker.positions().get(S1, 0.0)

    def sell_again(session: Session) -> None:
        later(session)
        if code is ReasonCode.OTHER:
            session.sleeves[0].targets.retry(S0)

    gates = [*RISK["gates"], {"name": "total_allocation", "params": {"maximum": largest}}]
    plan = {0: weights(0.9, 0.0), 3: weights(0.0, 0.9)}
    acts = {1: filling(broker)} | dict.fromkeys(range(2, 8), later) | {3: sell_again}
    on_a_venue(
        flat(8, columns=2), [{"strategy": scripted("once", plan)}], broker, acts, {**RISK, "gates": gates}
    )  # fmt: skip
    assert held[bought] == 900.0
    assert broker.positions() == {S1: 900.0}
