from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.testing.build import make_bars, market_at, portfolio_of
from tradewind_strategies import High52Week

NAN = float("nan")


def scores_of(strategy: High52Week, close: object, bar: int = -1) -> list[float]:
    market = market_at(make_bars(close), bar, strategy.factors)  # type: ignore[arg-type]
    return strategy.on_bar(market, portfolio_of(market)).scores.tolist()


def test_the_nearest_to_their_high_are_scored_with_their_nearness() -> None:
    # Highs of the last 3 bars: 10, 20, 40, 8; nearness 0.9, 1.0, 0.5, 0.75.
    close = [[99.0, 1, 1, 1], [10, 18, 40, 8], [8, 19, 30, 7], [9, 20, 20, 6]]
    assert scores_of(High52Week(top_n=2, lookback_bars=3), close) == [0.9, 1.0, 0.0, 0.0]


def test_of_equal_ones_the_earlier_column_is_chosen() -> None:
    close = [[1.0, 1, 1], [2, 3, 4]]
    assert scores_of(High52Week(top_n=2, lookback_bars=2), close) == [1.0, 1.0, 0.0]


def test_halted_and_short_histories_are_not_eligible() -> None:
    close = [[10.0, NAN, 10], [10, NAN, 10], [10, 9, 10], [5, 9, NAN]]
    assert scores_of(High52Week(top_n=3, lookback_bars=3), close) == [0.5, 0.0, 0.0]


def test_a_halt_does_not_shorten_an_instruments_own_year() -> None:
    # With the halted bar out of its history, the last 3 bars of the second are 8, 4 and 6.
    close = [[10.0, 8], [10, 4], [10, NAN], [10, 6]]
    assert scores_of(High52Week(top_n=2, lookback_bars=3), close) == [1.0, 0.75]


def test_nothing_is_held_of_a_universe_without_prices() -> None:
    assert scores_of(High52Week(top_n=3, lookback_bars=2), np.full((5, 3), NAN)) == [0.0, 0.0, 0.0]


def test_one_symbol_is_enough_and_capital_of_zero_changes_nothing() -> None:
    strategy = High52Week(top_n=10, lookback_bars=2)
    market = market_at(make_bars([4.0, 3.0]), -1, strategy.factors)
    assert strategy.on_bar(market, portfolio_of(market, capital=0.0)).scores.tolist() == [0.75]


def test_the_first_call_comes_when_the_first_high_is_known() -> None:
    strategy = High52Week(lookback_bars=30)
    bars = make_bars(np.arange(1.0, 32.0))
    assert np.isfinite(market_at(bars, strategy.warmup, strategy.factors).factor("high")).all()
    assert not np.isfinite(market_at(bars, strategy.warmup - 1, strategy.factors).factor("high")).any()


@pytest.mark.parametrize("top_n", [1, 3, 7])
def test_selection_agrees_with_pandas_on_random_prices(top_n: int) -> None:
    close = np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, (300, 9)), axis=0))
    frame = pd.DataFrame(close)
    nearness = (frame / frame.rolling(252).max()).iloc[-1]
    expected = nearness.where(nearness.rank(ascending=False) <= top_n, 0.0)
    np.testing.assert_allclose(scores_of(High52Week(top_n=top_n), close), expected, rtol=1e-15)


@given(order=st.permutations(range(7)), seed=st.integers(0, 10_000))
def test_permuting_the_symbols_permutes_the_scores(order: list[int], seed: int) -> None:
    close = np.exp(np.cumsum(np.random.default_rng(seed).normal(-0.02, 0.02, (40, 7)), axis=0))
    strategy = High52Week(top_n=3, lookback_bars=30)
    nearness = close[-1] / close[-30:].max(axis=0)
    if len(np.unique(nearness)) < 7:
        return
    assert np.array_equal(np.array(scores_of(strategy, close))[order], scores_of(strategy, close[:, order]))
