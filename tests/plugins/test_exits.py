from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.helpers import TestPlugins, fills_of, scripted
from tradewind.config.plan import Plan
from tradewind.contracts import Exit, RestingExit
from tradewind.engine.assemble import Builder, run_session
from tradewind.engine.session import Session
from tradewind.errors import TradewindError
from tradewind.model import Bars, Targets
from tradewind.registry import Registry
from tradewind.testing.build import make_bars, market_at, portfolio_of
from tradewind_plugins import exits
from tradewind_plugins.exits import AtrStop, TimeStop, take_profit, trailing_stop

NAN = float("nan")


def run(bars: Bars, script: dict[int, Targets], exit_: dict[str, Any], name: str, **sections: Any) -> Session:
    registry = Registry.load(only=("gates", "breakers"))
    registry.register(TestPlugins(bars), "tests")
    registry.register(exits, "exits")
    assert not registry.broken, registry.broken
    sleeve = {"strategy": scripted(name, script), "exits": [exit_]}
    plan = Plan.model_validate({"data": {"feed": "fixed"}, "risk": False, "sleeves": [sleeve], **sections})
    return run_session(Builder(plan, registry, Path()), bars)


def test_trailing_stop_closes_a_long_at_or_below_the_fraction_under_its_highest_close() -> None:
    market = market_at(make_bars([[80.0, 80.01, 100.0]]), 0)
    portfolio = portfolio_of(market, [1, 1, 1], entry_prices=[50, 50, 50], highest_closes=[100, 100, 100])
    assert trailing_stop(0.2).closes(market, portfolio).tolist() == [True, False, False]


def test_trailing_stop_closes_a_short_at_or_above_the_fraction_over_its_lowest_close() -> None:
    market = market_at(make_bars([[60.0, 59.99, 50.0]]), 0)
    portfolio = portfolio_of(market, [-1, -1, -1], entry_prices=[90, 90, 90], lowest_closes=[50, 50, 50])
    assert trailing_stop(0.2).closes(market, portfolio).tolist() == [True, False, False]


def test_resting_trailing_stop_gives_the_same_level_as_the_one_on_closes() -> None:
    market = market_at(make_bars([[90.0, 90.0, 90.0]]), 0)
    portfolio = portfolio_of(market, [1, -2, 0], highest_closes=[120, 120, 120], lowest_closes=[80, 80, 80])
    rule = trailing_stop(0.25, resting=True)
    assert isinstance(rule, RestingExit)
    np.testing.assert_array_equal(rule.stop_prices(market, portfolio), [90.0, 100.0, NAN])
    assert np.isnan(rule.limit_prices(market, portfolio)).all()


def test_take_profit_closes_both_sides_at_the_fraction_from_entry() -> None:
    market = market_at(make_bars([[125.0, 124.99, 75.0, 75.01]]), 0)
    portfolio = portfolio_of(market, [1, 1, -1, -1], entry_prices=[100, 100, 100, 100])
    assert take_profit(0.25).closes(market, portfolio).tolist() == [True, False, True, False]


def test_resting_take_profit_never_waits_for_a_price_of_zero() -> None:
    market = market_at(make_bars([[100.0, 100.0, 100.0]]), 0)
    portfolio = portfolio_of(market, [1, -1, 0])
    half, whole = take_profit(0.5, resting=True), take_profit(1.0, resting=True)
    assert isinstance(half, RestingExit)
    assert isinstance(whole, RestingExit)
    np.testing.assert_array_equal(half.limit_prices(market, portfolio), [150.0, 50.0, NAN])
    np.testing.assert_array_equal(whole.limit_prices(market, portfolio), [200.0, NAN, NAN])
    assert np.isnan(half.stop_prices(market, portfolio)).all()


def test_time_stop_counts_bars_since_the_first_fill_and_waits_for_a_halted_instrument() -> None:
    close = np.full((6, 4), 10.0)
    close[5, 3] = np.nan
    market = market_at(make_bars(close), 5)
    portfolio = portfolio_of(market, [1, -1, 1, 1], entry_bars=[2, 2, 3, 0])
    assert TimeStop(3).closes(market, portfolio).tolist() == [True, True, False, False]


