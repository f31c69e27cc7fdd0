from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.runs import orders_of, run
from tradewind.model import Market, Portfolio
from tradewind.testing.build import make_bars, market_at, portfolio_of
from tradewind_strategies import LowCorrelation
from tradewind_strategies.low_correlation import select_uncorrelated

NAN = float("nan")


def closes_of(returns: np.ndarray) -> np.ndarray:
    return 100.0 * np.exp(np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)]))


def waves() -> np.ndarray:
    """Closes from 40 bars of returns: A and B nearly alike, C independent of them by construction, D constant."""
    beat = np.tile([1.0, 1.0, -1.0, -1.0], 10)
    cross = np.tile([1.0, -1.0, 1.0, -1.0], 10)
    return closes_of(
        np.column_stack([0.010 * beat, 0.011 * beat + 0.001 * cross, 0.03 * cross, np.zeros(40)]),
    )


def selection(
    close: np.ndarray, portfolio: Portfolio | None = None, bar: int = -1, **params: float
) -> tuple[list[float] | None, Market]:
    strategy = LowCorrelation(**{"lookback_bars": 40, **params})  # type: ignore[arg-type]
    market = market_at(make_bars(close), bar)
    answer = strategy.on_bar(market, portfolio or portfolio_of(market))
    return (None if answer is None else answer.scores.tolist()), market


def test_the_calmest_comes_first_then_what_moves_independently_of_it() -> None:
    # Volatilities 1.0 %, 1.1 % and 3 %; A and B correlate at 0.996, A and C at 0; D does not move.
    assert selection(waves(), top_n=3)[0] == [1.0, 0.0, 1.0, 0.0]
    assert selection(waves(), top_n=1)[0] == [1.0, 0.0, 0.0, 0.0]
    assert selection(waves(), top_n=3, correlation_cap=1.0)[0] == [1.0, 1.0, 1.0, 0.0]


def test_the_selection_goes_by_mean_correlation_with_all_selected() -> None:
    correlation = np.array(
        [[1.0, 0.0, 0.4, 0.3], [0.0, 1.0, 0.0, 0.3], [0.4, 0.0, 1.0, 0.45], [0.3, 0.3, 0.45, 1.0]],
    )
    # First 0 (calmest); then 1 (0.0); then 2 (mean 0.2) before 3 (mean 0.3).
    assert select_uncorrelated(np.array([1.0, 2.0, 3.0, 4.0]), correlation.__getitem__, 3, 0.5) == [0, 1, 2]
    assert select_uncorrelated(np.array([1.0, 2.0, 3.0, 4.0]), correlation.__getitem__, 4, 0.42) == [0, 1, 2]
    assert select_uncorrelated(np.array([1.0, 2.0, 3.0, 4.0]), correlation.__getitem__, 4, 0.5) == [0, 1, 2, 3]


def test_a_pair_at_the_cap_is_not_selected() -> None:
    assert select_uncorrelated(np.array([1.0, 2.0]), np.array([[1.0, 0.5], [0.5, 1.0]]).__getitem__, 2, 0.5) == [0]


def by_the_book(returns: pd.DataFrame, count: int, cap: float) -> set[int]:
    correlation, volatility = returns.corr(), returns.std()
    chosen = [int(volatility.idxmin())]
    while len(chosen) < count:
        rest = [c for c in returns.columns if c not in chosen and (correlation.loc[c, chosen] < cap).all()]
        if not rest:
            break
        chosen.append(min(rest, key=lambda c: correlation.loc[c, chosen].mean()))
    return set(chosen)


