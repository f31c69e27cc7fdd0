"""Orders that fill while they are being replaced: what replaces them goes by what is held by then."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.engine.helpers import scripted, weights
from tests.engine.test_risk_orders import flat, on_a_venue
from tests.orders.scripted import ScriptedBroker
from tradewind.contracts import Outcome, Response
from tradewind.engine.session import Session
from tradewind.model import ExecutionReport, Market, OrderIntent, OrderState, Portfolio, ReasonCode, ReportKind

RISING = {"python": "tests.engine.test_crossing_fills:RisingStop"}


class RisingStop:
    """A stop that rests below a long, one dollar higher on each bar."""

    def stop_prices(self, market: Market, portfolio: Portfolio) -> Any:
        return np.where(portfolio.quantities > 0.0, 90.0 + market.bar, np.nan)

    def limit_prices(self, market: Market, portfolio: Portfolio) -> Any:
        return np.full(len(market.instruments), np.nan)


class Crossing(ScriptedBroker):
    """A venue at which orders fill while the request to cancel them is on its way, or the order after that."""

    crosses = False
    slow = False
    part = 1.0

    def poll(self) -> Sequence[ExecutionReport]:
        return [] if self.crosses else super().poll()

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        answers = super().submit(intents)
        if self.slow and self.crosses:
            self.crosses = False
            for order in [one for one in self.open_orders() if one.order_id not in {told.order_id for told in answers}]:
                self.fill(order.order_id, price=100.0)
        return answers

    def _cancel(self, order_id: str) -> Response:
        if self.slow:
            return Response(order_id=order_id, outcome=Outcome.TAKEN)
        if self.crosses:
            self.crosses = False
            self.fill(order_id, self.part * self.orders[order_id].quantity, price=100.0)
        return super()._cancel(order_id)


def filling_but(broker: Crossing, bar: int, is_filled: Any, seen: list[dict[str, float]]) -> Any:
    """Fill some orders after each bar; after the given one, the others fill while they are being cancelled."""

    def act(session: Session) -> None:
        for order in [one for one in broker.open_orders() if session.panel.bar != bar and is_filled(one)]:
            broker.fill(order.order_id, price=100.0)
        seen.append({one.symbol: held for one, held in broker.positions().items()})
        broker.crosses = session.panel.bar == bar

    return act


@pytest.mark.parametrize("part", [1.0, 0.5])
@pytest.mark.parametrize("second", [0.0, 0.2, 0.6])
def test_what_replaces_an_order_is_bought_or_sold_from_what_is_held_by_then(part: float, second: float) -> None:
    broker, held = Crossing(), list[dict[str, float]]()
    broker.part = part
    acts = dict.fromkeys(range(5), filling_but(broker, 2, lambda _: True, held))
    plan = {0: weights(0.8), 2: weights(0.4), 3: weights(second)}
    on_a_venue(flat(5), [{"strategy": scripted(f"again_{second}", plan)}], broker, acts)
    assert [one.get("S0", 0.0) for one in held] == pytest.approx([800.0, 800.0, 800.0, *[1000.0 * second] * 2])
    assert len(broker.created) <= 3


def test_what_another_sleeve_still_wants_of_a_replaced_order_is_not_ordered_twice() -> None:
    broker, held = Crossing(), list[dict[str, float]]()
    acts = dict.fromkeys(range(5), filling_but(broker, 0, lambda _: True, held))
    sleeves = [
        {"name": "stays", "strategy": scripted("stays", {0: weights(0.8)}), "share": 0.5},
        {"name": "changes", "strategy": scripted("changes", {0: weights(0.8), 1: weights(0.4)}), "share": 0.5},
    ]
    on_a_venue(flat(5), sleeves, broker, acts)
    assert [one.get("S0", 0.0) for one in held] == [0.0, *[600.0] * 4]


@pytest.mark.parametrize(("part", "left"), [(1.0, []), (0.25, [-300.0])])
def test_a_stop_that_fills_while_it_is_replaced_is_followed_by_one_over_what_is_left(
    part: float, left: list[float]
) -> None:
    broker, resting = Crossing(), list[list[float]]()
    broker.part = part
    fill = filling_but(broker, 2, lambda order: order.quantity > 0.0, [])

    def act(session: Session) -> None:
        fill(session)
        resting.append([order.quantity for order in broker.open_orders() if order.quantity < 0.0])

    sleeves = [{"strategy": scripted("trails", {0: weights(0.4)}), "exits": [RISING]}]
    on_a_venue(flat(4), sleeves, broker, dict.fromkeys(range(4), act))
    assert resting == [[], [-400.0], [-400.0], left]


def test_a_stop_that_fills_while_it_is_replaced_by_a_decision_is_not_bought_back() -> None:
    broker, held = Crossing(), list[dict[str, float]]()
    acts = dict.fromkeys(range(6), filling_but(broker, 2, lambda order: order.quantity > 0.0, held))
    plan = {0: weights(0.4), 3: weights(0.2)}
    on_a_venue(flat(6), [{"strategy": scripted("stopped", plan), "exits": [RISING]}], broker, acts)
    assert [one.get("S0", 0.0) for one in held] == [400.0, 400.0, 400.0, 0.0, 0.0, 0.0]
    assert sum(order.quantity > 0.0 for order in broker.orders.values()) == 1


def test_an_order_that_fills_after_a_sale_that_goes_by_itself_is_not_sold_again() -> None:
    broker = Crossing(waits_for_sells=True)

    def refuse(_: Session) -> None:
        (sale,) = [one for one in broker.open_orders() if one.instrument.symbol == "S0"]
        code = ReasonCode.HALTED
        broker.orders[sale.order_id] = dataclasses.replace(sale, state=OrderState.REJECTED)
        broker.queue.append(ExecutionReport(sale.order_id, ReportKind.REJECTED, reason=code.value, code=code))
        broker.slow = broker.crosses = True

    def fill(_: Session) -> None:
        for order in broker.open_orders():
            broker.fill(order.order_id, price=100.0)
        assert min(broker.held.values()) >= 0.0

    plan = {0: weights(0.4, 0.4), 2: weights(0.0, 0.2), 3: weights(0.0, 0.0)}
    acts = dict.fromkeys(range(7), fill) | {2: refuse}
    on_a_venue(flat(7, columns=2), [{"strategy": scripted("apart", plan)}], broker, acts)
    assert broker.positions() == {}
