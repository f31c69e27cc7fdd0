"""Value at risk and expected shortfall against published figures, closed forms and what any such measure must obey."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from tests.risk.measures.oracles import PRINTED, edhec
from tradewind.errors import DataError, UserError
from tradewind.risk.measures import METHODS, cornish_fisher_domain, monte_carlo_risk, portfolio_risk, tail_risk
from tradewind.risk.measures.value_at_risk import ESTIMATORS

FUNDS = ("Convertible Arbitrage", "CTA Global", "Distressed Securities", "Emerging Markets")
VALUE_AT_RISK = {
    ("gaussian", 0.95): (0.0217, 0.0331, 0.0229, 0.0469),
    ("cornish_fisher", 0.95): (0.0256, 0.0320, 0.0280, 0.0534),
    ("cornish_fisher", 0.99): (0.0953, 0.0456, 0.0709, 0.1261),
}
EXPECTED_SHORTFALL = {
    ("historical", 0.95): (0.0387, 0.0406, 0.0413, 0.0754),
    ("gaussian", 0.95): (0.0287, 0.0426, 0.0305, 0.0606),
}
RETURNS = arrays(np.float64, st.integers(5, 60), elements=st.floats(-0.2, 0.2).map(lambda x: round(x, 6)))
LEVELS = st.floats(0.6, 0.99)
CORRELATED = np.array([[1.0, 1.2, 0.6], [1.2, 4.0, -2.0], [0.6, -2.0, 9.0]]) * 1e-4


def _sample(count: int = 500, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(5, count) * 0.01


@pytest.mark.parametrize(("method", "level"), VALUE_AT_RISK)
def test_value_at_risk_of_four_hedge_fund_indices_is_as_published(method: str, level: float) -> None:
    returns = edhec()
    for fund, expected in zip(FUNDS, VALUE_AT_RISK[method, level], strict=True):
        found = tail_risk(returns[fund], method=method, level=level)
        assert found.value_at_risk == pytest.approx(expected, abs=PRINTED), fund
        assert found.observations == 293


@pytest.mark.parametrize(("method", "level"), EXPECTED_SHORTFALL)
def test_expected_shortfall_of_four_hedge_fund_indices_is_as_published(method: str, level: float) -> None:
    returns = edhec()
    for fund, expected in zip(FUNDS, EXPECTED_SHORTFALL[method, level], strict=True):
        found = tail_risk(returns[fund], method=method, level=level)
        assert found.expected_shortfall == pytest.approx(expected, abs=PRINTED), fund


def test_the_cornish_fisher_shortfall_of_99_percent_is_held_at_the_value_at_risk() -> None:
    found = tail_risk(edhec()["Convertible Arbitrage"], method="cornish_fisher", level=0.99)
    assert found.expected_shortfall == found.value_at_risk
    assert not found.within_domain


def test_historical_figures_of_ten_returns_are_those_of_hand() -> None:
    returns = [0.01, -0.02, 0.03, -0.10, 0.02, 0.0, -0.05, 0.04, 0.01, -0.01]
    # Order statistics -0.10, -0.05, -0.02: positions 0.45, and 1.8 of the 0.05 and 0.2 quantiles.
    assert tail_risk(returns, level=0.95).value_at_risk == pytest.approx(0.10 - 0.45 * 0.05)
    assert tail_risk(returns, level=0.95).expected_shortfall == pytest.approx(0.10)
    assert tail_risk(returns, level=0.80).value_at_risk == pytest.approx(0.05 - 0.8 * 0.03)
    assert tail_risk(returns, level=0.80).expected_shortfall == pytest.approx(0.075)


@pytest.mark.parametrize("level", [0.6, 0.9, 0.95, 0.975, 0.99, 0.999])
def test_historical_value_at_risk_is_numpy_s_quantile(level: float) -> None:
    for count in (2, 11, 21, 101, 500):
        sample = _sample(count)
        assert tail_risk(sample, level=level).value_at_risk == pytest.approx(-np.quantile(sample, 1 - level))


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_a_whole_order_statistic_is_in_its_own_tail(level: float) -> None:
    # (n - 1) (1 - level) is whole: 10, 5, 1; in floating point it is not.
    sample = np.arange(101.0) / 1000.0
    order = round(100 * (1 - level))
    found = tail_risk(sample, level=level)
    assert found.value_at_risk == pytest.approx(-sample[order])
    assert found.expected_shortfall == pytest.approx(-sample[: order + 1].mean())


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99, 0.995])
def test_gaussian_figures_are_the_closed_forms_of_scipy(level: float) -> None:
    sample = _sample()
    normal = stats.norm(sample.mean(), sample.std(ddof=0))
    found = tail_risk(sample, method="gaussian", level=level)
    quantile = normal.ppf(1 - level)
    tail = integrate.quad(lambda x: x * normal.pdf(x), -1.0, quantile, points=[quantile - 0.02])[0]
    assert found.value_at_risk == pytest.approx(-quantile)
    assert found.expected_shortfall == pytest.approx(-tail / (1 - level), rel=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_cornish_fisher_figures_follow_from_scipy_s_moments(level: float) -> None:
    normal = np.random.default_rng(5).standard_normal(800)
    sample = 0.01 * (normal - 0.05 * normal**2 + 0.04 * normal**3)
    skewness, kurtosis = stats.skew(sample), stats.kurtosis(sample)
    z = stats.norm.ppf(1 - level)
    quantile = z + skewness / 6 * (z**2 - 1) + kurtosis / 24 * (z**3 - 3 * z) - skewness**2 / 36 * (2 * z**3 - 5 * z)
    hermite = {n: np.polynomial.hermite_e.HermiteE.basis(n) for n in (3, 4, 6)}

    def edgeworth(x: float) -> float:
        change = skewness / 6 * hermite[3](x) + kurtosis / 24 * hermite[4](x) + skewness**2 / 72 * hermite[6](x)
        return x * stats.norm.pdf(x) * (1 + change)

    shortfall = -integrate.quad(edgeworth, -12.0, quantile)[0] / (1 - level)
    found = tail_risk(sample, method="cornish_fisher", level=level)
    assert found.within_domain
    assert found.value_at_risk == pytest.approx(-(sample.mean() + quantile * sample.std()))
    expected = max(shortfall, -quantile)
    assert found.expected_shortfall == pytest.approx(-sample.mean() + expected * sample.std(), rel=1e-6)


@pytest.mark.parametrize(
    ("probability", "skewness", "kurtosis", "published"),
    [
        (0.90, 0.1, 0.0, 1.292868),
        (0.90, 0.1, 1.0, 1.220374),
        (0.99, 0.1, 1.0, 2.629904),
        (0.99, 0.1, -1.0, 2.162328),
        (0.01, 0.1, 1.0, -2.482841),
        (0.01, 0.1, -1.0, -2.015265),
    ],
)
def test_the_expansion_gives_the_values_of_another_library(
    probability: float, skewness: float, kurtosis: float, published: float
) -> None:
    # The documented values of mir.stat.distribution.cornish_fisher (D language).
    from tradewind.risk.measures.value_at_risk import _expansion

    assert _expansion(stats.norm.ppf(probability), skewness, kurtosis) == pytest.approx(published, abs=1e-6)


def test_the_cornish_fisher_domain_is_where_a_fine_grid_of_quantiles_rises() -> None:
    z = np.linspace(-40.0, 40.0, 16001)
    compared = 0
    for skewness in np.linspace(-3.0, 3.0, 25):
        for kurtosis in np.linspace(-2.05, 12.05, 30):
            rises = (
                1 + z * skewness / 3 + (z**2 - 1) * kurtosis / 8 - (6 * z**2 - 5) * skewness**2 / 36 >= -1e-12
            ).all()
            assert cornish_fisher_domain(skewness, kurtosis) == rises, (skewness, kurtosis)
            compared += rises
    assert compared > 50


def test_the_normal_is_in_the_domain_and_the_greatest_skewness_is_maillard_s() -> None:
    greatest = 6.0 * (math.sqrt(2.0) - 1.0)
    kurtosis = np.linspace(-2.0, 30.0, 64001)
    assert cornish_fisher_domain(0.0, 0.0)
    assert cornish_fisher_domain(greatest - 1e-3, kurtosis).any()
    assert not cornish_fisher_domain(greatest + 1e-3, kurtosis).any()
    # Here the derivative has no root because it is negative everywhere.
    assert not cornish_fisher_domain(20.0, 493.0)
    assert cornish_fisher_domain(0.0, kurtosis).tolist() == ((kurtosis >= 0.0) & (kurtosis <= 8.0)).tolist()


def test_outside_its_domain_cornish_fisher_never_falls_as_the_level_rises() -> None:
    # Strong skewness, little kurtosis: the bare expansion turns back at the tail.
    sample = np.concatenate([np.full(90, 0.01), np.full(10, -0.05)])
    levels = np.linspace(0.505, 0.9999, 400)
    found = [tail_risk(sample, method="cornish_fisher", level=level) for level in levels]
    values = np.array([risk.value_at_risk for risk in found])
    assert not found[0].within_domain
    assert (np.diff(values) >= 0.0).all()
    assert (np.diff(values) == 0.0).any()
    assert all(risk.expected_shortfall >= risk.value_at_risk for risk in found)


@pytest.mark.parametrize("method", ESTIMATORS)
@given(returns=RETURNS, level=LEVELS, shift=st.floats(-0.1, 0.1), scale=st.floats(0.1, 10.0), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_adding_cash_lowers_scaling_scales_and_order_does_not_matter(
    method: str, returns: np.ndarray, level: float, shift: float, scale: float, seed: int
) -> None:
    first = tail_risk(returns, method=method, level=level)
    moved = tail_risk(returns + shift, method=method, level=level)
    scaled = tail_risk(returns * scale, method=method, level=level)
    mixed = tail_risk(np.random.default_rng(seed).permutation(returns), method=method, level=level)
    for name in ("value_at_risk", "expected_shortfall"):
        value = getattr(first, name)
        assert getattr(moved, name) == pytest.approx(value - shift, rel=1e-6, abs=1e-8)
        assert getattr(scaled, name) == pytest.approx(value * scale, rel=1e-6, abs=1e-8)
        assert getattr(mixed, name) == pytest.approx(value, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("method", ESTIMATORS)
@given(returns=RETURNS, level=LEVELS, step=st.floats(0.0, 0.3))
@settings(max_examples=60, deadline=None)
def test_the_shortfall_is_no_less_than_the_value_at_risk_and_that_rises_with_the_level(
    method: str, returns: np.ndarray, level: float, step: float
) -> None:
    found = tail_risk(returns, method=method, level=level)
    higher = tail_risk(returns, method=method, level=min(0.9999, level + step))
    assert found.expected_shortfall >= found.value_at_risk
    assert higher.value_at_risk >= found.value_at_risk - 1e-12


@given(returns=RETURNS, level=LEVELS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_returns_that_are_nowhere_better_are_nowhere_less_risky(
    returns: np.ndarray, level: float, data: st.DataObject
) -> None:
    losses = data.draw(arrays(np.float64, len(returns), elements=st.floats(0.0, 0.1)))
    better, worse = tail_risk(returns, level=level), tail_risk(returns - losses, level=level)
    assert worse.value_at_risk >= better.value_at_risk - 1e-12
    assert worse.expected_shortfall >= better.expected_shortfall - 1e-12


@given(first=arrays(np.float64, 40, elements=st.floats(-0.2, 0.2)), seed=st.integers(0, 999), level=LEVELS)
@settings(max_examples=60, deadline=None)
def test_the_historical_shortfall_of_two_books_together_is_no_more_than_of_both_apart(
    first: np.ndarray, seed: int, level: float
) -> None:
    second = np.random.default_rng(seed).normal(0.0, 0.05, 40)
    apart = tail_risk(first, level=level).expected_shortfall + tail_risk(second, level=level).expected_shortfall
    assert tail_risk(first + second, level=level).expected_shortfall <= apart + 1e-12


@pytest.mark.parametrize("method", ESTIMATORS)
def test_returns_that_stand_still_lose_what_they_are(method: str) -> None:
    found = tail_risk([0.001] * 30, method=method, level=0.99)
    assert found.value_at_risk == pytest.approx(-0.001)
    assert found.expected_shortfall == pytest.approx(-0.001)
    assert found.within_domain
    assert tail_risk([0.3, 0.1 + 0.2] * 9 + [0.3], method=method).within_domain


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_simulated_normal_returns_have_the_gaussian_risk(level: float) -> None:
    assets = np.random.default_rng(7).multivariate_normal([0.0005, 0.0, 0.001], CORRELATED, 700)
    weights = [0.5, -0.3, 0.4]
    exact = portfolio_risk(assets, weights, method="gaussian", level=level)
    drawn = portfolio_risk(assets, weights, method="monte_carlo", level=level, seed=11, draws=400_000)
    deviation = (assets @ weights).std()
    assert drawn.value_at_risk == pytest.approx(exact.value_at_risk, abs=0.025 * deviation)
    assert drawn.expected_shortfall == pytest.approx(exact.expected_shortfall, abs=0.025 * deviation)
    assert drawn.observations == 400_000


def test_simulated_student_returns_have_the_quantile_of_scipy_and_the_covariance_asked_for() -> None:
    covariance = np.array([[4e-4, 1e-4], [1e-4, 1e-4]])
    weights = np.array([0.6, 0.4])
    deviation = math.sqrt(weights @ covariance @ weights)
    student = stats.t(5, loc=0.0003, scale=deviation * math.sqrt(3 / 5))
    drawn = monte_carlo_risk(
        [0.0003, 0.0003], covariance, weights, level=0.99, seed=1, draws=400_000, degrees_of_freedom=5
    )
    assert student.std() == pytest.approx(deviation)
    assert drawn.value_at_risk == pytest.approx(-student.ppf(0.01), rel=0.015)


def test_equal_seeds_draw_equal_figures_and_other_seeds_others() -> None:
    assets = _sample(900).reshape(300, 3)
    first, again, other = (
        portfolio_risk(assets, [0.2, 0.3, 0.5], method="monte_carlo", seed=seed, draws=10_000) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.value_at_risk != other.value_at_risk


def test_a_singular_covariance_can_be_drawn_and_a_hedge_has_no_risk() -> None:
    covariance = np.full((2, 2), 1e-4)
    drawn = monte_carlo_risk([0.0, 0.0], covariance, [0.5, -0.5], seed=1, draws=1_000)
    assert drawn.value_at_risk == pytest.approx(0.0, abs=1e-9)
    doubled = monte_carlo_risk([0.0, 0.0], covariance, [0.5, 0.5], level=0.95, seed=1, draws=200_000)
    assert doubled.value_at_risk == pytest.approx(0.01 * 1.6449, rel=0.02)


def test_an_empty_book_risks_nothing() -> None:
    for method in METHODS:
        found = portfolio_risk(_sample(60).reshape(30, 2), [0.0, 0.0], method=method)
        assert f"{found.value_at_risk} {found.expected_shortfall}" == "0.0 0.0"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tail_risk([0.01]), DataError, "received 1 numbers, expected at least 2"),
        (lambda: tail_risk([0.01, math.nan]), DataError, "row 1 is nan, expected a finite number"),
        (lambda: tail_risk([[0.01, 0.02]]), DataError, "expected one dimension"),
        (lambda: tail_risk([0.01, 0.02], level=95), UserError, "level is 95, .*; write 0.95$"),
        (lambda: tail_risk([0.01, 0.02], level=0.05), UserError, "above 0.5 and below 1; write 0.95 for 95 %"),
        (lambda: tail_risk([0.01, 0.02], level=math.nan), UserError, "level is nan"),
        (lambda: tail_risk([0.01, 0.02], method="gausian"), UserError, "Did you mean 'gaussian'"),
        (lambda: tail_risk([0.01, 0.02], method="monte_carlo"), UserError, "call portfolio_risk"),
        (lambda: portfolio_risk(np.ones((5, 2)), [1.0]), DataError, "weights: received 1 numbers, expected 2"),
        (lambda: monte_carlo_risk([0.0], [[1.0]], [1.0], seed=1, draws=10), UserError, "10 draws leave no bar"),
        (
            lambda: monte_carlo_risk([0.0], [[1.0]], [1.0], seed=1, degrees_of_freedom=2.0),
            UserError,
            "degrees_of_freedom is 2.0, expected above 2",
        ),
        (
            lambda: monte_carlo_risk([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], [1.0, 1.0], seed=1),
            DataError,
            "the eigenvalue -1, expected none below 0",
        ),
        (
            lambda: monte_carlo_risk([0.0, 0.0], [[1.0, 0.5], [0.2, 1.0]], [1.0, 1.0], seed=1),
            DataError,
            "not symmetric",
        ),
    ],
)
def test_what_cannot_be_measured_says_why(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