def test_time_stop_leaves_flat_instruments_alone() -> None:
    market = market_at(make_bars(np.full((50, 2), 10.0)), 49)
    assert not TimeStop(1).closes(market, portfolio_of(market)).any()


@pytest.mark.parametrize("rule", [trailing_stop(0.1), take_profit(0.1), TimeStop(1)])
def test_exits_leave_halted_instruments_alone(rule: Exit) -> None:
    close = np.array([[10.0, 10.0], [NAN, NAN]])
    market = market_at(make_bars(close), 1)
    portfolio = portfolio_of(
        market, [5, -5], entry_prices=[1, 100], highest_closes=[99, 100], lowest_closes=[1, 1], entry_bars=[0, 0]
    )
    assert not rule.closes(market, portfolio).any()


def wilder(high: Any, low: Any, close: Any, bars: int) -> np.ndarray:
    """Wilder's recurrence, one column, written out: simple mean of the first true ranges, then (n-1 old + new) / n."""
    previous = pd.Series(close).shift(1)
    ranges = pd.concat([pd.Series(high) - low, (high - previous).abs(), (low - previous).abs()], axis=1).max(axis=1)
    out = np.full(len(close), np.nan)
    out[bars] = ranges[1 : bars + 1].mean()
    for row in range(bars + 1, len(close)):
        out[row] = (out[row - 1] * (bars - 1) + ranges[row]) / bars
    return out


def constant_range_bars(closes: list[float]) -> Bars:
    """A high 1 above and a low 1 below each close: while closes stand still the true range is 2."""
    close = np.array(closes)
    return make_bars(close, high=close + 1.0, low=close - 1.0, open=close)


@pytest.mark.parametrize(("last", "closed"), [(94.01, False), (94.0, True)])
def test_atr_stop_from_entry_lies_a_multiple_of_the_entry_bars_range_below(last: float, closed: bool) -> None:
    bars = constant_range_bars([100.0] * 20 + [97.0, last])
    rule = AtrStop(multiple=3.0, bars=5)
    market = market_at(bars, -1, rule.factors)
    # The ATR on the entry bar, 15, is 2: the stop is 100 - 3 * 2 = 94 although the ATR has grown since.
    assert market.factor("atr")[0] > 2.1
    portfolio = portfolio_of(market, [1], entry_prices=[100], entry_bars=[15])
    assert rule.closes(market, portfolio).tolist() == [closed]


@pytest.mark.parametrize(("last", "closed"), [(105.99, False), (106.0, True)])
def test_atr_stop_from_entry_mirrors_for_shorts(last: float, closed: bool) -> None:
    bars = constant_range_bars([100.0] * 20 + [103.0, last])
    rule = AtrStop(multiple=3.0, bars=5)
    market = market_at(bars, -1, rule.factors)
    portfolio = portfolio_of(market, [-1], entry_prices=[100], entry_bars=[15])
    assert rule.closes(market, portfolio).tolist() == [closed]


def test_trailing_atr_stop_uses_todays_range_from_the_best_close() -> None:
    closes = [100.0, 101, 103, 102, 106, 108, 107, 111, 110, 109, 108, 107, 106, 105, 104, 103]
    bars = constant_range_bars(closes)
    rule = AtrStop(multiple=1.5, bars=5, anchor="best_close")
    expected = wilder(np.array(closes) + 1, np.array(closes) - 1, np.array(closes), 5)
    hits = 0
    for bar in range(7, len(closes)):
        market = market_at(bars, bar, rule.factors)
        highest = max(closes[: bar + 1])
        portfolio = portfolio_of(market, [1], entry_prices=[100], entry_bars=[0], highest_closes=[highest])
        wanted = closes[bar] <= highest - 1.5 * expected[bar]
        hits += wanted
        assert rule.closes(market, portfolio).tolist() == [wanted], bar
    assert 0 < hits < len(closes) - 7


