"""Orders that fill while they are being cancelled: what was bought beside their replacement spends no cash twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.helpers import scripted
from tests.engine.test_flattening import S0, filling
from tests.engine.test_risk_orders import STOP, flat, on_a_venue
from tests.engine.test_waiting_buys import S1, UNGUARDED, RefusesLater, hears, weights
from tradewind.engine.session import Session
from tradewind.model import OrderState, ReportKind

PLAN = {0: weights(0.9, 0.0), 2: weights(0.3, 0.6)}
"""An order for 900 is at work when 300 are wanted of it, and 600 of another."""


@pytest.fixture(params=[True, False])
def broker(request: pytest.FixtureRequest) -> RefusesLater:
    venue = RefusesLater(waits_for_sells=request.param)
    venue.slow = True
    return venue


def crossing(broker: RefusesLater, lowest: list[float], part: float) -> Callable[[Session], None]:
    """Return what happens on the bar of the second decision: so much fills, and only then the cancel arrives."""

    def cross(session: Session) -> None:
        hears(session, 3)
        (first, *others) = broker.open_orders()
        if part:
            broker.fill(first.order_id, part * first.quantity, price=100.0)
        if part < 1.0:
            broker.ends(first.order_id, OrderState.CANCELLED, ReportKind.CANCELLED)
        broker.slow = False
        for order in others:
            broker.fill(order.order_id, price=100.0)
        after(session)

    def after(session: Session) -> None:
        for _ in range(3):
            hears(session)
            filling(broker)(session)
        lowest.append(broker.cash)

    return lambda session: cross(session) if session.panel.bar == 2 else after(session)


@pytest.mark.parametrize("part", [1.0, 0.8, 0.0])
def test_what_fills_while_it_is_cancelled_is_not_spent_twice(broker: RefusesLater, part: float) -> None:
    lowest: list[float] = []
    acts = dict.fromkeys(range(2, 8), crossing(broker, lowest, part))
    on_a_venue(flat(8, columns=2), [{"strategy": scripted("crossed", PLAN)}], broker, acts, UNGUARDED)
    assert min(lowest) >= -1e-6
    assert broker.positions() == {S0: 300.0, S1: 600.0}


def test_a_cancel_that_is_not_heard_of_keeps_the_others_only_so_long(broker: RefusesLater) -> None:
    bought: dict[int, float] = {}

    def waits(session: Session) -> None:
        broker.clock.now += 60.0
        hears(session, 3)
        for order in broker.open_orders():
            if order.instrument == S1:
                broker.fill(order.order_id, price=100.0)
        hears(session)
        bought[session.panel.bar] = broker.positions().get(S1, 0.0)

    plan = {0: weights(0.3, 0.0), 2: weights(0.2, 0.4)}
    acts = dict.fromkeys(range(2, 5), waits)
    on_a_venue(flat(5, columns=2), [{"strategy": scripted("unheard", plan)}], broker, acts, UNGUARDED)
    assert bought[2] == 400.0


def test_nor_beside_a_buy_that_waits_for_the_end_of_a_stop(broker: RefusesLater) -> None:
    lowest: list[float] = []

    def cross(session: Session) -> None:
        hears(session, 3)
        stops, buys = (
            [one for one in broker.open_orders() if (one.quantity < 0.0) == sells] for sells in (True, False)
        )
        for order in buys:
            broker.fill(order.order_id, price=100.0)
        for order in stops:
            broker.ends(order.order_id, OrderState.CANCELLED, ReportKind.CANCELLED)
        hears(session, 3)
        for order in broker.open_orders():
            if order.quantity > 0.0:
                broker.fill(order.order_id, price=100.0)
        lowest.append(broker.cash)

    plan = {0: weights(0.0, 0.1), 3: weights(0.8, 0.1), 4: weights(0.2, 0.7)}
    sleeves = [{"strategy": scripted("beside_a_stop", plan), "exits": [STOP]}]
    on_a_venue(flat(7, columns=2), sleeves, broker, {1: filling(broker), 4: cross}, UNGUARDED)
    assert lowest[0] >= -1e-6
