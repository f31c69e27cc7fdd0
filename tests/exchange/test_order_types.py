"""Hand-computed fills of every order type. The reference bar opens at 100 and spans 95 to 106, closing at 104."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exchange.market import A, Desk, flat_quote, kinds
from tradewind.errors import GateError, UserError
from tradewind.exchange import Quote
from tradewind.model import AssetClass, Instrument, OrderIntent, OrderType, TimeInForce

RISING = Quote(100.0, 106.0, 95.0, 104.0)
FALLING = Quote(100.0, 106.0, 95.0, 97.0)
DOJI = Quote(100.0, 106.0, 95.0, 100.0)


def executed_at(quantity: float, bar: Quote = RISING, **terms: Any) -> float | None:
    """Price at which an order, decided at a close of 100, executes in a bar."""
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(quantity, **terms)
    desk.poll()
    events = desk.bar(bar)
    return events[0].fill.price if events and events[0].fill else None


def test_market_orders_fill_at_the_next_open() -> None:
    assert executed_at(10.0) == 100.0
    assert executed_at(-10.0) == 100.0


@pytest.mark.parametrize(
    ("quantity", "limit", "price"),
    [
        (10.0, 101.0, 100.0),  # the open is better than the limit
        (10.0, 96.0, 96.0),
        (10.0, 95.0, 95.0),  # touched is enough
        (10.0, 94.9, None),
        (-10.0, 99.0, 100.0),
        (-10.0, 105.0, 105.0),
        (-10.0, 106.1, None),
    ],
)
def test_limit_orders_fill_at_the_limit_or_better(quantity: float, limit: float, price: float | None) -> None:
    assert executed_at(quantity, order_type=OrderType.LIMIT, limit_price=limit) == price


@pytest.mark.parametrize(
    ("quantity", "stop", "price"),
    [
        (10.0, 99.0, 100.0),  # gapped through: the open
        (10.0, 105.0, 105.0),
        (10.0, 106.5, None),
        (-10.0, 101.0, 100.0),
        (-10.0, 96.0, 96.0),
        (-10.0, 94.0, None),
    ],
)
def test_stop_orders_fill_at_the_stop_or_worse(quantity: float, stop: float, price: float | None) -> None:
    assert executed_at(quantity, order_type=OrderType.STOP, stop_price=stop) == price


@pytest.mark.parametrize(
    ("quantity", "bar", "stop", "limit", "price"),
    [
        (10.0, RISING, 99.0, 101.0, 100.0),  # gap through the stop, limit above the open
        (10.0, RISING, 99.0, 98.0, 98.0),  # gap through the stop, the bar fell back to the limit
        (10.0, RISING, 103.0, 104.0, 103.0),  # triggered within the bar, the limit allows the stop price
        (10.0, RISING, 103.0, 101.0, None),  # triggered, the limit is tighter and the bar closed above its open
        (10.0, FALLING, 103.0, 101.0, 101.0),  # the same, but the bar ran back below the limit by its close
        (10.0, FALLING, 103.0, 96.0, None),
        (-10.0, RISING, 97.0, 96.0, 97.0),
        (-10.0, RISING, 97.0, 98.0, 98.0),
        (-10.0, FALLING, 97.0, 98.0, None),
        (-10.0, RISING, 94.0, 93.0, None),
        (10.0, DOJI, 103.0, 101.0, None),  # an unchanged bar counts as risen, for buys and for sells
        (-10.0, DOJI, 97.0, 98.0, 98.0),
    ],
)
def test_stop_limit_orders_in_the_bar_that_triggers_them(
    quantity: float, bar: Quote, stop: float, limit: float, price: float | None
) -> None:
    assert executed_at(quantity, bar, order_type=OrderType.STOP_LIMIT, stop_price=stop, limit_price=limit) == price


def test_a_triggered_stop_limit_order_works_as_a_limit_order_afterwards() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, order_type=OrderType.STOP_LIMIT, stop_price=103.0, limit_price=101.0)
    desk.bar(RISING)
    desk.bar(Quote(102.0, 102.5, 100.5, 101.5))
    assert [(fill.bar, fill.price) for fill in desk.fills] == [(2, 101.0)]


def test_a_trailing_stop_follows_the_close_and_never_steps_back() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(-10.0, order_type=OrderType.TRAILING_STOP, trail_fraction=0.1)  # 90
    desk.bar(Quote(100.0, 121.0, 99.0, 120.0))  # 108
    desk.bar(Quote(118.0, 119.0, 110.0, 112.0))  # would be 100.8: stays
    desk.bar(Quote(109.0, 109.5, 107.0, 107.5))
    assert [(fill.bar, fill.price) for fill in desk.fills] == [(3, 108.0)]


def test_a_trailing_stop_by_amount_starts_from_its_reference_price() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, order_type=OrderType.TRAILING_STOP, trail_amount=5.0, stop_price=103.0)  # 108
    desk.bar(Quote(100.0, 107.0, 99.0, 101.0))  # 106
    desk.bar(Quote(101.0, 106.5, 100.0, 106.0))
    assert [(fill.bar, fill.price) for fill in desk.fills] == [(2, 106.0)]


def test_a_trailing_stop_without_a_close_starts_at_the_first_one_it_sees() -> None:
    desk = Desk()
    desk.bar({})
    desk.order(-10.0, order_type=OrderType.TRAILING_STOP, trail_amount=5.0)
    desk.bar(Quote(100.0, 110.0, 50.0, 100.0))
    desk.bar(Quote(97.0, 98.0, 94.0, 96.0))
    assert [(fill.bar, fill.price) for fill in desk.fills] == [(2, 95.0)]


@pytest.mark.parametrize("terms", [{"trail_amount": -1.0}, {"trail_fraction": float("nan")}, {"trail_amount": 0.0}])
def test_a_trailing_distance_that_is_no_distance_is_rejected(terms: dict[str, float]) -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(-10.0, order_type=OrderType.TRAILING_STOP, **terms)
    assert desk.outcome() == "rejected:trail"


def test_cheating_on_the_close_fills_at_the_close_of_the_decision() -> None:
    desk = Desk(cheat_on_close=True)
    desk.bar(flat_quote(99.0))
    desk.order(10.0)
    desk.bar(RISING)
    assert desk.fills[0].price == 99.0


def test_a_day_order_expires_at_the_end_of_the_next_bar() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, order_type=OrderType.LIMIT, limit_price=90.0, time_in_force=TimeInForce.DAY)
    assert kinds(desk.poll()) == ["accepted"]
    assert kinds(desk.bar(RISING)) == ["expired"]
    assert desk.exchange.pending() == ()


def test_a_good_till_cancelled_order_waits_and_can_be_cancelled_once() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    order_id = desk.order(10.0, order_type=OrderType.LIMIT, limit_price=90.0)
    for _ in range(5):
        desk.bar(RISING)
    assert [intent.order_id for intent in desk.exchange.pending()] == [order_id]
    assert desk.exchange.remaining(order_id) == 10.0
    assert desk.exchange.cancel(order_id)
    assert not desk.exchange.cancel(order_id)
    assert desk.outcome() == "cancelled"
    assert desk.exchange.remaining(order_id) == 0.0


def test_an_order_can_be_cancelled_on_the_bar_of_its_submission() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    assert desk.exchange.cancel(desk.order(10.0))
    desk.bar(RISING)
    assert desk.fills == []


def test_orders_fill_in_the_order_of_their_submission() -> None:
    desk = Desk(cash=1_000.0)
    desk.bar(flat_quote(100.0))
    first, second = desk.order(6.0), desk.order(4.0)
    desk.bar(flat_quote(101.0))
    assert [event.order_id for event in desk.events if event.fill] == [first]
    assert desk.events[-1].order_id == second
    assert desk.events[-1].reason == "margin"
    assert desk.exchange.cash == 1_000.0 - 606.0


def test_an_order_that_cash_cannot_pay_at_the_close_is_rejected_at_once() -> None:
    desk = Desk(cash=1_000.0)
    desk.bar(flat_quote(100.0))
    desk.order(11.0)
    assert desk.outcome() == "rejected:margin"


def test_the_last_cent_may_be_spent() -> None:
    desk = Desk(cash=1_000.0)
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    assert (desk.exchange.cash, len(desk.fills)) == (0.0, 1)


def test_sells_submitted_first_pay_for_the_buys_after_them() -> None:
    desk = Desk(cash=1_000.0)
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    desk.order(-10.0)
    desk.order(9.0, Instrument(symbol="B"))
    assert kinds(desk.poll()) == ["accepted", "accepted"]


def test_a_reversal_that_cash_does_not_cover_closes_and_rejects_the_rest() -> None:
    desk = Desk(cash=1_000.0, check_cash=False)
    desk.bar(flat_quote(100.0))
    desk.order(-5.0)
    desk.bar(flat_quote(100.0))
    desk.order(20.0)
    desk.poll()
    events = desk.bar(flat_quote(100.0))
    assert kinds(events) == ["fill", "rejected"]
    assert (desk.fills[-1].quantity, desk.exchange.cash, dict(desk.exchange.positions())) == (5.0, 1_000.0, {})


def test_a_fractional_reversal_leaves_no_rest() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(0.1)
    desk.bar(flat_quote(100.0))
    order_id = desk.order(-0.3)
    desk.bar(flat_quote(100.0))
    assert desk.exchange.remaining(order_id) == 0.0
    assert desk.exchange.pending() == ()
    assert desk.exchange.positions()[A].quantity == 0.1 - 0.3


def test_a_reference_is_never_traded() -> None:
    desk = Desk()
    index = Instrument(symbol="SP500", asset_class=AssetClass.INDEX)
    desk.bar({index: flat_quote(100.0)})
    desk.order(1.0, index)
    assert desk.outcome() == "rejected:reference"


def test_an_order_id_is_taken_once_and_its_batch_is_refused_whole() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    known = desk.order(1.0)
    desk.poll()
    batch = [OrderIntent(order_id=name, bar=0, instrument=A, quantity=1.0) for name in ("new", known)]
    with pytest.raises(GateError, match=f"order id '{known}' was used before.*none was taken.*its own id"):
        desk.exchange.submit(batch)
    with pytest.raises(GateError, match="order id 'twin' was used before"):
        desk.exchange.submit([OrderIntent(order_id="twin", bar=0, instrument=A, quantity=1.0)] * 2)
    assert desk.poll() == []
    assert len(desk.exchange.pending()) == 1


def test_bars_are_processed_once_and_in_order() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    with pytest.raises(UserError, match="bar 0 does not follow bar 0"):
        desk.exchange.process(0, desk.board)
    with pytest.raises(UserError, match="years before bar 1 must be at least 0; received nan"):
        desk.exchange.process(1, desk.board, years=float("nan"))
