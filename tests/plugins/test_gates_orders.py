"""Gates that look at orders one by one: structure, symbol, duplicates, hours, quotes, prices, size, rate, shorts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.test_gates_common import (
    NAN,
    account_of,
    allowed,
    batch_of,
    order,
    orders_of_few,
    text_of,
    verdicts_of,
)
from tradewind.contracts import OrderBatch
from tradewind.errors import PluginError
from tradewind.model import AssetClass, ExerciseStyle, OptionRight, OrderType
from tradewind_plugins.gates import (
    DuplicateOrder,
    FatFinger,
    MarketHours,
    OrderRate,
    OrderStructure,
    PriceCollar,
    ShortAvailability,
    StaleQuote,
    SymbolGate,
)

OPTION = {
    "asset_class": AssetClass.OPTION,
    "underlying": "A",
    "expiry": dt.date(2020, 1, 8),
    "strike": 100.0,
    "right": OptionRight.CALL,
    "style": ExerciseStyle.AMERICAN,
}
INDEX = {"asset_class": AssetClass.INDEX}


def with_lots(batch: OrderBatch, lot_size: float) -> OrderBatch:
    intents = tuple(
        dataclasses.replace(intent, instrument=dataclasses.replace(intent.instrument, lot_size=lot_size))
        for intent in batch.intents
    )
    return dataclasses.replace(batch, intents=intents)


def unchecked(batch: OrderBatch, **terms: Any) -> OrderBatch:
    """A batch whose intents have terms that an `OrderIntent` refuses, as a broken plugin could make them."""
    for intent in batch.intents:
        for name, value in terms.items():
            object.__setattr__(intent, name, value)
    return batch


@pytest.mark.parametrize("quantity", [NAN, float("inf"), float("-inf")])
def test_structure_refuses_quantities_that_are_not_finite(quantity: float) -> None:
    good = with_lots(batch_of(order("A", 5), order("B", 1)), 1.0)
    quantities = np.array([5.0, quantity])
    batch = dataclasses.replace(good, quantities=quantities, openings=quantities)
    (verdict,) = OrderStructure().check(batch, account_of())
    assert (verdict.order, verdict.quantity, verdict.code) == (1, 0.0, "order_structure")
    assert verdict.text == f"B: the quantity is {quantity}; a finite one is needed"


def test_structure_refuses_an_order_for_nothing() -> None:
    batch = unchecked(batch_of(order("A", 0.0)), quantity=0.0)
    (verdict,) = OrderStructure().check(batch, account_of())
    assert "quantity is 0" in verdict.text


@pytest.mark.parametrize("price", [NAN, 0.0, -3.0, float("inf")])
def test_structure_opens_nothing_at_an_unknown_price_and_closes_all_the_same(price: float) -> None:
    batch = batch_of(
        order("A", 5, price=price), order("B", -5, held=5, price=price), order("C", -6, held=5, price=price)
    )
    assert allowed(OrderStructure(), batch) == [0, -5, 0]
    assert f"its price is {price}" in verdicts_of(OrderStructure(), batch)[0].text


@pytest.mark.parametrize(
    ("quantity", "lot", "passes"), [(10, 10, True), (15, 10, False), (1.5, 1, False), (0.3, 0.1, True), (7, 0, True)]
)
def test_structure_wants_whole_lots_unless_prices_are_adjusted(quantity: float, lot: float, passes: bool) -> None:
    batch = with_lots(batch_of(order("A", quantity), order("B", -quantity)), lot)
    assert allowed(OrderStructure(), batch) == ([quantity, -quantity] if passes else [0, 0])
    assert allowed(OrderStructure(), batch, account_of(adjusted=True)) == [quantity, -quantity]
    if not passes:
        assert "whole lots of" in verdicts_of(OrderStructure(), batch)[0].text


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"order_type": OrderType.LIMIT, "limit_price": None}, "limit order needs a limit_price above 0"),
        ({"order_type": OrderType.LIMIT, "limit_price": NAN}, "received nan"),
        ({"order_type": OrderType.STOP, "stop_price": -1.0}, "stop order needs a stop_price above 0; received -1.0"),
        ({"order_type": OrderType.STOP_LIMIT, "stop_price": 90.0, "limit_price": float("inf")}, "limit_price"),
        ({"order_type": OrderType.TRAILING_STOP}, "received None and None"),
        ({"order_type": OrderType.TRAILING_STOP, "trail_amount": 1.0, "trail_fraction": 0.1}, "one of them"),
        ({"order_type": OrderType.TRAILING_STOP, "trail_amount": 0.0}, "trail_amount is 0.0"),
        ({"order_type": OrderType.TRAILING_STOP, "trail_fraction": 1.0}, "trail_fraction is 1.0"),
    ],
)
def test_structure_checks_the_terms_of_the_order_type(terms: dict[str, Any], message: str) -> None:
    assert message in text_of(OrderStructure(), unchecked(batch_of(order("A", 5)), **terms))


def test_structure_passes_sound_orders_of_every_type() -> None:
    batch = batch_of(
        order("A", 5),
        order("B", 5, order_type=OrderType.LIMIT, limit_price=90.0),
        order("C", -5, order_type=OrderType.STOP, stop_price=90.0),
        order("D", -5, order_type=OrderType.STOP_LIMIT, stop_price=90.0, limit_price=89.0),
        order("E", -5, order_type=OrderType.TRAILING_STOP, trail_fraction=0.1),
        order("F", 1, instrument=OPTION),
    )
    assert verdicts_of(OrderStructure(), batch) == []


def test_structure_refuses_an_instrument_after_its_expiry_day() -> None:
    batch = batch_of(order("A2", 5, instrument=OPTION))
    evening = np.datetime64("2020-01-08T21:00:00", "ns")
    assert verdicts_of(OrderStructure(), batch, account_of(time=evening)) == []
    day_after = np.datetime64("2020-01-09T00:00:00", "ns")
    assert "expired on 2020-01-08" in text_of(OrderStructure(), batch, account_of(time=day_after))


def test_symbol_refuses_what_the_run_does_not_know_and_what_is_only_quoted() -> None:
    batch = batch_of(
        order("A", 5),
        order("Z", 5),
        order("Y", -5, held=5),
        order("VIX", 5, instrument=INDEX),
        order("A200C", 5, instrument=OPTION),
        order("Q200C", 5, instrument={**OPTION, "underlying": "Q"}),
    )
    assert allowed(SymbolGate(), batch) == [5, 0, 0, 0, 5, 0]
    verdicts = verdicts_of(SymbolGate(), batch)
    assert {verdict.code for verdict in verdicts} == {"symbol_unknown"}
    assert "Z is not among the 8 symbols" in verdicts[0].text
    assert "VIX is an index" in verdicts[2].text


def test_symbol_lets_restricted_ones_only_be_closed() -> None:
    batch = batch_of(order("A", -4, held=9), order("B", 5), order("A200C", 2, instrument=OPTION), order("A", 3))
    gate = SymbolGate(restricted=("A",))
    assert allowed(gate, batch) == [-4, 5, 0, 0]
    through_zero = batch_of(order("A", -15, held=10))
    assert allowed(gate, through_zero) == [-10]
    (verdict,) = verdicts_of(gate, through_zero)
    assert verdict.code == "symbol_restricted"


def test_symbol_opens_penny_stocks_from_the_lowest_price_on() -> None:
    batch = batch_of(
        order("A", 5, price=1.0),
        order("B", 5, price=0.9999),
        order("C", -5, held=5, price=0.5),
        order("A200C", 5, price=0.5, instrument=OPTION),
    )
    assert allowed(SymbolGate(), batch) == [5, 0, -5, 5]
    (verdict,) = verdicts_of(SymbolGate(), batch)
    assert verdict.code == "penny_stock"
    assert verdict.text == "B is at 0.9999, the lowest price allowed is 1"
    assert verdicts_of(SymbolGate(), batch, account_of(adjusted=True)) == []


def test_duplicate_refuses_the_same_order_within_a_batch() -> None:
    limit = {"order_type": OrderType.LIMIT, "limit_price": 90.0}
    batch = batch_of(
        order("A", 5),
        order("B", 5),
        order("A", 5),
        order("A", 6),
        order("A", 5, **limit),
        order("A", 5, **limit),
        order("A", 5, **{**limit, "limit_price": 91.0}),
    )
    assert allowed(DuplicateOrder(), batch) == [5, 5, 0, 6, 5, 0, 5]
    assert verdicts_of(DuplicateOrder(), batch)[0].text == "A: the same order of 5 is in the same batch: o0"


def test_duplicate_refuses_an_order_that_is_at_work() -> None:
    batch = batch_of(order("A", 5), order("B", 5, price=50.0))
    twin, other = batch.intents[0], batch_of(order("B", -5)).intents[0]
    working = types.MappingProxyType({"A": (twin,), "B": (other,)})
    assert allowed(DuplicateOrder(), batch, account_of(working=working)) == [0, 5]
    assert "at work: o0" in text_of(DuplicateOrder(), batch, account_of(working=working))


def test_a_refused_order_is_no_reason_to_refuse_its_twin() -> None:
    batch = batch_of(order("A", 5), order("A", 5), order("A", 5))
    refused = dataclasses.replace(batch, quantities=np.array([0.0, 5.0, 5.0]))
    assert allowed(DuplicateOrder(), refused) == [0, 5, 0]


def at(text: str) -> Any:
    return account_of(time=np.datetime64(text, "ns"))


def test_hours_close_on_weekends_but_for_markets_round_the_clock() -> None:
    batch = batch_of(order("A", 5), order("B", -5, instrument={"calendar": "24/7"}))
    days = [f"2020-01-{day:02}T12:00" for day in range(6, 13)]
    # Monday 6 to Sunday 12 January 2020.
    assert [dt.datetime.fromisoformat(day).weekday() for day in days] == list(range(7))
    assert [allowed(MarketHours(), batch, at(day))[0] for day in days] == [5, 5, 5, 5, 5, 0, 0]
    assert all(allowed(MarketHours(), batch, at(day))[1] == -5 for day in days)
    assert text_of(MarketHours(), batch, at("2020-01-12")) == "A: Sunday is no trading day"
    assert text_of(MarketHours(), batch, at("1969-12-27")) == "A: Saturday is no trading day"
    through = batch_of(order("A", -8, held=5), order("B", -5, held=5))
    assert allowed(MarketHours(), through, at("2020-01-12")) == [-5, -5]


# 2020-01-10 was a Friday. Sydney is at UTC+11 in summer, New York at UTC-5.
@pytest.mark.parametrize(
    ("calendar", "time", "left"),
    [
        ("XASX", "2020-01-10T12:59", 5),
        ("XASX", "2020-01-10T13:00", 0),
        ("XASX", "2020-01-12T12:59", 0),
        ("XASX", "2020-01-12T23:30", 5),
        ("XNYS", "2020-01-10T23:30", 5),
        ("XNYS", "2020-01-11T04:59", 5),
        ("XNYS", "2020-01-11T05:00", 0),
        ("XNYS", "2020-01-13T04:59", 0),
        ("XNYS", "2020-01-13T05:00", 5),
        ("XNYS", "2020-01-12T00:00", 0),
        ("XASX", "2020-01-12T00:00", 0),
        ("24/5", "2020-01-12T12:30", 5),
        ("MINE", "2020-01-12T23:30", 0),
        ("MINE", "2020-01-13T00:30", 5),
    ],
)
def test_a_weekend_is_that_of_the_exchange(calendar: str, time: str, left: float) -> None:
    batch = batch_of(order("A", 5, instrument={"calendar": calendar}))
    assert allowed(MarketHours(), batch, at(time)) == [left]


# Public hours: New York 9:30-16:00 (winter: UTC-5, summer: UTC-4), closed on Good Friday, until 13:00 on the day after
# Thanksgiving; Tokyo 9:00-15:00 with a break 11:30-12:30 (UTC+9); Hong Kong's lunch 12:00-13:00 (UTC+8).
@pytest.mark.parametrize(
    ("calendar", "time", "is_open"),
    [
        ("XNYS", "2020-01-08T14:29", False),
        ("XNYS", "2020-01-08T14:30", True),
        ("XNYS", "2020-01-08T21:00", True),
        ("XNYS", "2020-01-08T21:01", False),
        ("XNYS", "2020-07-08T13:30", True),
        ("XNYS", "2020-07-08T20:01", False),
        ("XNYS", "2020-04-10T15:00", False),
        ("XNYS", "2020-04-10", False),
        ("XNYS", "2020-04-09", True),
        ("XNYS", "2020-11-27T17:59", True),
        ("XNYS", "2020-11-27T18:01", False),
        ("XNYS", "2020-01-01", False),
        ("XNYS", "2019-12-31T20:00", True),
        ("XNYS", "2020-01-11T15:00", False),
        ("XTKS", "2020-01-08T00:00", True),
        ("XTKS", "2020-01-08T02:30", True),
        ("XTKS", "2020-01-08T02:31", False),
        ("XTKS", "2020-01-08T03:30", True),
        ("XTKS", "2020-01-08T04:00", True),
        ("XHKG", "2020-01-08T04:30", False),
        ("24/7", "2020-01-11T03:17", True),
    ],
)
def test_hours_of_an_exchange_are_exact(calendar: str, time: str, is_open: bool) -> None:
    batch = batch_of(order("A", 5, instrument={"calendar": calendar}))
    assert allowed(MarketHours("exchange"), batch, at(time)) == [5 if is_open else 0]


def test_hours_of_an_exchange_name_it_and_the_time() -> None:
    text = text_of(MarketHours("exchange"), batch_of(order("A", 5)), at("2020-04-10T15:00"))
    assert text == "A: XNYS is closed at 2020-04-10 15:00 UTC"
    batch = batch_of(order("A", 5, instrument={"calendar": "XNYSE"}))
    with pytest.raises(PluginError, match=r"no calendar 'XNYSE'.*Did you mean"):
        MarketHours("exchange").check(batch, at("2020-01-08"))


def test_the_default_gates_do_not_bring_the_calendars() -> None:
    code = "import sys, tradewind_plugins.gates; sys.exit('exchange_calendars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_stale_quotes_only_close() -> None:
    batch = batch_of(order("A", 5, age=3), order("B", 5, age=4), order("C", -8, age=4, held=5))
    assert allowed(StaleQuote(), batch) == [5, 0, -5]
    assert verdicts_of(StaleQuote(), batch)[0].text == "B: the last price is 4 bars old, allowed are 3"
    assert allowed(StaleQuote(0), batch_of(order("A", 5, age=0), order("B", 5, age=1))) == [5, 0]


def limited(symbol: str, quantity: float, limit: float, **options: Any) -> dict[str, Any]:
    return order(symbol, quantity, order_type=OrderType.LIMIT, limit_price=limit, **options)


@pytest.mark.parametrize("price", [0.07, 1.1, 100.0, 333.33, 71_234.5])
def test_collar_allows_limits_up_to_its_edge_and_any_on_the_right_side(price: float) -> None:
    edge = batch_of(limited("A", 5, price * 1.1, price=price), limited("B", -5, price * 0.9, price=price))
    assert verdicts_of(PriceCollar(), edge) == []
    beyond = batch_of(limited("A", 5, price * 1.1001, price=price), limited("B", -5, price * 0.8999, price=price))
    assert allowed(PriceCollar(), beyond) == [0, 0]
    patient = batch_of(limited("A", 5, price * 0.2, price=price), limited("B", -5, price * 5, price=price))
    assert verdicts_of(PriceCollar(), patient) == []


def test_collar_measures_the_limit_of_a_stop_limit_order_from_its_stop() -> None:
    def stop_limit(stop: float, limit: float) -> OrderBatch:
        return batch_of(order("A", -5, held=5, order_type=OrderType.STOP_LIMIT, stop_price=stop, limit_price=limit))

    assert verdicts_of(PriceCollar(), stop_limit(70.0, 63.0)) == []
    text = text_of(PriceCollar(), stop_limit(70.0, 62.0))
    assert text == "A: the sell limit 62 is 11.43 % below its stop price 70, allowed are 10 %"


@pytest.mark.parametrize(
    ("price", "opens"), [(150.0, True), (150.01, False), (50.0, True), (49.99, False), (100.0, True)]
)
def test_collar_opens_nothing_on_a_price_that_has_jumped(price: float, opens: bool) -> None:
    batch = batch_of(order("A", 5, price=price, previous=100.0), order("B", -8, held=5, price=price, previous=100.0))
    assert allowed(PriceCollar(), batch) == ([5, -8] if opens else [0, -5])


def test_collar_says_what_jumped_and_does_not_miss_a_price_before() -> None:
    text = text_of(PriceCollar(), batch_of(order("A", 5, price=10.0, previous=100.0)))
    assert text == "A: the price went from 100 to 10, by -90 %; allowed are 50 %"
    batch = batch_of(order("A", 5))
    assert verdicts_of(PriceCollar(), dataclasses.replace(batch, previous_prices=np.array([NAN]))) == []


def test_collar_answers_once_where_limit_and_price_are_wrong() -> None:
    batch = batch_of(limited("A", -8, 10.0, held=5, price=200.0, previous=100.0))
    assert allowed(PriceCollar(), batch) == [0]


def test_fat_finger_refuses_from_just_above_its_part_of_equity_and_does_not_resize() -> None:
    account = account_of(equity=100_000.0)
    batch = batch_of(order("A", 500), order("B", -500.01), order("C", 50, multiplier=10.0), order("D", -900, held=900))
    assert allowed(FatFinger(0.5), batch, account) == [500, 0, 50, -900]
    assert text_of(FatFinger(0.5), batch, account) == "B: one order opens 50 % of equity, allowed are 50 % of equity"
    geared = account_of(equity=100_000.0, leverage=2.0)
    assert allowed(FatFinger(0.5), batch_of(order("A", 1000), order("B", 1000.01)), geared) == [1000, 0]


def test_fat_finger_refuses_by_value_and_by_quantity() -> None:
    assert allowed(FatFinger(maximum_notional=1_000), batch_of(order("A", 10), order("B", 10.01))) == [10, 0]
    text = text_of(FatFinger(maximum_notional=1_000), batch_of(order("B", 20)))
    assert text == "B: one order opens 2000, allowed are 1000"
    assert allowed(FatFinger(maximum_quantity=7), batch_of(order("A", 7), order("B", -8))) == [7, 0]
    text = text_of(FatFinger(maximum_quantity=7), batch_of(order("B", -8)))
    assert text == "B: one order opens 8 units, allowed are 7"
    assert allowed(FatFinger(maximum_quantity=7), batch_of(order("A", -20, held=10))) == [-10]


def test_rate_refuses_openings_beyond_the_smallest_room_and_counts_closings() -> None:
    gate = OrderRate(per_second=3, per_minute=10, per_day=12)
    batch = batch_of(order("A", 1), order("B", -1, held=1), order("C", 1), order("D", 1), order("E", -1, held=1))
    assert allowed(gate, batch) == [1, -1, 1, 0, -1]
    assert text_of(gate, batch) == "D: more than 3 orders in a second"
    assert allowed(gate, batch, account_of(sent=(0, 8, 8))) == [1, -1, 0, 0, -1]
    assert "10 orders in a minute" in verdicts_of(gate, batch, account_of(sent=(0, 8, 8)))[0].text
    assert "12 orders in a day" in verdicts_of(gate, batch, account_of(sent=(1, 1, 12)))[0].text
    assert allowed(gate, batch, account_of(sent=(3, 3, 3))) == [0, -1, 0, 0, -1]


def test_rate_counts_what_is_left_of_an_order_through_zero_and_not_what_was_refused() -> None:
    gate = OrderRate(per_second=2)
    assert allowed(gate, batch_of(order("A", 1), order("B", 1), order("C", -9, held=4), order("D", 1))) == [1, 1, -4, 0]
    batch = batch_of(order("A", 1), order("B", 1), order("C", 1))
    nothing = dataclasses.replace(batch, quantities=np.array([0.0, 1, 1]), openings=np.array([0.0, 1, 1]))
    assert allowed(gate, nothing) == [0, 1, 1]


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 6), st.integers(1, 7))
def test_rate_never_lets_openings_pass_beyond_its_limit(kinds: list[bool], sent: int, limit: int) -> None:
    orders = [order(f"S{n}", 1 if opens else -1, held=0 if opens else 1) for n, opens in enumerate(kinds)]
    batch = batch_of(*orders)
    left = allowed(OrderRate(per_minute=limit), batch, account_of(sent=(0, sent, 0)))
    count = sent
    for quantity, opens in zip(left, kinds, strict=True):
        if opens:
            assert bool(quantity) == (count < limit)
        else:
            assert quantity == -1
        count += bool(quantity)


def test_shorts_that_cannot_be_borrowed_keep_what_they_close() -> None:
    batch = batch_of(order("A", -8, held=5), order("B", -8), order("C", 8), order("D", -8, held=8), order("A", -1))
    gate = ShortAvailability(unavailable=("A",))
    assert allowed(gate, batch) == [-5, -8, 8, -8, 0]
    assert verdicts_of(gate, batch)[0].text == "A cannot be borrowed; 3 would be short"
    assert allowed(ShortAvailability(allowed=False), batch) == [-5, 0, 8, -8, 0]
    assert "short sales are not allowed" in verdicts_of(ShortAvailability(allowed=False), batch)[0].text
    assert verdicts_of(ShortAvailability(), batch) == []


@given(orders_of_few())
def test_without_shorts_no_position_falls_below_zero_by_them(orders: list[dict[str, Any]]) -> None:
    batch = batch_of(*orders)
    left = allowed(ShortAvailability(allowed=False), batch)
    positions = {one["symbol"]: one["held"] for one in orders}
    for one, quantity in zip(orders, left, strict=True):
        before = positions[one["symbol"]]
        positions[one["symbol"]] += quantity
        assert positions[one["symbol"]] >= min(before, 0.0)


def test_what_closes_a_refused_opening_is_made_smaller_with_it() -> None:
    batch = batch_of(order("A", 8, held=2, age=9), order("A", -9), order("A", -1))
    verdicts = verdicts_of(StaleQuote(), batch)
    assert [(verdict.order, verdict.quantity) for verdict in verdicts] == [(0, 0.0), (1, -2.0), (2, 0.0)]
    assert "the order before it, whose position it closes" in verdicts[1].text


def test_one_cancels_all_orders_that_close_one_position_pass() -> None:
    batch = batch_of(order("A", 5, age=9, price=7.0), order("B", -5, held=5), order("B", -5, held=5))
    oca = dataclasses.replace(batch, openings=np.array([5.0, 0.0, 0.0]))
    assert allowed(StaleQuote(), oca) == [0, -5, -5]


def test_nothing_is_opened_while_a_held_price_has_jumped() -> None:
    """One close ten times too high makes an equity of which every limit is a part."""
    orders = batch_of(order("A", 5.0), order("B", -4.0, held=9.0))
    assert verdicts_of(PriceCollar(jump=0.5), orders, account_of(furthest_move=0.5, moved="KO")) == []
    (verdict,) = verdicts_of(PriceCollar(jump=0.5), orders, account_of(furthest_move=9.0, moved="KO"))
    assert (verdict.order, verdict.quantity, verdict.code) == (0, 0.0, "price_collar")
    assert "KO, which is held, moved by 900 %; equity is in doubt" in verdict.text