@pytest.mark.parametrize("halts", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_pandas_on_random_prices(seed: int, halts: bool) -> None:
    generator = np.random.default_rng(seed)
    factor = generator.normal(0, 0.01, (120, 1))
    close = closes_of(factor * generator.uniform(0, 1.5, 12) + generator.normal(0, 0.01, (120, 12)))
    if halts:
        close[generator.random(close.shape) < 0.03] = NAN
        close[-1] = np.where(np.isnan(close[-1]), 100.0, close[-1])
        close[0] = np.where(np.isnan(close[0]), 100.0, close[0])
    frame = pd.DataFrame(close)
    returns = np.log(frame.ffill()).diff().where(frame.notna()).iloc[1:]
    scores, _ = selection(close, top_n=5, correlation_cap=0.45, lookback_bars=120)
    assert scores is not None
    assert set(np.flatnonzero(scores)) == by_the_book(returns, 5, 0.45)


def test_halted_late_and_often_halted_instruments_are_not_eligible() -> None:
    close = np.random.default_rng(0).uniform(90, 110, (41, 4))
    close[-1, 0] = NAN
    close[:20, 1] = NAN
    close[5:10, 2] = NAN  # 5 of 40 returns are missing, more than a tenth
    assert selection(close, top_n=4, correlation_cap=1.0)[0] == [0.0, 0.0, 0.0, 1.0]


def test_a_short_halt_does_not_cost_eligibility() -> None:
    close = np.random.default_rng(0).uniform(90, 110, (41, 1))
    close[5:9, 0] = NAN
    assert selection(close)[0] == [1.0]


def held(close: np.ndarray, weights: list[float], targets: list[float], **options: float) -> Portfolio:
    market = market_at(make_bars(close), -1)
    quantities = np.array(weights) * 100_000.0 / market.marks
    return replace(portfolio_of(market, quantities.tolist(), **options), target_weights=np.array(targets))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weights", "targets", "stays"),
    [
        ([0.5, 0.0, 0.5, 0.0], [0.5, 0.0, 0.5, 0.0], True),
        ([0.54, 0.0, 0.46, 0.0], [0.5, 0.0, 0.5, 0.0], True),
        ([0.56, 0.0, 0.46, 0.0], [0.5, 0.0, 0.5, 0.0], False),
        ([0.5, 0.06, 0.46, 0.0], [0.5, 0.0, 0.5, 0.0], False),
        ([0.5, 0.5, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], False),
        ([0.5, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0], False),
    ],
)
def test_it_decides_only_for_a_new_selection_or_beyond_the_drift(
    weights: list[float], targets: list[float], stays: bool
) -> None:
    scores, _ = selection(waves(), held(waves(), weights, targets), top_n=2)
    assert scores == (None if stays else [1.0, 0.0, 1.0, 0.0])


def test_capital_of_zero_keeps_an_unchanged_selection_and_takes_a_new_one() -> None:
    empty = held(waves(), [0.0] * 4, [0.5, 0.0, 0.5, 0.0], capital=0.0)
    assert selection(waves(), empty, top_n=2)[0] is None
    fresh = held(waves(), [0.0] * 4, [0.0] * 4, capital=0.0)
    assert selection(waves(), fresh, top_n=2)[0] == [1.0, 0.0, 1.0, 0.0]


def test_without_prices_nothing_is_selected_and_nothing_decided() -> None:
    assert selection(np.full((41, 3), NAN))[0] is None


def test_prices_that_stop_being_eligible_are_given_up() -> None:
    close = np.full((41, 2), NAN)
    market = market_at(make_bars(close), -1)
    portfolio = replace(portfolio_of(market), target_weights=np.array([0.5, 0.0]))
    assert selection(close, portfolio)[0] == [0.0, 0.0]


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(8)), seed=st.integers(0, 10_000))
def test_permuting_the_symbols_permutes_the_scores(order: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    close = closes_of(generator.normal(0, 0.01, (40, 1)) + generator.normal(0, 0.01, (40, 8)))
    plain, _ = selection(close, top_n=4)
    permuted, _ = selection(close[:, order], top_n=4)
    assert plain is not None
    assert np.array(plain)[order].tolist() == permuted


def test_a_run_trades_again_only_when_weights_drift() -> None:
    generator = np.random.default_rng(5)
    close = closes_of(generator.normal(0, 0.002, (300, 3)))
    params = {"top_n": 3, "correlation_cap": 1.0, "lookback_bars": 40}
    calm = orders_of(run("low_correlation", make_bars(close), **params))
    assert {bar for bar, *_ in calm} == {40}
    strict = orders_of(run("low_correlation", make_bars(close), **params, drift=0.0))
    assert len({bar for bar, *_ in strict}) == 5


def test_history_and_stream_place_the_same_orders() -> None:
    bars = make_bars(closes_of(np.random.default_rng(6).normal(0, 0.02, (300, 6))))
    history = run("low_correlation", bars, top_n=3, lookback_bars=40)
    stream = run("low_correlation", bars, top_n=3, lookback_bars=40, stream=True)
    assert orders_of(history) == orders_of(stream)
    assert len(orders_of(history)) > 3
