import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.model import Instrument
from tradewind.portfolio.rebalance import BuyingPower, Wish, plan_rebalance, round_to_lot

A, B, C = (Instrument(symbol=symbol, lot_size=0.0) for symbol in "ABC")
WHOLE = Instrument(symbol="W", lot_size=10.0)


def power(cash=1000.0, equity=1000.0, buffer=0.0, leverage=1.0, rate=0.0) -> BuyingPower:
    return BuyingPower(
        equity=equity,
        cash=cash,
        cash_buffer=buffer,
        leverage=leverage,
        short_margin=0.5,
        estimate_costs=lambda trades: [abs(trade.quantity) * trade.price * rate for trade in trades],
    )


def plan(wishes, holdings=None, **options):
    settings = {"drift_threshold": 0.0, "minimum_notional": 0.0, "power": power()} | options
    return plan_rebalance(wishes, holdings or {}, **settings)


def wish(sleeve, instrument, held, wanted, price=10.0):
    return Wish(sleeve, instrument, held, wanted, price, "rebalance")


def test_sells_come_before_buys_in_the_order_of_the_wishes():
    result = plan(
        [wish("s", A, 0, 5), wish("s", B, 4, 0), wish("s", C, 8, 2)],
        {B: 4.0, C: 8.0},
    )
    assert [(trade.instrument.symbol, trade.quantity) for trade in result.trades] == [("B", -4), ("C", -6), ("A", 5)]


def test_opposite_wishes_cross_and_only_the_rest_is_traded():
    result = plan([wish("one", A, 0, 10), wish("two", A, 4, 0)], {A: 4.0})
    (cross,) = result.crosses
    (trade,) = result.trades
    assert (cross.buyer, cross.seller, cross.quantity, cross.price) == ("one", "two", 4.0, 10.0)
    assert (trade.quantity, dict(trade.split)) == (6.0, {"one": 6.0})


def test_wishes_that_cancel_out_need_no_order():
    result = plan([wish("one", A, 0, 10), wish("two", A, 10, 0)], {A: 10.0})
    assert result.trades == ()
    assert result.crosses[0].quantity == 10.0


def test_buys_shrink_pro_rata_to_cash_with_costs_and_buffer():
    wishes = [wish("s", A, 0, 60), wish("s", B, 0, 60)]
    result = plan(wishes, power=power(cash=1000, equity=1000, buffer=0.01, rate=0.001))
    spent = sum(trade.quantity * trade.price * 1.001 for trade in result.trades)
    assert spent == pytest.approx(990.0)
    assert [trade.resized for trade in result.trades] == ["cash", "cash"]
    assert result.trades[0].quantity == result.trades[1].quantity


def test_proceeds_of_sells_pay_for_buys():
    result = plan([wish("s", A, 100, 0), wish("s", B, 0, 100)], {A: 100.0}, power=power(cash=0))
    assert [trade.quantity for trade in result.trades] == [-100, 100]
    assert not result.trades[1].resized


def test_without_cash_no_buy_is_left():
    assert plan([wish("s", A, 0, 5)], power=power(cash=0)).trades == ()


def test_closing_sells_come_before_short_sales():
    result = plan([wish("s", A, 0, -5), wish("s", B, 9, 0)], {B: 9.0})
    assert [trade.instrument.symbol for trade in result.trades] == ["B", "A"]


def test_the_reason_is_that_of_the_largest_part():
    exit_ = Wish("one", A, 1, 0, 10.0, "exit:stop")
    assert plan([exit_, wish("two", A, 50, 10)], {A: 51.0}).trades[0].reason == "rebalance"


def test_float_noise_is_not_traded():
    assert plan([wish("s", A, 10.0, 10.0 + 1e-12)], {A: 10.0}).trades == ()


def test_sells_alone_need_no_cash():
    assert plan([wish("s", A, 10, 0)], {A: 10.0}, power=power(cash=-5.0)).trades[0].quantity == -10


