"""Backtests of value at risk against published acceptance regions and counts, and by what they must not see."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.risk.measures.oracles import edhec
from tradewind.errors import DataError, UserError
from tradewind.risk.measures import (
    LikelihoodRatio,
    Transitions,
    backtest_value_at_risk,
    christoffersen_independence,
    conditional_coverage,
    count_transitions,
    evaluate_forecasts,
    exceedances,
    kupiec,
    rolling_value_at_risk,
    tail_risk,
)

# Kupiec (1995), table 3, as reprinted in Jorion, Value at Risk (2007), table 6-2: the numbers of exceedances N that a
# test of 95 % confidence does not reject, lowest < N < highest, by probability of an exceedance and observations.
NOT_REJECTED = {
    (0.01, 255): (None, 7),
    (0.01, 510): (1, 11),
    (0.01, 1000): (4, 17),
    (0.025, 255): (2, 12),
    (0.025, 510): (6, 21),
    (0.025, 1000): (15, 36),
    (0.05, 255): (6, 21),
    (0.05, 510): (16, 36),
    (0.05, 1000): (37, 65),
    (0.075, 255): (11, 28),
    (0.075, 510): (27, 51),
    (0.075, 1000): (59, 92),
    (0.10, 255): (16, 36),
    (0.10, 510): (38, 65),
    (0.10, 1000): (81, 120),
}


@pytest.mark.parametrize(("probability", "observations"), NOT_REJECTED)
def test_kupiec_rejects_outside_his_published_regions_and_not_inside(probability: float, observations: int) -> None:
    lowest, highest = NOT_REJECTED[probability, observations]

    def accepted(count: int) -> bool:
        return not kupiec(count, observations, level=1.0 - probability).rejects(0.05)

    inside = [count for count in range(observations + 1) if accepted(count)]
    assert inside[-1] == highest - 1
    if lowest is not None:
        assert inside[0] == lowest + 1
    assert inside == list(range(inside[0], inside[-1] + 1))


@given(st.integers(100, 2000), st.floats(0.0, 1.0), st.sampled_from([0.9, 0.95, 0.99]))
@settings(max_examples=100, deadline=None)
def test_kupiec_is_the_binomial_likelihood_ratio_of_scipy(observations: int, share: float, level: float) -> None:
    count = round(share * observations)
    found = kupiec(count, observations, level=level)
    ratio = -2 * (
        stats.binom.logpmf(count, observations, 1 - level)
        - stats.binom.logpmf(count, observations, count / observations)
    )
    assert found.statistic == pytest.approx(ratio, rel=1e-6, abs=1e-8)
    assert found.p_value == pytest.approx(stats.chi2(1).sf(found.statistic), rel=1e-6, abs=1e-300)


def test_no_and_only_exceedances_have_the_statistics_of_hand() -> None:
    assert kupiec(0, 250, level=0.99).statistic == pytest.approx(-500 * math.log(0.99))
    assert kupiec(250, 250, level=0.99).statistic == pytest.approx(-500 * math.log(0.01))
    assert kupiec(5, 100, level=0.95) == LikelihoodRatio(
        statistic=pytest.approx(0.0, abs=1e-9), degrees_of_freedom=1, p_value=pytest.approx(1.0, abs=1e-4)
    )


def test_christoffersen_s_independence_is_as_published() -> None:
    found = christoffersen_independence(
        Transitions(calm_calm=932, calm_exceeded=53, exceeded_calm=53, exceeded_exceeded=4)
    )
    assert found.statistic == pytest.approx(0.25866, abs=5e-6)
    assert found.p_value == pytest.approx(0.61104, abs=5e-6)
    assert found.degrees_of_freedom == 1


@given(*[st.integers(1, 500)] * 4)
@settings(max_examples=100, deadline=None)
def test_independence_is_the_g_test_of_the_two_by_two_table(n00: int, n01: int, n10: int, n11: int) -> None:
    found = christoffersen_independence(
        Transitions(calm_calm=n00, calm_exceeded=n01, exceeded_calm=n10, exceeded_exceeded=n11)
    )
    expected = stats.chi2_contingency([[n00, n01], [n10, n11]], correction=False, lambda_="log-likelihood")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-6, abs=1e-8)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("counts", [(99, 0, 0, 0), (0, 0, 0, 99), (98, 1, 0, 0), (0, 0, 1, 98), (98, 0, 1, 0)])
def test_a_sample_without_anything_about_clusters_does_not_reject_independence(counts: tuple[int, ...]) -> None:
    n00, n01, n10, n11 = counts
    found = christoffersen_independence(
        Transitions(calm_calm=n00, calm_exceeded=n01, exceeded_calm=n10, exceeded_exceeded=n11)
    )
    assert found.statistic == pytest.approx(0.0, abs=1e-9)
    assert found.p_value == pytest.approx(1.0, abs=1e-4)


def test_clustered_exceedances_are_rejected_for_their_clusters_and_not_for_their_number() -> None:
    losses = np.zeros(500)
    losses[100:113] = losses[300:312] = 0.03
    found = evaluate_forecasts(-losses, np.full(500, 0.02), level=0.95)
    assert (found.exceedances, found.observations, found.exceedance_rate) == (25, 500, 0.05)
    assert found.expected_exceedances == pytest.approx(25)
    assert found.transitions == Transitions(calm_calm=472, calm_exceeded=2, exceeded_calm=2, exceeded_exceeded=23)
    assert not found.kupiec.rejects()
    assert found.independence.rejects(0.001)
    assert found.conditional_coverage.rejects(0.001)


def test_conditional_coverage_adds_the_two_with_two_degrees_of_freedom() -> None:
    coverage = kupiec(7, 250, level=0.99)
    independence = christoffersen_independence(
        Transitions(calm_calm=237, calm_exceeded=5, exceeded_calm=5, exceeded_exceeded=2)
    )
    both = conditional_coverage(coverage, independence)
    assert both.statistic == pytest.approx(coverage.statistic + independence.statistic)
    assert both.p_value == pytest.approx(stats.chi2(2).sf(both.statistic))
    assert both.degrees_of_freedom == 2


def test_right_forecasts_are_rejected_about_as_often_as_the_tests_say() -> None:
    generator = np.random.default_rng(17)
    forecast = np.full(1000, 0.01 * stats.norm.ppf(0.95))
    tests = [evaluate_forecasts(generator.normal(0, 0.01, 1000), forecast, level=0.95) for _ in range(400)]
    # 400 tries of 5 %: 20 expected, standard deviation 4.4; the tests are a little loose in samples of 1,000.
    assert 8 <= sum(test.kupiec.rejects() for test in tests) <= 36
    assert 8 <= sum(test.independence.rejects() for test in tests) <= 44
    assert 8 <= sum(test.conditional_coverage.rejects() for test in tests) <= 44


def test_a_loss_equal_to_its_forecast_is_no_exceedance() -> None:
    assert exceedances([-0.02, -0.0200001, 0.03], [0.02, 0.02, 0.02]).tolist() == [False, True, False]


def test_bars_before_the_first_forecast_do_not_count() -> None:
    assert exceedances([-0.5, -0.5, 0.1, -0.5], [np.nan, np.nan, 0.02, 0.02]).tolist() == [False, True]


def test_transitions_count_consecutive_bars() -> None:
    hits = np.array([True, True, False, False, False, True, False])
    assert count_transitions(hits) == Transitions(calm_calm=2, calm_exceeded=1, exceeded_calm=2, exceeded_exceeded=1)


@pytest.mark.parametrize("method", ["historical", "gaussian", "cornish_fisher"])
def test_a_forecast_is_the_estimate_of_the_window_before_its_bar(method: str) -> None:
    returns = np.random.default_rng(2).normal(0, 0.01, 120)
    forecasts = rolling_value_at_risk(returns, window=50, level=0.9, method=method)
    assert np.isnan(forecasts[:50]).all()
    for bar in (50, 51, 90, 119):
        expected = tail_risk(returns[bar - 50 : bar], method=method, level=0.9).value_at_risk
        assert forecasts[bar] == pytest.approx(expected)


@pytest.mark.parametrize("method", ["historical", "gaussian", "cornish_fisher"])
@pytest.mark.parametrize("bar", [50, 77, 119])
def test_a_forecast_does_not_see_its_own_bar_or_any_later_one(method: str, bar: int) -> None:
    returns = np.random.default_rng(2).normal(0, 0.01, 120)
    changed = returns.copy()
    changed[bar:] = -0.9
    before = rolling_value_at_risk(returns, window=50, level=0.9, method=method)
    after = rolling_value_at_risk(changed, window=50, level=0.9, method=method)
    assert (before[50 : bar + 1] == after[50 : bar + 1]).all()
    assert bar == 119 or (before[bar + 1] != after[bar + 1])


def test_long_series_are_forecast_like_short_ones() -> None:
    returns = np.random.default_rng(2).normal(0, 0.01, 9000)
    forecasts = rolling_value_at_risk(returns, window=20, level=0.9)
    for bar in (20, 4115, 4116, 4117, 8999):
        assert forecasts[bar] == tail_risk(returns[bar - 20 : bar], level=0.9).value_at_risk


def test_a_hedge_fund_index_with_a_crash_fails_the_gaussian_backtest() -> None:
    # Convertible arbitrage lost 10.3 % and 12.4 % in September and October 2008.
    returns = edhec()["Convertible Arbitrage"].to_numpy()
    found = backtest_value_at_risk(returns, window=60, level=0.95, method="gaussian")
    assert found.observations == 233
    assert found.transitions.exceeded_exceeded >= 1
    assert found.independence.rejects()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kupiec(0, 99, level=0.99), DataError, "99 observations at level 0.99, expected at least 100"),
        (lambda: kupiec(0, 19, level=0.95), DataError, "expected at least 20"),
        (lambda: kupiec(21, 20, level=0.95), DataError, "21 exceedances in 20 observations"),
        (lambda: kupiec(-1, 20, level=0.95), DataError, "-1 exceedances"),
        (lambda: kupiec(1, 200, level=99), UserError, "write 0.99"),
        (
            lambda: christoffersen_independence(
                Transitions(calm_calm=0, calm_exceeded=0, exceeded_calm=0, exceeded_exceeded=0)
            ),
            DataError,
            "two or more consecutive bars",
        ),
        (lambda: rolling_value_at_risk(np.zeros(250), window=250), DataError, "no bar is left after the first window"),
        (lambda: rolling_value_at_risk(np.zeros(9), window=1), UserError, "window is 1, expected at least 2"),
        (lambda: backtest_value_at_risk(np.zeros(300), window=250), DataError, "50 observations at level 0.99"),
        (lambda: exceedances([0.1, 0.2], [0.1]), DataError, "one forecast a return"),
        (lambda: exceedances([0.1, 0.2], [np.nan, np.nan]), DataError, "one forecast a return"),
        (lambda: exceedances([0.1, 0.2, 0.1], [0.1, np.nan, 0.1]), DataError, "row 1 is nan"),
    ],
)
def test_what_cannot_be_tested_says_why(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_one_exceedance_due_is_enough() -> None:
    for level, observations in ((0.99, 100), (0.95, 20), (0.9, 10), (0.975, 40)):
        assert kupiec(1, observations, level=level).p_value > 0.9
