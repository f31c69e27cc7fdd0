"""Factor betas against numpy, published betas and planted ones."""

import math

import numpy as np
import pytest
from scipy import stats

from tests.risk.measures.oracles import managers
from tradewind.errors import DataError
from tradewind.risk.measures import factor_exposure, market_beta


def test_betas_of_three_managers_on_the_market_are_as_published() -> None:
    # Returns in excess of the three-month bill, as PerformanceAnalytics computes them.
    table = managers()
    bill = table["US 3m TR"]
    for name, alpha, beta in (("HAM1", 0.0058, 0.3901), ("HAM2", 0.0091, 0.3384), ("HAM3", 0.0062, 0.5523)):
        both = table[[name, "SP500 TR"]].sub(bill, axis=0).dropna()
        found = factor_exposure(both[name], {"market": both["SP500 TR"]})
        assert found.intercept == pytest.approx(alpha, abs=1e-4), name
        assert found.beta("market") == pytest.approx(beta, abs=1e-4), name


def test_one_factor_is_the_regression_line_of_scipy() -> None:
    generator = np.random.default_rng(4)
    market = generator.normal(0.0004, 0.01, 300)
    returns = 0.0001 + 0.7 * market + generator.normal(0, 0.004, 300)
    line = stats.linregress(market, returns)
    found = factor_exposure(returns, {"market": market})
    assert market_beta(returns, market) == pytest.approx(line.slope)
    assert found.intercept == pytest.approx(line.intercept)
    assert found.r_squared == pytest.approx(line.rvalue**2)
    assert found.standard_errors[0] == pytest.approx(line.stderr)
    assert found.observations == 300


def test_planted_betas_in_any_units_are_found_exactly() -> None:
    generator = np.random.default_rng(4)
    factors = {"market": generator.normal(0, 0.01, 60), "size": generator.normal(1e-6, 1e-7, 60)}
    factors["value"] = 0.5 * factors["market"] + generator.normal(0, 30.0, 60)
    returns = 0.002 + 1.2 * factors["market"] - 5e3 * factors["size"] + 1e-5 * factors["value"]
    found = factor_exposure(returns, factors)
    assert found.factors == ("market", "size", "value")
    assert found.betas == pytest.approx([1.2, -5e3, 1e-5], rel=1e-6)
    assert found.intercept == pytest.approx(0.002)
    assert found.r_squared == pytest.approx(1.0)
    assert found.residual_volatility == pytest.approx(0.0, abs=1e-9)


def test_residuals_have_the_variance_that_is_left() -> None:
    generator = np.random.default_rng(4)
    factors = {"a": generator.normal(0, 0.01, 40), "b": generator.normal(0, 0.01, 40)}
    returns = generator.normal(0, 0.01, 40)
    design = np.column_stack([np.ones(40), factors["a"], factors["b"]])
    _, squares, _, _ = np.linalg.lstsq(design, returns, rcond=None)
    found = factor_exposure(returns, factors)
    assert found.residual_volatility == pytest.approx(math.sqrt(float(squares[0]) / 37))
    errors = np.sqrt(np.diagonal(np.linalg.inv(design.T @ design))[1:] * float(squares[0]) / 37)
    assert found.standard_errors == pytest.approx(errors)


def test_a_book_that_stands_still_owes_nothing_to_any_factor() -> None:
    found = factor_exposure(np.zeros(20), {"market": np.linspace(-0.01, 0.01, 20)})
    assert found.beta("market") == 0.0
    assert math.isnan(found.r_squared)


def test_betas_cannot_be_written_to_and_other_names_are_no_keys() -> None:
    found = factor_exposure([0.01, 0.0, 0.02], {"market": [0.01, 0.0, 0.03]})
    with pytest.raises(ValueError, match="read-only"):
        found.betas[0] = 0.0
    with pytest.raises(KeyError):
        found.beta("size")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: market_beta([0.1, 0.2, 0.3], [0.01] * 3), "one stands still or is a sum of the others over these 3"),
        (
            lambda: factor_exposure([0.1, 0.2, 0.4, 0.3], {"a": [1, 2, 3, 5], "b": [2, 4, 6, 10]}),
            "the factors a, b do not determine their betas",
        ),
        (lambda: market_beta([0.1, 0.2], [0.1, 0.2]), "received 2 numbers, expected at least 3"),
        (lambda: market_beta([0.1, 0.2, 0.3], [0.1, 0.2]), "factor 'market': received 2 numbers, expected 3"),
        (lambda: market_beta([0.1, 0.2, 0.3], [0.1, 0.2, math.nan]), "factor 'market': row 2 is nan"),
    ],
)
def test_undetermined_betas_say_why(call, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()