def test_short_proceeds_do_not_pay_for_buys():
    wishes = [wish("s", A, 0, -50), wish("s", B, 0, 100)]
    result = plan(wishes, power=power(cash=1000), short_value=500.0)
    bought = next(trade for trade in result.trades if trade.quantity > 0)
    assert bought.quantity == pytest.approx((1000 - 500 * 1.5) / 10)


def test_covering_a_short_is_never_shrunk():
    result = plan([wish("s", A, -10, 0)], {A: -10.0}, power=power(cash=0))
    assert result.trades[0].quantity == 10.0


def test_leverage_lends_cash():
    result = plan([wish("s", A, 0, 150)], power=power(cash=1000, leverage=1.5))
    assert result.trades[0].quantity == 150
    assert not result.trades[0].resized


def test_small_changes_are_left_alone_but_closing_is_not():
    small = {"drift_threshold": 0.05, "minimum_notional": 0.0}
    assert plan([wish("s", A, 10, 14)], {A: 10.0}, **small).trades == ()
    assert plan([wish("s", A, 10, 15)], {A: 10.0}, **small).trades[0].quantity == 5
    assert plan([wish("s", A, 1, 0)], {A: 1.0}, **small).trades[0].quantity == -1
    assert plan([wish("s", A, 10, 12)], {A: 10.0}, minimum_notional=21.0, drift_threshold=0.0).trades == ()


def test_closing_sells_exactly_what_the_account_holds():
    held = 0.1 + 0.2
    result = plan([wish("one", A, 0.1, 0), wish("two", A, 0.2, 0)], {A: held})
    assert result.trades[0].quantity == -held
    assert math.fsum(result.trades[0].split.values()) == pytest.approx(-held, abs=0)


@pytest.mark.parametrize(
    ("quantity", "lot", "rounded"),
    [
        (17.9, 5.0, 15.0),
        (-17.9, 5.0, -15.0),
        (4.0, 5.0, 0.0),
        (30.0, 0.1, 30.0),
        (2.999999999999, 1.0, 3.0),
        (7.5, 0, 7.5),
    ],
)
def test_lots_round_towards_zero_and_forgive_float_noise(quantity, lot, rounded):
    assert round_to_lot(quantity, lot) == pytest.approx(rounded, abs=1e-12)


def test_shrunk_buys_stay_on_lots():
    result = plan([wish("s", WHOLE, 0, 100, price=9.0)], power=power(cash=500))
    assert result.trades[0].quantity == 50.0


HELD = st.floats(-1000, 1000).map(lambda value: round(value, 3))


@given(
    st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.sampled_from([A, B, C]), HELD, HELD),
             unique_by=lambda item: (item[0], item[1])),
    st.floats(-1e3, 1e5),
)  # fmt: skip
def test_after_crosses_and_trades_nobody_overspends_and_splits_add_up(items, cash):
    wishes = [wish(*item) for item in items]
    holdings: dict[Instrument, float] = {}
    for item in items:
        holdings[item[1]] = holdings.get(item[1], 0.0) + item[2]
    result = plan(wishes, holdings, power=power(cash=cash, equity=1e5))
    spent = received = 0.0
    for trade in result.trades:
        assert math.fsum(trade.split.values()) == pytest.approx(trade.quantity, rel=1e-9, abs=1e-9)
        assert all(part * trade.quantity > -1e-9 for part in trade.split.values())
        held = holdings.get(trade.instrument, 0.0)
        if trade.quantity > 0:
            spent += max(trade.quantity - max(-held, 0.0), 0.0) * trade.price
        else:
            received += min(-trade.quantity, max(held, 0.0)) * trade.price
    assert spent <= max(cash + received, 0.0) + 1e-6
    first_buy = next((n for n, trade in enumerate(result.trades) if trade.quantity > 0), len(result.trades))
    assert all(trade.quantity > 0 for trade in result.trades[first_buy:])
