"""Transfers are neither gain nor loss, and a loss is a part of what is left of the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.helpers import scripted, weights
from tests.engine.test_risk_orders import entries, on_a_venue
from tests.orders.scripted import ScriptedBroker
from tradewind.engine.session import Session
from tradewind.engine.unit_value import UnitValue
from tradewind.model import ActivityKind, Bars, Instrument, Standing
from tradewind.testing import make_bars

S0 = Instrument(symbol="S0", multiplier=1.0)


def moving(*closes: float) -> Bars:
    close = np.array(closes).reshape(-1, 1)
    made = make_bars(close, start="2023-02-20", open=close, high=close, low=close, volume=np.full(close.shape, 1e9))
    return Bars(timestamps=made.timestamps, instruments=(S0,), fields=made.fields)


def standing_after(
    closes: list[float], plan: dict[int, Any], acts: Callable[[ScriptedBroker], dict[int, Callable[[Session], object]]]
) -> Session:
    broker = ScriptedBroker()

    def fill(session: Session) -> None:
        for one in broker.open_orders():
            broker.fill(one.order_id, price=100.0)

    name = f"flows{len(closes)}{min(plan)}{closes[-1]:g}"
    filled = {1 + min(plan): fill}
    return on_a_venue(moving(*closes), [{"strategy": scripted(name, plan)}], broker, {**filled, **acts(broker)}, {})[0]


def test_a_loss_after_a_withdrawal_is_a_part_of_what_is_left() -> None:
    # 150 shares of 100 in an account of 20,000 fall by half: 37.5 % of it in a day.
    session = standing_after(
        [100.0] * 6 + [50.0] * 3,
        {0: weights(0.15)},
        lambda broker: {3: lambda _: broker.happens(ActivityKind.TRANSFER, -80_000.0)},
    )
    assert session.desk.standing is Standing.KILLED
    assert [told["text"] for _, told in entries(session, "breaker")][-1].startswith("drawdown 37.")


def test_a_loss_after_a_deposit_is_a_part_of_what_there_is_now() -> None:
    # 15 % of a million fall by 12 %: 1.8 %, which was 18 % of the account at the start.
    session = standing_after(
        [100.0] * 6 + [88.0] * 3,
        {3: weights(0.15)},
        lambda broker: {1: lambda _: broker.happens(ActivityKind.TRANSFER, 900_000.0)},
    )
    assert entries(session, "breaker") == []


@pytest.mark.parametrize("price", [100.0, 0.0])
def test_what_goes_in_kind_is_no_loss(price: float) -> None:
    def leave(broker: ScriptedBroker) -> dict[int, Callable[[Session], object]]:
        terms = {"instrument": S0, "quantity": -140.0, "price": price}
        return {4: lambda _: broker.happens(ActivityKind.TRANSFER, 0.0, **terms)}

    session = standing_after([100.0] * 9, {0: weights(0.15)}, leave)
    assert session.ledger.equity() < 90_000.0
    assert entries(session, "breaker") == []


@given(st.lists(st.tuples(st.floats(0.5, 2.0), st.floats(-0.9, 9.0)), min_size=1, max_size=30))
def test_it_is_the_product_of_the_returns_between_transfers(steps: list[tuple[float, float]]) -> None:
    one, equity, expected = UnitValue(), 1_000.0, 1_000.0
    assert one.mark(equity) == equity
    for growth, part in steps:
        flow = part * equity * growth
        one.transfer(flow)
        equity, expected = equity * growth + flow, expected * growth
        assert one.mark(equity) == pytest.approx(expected, rel=1e-6)
    assert one.path(np.array([2.0 * equity]))[0] == pytest.approx(2.0 * expected, rel=1e-6)


@given(st.lists(st.floats(1e-3, 1e12), min_size=1))
def test_without_transfers_it_is_the_equity_to_the_last_digit(equities: list[float]) -> None:
    one = UnitValue()
    assert one.path(np.array(equities)).tolist() == equities
    assert [one.mark(equity) for equity in equities] == equities


def test_a_deposit_into_an_account_that_has_lost_everything_does_not_hide_the_loss() -> None:
    one = UnitValue()
    one.mark(1_000.0)
    one.transfer(500.0)
    assert one.mark(400.0) == -100.0
    assert one.mark(400.0) == 400.0
