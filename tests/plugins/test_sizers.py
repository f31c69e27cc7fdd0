import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind import Signals
from tradewind.testing import make_bars, market_at, portfolio_of
from tradewind_plugins.sizers import EqualWeight, FixedRisk, InverseVolatility, Kelly, VolatilityTarget
from tradewind_plugins.sizers.kelly import kelly_bet, kelly_fraction, kelly_growth
from tradewind_plugins.sizers.volatility_target import portfolio_volatility

GENERATOR = np.random.default_rng(7)
CLOSES = 50 * np.exp(np.cumsum(GENERATOR.normal(0.0005, [0.005, 0.01, 0.02, 0.04], (300, 4)), axis=0))
ALL = {
    "equal_weight": EqualWeight,
    "fixed_risk": FixedRisk,
    "inverse_volatility": lambda: InverseVolatility(20),
    "kelly": lambda: Kelly(estimate_bars=60),
    "volatility_target": lambda: VolatilityTarget(lookback_bars=30),
}


def size(sizer, scores, closes=CLOSES, bar=-1, **fields):
    bars = make_bars(closes)
    market = market_at(bars, bar, getattr(sizer, "factors", {}))
    given_fields = {name: np.asarray(values, dtype=float) for name, values in fields.items()}
    return sizer.weights(Signals(np.asarray(scores, dtype=float), **given_fields), market, portfolio_of(market))


def test_equal_weight_divides_the_budget_by_count_with_the_scores_sign():
    assert size(EqualWeight(), [3, -1, 0, np.nan]).tolist() == [0.5, -0.5, 0, 0]
    assert size(EqualWeight(max_weight=0.2, budget=0.9), [1, 1, 1, 0]).tolist() == [0.2, 0.2, 0.2, 0]


def test_inverse_volatility_weights_by_one_over_the_sample_deviation_of_log_returns():
    returns = np.diff(np.log(CLOSES), axis=0)[-20:]
    inverse = 1 / returns[:, :3].std(axis=0, ddof=1)
    expected = [*(inverse / inverse.sum() * [1, 1, -1]), 0]
    np.testing.assert_allclose(size(InverseVolatility(20), [1, 1, -1, 0]), expected, rtol=1e-9)


def test_volatility_target_meets_the_target_over_its_window():
    sizer = VolatilityTarget(target=0.05, lookback_bars=60)
    weights = size(sizer, [1, 1, 1, 1])
    returns = np.diff(np.log(CLOSES), axis=0)[-60:]
    assert portfolio_volatility(weights, returns, 252) == pytest.approx(0.05)
    assert len(set(weights.round(12))) == 1


def test_volatility_target_never_levers_beyond_its_budget():
    assert size(VolatilityTarget(target=2.0, lookback_bars=60, budget=0.8), [1, 1, 0, 0]).sum() == pytest.approx(0.8)


def test_kelly_reproduces_thorps_example():
    full = float(kelly_fraction(np.array(0.11), np.array(0.0225), rate=0.06))
    assert full == pytest.approx(2.2222, abs=1e-4)
    assert kelly_growth(full, 0.11, 0.0225, 0.06) == pytest.approx(0.11556, abs=1e-5)
    assert full * 0.15 == pytest.approx(0.33333, abs=1e-4)
    assert kelly_growth(1.0, 0.11, 0.0225, 0.06) == pytest.approx(0.09875, abs=1e-5)


def test_half_kelly_keeps_three_quarters_of_the_excess_growth():
    full = float(kelly_fraction(np.array(0.11), np.array(0.0225), rate=0.06))
    half = kelly_growth(full / 2, 0.11, 0.0225, 0.06) - 0.06
    assert half / (kelly_growth(full, 0.11, 0.0225, 0.06) - 0.06) == pytest.approx(0.75, abs=1e-12)


def test_kelly_of_a_bet_is_edge_over_odds():
    assert float(kelly_bet(np.array(0.6), np.array(1.0))) == pytest.approx(0.2)
    assert float(kelly_bet(np.array(0.4), np.array(2.0))) == pytest.approx(0.1)


