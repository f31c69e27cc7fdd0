import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind import Signals
from tradewind.errors import PluginError
from tradewind.model import AssetClass, Bars, Instrument
from tradewind.testing import make_bars, market_at, portfolio_of
from tradewind_plugins.sizers import EqualWeight, FixedRisk, InverseVolatility, Kelly, VolatilityTarget
from tradewind_plugins.sizers.kelly import kelly_bet, kelly_fraction, kelly_growth, kelly_joint
from tradewind_plugins.sizers.volatility_target import portfolio_volatility

GENERATOR = np.random.default_rng(7)
CLOSES = 50 * np.exp(np.cumsum(GENERATOR.normal(0.0005, [0.005, 0.01, 0.02, 0.04], (300, 4)), axis=0))
ALL = {
    "equal_weight": EqualWeight,
    "fixed_risk": FixedRisk,
    "inverse_volatility": lambda: InverseVolatility(20),
    "kelly": lambda: Kelly(estimate_bars=60),
    "kelly_joint": lambda: Kelly(estimate_bars=60, joint=True),
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


def test_kelly_spreads_an_expected_return_over_its_horizon():
    # 1 % a month over a daily variance of (1 %)^2: 0.01 / 21 / 0.0001 = 4.76 times capital, a hundredth of it held.
    closes = 100 * np.exp(np.cumsum(np.tile([0.01, -0.01], 30)))
    variance = np.diff(np.log(closes))[-20:].var(ddof=1)
    weights = size(Kelly(fraction=0.01, estimate_bars=20), [1.0], closes, expected_return=[0.01])
    np.testing.assert_allclose(weights, [0.01 * 0.01 / 21 / variance])
    yearly = Kelly(fraction=0.01, estimate_bars=20, horizon_bars=252)
    np.testing.assert_allclose(size(yearly, [1.0], closes, expected_return=[0.01]), weights * 21 / 252)


def test_kelly_holds_nothing_where_the_edge_is_unknown_or_against_the_score():
    edges = {"expected_return": [0.01, -0.01, np.nan, -0.01]}
    weights = size(Kelly(estimate_bars=60), [1, 1, 1, -1], **edges)
    assert (weights != 0).tolist() == [True, False, False, True]
    assert weights[3] < 0


def test_kelly_names_the_field_of_the_edge_that_is_missing():
    with pytest.raises(PluginError, match="win_probability without payoff_ratio; a bet needs both"):
        size(Kelly(), [1, 1, 1, 1], win_probability=[0.6] * 4)
    with pytest.raises(PluginError, match="payoff_ratio without win_probability"):
        size(Kelly(), [1, 1, 1, 1], payoff_ratio=[2.0] * 4)
    with pytest.raises(PluginError, match=r"expected_return is missing.*set estimate_edge: true"):
        size(Kelly(estimate_edge=False), [1, 1, 1, 1])


def test_kelly_refuses_impossible_odds_of_what_is_scored():
    with pytest.raises(PluginError, match=r"win_probability of S1 is 60 at bar 299; win_probability lies in \[0, 1\]"):
        size(Kelly(), [1, 1, 0, 0], win_probability=[0.6, 60.0, 0.5, 0.5], payoff_ratio=[1.0] * 4)
    with pytest.raises(PluginError, match=r"payoff_ratio of S0 is 0 .* is above 0"):
        size(Kelly(), [1, 1, 0, 0], win_probability=[0.6] * 4, payoff_ratio=[0.0, 1.0, 1.0, 1.0])
    odds = {"win_probability": [0.6, 7.0, np.nan, 0.6], "payoff_ratio": [1.0, -1.0, 1.0, np.nan]}
    np.testing.assert_allclose(size(Kelly(), [1, 0, 1, 1], **odds), [0.05, 0, 0, 0])


def test_kelly_drops_what_the_budget_scales_below_the_floor():
    # A quarter of 0.12, 0.8, 0.8 and 0.8, capped: 0.03 + 3 * 0.2, scaled to 0.21: 0.01 falls below the floor.
    odds = {"win_probability": [0.56, 0.9, 0.9, 0.9], "payoff_ratio": [1.0] * 4}
    sizer = Kelly(floor=0.02, budget=0.21)
    np.testing.assert_allclose(size(sizer, [1, 1, 1, 1], **odds), [0.0, *[0.2 * 0.21 / 0.63] * 3])


def test_joint_kelly_of_equilibrium_returns_is_the_market_levered_by_one_over_aversion():
    # He and Litterman (1999): seven countries, risk aversion 2.5; implied returns are 2.5 * covariance @ weights.
    volatility = np.array([0.160, 0.203, 0.248, 0.271, 0.210, 0.200, 0.187])
    upper = [
        [0.488, 0.478, 0.515, 0.439, 0.512, 0.491],
        [0.664, 0.655, 0.310, 0.608, 0.779],
        [0.861, 0.355, 0.783, 0.668],
        [0.354, 0.777, 0.653],
        [0.405, 0.306],
        [0.652],
    ]
    correlation = np.eye(7)
    for row, values in enumerate(upper):
        correlation[row, row + 1 :] = correlation[row + 1 :, row] = values
    covariance = correlation * np.outer(volatility, volatility)
    market = np.array([0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615])
    implied = 2.5 * covariance @ market
    np.testing.assert_allclose(implied * 100, [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6], atol=0.051)
    np.testing.assert_allclose(kelly_joint(implied, covariance), 2.5 * market, rtol=1e-12)


def test_joint_kelly_splits_one_asset_held_twice_and_nets_a_hedge():
    np.testing.assert_allclose(kelly_joint(np.array([0.02, 0.02]), np.full((2, 2), 0.04)), [0.25, 0.25])
    covariance = np.array([[0.04, 0.018], [0.018, 0.01]])
    expected = np.linalg.solve(covariance, [0.02, 0.01])
    np.testing.assert_allclose(kelly_joint(np.array([0.02, 0.01]), covariance), expected)


def test_joint_kelly_weighs_by_the_trailing_covariance_of_the_scored():
    returns = np.diff(np.log(CLOSES), axis=0)[-60:, [0, 2]]
    expected = 0.001 * np.linalg.solve(np.cov(returns.T), np.array([0.01, 0.03]) / 21)
    sizer = Kelly(fraction=0.001, floor=0.0, estimate_bars=60, joint=True)
    weights = size(sizer, [1, 0, 1, 0], expected_return=[0.01, 0.9, 0.03, 0.9])
    np.testing.assert_allclose(weights[[0, 2]], np.minimum(expected, 0.25), rtol=1e-9)
    assert weights[[1, 3]].tolist() == [0, 0]
    with pytest.raises(PluginError, match="covariance of 25 scored instruments needs more than 25 bars"):
        size(Kelly(estimate_bars=25, joint=True), [1.0] * 25, np.tile(CLOSES, 7)[:, :25])


@pytest.mark.parametrize("make", [lambda: VolatilityTarget(lookback_bars=60), lambda: Kelly(0.001, 0.25, 0.0, 60)])
def test_a_halt_after_a_jump_counts_the_jump_once(make):
    halted, marked = CLOSES.copy(), CLOSES.copy()
    halted[-31, 2] = marked[-31:-1, 2] = halted[-32, 2] * 1.10
    halted[-30:-1, 2] = np.nan
    marked[-31, 2] = halted[-31, 2]
    np.testing.assert_allclose(size(make(), [1, 0, 1, 0], halted), size(make(), [1, 0, 1, 0], marked))


@pytest.mark.parametrize("name", ["kelly", "kelly_joint", "volatility_target", "inverse_volatility"])
def test_a_late_starter_waits_for_a_full_window(name):
    closes = CLOSES.copy()
    closes[:-10, 1] = np.nan
    weights = size(ALL[name](), [1, 1, 1, 1], closes)
    assert weights[1] == 0
    assert size(ALL[name](), [1, 1, 1, 1], closes, bar=5).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("name", ALL)
def test_one_symbol_is_enough(name):
    weights = size(ALL[name](), [1.0], CLOSES[:, :1])
    assert weights.shape == (1,)
    assert 0 <= weights[0] <= 1


def test_the_turtles_unit_of_heating_oil_is_sixteen_contracts():
    # Price 0.60 USD a gallon, one range of 0.0141 to the stop, 42,000 gallons a contract, 1 % of a million dollars.
    oil = Instrument(symbol="HO", asset_class=AssetClass.FUTURE, multiplier=42_000.0)
    template = make_bars([0.60, 0.60])
    bars = Bars(timestamps=template.timestamps, instruments=(oil,), fields=template.fields)
    market = market_at(bars, -1)
    signals = Signals(np.array([1.0]), stop_price=np.array([0.60 - 0.0141]))
    weight = FixedRisk(max_weight=1.0).weights(signals, market, portfolio_of(market))[0]
    assert weight == pytest.approx(0.01 * 0.60 / 0.0141)
    assert weight * 1e6 / (0.60 * 42_000) == pytest.approx(16.886, abs=1e-3)


def test_fixed_risk_takes_its_stop_from_the_average_true_range_where_the_strategy_gives_none():
    # Every bar spans 4 and opens where it closes: the average true range is 4 on a price of 100, two of them 8 %.
    close = np.full((30, 3), 100.0)
    close[:20, 2] = np.nan
    bars = make_bars(close, high=close + 2, low=close - 2)
    sizer = FixedRisk(atr_multiple=2.0, atr_bars=20, max_weight=1.0)
    market = market_at(bars, -1, sizer.factors)
    weights = sizer.weights(Signals(np.array([1.0, -1.0, 1.0])), market, portfolio_of(market))
    np.testing.assert_allclose(weights, [0.125, -0.125, 0.0])
    given_stop = Signals(np.array([1.0, -1.0, 1.0]), stop_price=np.array([95.0, np.nan, 90.0]))
    np.testing.assert_allclose(sizer.weights(given_stop, market, portfolio_of(market)), [0.2, -0.125, 0.1])


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
    np.testing.assert_allclose(
        size(ALL[name](), scores, CLOSES * 1000), size(ALL[name](), scores), rtol=1e-6, atol=1e-9
    )
