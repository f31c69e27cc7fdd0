"""Diversification against closed forms, an identity of the literature and the bounds it must keep."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.measures.oracles import edhec
from tradewind.errors import DataError
from tradewind.risk.measures import (
    average_correlation,
    diversification_ratio,
    effective_number_of_bets,
    measure_diversification,
    weighted_correlation,
)


def _equicorrelated(deviations: list[float], correlation: float) -> np.ndarray:
    size = len(deviations)
    matrix = np.full((size, size), correlation) + (1.0 - correlation) * np.eye(size)
    return matrix * np.outer(deviations, deviations)


def _book(seed: int, assets: int, bars: int, *, long_only: bool = False) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    returns = generator.normal(0, 0.01, (bars, assets)) * generator.uniform(0.5, 3.0, assets)
    returns += generator.normal(0, 0.01, (bars, 1)) * generator.uniform(-0.5, 1.5, assets)
    weights = generator.normal(0, 1, assets)
    return returns, np.abs(weights) if long_only else weights


def test_a_stock_bond_book_has_the_figures_of_hand() -> None:
    # Volatilities 20 % and 10 %, correlation 0.3, weights 50/50: risks 0.10 and 0.05, variance 0.0155.
    covariance = _equicorrelated([0.2, 0.1], 0.3)
    assert diversification_ratio([0.5, 0.5], covariance) == pytest.approx(0.15 / math.sqrt(0.0155))
    assert weighted_correlation([0.5, 0.5], covariance) == pytest.approx(0.3)
    assert average_correlation(covariance) == pytest.approx(0.3)


def test_a_choueifaty_and_coignard_ratio_of_n_independent_equal_risks_is_the_root_of_n() -> None:
    deviations = [0.1, 0.2, 0.4, 0.8]
    weights = [1 / deviation for deviation in deviations]
    assert diversification_ratio(weights, _equicorrelated(deviations, 0.0)) == pytest.approx(2.0)
    assert diversification_ratio(weights, _equicorrelated(deviations, 1.0)) == pytest.approx(1.0)


def test_one_asset_is_not_diversified() -> None:
    assert diversification_ratio([0.7], [[0.04]]) == pytest.approx(1.0)
    assert effective_number_of_bets([0.7], [[0.04]]) == pytest.approx(1.0)
    assert math.isnan(average_correlation([[0.04]]))
    assert math.isnan(weighted_correlation([0.7], [[0.04]]))


def test_a_short_of_the_same_asset_is_a_hedge_and_not_diversification() -> None:
    covariance = _equicorrelated([0.2, 0.2], 0.8)
    assert weighted_correlation([0.5, -0.5], covariance) == pytest.approx(-0.8)
    assert diversification_ratio([0.5, -0.5], covariance) == pytest.approx(1 / math.sqrt(0.1))
    assert math.isnan(diversification_ratio([0.5, -0.5], _equicorrelated([0.2, 0.2], 1.0)))


def test_the_average_correlation_is_numpy_s_and_leaves_out_what_stands_still() -> None:
    returns, _ = _book(1, 6, 200)
    correlation = np.corrcoef(returns, rowvar=False)
    expected = correlation[np.triu_indices(6, 1)].mean()
    assert average_correlation(np.cov(returns, rowvar=False)) == pytest.approx(expected)
    with_cash = np.column_stack([returns, np.full(200, 0.0001)])
    assert average_correlation(np.cov(with_cash, rowvar=False)) == pytest.approx(expected)
    found = measure_diversification(with_cash, [1.0] * 7)
    assert found.average_correlation == pytest.approx(expected)


def test_meucci_s_number_of_uncorrelated_assets_is_the_entropy_of_their_variances() -> None:
    # Variances 1, 2, 5 of equal weights: shares 1/8, 2/8, 5/8.
    shares = np.array([1, 2, 5]) / 8
    expected = math.exp(-(shares * np.log(shares)).sum())
    assert effective_number_of_bets([1.0, 1.0, 1.0], np.diag([1.0, 2.0, 5.0])) == pytest.approx(expected)


def test_meucci_s_number_of_two_correlated_assets_follows_from_their_sum_and_difference() -> None:
    # Eigenvectors (1, 1) and (1, -1) over root 2, eigenvalues 1.5 and 0.5; the weights load 1 and 0.5 over root 2.
    parts = np.array([0.5 * 1.5, 0.125 * 0.5])
    shares = parts / parts.sum()
    expected = math.exp(-(shares * np.log(shares)).sum())
    assert effective_number_of_bets([0.75, 0.25], [[1.0, 0.5], [0.5, 1.0]]) == pytest.approx(expected)
    assert effective_number_of_bets([0.5, 0.5], [[1.0, 0.5], [0.5, 1.0]]) == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.integers(1, 12), st.booleans())
@settings(max_examples=100, deadline=None)
def test_diversification_keeps_its_bounds_and_choueifaty_froidure_and_reynier_s_identity(
    seed: int, assets: int, long_only: bool
) -> None:
    returns, weights = _book(seed, assets, 60, long_only=long_only)
    covariance = np.atleast_2d(np.cov(returns, rowvar=False))
    ratio = diversification_ratio(weights, covariance)
    assert ratio >= 1.0
    assert 1.0 <= effective_number_of_bets(weights, covariance) <= assets + 1e-9
    if assets > 1:
        rho = weighted_correlation(weights, covariance)
        risks = np.abs(weights) * np.sqrt(np.diagonal(covariance))
        concentration = float((risks**2).sum() / risks.sum() ** 2)
        assert -1.0 <= rho <= 1.0
        assert ratio == pytest.approx((rho * (1 - concentration) + concentration) ** -0.5)


@given(st.integers(0, 10_000), st.integers(2, 10), st.floats(0.01, 100.0))
@settings(max_examples=60, deadline=None)
def test_leverage_units_and_order_do_not_matter(seed: int, assets: int, scale: float) -> None:
    returns, weights = _book(seed, assets, 60)
    order = np.random.default_rng(seed).permutation(assets)
    first = measure_diversification(returns, weights)
    for other in (
        measure_diversification(returns[:, order], weights[order]),
        measure_diversification(returns, weights * scale),
        measure_diversification(returns * scale, weights),
    ):
        assert other.ratio == pytest.approx(first.ratio, rel=1e-6)
        assert other.average_correlation == pytest.approx(first.average_correlation, abs=1e-8)
        assert other.weighted_correlation == pytest.approx(first.weighted_correlation, abs=1e-8)
        assert other.effective_bets == pytest.approx(first.effective_bets, rel=1e-6)


@pytest.mark.parametrize(("assets", "bars"), [(5, 100), (40, 41), (60, 30), (120, 30)])
def test_the_sample_s_figures_are_those_of_its_covariance_also_with_more_assets_than_bars(
    assets: int, bars: int
) -> None:
    returns, weights = _book(assets, assets, bars)
    weights[1] = 0.0
    held = weights != 0.0
    covariance = np.cov(returns[:, held], rowvar=False)
    found = measure_diversification(returns, weights)
    assert found.volatility == pytest.approx((returns @ weights).std(ddof=1))
    assert found.ratio == pytest.approx(diversification_ratio(weights[held], covariance))
    assert found.average_correlation == pytest.approx(average_correlation(covariance))
    assert found.weighted_correlation == pytest.approx(weighted_correlation(weights[held], covariance))
    assert found.effective_bets == pytest.approx(effective_number_of_bets(weights[held], covariance), rel=1e-6)


def test_an_empty_book_has_no_volatility_and_nothing_to_diversify() -> None:
    found = measure_diversification(np.ones((5, 2)), [0.0, 0.0])
    assert found.volatility == 0.0
    undefined = (found.ratio, found.average_correlation, found.weighted_correlation, found.effective_bets)
    assert all(math.isnan(value) for value in undefined)


def test_hedge_funds_are_less_than_thirteen_bets() -> None:
    returns = edhec().to_numpy()
    found = measure_diversification(returns, np.full(13, 1 / 13))
    assert 1.0 < found.effective_bets < 3.0
    assert 1.0 < found.ratio < 2.0
    expected = np.corrcoef(returns, rowvar=False)[np.triu_indices(13, 1)].mean()
    assert found.average_correlation == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diversification_ratio([0.5], np.eye(2)), r"received an array of shape \(2, 2\), expected \(1, 1\)"),
        (lambda: effective_number_of_bets([1.0, 1.0], [[1.0, 2.0], [2.0, 1.0]]), "eigenvalue -1"),
        (lambda: average_correlation(np.ones((2, 3))), r"received an array of shape \(2, 3\), expected \(2, 2\)"),
        (lambda: measure_diversification([[0.1, 0.2]], [0.5, 0.5]), "received 1 rows, expected at least 2"),
        (lambda: measure_diversification([[0.1], [math.nan]], [0.5]), "row 1, column 0 is nan"),
    ],
)
def test_what_cannot_be_measured_says_why(call, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()