def test_kelly_takes_a_quarter_caps_it_and_drops_what_is_below_the_floor():
    chances = {"win_probability": [0.6, 0.99, 0.5015, 0.3], "payoff_ratio": [1.0, 5.0, 1.0, 1.0]}
    weights = size(Kelly(), [1, 1, 1, 1], **chances)
    np.testing.assert_allclose(weights, [0.05, 0.247, 0.0, 0.0], atol=1e-12)
    assert size(Kelly(max_weight=0.1), [1, -1, 1, 1], **chances).tolist()[:2] == [pytest.approx(0.05), -0.1]


def test_kelly_estimates_from_trailing_returns_where_the_strategy_says_nothing():
    returns = np.diff(np.log(CLOSES), axis=0)[-60:]
    variance = returns.var(axis=0, ddof=1)
    full = np.maximum((returns.mean(axis=0) + variance / 2) / variance, 0)
    expected = np.minimum(full * 0.01, 0.25)
    weights = size(Kelly(fraction=0.01, estimate_bars=60), [1, 1, 1, 1])
    np.testing.assert_allclose(weights, np.where(expected < 0.001, 0, expected), rtol=1e-9)


def test_fixed_risk_loses_one_per_cent_at_the_stop():
    price = CLOSES[-1]
    stop = price * [0.95, 1.08, 0.5, 1.1]
    weights = size(FixedRisk(max_weight=1.0), [1, -1, 1, 1], stop_price=stop)
    np.testing.assert_allclose(weights, [0.01 / 0.05, -0.01 / 0.08, 0.01 / 0.5, 0.0])


def test_fixed_risk_without_a_stop_uses_its_own_distance_and_cap():
    np.testing.assert_allclose(size(FixedRisk(risk=0.02, stop_fraction=0.1), [1, -1, 0, 0]), [0.2, -0.2, 0, 0])
    np.testing.assert_allclose(size(FixedRisk(risk=0.02, stop_fraction=0.01), [1, 1, 0, 0]), [0.25, 0.25, 0, 0])


@pytest.mark.parametrize("name", ALL)
def test_no_opinion_no_weight(name):
    assert size(ALL[name](), [np.nan, 0, np.nan, 0]).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("name", ALL)
def test_a_halted_or_unborn_instrument_gets_nothing(name):
    closes = CLOSES.copy()
    closes[-1, 0] = np.nan
    closes[:, 1] = np.nan
    weights = size(ALL[name](), [1, 1, 1, 1], closes)
    assert weights[:2].tolist() == [0, 0]
    assert np.isfinite(weights).all()


@pytest.mark.parametrize("name", ALL)
def test_an_instrument_that_never_moves_breaks_nothing(name):
    closes = CLOSES.copy()
    closes[:, 2] = 10.0
    assert np.isfinite(size(ALL[name](), [1, 1, 1, 1], closes)).all()


@pytest.mark.parametrize("name", ALL)
@given(scores=st.lists(st.floats(-5, 5) | st.just(math.nan), min_size=4, max_size=4), order=st.permutations(range(4)))
def test_bounds_budget_and_permutation_hold_for_any_scores(name, scores, order):
    sizer = ALL[name]()
    weights = size(sizer, scores)
    assert np.isfinite(weights).all()
    assert np.abs(weights).max() <= sizer.max_weight + 1e-12
    assert np.abs(weights).sum() <= sizer.budget + 1e-12
    assert (weights * np.nan_to_num(scores) >= 0).all()
    np.testing.assert_allclose(size(sizer, np.array(scores)[order], CLOSES[:, order]), weights[order], atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_unit_of_prices_does_not_matter(name):
    scores = [1, -1, 2, 1]
    np.testing.assert_allclose(size(ALL[name](), scores, CLOSES * 1000), size(ALL[name](), scores), rtol=1e-6, atol=1e-9)