def test_atr_stop_does_nothing_while_the_range_is_unknown_and_starts_when_it_is() -> None:
    bars = constant_range_bars([100.0] * 4 + [50.0] * 16)
    rule = AtrStop(multiple=1.0, bars=10)
    early, late = market_at(bars, 5, rule.factors), market_at(bars, 19, rule.factors)
    portfolio = portfolio_of(early, [1], entry_prices=[100], entry_bars=[1])
    assert rule.closes(early, portfolio).tolist() == [False]
    assert rule.closes(late, portfolio).tolist() == [True]


def test_atr_stop_of_a_flat_sleeve_closes_nothing() -> None:
    rule = AtrStop()
    market = market_at(constant_range_bars([100.0] * 30), 29, rule.factors)
    assert rule.closes(market, portfolio_of(market)).tolist() == [False]


@given(
    quantities=st.lists(st.integers(-3, 3), min_size=6, max_size=6),
    order=st.permutations(range(6)),
    seed=st.integers(0, 10_000),
)
def test_every_exit_treats_columns_alike(quantities: list[int], order: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.03, (30, 6)), axis=0))
    fields = {"high": close * 1.01, "low": close * 0.99}
    entry = close[10]
    for rule in (trailing_stop(0.05), take_profit(0.05), TimeStop(5), AtrStop(2.0, 5), AtrStop(2.0, 5, "best_close")):
        assert isinstance(rule, Exit)
        factors = getattr(rule, "factors", {})
        answers = []
        for columns in (np.arange(6), np.array(order)):
            bars = make_bars(close[:, columns], **{name: values[:, columns] for name, values in fields.items()})
            market = market_at(bars, 29, factors)
            portfolio = portfolio_of(
                market,
                np.array(quantities, dtype=float)[columns].tolist(),
                entry_prices=entry[columns].tolist(),
                entry_bars=[10] * 6,
                highest_closes=close[10:].max(axis=0)[columns].tolist(),
                lowest_closes=close[10:].min(axis=0)[columns].tolist(),
            )
            answers.append(rule.closes(market, portfolio))
        np.testing.assert_array_equal(answers[0][order], answers[1])


def test_a_trailing_stop_on_closes_fills_at_the_next_open() -> None:
    close = np.array([100.0, 100, 110, 120, 107, 90, 95])
    bars = make_bars(close, open=close - 1.0, high=close + 2.0, low=close - 3.0)
    session = run(
        bars, {0: Targets(weights=np.array([0.5]))}, {"name": "trailing_stop", "params": {"fraction": 0.1}}, "ts"
    )
    # Bought at the open of bar 1 (99). Highest close 120: the stop is 108; close 107 of bar 4 hits it; open of 5 is 89.
    assert [(bar, price) for bar, _, _, price in fills_of(session)] == [(1, 99.0), (5, 89.0)]
    assert session.ledger.books.books["main"].quantities.tolist() == [0.0]


def test_a_resting_trailing_stop_fills_inside_the_bar_that_reaches_it() -> None:
    close = np.array([100.0, 100, 110, 120, 115, 114])
    bars = make_bars(close, open=close, high=close + 2.0, low=np.array([99.0, 99, 109, 119, 107, 113]))
    session = run(
        bars,
        {0: Targets(weights=np.array([0.5]))},
        {"name": "trailing_stop", "params": {"fraction": 0.1, "resting": True}},
        "rts",
    )
    # Stop for bar 4 is 0.9 * 120 = 108, inside its range of 107 to 117; the closes never came near it.
    assert [(bar, price) for bar, _, _, price in fills_of(session)] == [(1, 100.0), (4, 108.0)]


def test_a_resting_stop_that_gaps_fills_at_the_open() -> None:
    close = np.array([100.0, 100, 100, 80, 80])
    bars = make_bars(close, open=np.array([100.0, 100, 100, 85, 80]), high=close + 6.0, low=close - 1.0)
    session = run(
        bars,
        {0: Targets(weights=np.array([0.5]))},
        {"name": "trailing_stop", "params": {"fraction": 0.1, "resting": True}},
        "gap",
    )
    assert [(bar, price) for bar, _, _, price in fills_of(session)] == [(1, 100.0), (3, 85.0)]


