"""Orders for one moment, by hand. The reference bar opens at 100 and spans 95 to 106, closing at 104."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.exchange.market import HALTED, Desk, flat_quote, kinds
from tests.exchange.test_accounts import TenBasisPoints
from tradewind.exchange import Quote
from tradewind.model import OrderType, TimeInForce

OPG, CLS, IOC, FOK = TimeInForce.OPG, TimeInForce.CLS, TimeInForce.IOC, TimeInForce.FOK
BAR = Quote(100.0, 106.0, 95.0, 104.0, 1_000.0)


def story(quantity: float, *bars: Quote, rules: dict[str, Any] | None = None, **terms: Any) -> list[Any]:
    """What happens to an order decided at a close of 100: fills as (quantity, price), ends by kind and reason."""
    desk = Desk(**rules or {})
    desk.bar(flat_quote(100.0))
    desk.order(quantity, **terms)
    desk.poll()
    events = [event for bar in bars or (BAR,) for event in desk.bar(bar)]
    assert len(desk.exchange.pending()) == 0
    return [
        (event.fill.quantity, event.fill.price) if event.fill else f"{event.kind}:{event.reason}" for event in events
    ]


def limit(price: float) -> dict[str, Any]:
    return {"order_type": OrderType.LIMIT, "limit_price": price}


@pytest.mark.parametrize("time_in_force", [OPG, IOC, FOK])
def test_at_the_open_a_market_order_fills_and_a_limit_must_be_met_there(time_in_force: TimeInForce) -> None:
    end = {OPG: "expired:", IOC: "cancelled:ioc", FOK: "cancelled:fok"}[time_in_force]
    assert story(10.0, time_in_force=time_in_force) == [(10.0, 100.0)]
    assert story(10.0, time_in_force=time_in_force, **limit(100.0)) == [(10.0, 100.0)]
    assert story(10.0, time_in_force=time_in_force, **limit(101.0)) == [(10.0, 100.0)]
    assert story(10.0, time_in_force=time_in_force, **limit(99.0)) == [end]
    assert story(-10.0, time_in_force=time_in_force, **limit(99.0)) == [(-10.0, 100.0)]
    assert story(-10.0, time_in_force=time_in_force, **limit(101.0)) == [end]


def test_at_the_close_a_market_order_fills_and_a_limit_must_be_met_there() -> None:
    assert story(10.0, time_in_force=CLS) == [(10.0, 104.0)]
    assert story(-10.0, time_in_force=CLS) == [(-10.0, 104.0)]
    assert story(10.0, time_in_force=CLS, **limit(104.0)) == [(10.0, 104.0)]
    assert story(10.0, time_in_force=CLS, **limit(103.0)) == ["expired:"]
    assert story(-10.0, time_in_force=CLS, **limit(103.0)) == [(-10.0, 104.0)]
    assert story(-10.0, time_in_force=CLS, **limit(105.0)) == ["expired:"]


@pytest.mark.parametrize(
    ("time_in_force", "expected"),
    [
        (OPG, [(10.0, 100.0), "expired:"]),
        (CLS, [(10.0, 104.0), "expired:"]),
        (IOC, [(10.0, 100.0), "cancelled:ioc"]),
        (FOK, ["cancelled:fok"]),
    ],
)
def test_what_the_volume_does_not_allow_is_left_out(time_in_force: TimeInForce, expected: list[Any]) -> None:
    assert story(15.0, rules={"volume_limit": 0.01}, time_in_force=time_in_force) == expected


def test_all_or_nothing_is_all_where_the_volume_just_allows_it() -> None:
    assert story(10.0, rules={"volume_limit": 0.01}, time_in_force=FOK) == [(10.0, 100.0)]


@pytest.mark.parametrize(
    ("time_in_force", "end"), [(OPG, "expired:"), (CLS, "expired:"), (IOC, "cancelled:ioc"), (FOK, "cancelled:fok")]
)
def test_a_halted_bar_is_the_one_chance_missed(time_in_force: TimeInForce, end: str) -> None:
    assert story(10.0, HALTED, BAR, time_in_force=time_in_force) == [end]


def test_opening_orders_slip_only_where_opens_slip_and_closing_ones_never() -> None:
    rules = {"slip_fixed": 2.0}
    assert story(10.0, rules=rules, time_in_force=OPG) == [(10.0, 100.0)]
    assert story(10.0, rules=rules | {"slip_open": True}, time_in_force=OPG) == [(10.0, 102.0)]
    assert story(10.0, rules=rules | {"slip_open": True}, time_in_force=OPG, **limit(101.0)) == [(10.0, 101.0)]
    assert story(10.0, rules=rules | {"slip_open": True}, time_in_force=CLS) == [(10.0, 104.0)]


def test_an_order_for_the_next_open_does_not_cheat_on_the_close() -> None:
    desk = Desk(cheat_on_close=True)
    desk.bar(flat_quote(90.0))
    desk.order(1.0)
    desk.order(1.0, time_in_force=OPG)
    desk.bar(BAR)
    assert [fill.price for fill in desk.fills] == [90.0, 100.0]


def test_all_or_nothing_does_not_close_a_position_whose_reversal_cash_refuses() -> None:
    for time_in_force, filled in ((IOC, [5.0]), (FOK, [])):
        desk = Desk(cash=1_000.0, check_cash=False)
        desk.bar(flat_quote(100.0))
        desk.order(-5.0)
        desk.bar(flat_quote(100.0))
        desk.order(20.0, time_in_force=time_in_force)
        events = desk.bar(flat_quote(100.0))
        assert [event.fill.quantity for event in events if event.fill] == filled
        assert kinds(events)[-1] == "rejected"
        assert desk.exchange.positions() == ({} if filled else {desk.fills[0].instrument: (-5.0, 100.0)})


@pytest.mark.parametrize("time_in_force", [OPG, CLS, IOC, FOK])
@pytest.mark.parametrize(
    "terms",
    [
        {"order_type": OrderType.STOP, "stop_price": 105.0},
        {"order_type": OrderType.STOP_LIMIT, "stop_price": 105.0, "limit_price": 106.0},
        {"order_type": OrderType.TRAILING_STOP, "trail_amount": 5.0},
    ],
)
def test_a_stop_for_one_moment_is_refused(time_in_force: TimeInForce, terms: dict[str, Any]) -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, time_in_force=time_in_force, **terms)
    assert desk.outcome() == "rejected:time_in_force"


def test_a_limit_met_at_the_close_has_not_rested() -> None:
    cost = TenBasisPoints()
    desk = Desk(cost=cost)
    desk.bar(flat_quote(100.0))
    desk.order(10.0, time_in_force=CLS, **limit(97.0))
    desk.bar(Quote(100.0, 100.0, 95.0, 97.0))
    assert (desk.fills[0].price, cost.batches[-1].passive.tolist()) == (97.0, [False])


@pytest.mark.parametrize("time_in_force", [OPG, CLS, IOC, FOK])
def test_the_bar_on_which_an_order_ends_unfilled_is_not_jumped_over(time_in_force: TimeInForce) -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, time_in_force=time_in_force, **limit(1.0))
    assert desk.exchange.next_event(0, 10, lambda *_: np.full(9, 100.0)) == 1
