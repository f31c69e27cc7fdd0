import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.model import AssetClass, Fill, Instrument, OrderIntent
from tradewind.portfolio.books import SleeveBooks

A, B = Instrument(symbol="A"), Instrument(symbol="B", multiplier=10.0)


def books() -> SleeveBooks:
    return SleeveBooks(["one", "two"], [A, B])


def intent(quantity: float, split: dict[str, float], instrument: Instrument = A) -> OrderIntent:
    return OrderIntent(order_id="x", bar=0, instrument=instrument, quantity=quantity, split=split)


def fill(quantity: float, price: float, instrument: Instrument = A, costs: float = 0.0, bar: int = 1) -> Fill:
    return Fill(order_id="x", bar=bar, instrument=instrument, quantity=quantity, price=price, commission=costs)


def test_a_fill_is_divided_by_its_orders_split_and_so_are_its_costs():
    ledger = books()
    ledger.open_order(intent(30.0, {"one": 10.0, "two": 20.0}))
    assert ledger.apply(fill(30.0, 5.0, costs=3.0)) == {"one": 10.0, "two": 20.0}
    assert ledger.books["one"].cash_flow == -10 * 5 - 1
    assert ledger.books["two"].cash_flow == -20 * 5 - 2


def test_partial_fills_are_divided_pro_rata_and_the_last_takes_the_rest_exactly():
    ledger = books()
    ledger.open_order(intent(10.0, {"one": 3.0, "two": 7.0}))
    ledger.apply(fill(1 / 3, 5.0))
    ledger.apply(fill(10.0 - 1 / 3, 5.0))
    assert ledger.holding("one", A) == 3.0
    assert ledger.holding("two", A) == 7.0


def test_entry_price_averages_on_growth_stays_on_reduction_and_restarts_on_reversal():
    ledger = books()
    for quantity, price, bar in ((10.0, 100.0, 1), (30.0, 120.0, 2), (-20.0, 90.0, 3)):
        ledger.open_order(intent(quantity, {"one": quantity}))
        ledger.apply(fill(quantity, price, bar=bar))
    book = ledger.books["one"]
    assert (book.quantities[0], book.entry_prices[0], book.entry_bars[0]) == (20.0, 115.0, 1)
    ledger.open_order(intent(-25.0, {"one": -25.0}))
    ledger.apply(fill(-25.0, 80.0, bar=4))
    assert (book.quantities[0], book.entry_prices[0], book.entry_bars[0]) == (-5.0, 80.0, 4)


def test_extremes_follow_the_closes_of_held_columns_and_ignore_halts():
    ledger = books()
    ledger.books["one"].mark_to(np.array([[500.0, 1.0]]), 0)
    ledger.open_order(intent(1.0, {"one": 1.0}))
    ledger.apply(fill(1.0, 100.0))
    closes = np.array([[500.0, 1.0], [110.0, 1.0], [np.nan, 2.0], [95.0, 3.0]])
    for bar in (0, 1, 3):
        ledger.books["one"].mark_to(closes, bar)
    book = ledger.books["one"]
    assert (book.highest_closes[0], book.lowest_closes[0]) == (110.0, 95.0)


def test_a_fill_without_an_order_goes_to_the_holders():
    ledger = books()
    ledger.open_order(intent(30.0, {"one": 10.0, "two": 20.0}))
    ledger.apply(fill(30.0, 5.0))
    parts = ledger.apply(Fill(order_id="end-3-A", bar=3, instrument=A, quantity=-30.0, price=4.0))
    assert parts == {"one": -10.0, "two": -20.0}
    assert ledger.holding("two", A) == 0.0


def test_instruments_without_a_column_are_kept_by_instrument_with_their_multiplier():
    future = Instrument(symbol="F", asset_class=AssetClass.FUTURE, multiplier=50.0)
    ledger = books()
    ledger.open_order(intent(2.0, {"two": 2.0}, future))
    ledger.apply(fill(2.0, 10.0, future))
    assert ledger.books["two"].others == {future: 2.0}
    assert ledger.books["two"].cash_flow == -1000.0
    ledger.open_order(intent(-2.0, {"two": -2.0}, future))
    ledger.apply(fill(-2.0, 11.0, future))
    assert ledger.books["two"].others == {}
    assert ledger.books["two"].cash_flow == 100.0


def test_a_cross_moves_a_holding_and_its_value_and_nothing_else():
    ledger = books()
    ledger.cross(B, buyer="one", seller="two", quantity=3.0, price=7.0, bar=5)
    assert (ledger.holding("one", B), ledger.holding("two", B)) == (3.0, -3.0)
    assert ledger.books["one"].cash_flow == -ledger.books["two"].cash_flow == -210.0


@given(
    st.lists(
        st.tuples(st.floats(0.001, 1e6), st.floats(0.001, 1e6), st.floats(0.01, 1e5), st.floats(0.05, 0.95)),
        max_size=20,
    )
)
def test_sleeve_holdings_and_cash_flows_sum_to_the_accounts(trades):
    ledger = books()
    quantity = cash = 0.0
    for one, two, price, part in trades:
        total = one + two
        ledger.open_order(intent(total, {"one": one, "two": two}))
        for size in (total * part, total - total * part):
            execution = fill(size, price, costs=size * price * 0.001)
            ledger.apply(execution)
            quantity += size
            cash += execution.cash_flow
    held = ledger.holding("one", A) + ledger.holding("two", A)
    assert held == pytest.approx(quantity, rel=1e-12)
    assert ledger.books["one"].cash_flow + ledger.books["two"].cash_flow == pytest.approx(cash, rel=1e-9)
