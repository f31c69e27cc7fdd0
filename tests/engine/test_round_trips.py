"""Profits of round trips, against those of the report, which are made from the whole table of fills."""

from __future__ import annotations

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from tradewind.engine.round_trips import RoundTrips
from tradewind.model import Fill, Instrument
from tradewind.report.trades import closed_trades

TRADES = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(-5, 5).filter(bool), st.integers(5, 20), st.sampled_from([0.0, 0.5])),
    max_size=25,
)


@given(TRADES)
def test_round_trips_are_those_of_the_report(trades: list[tuple[str, int, int, float]]) -> None:
    trips, fills = RoundTrips(), []
    for bar, (symbol, quantity, price, commission) in enumerate(trades):
        fill = Fill(f"o{bar}", bar, Instrument(symbol=symbol), float(quantity), float(price), commission)
        trips.add(fill)
        fills.append((f"o{bar}", bar, pd.Timestamp("2024-01-01") + pd.Timedelta(days=bar), symbol, float(quantity),
                      float(price), commission, 0.0, 0.0, 0.0, ""))  # fmt: skip
    columns = ["order_id", "bar", "timestamp", "symbol", "quantity", "price", "commission", "spread", "slippage",
               "impact", "reason"]  # fmt: skip
    expected = closed_trades(pd.DataFrame(fills, columns=columns))["profit"].tolist()
    assert sorted(trips.take()) == pytest.approx(sorted(expected))
    assert trips.take() == ()
