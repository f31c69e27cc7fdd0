"""Late starters, halts and impossible prices."""

from __future__ import annotations

import math

import pytest

from tests.exchange.market import HALTED, A, B, Desk, flat_quote, kinds
from tradewind.errors import ConfigError, DataError, UserError
from tradewind.exchange import Exchange, ExchangeRules, Quote
from tradewind.model import OrderType, TimeInForce


@pytest.mark.parametrize("halt", [None, HALTED])
def test_an_order_waits_through_a_halt_and_fills_at_the_next_bar(halt: Quote | None) -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.poll()
    assert desk.bar({A: halt}) == []
    assert kinds(desk.bar(flat_quote(103.0))) == ["fill"]
    assert (desk.fills[0].bar, desk.fills[0].price) == (2, 103.0)


def test_a_day_order_expires_though_its_bar_was_halted() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, time_in_force=TimeInForce.DAY)
    desk.poll()
    assert kinds(desk.bar(HALTED)) == ["expired"]


def test_a_day_order_whose_bar_was_never_processed_does_not_fill_later() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0, time_in_force=TimeInForce.DAY)
    desk.number = 4
    desk.bar(flat_quote(100.0))
    assert desk.fills == []
    assert kinds(desk.events)[-1] == "expired"


def test_an_order_for_a_symbol_that_has_not_started_fills_at_its_first_open() -> None:
    desk = Desk(cash=500.0)
    desk.bar({A: flat_quote(100.0)})
    desk.order(10.0, B)
    assert desk.outcome() == "accepted"
    desk.bar({A: flat_quote(100.0)})
    desk.bar({A: flat_quote(100.0), B: Quote(20.0, 22.0, 19.0, 21.0)})
    assert [(fill.instrument, fill.price) for fill in desk.fills] == [(B, 20.0)]


def test_an_order_whose_price_was_unknown_is_checked_for_cash_at_the_fill() -> None:
    desk = Desk(cash=100.0)
    desk.bar({})
    desk.order(10.0)
    desk.poll()
    desk.bar(flat_quote(20.0))
    assert [(event.kind.value, event.reason) for event in desk.events[1:]] == [("rejected", "margin")]
    assert desk.exchange.cash == 100.0


def test_a_halt_leaves_a_trailing_stop_where_it_is() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(-1.0, order_type=OrderType.TRAILING_STOP, trail_amount=5.0)
    desk.bar(HALTED)
    desk.bar(Quote(98.0, 98.0, 94.0, 96.0))
    assert desk.fills[0].price == 95.0


@pytest.mark.parametrize("price", [0.0, -3.0, math.inf])
def test_impossible_prices_never_fill(price: float) -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.order(-10.0)
    desk.bar(flat_quote(price))
    assert desk.fills == []
    assert len(desk.exchange.pending()) == 2


def test_slippage_that_makes_a_price_worthless_does_not_fill() -> None:
    desk = Desk(slip_fixed=200.0, slip_open=True, slip_out=True)
    desk.bar(flat_quote(100.0))
    desk.order(-10.0)
    desk.bar(flat_quote(100.0))
    assert desk.fills == []


def test_a_quote_with_a_hole_is_an_error_that_names_it() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    with pytest.raises(DataError, match=r"quote of A: high, low missing.*deliver all four or none"):
        desk.bar(Quote(100.0, math.nan, math.nan, 101.0))


def test_equity_refuses_a_position_without_a_mark() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    assert desk.exchange.equity(lambda _: 101.0) == 10_010.0
    with pytest.raises(DataError, match=r"finite price; received \{'A': nan\}.*last price"):
        desk.exchange.equity(lambda _: math.nan)


@pytest.mark.parametrize(
    ("name", "value"),
    [("volume_limit", 1.5), ("short_margin", -0.1), ("borrow_rate_per_year", math.nan), ("slip_percent", 2.0)],
)
def test_rules_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*; received {value}"):
        ExchangeRules(**{name: value})


def test_cash_must_be_an_amount() -> None:
    with pytest.raises(UserError, match=r"received nan\. Set account\.cash"):
        Exchange(cash=math.nan)