def test_a_resting_take_profit_of_a_short_fills_at_its_limit() -> None:
    close = np.array([100.0, 100, 96, 95, 97])
    bars = make_bars(close, open=close, high=close + 1.0, low=np.array([99.0, 99, 95, 89, 96]))
    session = run(
        bars,
        {0: Targets(weights=np.array([-0.5]))},
        {"name": "take_profit", "params": {"fraction": 0.1, "resting": True}},
        "rtp",
    )
    assert [(bar, round(price, 9)) for bar, _, _, price in fills_of(session)] == [(1, 100.0), (3, 90.0)]


def test_a_take_profit_on_closes_fills_at_the_next_open() -> None:
    close = np.array([100.0, 100, 111, 105, 105])
    bars = make_bars(close, open=close + 0.5, high=close + 2.0, low=close - 1.0)
    session = run(
        bars, {0: Targets(weights=np.array([0.5]))}, {"name": "take_profit", "params": {"fraction": 0.1}}, "tp"
    )
    # Entry 100.5, so the profit is taken from 110.55 on: close 111 of bar 2, filled at the open of bar 3.
    assert [(bar, price) for bar, _, _, price in fills_of(session)] == [(1, 100.5), (3, 105.5)]


def test_a_time_stop_fills_on_the_bar_after_the_last_it_holds() -> None:
    bars = make_bars(np.full(10, 50.0))
    session = run(bars, {0: Targets(weights=np.array([0.5]))}, {"name": "time_stop", "params": {"bars": 3}}, "time")
    # Filled in bar 1; held 3 bars at the close of bar 4; closed in bar 5.
    assert [bar for bar, *_ in fills_of(session)] == [1, 5]


def test_an_atr_stop_of_a_short_fills_at_the_next_open() -> None:
    close = np.array([100.0] * 8 + [103.0, 107.0, 104.0])
    bars = make_bars(close, open=close, high=close + 1.0, low=close - 1.0)
    session = run(
        bars,
        {6: Targets(weights=np.array([-0.5]))},
        {"name": "atr_stop", "params": {"multiple": 3.0, "bars": 5}},
        "atr",
    )
    # Sold short in bar 7 at 100 with an ATR of 2: the stop is 106; close 107 of bar 9 hits it.
    assert [(bar, price) for bar, _, _, price in fills_of(session)] == [(7, 100.0), (10, 104.0)]


def test_a_halted_position_is_closed_when_it_trades_again() -> None:
    close = np.array([[100.0, 10], [100, 10], [NAN, 10], [NAN, 10], [70, 10], [71, 10], [72, 10]])
    session = run(
        make_bars(close, open=close),
        {0: Targets(weights=np.array([0.5, 0.0]))},
        {"name": "trailing_stop", "params": {"fraction": 0.1}},
        "halt",
    )
    assert [(bar, price) for bar, _, _, price in fills_of(session)] == [(1, 100.0), (5, 71.0)]


def test_atr_stop_on_a_feed_without_highs_is_an_error_that_names_the_field() -> None:
    bars = make_bars(np.full(30, 50.0))
    with pytest.raises(TradewindError, match="high"):
        run(bars, {}, {"name": "atr_stop"}, "no_high")


@pytest.mark.parametrize(
    ("exit_", "message"),
    [
        ({"name": "trailing_stop", "params": {"fraction": 0}}, "fraction"),
        ({"name": "trailing_stop", "params": {"fractoin": 0.1}}, "Did you mean 'fraction'"),
        ({"name": "take_profit", "params": {"fraction": -0.1}}, "fraction"),
        ({"name": "time_stop", "params": {"bars": 0}}, "bars"),
        ({"name": "atr_stop", "params": {"anchor": "exit"}}, "anchor"),
    ],
)
def test_a_parameter_out_of_range_is_named(exit_: dict[str, Any], message: str) -> None:
    bars = constant_range_bars([50.0] * 5)
    with pytest.raises(TradewindError, match=message):
        run(bars, {}, exit_, "bad")
