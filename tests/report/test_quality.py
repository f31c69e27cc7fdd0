"""Execution quality against numbers computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tradewind.model import Bars
from tradewind.report.quality import COLUMNS, Execution, Filled, execution_quality, executions_of
from tradewind.testing import make_bars

CLOSE = [[100.0, 50.0], [102.0, 49.0], [104.0, 48.0], [103.0, 47.0], [110.0, 40.0]]
OPEN = [[99.0, 50.5], [101.0, 49.5], [103.0, 48.5], [104.0, 47.5], [105.0, 45.0]]


@pytest.fixture
def bars() -> Bars:
    close, open_ = np.array(CLOSE), np.array(OPEN)
    high, low = np.maximum(close, open_) + 1.0, np.minimum(close, open_) - 2.0
    return make_bars(close, open=open_, high=high, low=low)


def bought(*fills: Filled, quantity: float = 10.0, **options: object) -> Execution:
    return Execution(0, "S0", quantity, "market", {"main": quantity}, fills, **options)  # type: ignore[arg-type]


def test_a_buy_in_two_pieces(bars: Bars) -> None:
    row = execution_quality([bought(Filled(1, 6.0, 101.5, 3.0), Filled(2, 4.0, 103.5, 2.0))], bars).iloc[0]
    # Decided at 100, arrived at 101; typical prices (103 + 99 + 102) / 3 and (105 + 101 + 104) / 3.
    assert row["value"] == 1000.0
    assert (row["orders"], row["filled_orders"], row["fill_rate"]) == (1, 1, 1.0)
    assert row["decision_bp"] == pytest.approx((6 * 1.5 + 4 * 3.5) / 1000 * 1e4)  # 230
    assert row["arrival_bp"] == pytest.approx((6 * 0.5 + 4 * 2.5) / 1010 * 1e4)
    vwaps = 6 * 304 / 3 + 4 * 310 / 3
    assert row["vwap_bp"] == pytest.approx((6 * 101.5 + 4 * 103.5 - vwaps) / vwaps * 1e4)
    assert row["delay_bp"] == pytest.approx(100.0)
    assert row["trading_bp"] == pytest.approx(130.0)
    assert row["costs_bp"] == pytest.approx(50.0)
    assert row["opportunity_bp"] == 0.0
    assert row["shortfall_bp"] == pytest.approx(280.0)
    assert row["bars_to_fill"] == pytest.approx(1.4)
    assert math.isnan(row["seconds_to_fill"])


def test_a_sale_below_its_decision_is_a_cost(bars: Bars) -> None:
    sale = Execution(0, "S1", -20.0, "market", {"main": -20.0}, (Filled(1, -20.0, 49.5, 0.0),))
    row = execution_quality([sale], bars).iloc[0]
    assert row["decision_bp"] == pytest.approx(0.5 / 50 * 1e4)
    assert row["arrival_bp"] == pytest.approx(0.0)
    better = sale.__class__(0, "S1", -20.0, "market", {"main": -20.0}, (Filled(1, -20.0, 51.0, 0.0),))
    assert execution_quality([better], bars).iloc[0]["decision_bp"] == pytest.approx(-200.0)


def test_perold_charges_what_was_never_bought(bars: Bars) -> None:
    # 6 of 10 at 101.5, cost 3; the other 4 went from 100 to 110 by the end, or to 104 by the bar of the cancellation.
    part = Filled(1, 6.0, 101.5, 3.0)
    row = execution_quality([bought(part)], bars).iloc[0]
    assert (row["filled_orders"], row["fill_rate"]) == (0, pytest.approx(0.6))
    assert row["opportunity_bp"] == pytest.approx(4 * 10 / 1000 * 1e4)
    assert row["shortfall_bp"] == pytest.approx((6 * 1.5 + 3 + 4 * 10) / 1000 * 1e4)
    row = execution_quality([bought(part, last_bar=2)], bars).iloc[0]
    assert row["opportunity_bp"] == pytest.approx(4 * 4 / 1000 * 1e4)


def test_groups_weigh_orders_by_their_value(bars: Bars) -> None:
    first = bought(Filled(1, 10.0, 101.0, 0.0, 0.2))
    second = Execution(1, "S1", 100.0, "market", {"main": 75.0, "hedge": 25.0}, (Filled(2, 100.0, 49.49, 0.0, 0.6),))
    stop = Execution(0, "S0", -10.0, "stop", {"main": -10.0})
    table = execution_quality([first, second, stop], bars)
    assert list(table.index) == ["market orders", "sleeve main", "sleeve hedge", "stop orders"]
    assert list(table.columns) == list(COLUMNS)
    # 100 bp on 1,000 and 100 bp on 4,900
    assert table.loc["market orders", "decision_bp"] == pytest.approx(100.0)
    assert table.loc["market orders", "value"] == 5900.0
    assert table.loc["market orders", "seconds_to_fill"] == pytest.approx(0.4)
    assert table.loc["sleeve main", "value"] == pytest.approx(1000.0 + 0.75 * 4900.0)
    assert table.loc["sleeve hedge", "value"] == pytest.approx(0.25 * 4900.0)
    arrival = (10 * 0.0 + 100 * (49.49 - 48.5)) / (10 * 101 + 100 * 48.5) * 1e4
    assert table.loc["market orders", "arrival_bp"] == pytest.approx(arrival)
    assert (table.loc["stop orders", "fill_rate"], table.loc["stop orders", "orders"]) == (0.0, 1)


def test_a_feed_s_own_average_price_is_taken_before_the_proxy() -> None:
    bars = make_bars([100.0, 102.0], vwap=[100.0, 101.0])
    row = execution_quality([bought(Filled(1, 10.0, 102.01, 0.0))], bars).iloc[0]
    assert row["vwap_bp"] == pytest.approx(100.0)
    assert row["arrival_bp"] == pytest.approx(0.01 / 102 * 1e4)  # without opens, the first close after the decision


def test_a_halted_instrument_arrives_when_it_trades_again() -> None:
    bars = make_bars([100.0, math.nan, 104.0, 105.0], open=[100.0, math.nan, 103.0, 105.0])
    row = execution_quality([bought(Filled(2, 10.0, 103.0, 0.0))], bars).iloc[0]
    assert (row["decision_bp"], row["arrival_bp"]) == (pytest.approx(300.0), 0.0)
    unpriced = Execution(0, "ELSE", 1.0, "market", {"main": 1.0})
    assert execution_quality([unpriced], bars).empty


def test_the_tables_of_a_result_become_executions() -> None:
    orders = pd.DataFrame(
        [("0-0-S0", 0, "S0", 10.0, "market", '{"main": 10.0}'), ("1-0-S0", 1, "S0", -5.0, "stop", '{"main": -5.0}')],
        columns=["order_id", "bar", "symbol", "quantity", "order_type", "sleeves"],
    )
    fills = pd.DataFrame(
        [("0-0-S0", 1, 6.0, 101.5, 1.0, 0.5, 0.25, 0.125), ("0-0-S0", 2, 4.0, 103.5, 0.0, 0.0, 0.0, 0.0)],
        columns=["order_id", "bar", "quantity", "price", "commission", "spread", "slippage", "impact"],
    )
    assert executions_of(orders, fills) == [
        Execution(0, "S0", 10.0, "market", {"main": 10.0}, (Filled(1, 6.0, 101.5, 1.875), Filled(2, 4.0, 103.5, 0.0))),
        Execution(1, "S0", -5.0, "stop", {"main": -5.0}),
    ]
