"""Where a drill takes place."""

import dataclasses

import numpy as np
import pytest

from tests.research.drill.stages import trial_of
from tradewind.errors import UserError
from tradewind.research.drill.stage import LONGEST_BARS, set_stage
from tradewind.testing import make_bars


def ordinary(weights, *, orders=(), standings=()):
    made = trial_of(np.ones(len(weights)), orders=orders, standings=standings)
    return dataclasses.replace(made, weights=np.array(weights, dtype=float))


def invested(bars, weights=(0.6, 0.4)):
    return np.tile(weights, (bars, 1))


def flat(bars):
    return make_bars(np.full((bars, 2), 100.0), references={"benchmark": np.full(bars, 4000.0)})


def test_the_shock_leaves_room_for_the_longest_drill():
    assert set_stage(flat(800), ordinary(invested(800))).shock == 800 - 1 - LONGEST_BARS
    assert set_stage(flat(300), ordinary(invested(300))).shock == 200


def test_it_comes_while_the_account_is_active_invested_and_has_no_orders_at_work():
    weights = invested(300)
    weights[196:] = 0.3
    standings = [(190, "active", "halted", "drawdown"), (210, "halted", "active", "cool_down")]
    assert set_stage(flat(300), ordinary(weights)).shock == 195
    assert set_stage(flat(300), ordinary(weights, standings=standings)).shock == 189
    assert set_stage(flat(300), ordinary(weights, standings=standings, orders=[188, 189])).shock == 187
    assert set_stage(flat(300), ordinary(weights, orders=range(300))).shock == 195


def test_the_decision_is_the_first_with_orders_at_least_five_bars_later():
    assert set_stage(flat(300), ordinary(invested(300), orders=[100, 203, 204, 212, 230])).decision == 212
    assert set_stage(flat(300), ordinary(invested(300), orders=[100, 205])).decision == 205
    assert set_stage(flat(300), ordinary(invested(300), orders=[100])).decision == 205


def test_the_largest_position_is_that_of_the_bar_asked_for():
    weights = invested(300)
    weights[210:] = (0.1, -0.9)
    stage = set_stage(flat(300), ordinary(weights))
    assert (stage.largest_symbol, stage.largest_before(210), stage.largest_before(211)) == ("S0", 0, 1)


def test_betas_are_those_before_the_shock():
    random = np.random.default_rng(1)
    moves = random.normal(0.0, 0.01, 300)
    market = 100.0 * np.cumprod(1.0 + moves)
    twice = 100.0 * np.cumprod(1.0 + 2.0 * moves)
    later = np.where(np.arange(300) > 200, 50.0, twice)
    bars = make_bars(np.column_stack([later, np.full(300, np.nan)]), references={"benchmark": market})
    stage = set_stage(bars, ordinary(invested(300)))
    assert stage.betas == pytest.approx([2.0, 1.0])
    assert any("beta is 1 for 1 of 2 instruments" in note for note in stage.notes)
    assert stage.volatility == pytest.approx(moves[141:201].std(ddof=1))


def test_without_a_benchmark_the_market_is_what_trades():
    random = np.random.default_rng(1)
    moves = random.normal(0.0, 0.01, (300, 1)) * np.array([0.5, 1.5])
    bars = make_bars(100.0 * np.cumprod(1.0 + moves, axis=0))
    stage = set_stage(bars, ordinary(invested(300)))
    assert stage.betas == pytest.approx([0.5, 1.5])
    assert "no benchmark: the market is the equal-weighted mean of the instruments" in stage.notes


def test_an_account_that_holds_nothing_while_it_is_active_is_refused():
    with pytest.raises(UserError, match="the plan holds nothing on the"):
        set_stage(flat(300), ordinary(invested(300, (0.0, 0.0))))
    killed = [(0, "active", "killed", "drawdown")]
    with pytest.raises(UserError, match="a breaker has made its account less than active"):
        set_stage(flat(300), ordinary(invested(300), standings=killed))
