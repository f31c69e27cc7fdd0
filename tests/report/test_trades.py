"""Round trips against hand computation and against the account."""

from __future__ import annotations

import functools

import pandas as pd
import pytest

from tradewind.model import Result
from tradewind.report.trades import closed_trades, traded_values
from tradewind.testing.results import make_result


@functools.cache
def _full() -> Result:
    return make_result()


def _fills(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """Make fills from symbol, quantity, price and commission, one a bar."""
    table = pd.DataFrame(rows, columns=["symbol", "quantity", "price", "commission"])
    table["bar"] = range(len(table))
    table["timestamp"] = pd.bdate_range("2020-01-01", periods=len(table))
    return table.assign(spread=0.0, slippage=0.0, impact=0.0, reason="rebalance")


def test_a_round_trip_with_additions_earns_the_sum_of_its_cash_flows() -> None:
    trades = closed_trades(_fills(("S", 10, 100, 1), ("S", 10, 110, 1), ("S", -5, 120, 1), ("S", -15, 100, 1)))
    # -1000 - 1100 + 600 + 1500 - 4
    assert trades["profit"].tolist() == [-4.0]
    row = trades.iloc[0]
    assert (row["side"], row["bars"], row["quantity"], row["entry_value"], row["fills"]) == ("long", 3, 20, 2100, 4)


def test_a_short_round_trip_earns_when_the_price_falls() -> None:
    trades = closed_trades(_fills(("S", -10, 100, 0), ("S", 10, 90, 0)))
    assert trades[["side", "profit"]].to_numpy().tolist() == [["short", 100.0]]


def test_a_fill_through_zero_closes_one_trade_and_opens_the_next_with_its_costs_split() -> None:
    trades = closed_trades(_fills(("S", 10, 100, 0), ("S", -30, 110, 3), ("S", 20, 105, 0)))
    assert trades["side"].tolist() == ["long", "short"]
    assert trades["profit"].tolist() == pytest.approx([99.0, 98.0])
    assert trades["costs"].tolist() == pytest.approx([1.0, 2.0])


def test_open_positions_are_not_counted_and_symbols_do_not_mix() -> None:
    trades = closed_trades(_fills(("A", 1, 10, 0), ("B", 1, 20, 0), ("A", -1, 12, 0)))
    assert trades["symbol"].tolist() == ["A"]
    assert trades["profit"].tolist() == [2.0]


def test_the_dust_of_fractional_quantities_counts_as_flat() -> None:
    trades = closed_trades(_fills(("S", 0.1, 10, 0), ("S", 0.2, 10, 0), ("S", -0.3, 11, 0), ("S", 1, 10, 0)))
    assert len(trades) == 1
    assert trades["profit"].iloc[0] == pytest.approx(0.3)


def test_no_fills_make_an_empty_table_with_its_columns() -> None:
    empty = _fills().iloc[:0]
    assert list(closed_trades(empty).columns)[:2] == ["symbol", "side"]
    assert len(traded_values(empty)) == 0


def test_a_multiplier_column_scales_value_and_profit() -> None:
    fills = _fills(("O", 1, 2.0, 0), ("O", -1, 3.0, 0)).assign(multiplier=100.0)
    assert traded_values(fills).tolist() == [200.0, 300.0]
    assert closed_trades(fills)["profit"].tolist() == [100.0]


def test_closed_and_open_trades_sum_to_the_account() -> None:
    result = _full()
    closed = closed_trades(result.fills)["profit"].sum()
    last = result.equity.iloc[-1]
    flows = -(result.fills["quantity"] * result.fills["price"]).sum()
    costs = result.fills[["commission", "spread", "slippage", "impact"]].to_numpy().sum()
    assert last["cash"] - result.equity["equity"].iloc[0] == pytest.approx(flows - costs)
    open_symbols = result.weights.columns[result.weights.iloc[-1].abs() > 1e-12]
    never_open = result.fills[~result.fills["symbol"].isin(open_symbols)]
    by_hand = (
        -(never_open["quantity"] * never_open["price"]).sum()
        - never_open[["commission", "spread", "slippage", "impact"]].to_numpy().sum()
    )
    flat_only = closed_trades(never_open)["profit"].sum()
    assert flat_only == pytest.approx(by_hand)
    assert closed != 0.0
