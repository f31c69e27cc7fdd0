from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.strategies.runs import orders_of, run
from tradewind.errors import PluginError
from tradewind.model import Signals, Targets
from tradewind.testing.build import make_bars, market_at, portfolio_of
from tradewind_strategies import Momentum

NAN = float("nan")


def prices(seed: int, columns: int, bars: int = 80) -> np.ndarray:
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.02, (bars, columns)), axis=0))


def answer(strategy: Momentum, close: object, **fields: object) -> Signals | Targets:
    market = market_at(make_bars(close, **fields), -1, strategy.factors)  # type: ignore[arg-type]
    return strategy.on_bar(market, portfolio_of(market))


def scores(strategy: Momentum, close: object, **fields: object) -> np.ndarray:
    made = answer(strategy, close, **fields)
    assert isinstance(made, Signals)
    return made.scores


def by_the_book(close: np.ndarray, volume: np.ndarray | None = None) -> np.ndarray:
    """Percentile ranks with scipy, parts with pandas."""
    frame = pd.DataFrame(close)
    returns = frame.pct_change(fill_method=None).iloc[-60:]
    parts = [
        frame.pct_change(20, fill_method=None).iloc[-1],
        frame.pct_change(60, fill_method=None).iloc[-1],
        returns.gt(returns.median(axis=1), axis=0).mean(),
    ]
    if volume is not None:
        traded = pd.DataFrame(volume)
        parts.append(traded.iloc[-20:].mean() / traded.iloc[-60:].mean())
    return np.mean([stats.rankdata(part) / len(part) for part in parts], axis=0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("with_volume", [False, True])
def test_scores_agree_with_ranks_by_scipy(seed: int, with_volume: bool) -> None:
    close = prices(seed, 9)
    volume = np.random.default_rng(seed + 99).uniform(1e5, 1e6, close.shape) if with_volume else None
    fields = {} if volume is None else {"volume": volume}
    np.testing.assert_allclose(scores(Momentum(top_n=9), close, **fields), by_the_book(close, volume), rtol=1e-12)


def test_steady_growth_ranks_in_the_order_of_the_rates() -> None:
    days = np.arange(61.0)[:, np.newaxis]
    close = 100.0 * np.exp(days * [0.003, 0.001, 0.002, -0.001])
    # Ranks of both returns: 4, 2, 3, 1 of 4. The median return lies between the second and the third: the upper two are
    # always above it and share places 3 and 4 (3.5), the lower two never and share 1 and 2 (1.5).
    expected = [(4 + 4 + 3.5) / 12, (2 + 2 + 1.5) / 12, (3 + 3 + 3.5) / 12, (1 + 1 + 1.5) / 12]
    np.testing.assert_allclose(scores(Momentum(top_n=4), close), expected)
    np.testing.assert_allclose(scores(Momentum(top_n=2), close), [expected[0], 0, expected[2], 0])


def test_rising_volume_decides_between_equal_prices() -> None:
    close = np.tile(100.0 * 1.001 ** np.arange(61.0)[:, np.newaxis], 2)
    volume = np.column_stack([np.full(61, 100.0), np.where(np.arange(61) < 41, 100.0, 150.0)])
    made = scores(Momentum(top_n=1), close, volume=volume)
    # Three parts share ranks 1 and 2 (0.75 each); volume gives the second 1.
    np.testing.assert_allclose(made, [0.0, (3 * 0.75 + 1.0) / 4])


def test_halted_short_and_volumeless_instruments_are_not_eligible() -> None:
    close = prices(1, 4)
    volume = np.full(close.shape, 1000.0)
    close[-1, 0] = NAN
    volume[-1, 0] = NAN
    close[:30, 1] = NAN
    volume[:, 2] = 0.0
    assert scores(Momentum(top_n=4), close, volume=volume).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_one_symbol_and_no_prices() -> None:
    # Alone it never beats the median, which is itself, and still ranks first of one.
    assert scores(Momentum(), prices(2, 1)).tolist() == [1.0]
    assert scores(Momentum(), np.full((70, 3), NAN)).tolist() == [0.0, 0.0, 0.0]
    assert scores(Momentum(), np.full((70, 3), NAN), volume=np.full((70, 3), NAN)).tolist() == [0.0, 0.0, 0.0]


def test_the_short_leg_weighs_the_best_and_the_worst_tenth() -> None:
    close = prices(3, 25)
    made = answer(Momentum(top_n=4, short_leg=True, short_weight=0.03), close)
    assert isinstance(made, Targets)
    rank = pd.Series(by_the_book(close))
    expected = pd.Series(0.0, index=rank.index)
    expected[rank.nlargest(4).index] = (1 - 2 * 0.03) / 4
    expected[rank.nsmallest(2).index] = -0.03  # a tenth of 25, rounded down
    assert made.weights is not None
    np.testing.assert_allclose(made.weights, expected)


def test_the_best_keep_half_of_the_capital_however_many_are_shorted() -> None:
    made = answer(Momentum(top_n=4, short_leg=True, short_weight=0.3), prices(3, 25))
    assert isinstance(made, Targets)
    assert made.weights is not None
    assert sorted(made.weights)[:2] == [-0.3, -0.3]
    assert sorted(made.weights)[-4:] == [0.125] * 4


def test_fewer_than_ten_have_no_worst_tenth_and_the_best_are_never_shorted() -> None:
    few = answer(Momentum(top_n=2, short_leg=True), prices(4, 9))
    assert isinstance(few, Targets)
    assert few.weights is not None
    assert sorted(few.weights) == [0.0] * 7 + [0.5] * 2
    all_best = answer(Momentum(top_n=20, short_leg=True), prices(4, 20))
    assert isinstance(all_best, Targets)
    assert all_best.weights is not None
    np.testing.assert_allclose(all_best.weights, 0.05)


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(8)), seed=st.integers(0, 10_000))
def test_permuting_the_symbols_permutes_the_scores(order: list[int], seed: int) -> None:
    close = prices(seed, 8)
    rank = by_the_book(close)
    if len(np.unique(np.round(rank, 9))) < 8:
        return
    plain, permuted = scores(Momentum(top_n=3), close), scores(Momentum(top_n=3), close[:, order])
    np.testing.assert_allclose(plain[order], permuted)


def test_a_run_with_the_short_leg_holds_both_sides_and_refuses_a_sizer() -> None:
    bars = make_bars(prices(7, 20, bars=62))
    session = run("momentum", bars, sizer=None, top_n=4, short_leg=True)
    tables = session.ledger.recorder.tables(session.panel.timestamps, None)
    assert set(tables["orders"]["status"]) == {"filled"}
    quantities = session.ledger.books.books["main"].quantities
    assert (quantities > 0).sum() == 4
    assert (quantities < 0).sum() == 2
    with pytest.raises(PluginError, match="remove `sizer"):
        run("momentum", bars, top_n=4, short_leg=True)


def test_history_and_stream_place_the_same_orders() -> None:
    close = prices(8, 6, bars=120)
    bars = make_bars(close, volume=np.random.default_rng(0).uniform(1, 2, close.shape))
    history, stream = run("momentum", bars, top_n=2), run("momentum", bars, top_n=2, stream=True)
    assert orders_of(history) == orders_of(stream)
    assert len({bar for bar, *_ in orders_of(history)}) >= 10
