"""Figures against published values, empyrical and hand computation."""

from __future__ import annotations

import functools
import math
import os
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pytest

from tradewind.errors import DataError
from tradewind.model import Result
from tradewind.report.definitions import METRICS, format_figure, format_metric
from tradewind.report.drawdowns import drawdown_series, worst_drawdown
from tradewind.report.metrics import (
    alpha_beta,
    annualised_turnover,
    annualised_volatility,
    bar_returns,
    cagr,
    compute_metrics,
    expected_shortfall,
    infer_periods_per_year,
    profit_factor,
    sharpe_ratio,
    sortino_ratio,
    value_at_risk,
    win_rate,
)
from tradewind.testing.results import bare_result, make_result

_SHARED = Path(os.environ.get("TRADEWIND_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
_MANAGERS = ("HAM1", "HAM2", "HAM3", "HAM4", "HAM5", "HAM6", "EDHEC LS EQ", "SP500 TR", "US 10Y TR", "US 3m TR")
# The published figures were printed truncated, not rounded.
_PRINTED = 1e-4


@functools.cache
def _full() -> Result:
    return make_result()


def _oracle(name: str) -> pd.DataFrame:
    path = _SHARED / "oracles" / f"{name}.csv"
    if not path.is_file():
        pytest.skip(f"{path} is absent; point TRADEWIND_SHARED_DATA at the shared data")
    return pd.read_csv(path, index_col=0, parse_dates=True)


def _equity_of(returns: pd.Series) -> pd.Series:
    start = pd.Timestamp(returns.index[0]) - pd.offsets.MonthEnd(1)
    return pd.Series(np.concatenate([[1.0], np.cumprod(1.0 + returns)]), index=[start, *returns.index])


def _random_returns(count: int = 1000) -> np.ndarray:
    return np.random.default_rng(3).normal(0.0005, 0.01, count)


def test_growth_and_deviation_of_eight_managers_are_as_published() -> None:
    managers = _oracle("managers")
    growth = (0.1375, 0.1747, 0.1512, 0.1215, 0.0373, 0.1373, 0.1180, 0.0967)
    deviation = (0.0888, 0.1272, 0.1265, 0.1843, 0.1584, 0.0825, 0.0708, 0.1500)
    for name, expected_growth, expected_deviation in zip(_MANAGERS, growth, deviation, strict=False):
        returns = managers[name].dropna()
        assert cagr(_equity_of(returns)) == pytest.approx(expected_growth, abs=_PRINTED), name
        assert annualised_volatility(returns, 12) == pytest.approx(expected_deviation, abs=_PRINTED), name


def test_sortino_ratios_of_eight_managers_are_as_published() -> None:
    managers = _oracle("managers")
    published = (0.7649, 1.222, 0.7172, 0.3234, 0.1343, 0.9102, 0.9691, 0.3064)
    for name, expected in zip(_MANAGERS, published, strict=False):
        assert sortino_ratio(managers[name].dropna(), 1) == pytest.approx(expected, abs=1.1e-4), name


def test_alpha_and_beta_of_three_managers_are_as_published() -> None:
    managers = _oracle("managers")
    for name, alpha, beta in (("HAM1", 0.0058, 0.3901), ("HAM2", 0.0091, 0.3384), ("HAM3", 0.0062, 0.5523)):
        rows = managers[[name, "SP500 TR", "US 3m TR"]].dropna()
        monthly = alpha_beta(rows[name], rows["SP500 TR"], 1, rows["US 3m TR"])
        assert monthly == pytest.approx((alpha, beta), abs=_PRINTED), name
    annual, _ = alpha_beta(managers["HAM1"], managers["SP500 TR"], 12, managers["US 3m TR"])
    assert annual == pytest.approx(0.0715, abs=_PRINTED)


def test_sharpe_ratio_of_the_first_manager_is_as_published() -> None:
    assert sharpe_ratio(_oracle("managers")["HAM1"], 12, 0.035) == pytest.approx(1.1091, abs=_PRINTED)


def test_historical_expected_shortfall_is_as_published() -> None:
    edhec = _oracle("edhec")
    names = ("Convertible Arbitrage", "CTA Global", "Distressed Securities", "Emerging Markets")
    for name, expected in zip(names, (0.0387, 0.0406, 0.0413, 0.0754), strict=True):
        assert expected_shortfall(edhec[name], 0.95) == pytest.approx(expected, abs=_PRINTED), name


def test_maximum_drawdowns_are_as_published() -> None:
    managers, edhec = _oracle("managers"), _oracle("edhec")
    published = (0.1518, 0.2399, 0.2894, 0.2874, 0.3405, 0.0788, 0.1075, 0.4473, 0.1006, 0.0)
    for name, expected in zip(_MANAGERS, published, strict=True):
        depth = worst_drawdown(_equity_of(managers[name].dropna())).depth
        assert depth == pytest.approx(expected, abs=_PRINTED), name
    assert worst_drawdown(_equity_of(edhec["Funds of Funds"])).depth == pytest.approx(0.2059, abs=_PRINTED)


def test_ratios_agree_with_empyrical() -> None:
    returns = _random_returns()
    market = np.random.default_rng(4).normal(0.0004, 0.012, 1000) * 0.6 + returns * 0.5
    assert sharpe_ratio(returns, 252) == pytest.approx(empyrical.sharpe_ratio(returns))
    assert sortino_ratio(returns, 252) == pytest.approx(empyrical.sortino_ratio(returns))
    assert annualised_volatility(returns, 252) == pytest.approx(empyrical.annual_volatility(returns))
    assert value_at_risk(returns, 0.95) == pytest.approx(-empyrical.value_at_risk(returns, 0.05))
    equity = pd.Series(np.concatenate([[1.0], np.cumprod(1 + returns)]))
    assert worst_drawdown(equity.set_axis(pd.bdate_range("2020", periods=1001))).depth == pytest.approx(
        -empyrical.max_drawdown(returns)
    )
    theirs = empyrical.alpha_beta(pd.Series(returns), pd.Series(market))
    assert alpha_beta(returns, market, 252) == pytest.approx(tuple(theirs))


def test_value_at_risk_and_shortfall_of_ten_returns_are_those_of_hand() -> None:
    returns = np.array([-0.10, -0.05, 0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07])
    # The 5 % point lies at rank 0.45 between -0.10 and -0.05.
    assert value_at_risk(returns, 0.95) == pytest.approx(0.0775)
    assert expected_shortfall(returns, 0.95) == pytest.approx(0.10)


def test_four_years_from_100_to_146_41_grow_at_ten_percent() -> None:
    equity = pd.Series([100.0, 146.41], index=pd.to_datetime(["2020-01-01", "2024-01-01"]))
    assert cagr(equity) == pytest.approx(0.10)


def test_growth_is_not_annualised_below_28_days_and_is_a_total_loss_at_zero() -> None:
    short = pd.Series([100.0, 110.0], index=pd.to_datetime(["2020-01-01", "2020-01-28"]))
    assert math.isnan(cagr(short))
    ruined = pd.Series([100.0, -5.0], index=pd.to_datetime(["2020-01-01", "2021-01-01"]))
    assert cagr(ruined) == -1.0


def test_returns_end_with_the_bar_of_ruin() -> None:
    assert bar_returns([100.0, 50.0, 0.0, 10.0]).tolist() == [-0.5, -1.0]


def test_an_equity_that_is_not_a_number_is_refused_with_its_bar() -> None:
    with pytest.raises(DataError, match=r"equity of bar 1 is nan, expected a finite number; look for a missing price"):
        bar_returns([100.0, math.nan, 101.0])
    with pytest.raises(DataError, match=r"first bar is 0\.0, expected more than 0; check account\.cash"):
        bar_returns([0.0, 1.0])


def test_an_empty_equity_table_is_refused() -> None:
    result = bare_result(pd.Series(dtype=float, index=pd.DatetimeIndex([])))
    with pytest.raises(DataError, match=r"received no rows, expected one a bar; check the run's start and end"):
        compute_metrics(result.equity, result.fills)


def test_zero_volatility_leaves_ratios_undefined() -> None:
    # A constant return of 0.1 has a sample deviation of 1e-17, not 0, in floating point.
    constant = np.full(1000, 0.1)
    assert math.isnan(sharpe_ratio(constant, 252))
    assert math.isnan(sortino_ratio(constant, 252))
    assert all(math.isnan(value) for value in alpha_beta(_random_returns(), constant, 252))


def test_one_bar_has_an_equity_and_nothing_that_needs_two() -> None:
    result = bare_result(pd.Series([100.0], index=pd.to_datetime(["2020-01-01"])))
    figures = compute_metrics(result.equity, result.fills)
    assert figures["final_equity"] == 100.0
    assert figures["max_drawdown"] == 0.0
    undefined = ("cagr", "volatility", "sharpe", "sortino", "calmar", "value_at_risk_95", "alpha", "win_rate")
    assert all(math.isnan(figures[name]) for name in undefined)
    assert {format_metric(name, figures[name]) for name in undefined} == {"n/a"}


def test_drawdown_dates_and_days_to_recover_are_those_of_hand() -> None:
    dates = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-06", "2020-01-07", "2020-01-20", "2020-01-21"])
    worst = worst_drawdown(pd.Series([100.0, 120.0, 90.0, 100.0, 120.0, 119.0], index=dates))
    assert worst.depth == pytest.approx(0.25)
    assert (worst.peak, worst.trough, worst.recovered) == (dates[1], dates[2], dates[4])
    assert (worst.days_to_trough, worst.days_to_recover) == (4.0, 14.0)


def test_a_drawdown_still_under_water_has_no_recovery() -> None:
    dates = pd.to_datetime(["2020-01-01", "2020-01-02"])
    worst = worst_drawdown(pd.Series([100.0, 90.0], index=dates))
    assert worst.recovered is None
    assert math.isnan(worst.days_to_recover)
    assert drawdown_series([100.0, 90.0, 110.0, 55.0]) == pytest.approx([0.0, 0.1, 0.0, 0.5])


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (pd.bdate_range("2020-01-01", periods=300), 252.0),
        (pd.date_range("2020-01-01", periods=300, freq="D"), 365.0),
        (pd.date_range("2020-01-03", periods=60, freq="W"), 52.0),
        (pd.date_range("2020-01-31", periods=60, freq="ME"), 12.0),
        (pd.date_range("2020-01-31", periods=20, freq="QE"), 4.0),
        (pd.date_range("2000-12-31", periods=20, freq="YE"), 1.0),
        (pd.DatetimeIndex([f"2020-01-{d:02} {h}:30" for d in (6, 7, 8, 9, 10) for h in range(14, 21)]), 252.0 * 7),
        (pd.DatetimeIndex(["2020-01-01"]), 252.0),
    ],
)
def test_periods_a_year_follow_from_the_dates(index: pd.DatetimeIndex, expected: float) -> None:
    assert infer_periods_per_year(index) == expected


def test_win_rate_and_profit_factor_of_four_trades() -> None:
    assert win_rate([10.0, -5.0, 0.0, 30.0]) == 0.5
    assert profit_factor([10.0, -5.0, 0.0, 30.0]) == 8.0
    assert profit_factor([-1.0, -2.0]) == 0.0
    assert math.isnan(profit_factor([1.0]))
    assert math.isnan(win_rate([]))


def test_turnover_of_buying_everything_and_selling_it_in_a_year_is_one() -> None:
    index = pd.DatetimeIndex(["2020-01-01", "2020-06-01", "2020-12-31T06:00"])
    fills = pd.DataFrame({"timestamp": index[[0, 1]], "quantity": [10.0, -10.0], "price": [10.0, 20.0]})
    equity = pd.Series([100.0, 200.0, 200.0], index=index)
    assert annualised_turnover(equity, fills) == pytest.approx(1.0)


def test_costs_are_split_by_component_and_related_to_traded_value() -> None:
    index = pd.bdate_range("2020-01-01", periods=50)
    equity = pd.DataFrame({"equity": 1000.0, "gross": 0.5, "net": -0.25}, index=index)
    fills = pd.DataFrame(
        {"order_id": ["a", "a", "b"], "bar": [1, 2, 3], "timestamp": index[1:4], "symbol": "S",
         "quantity": [10.0, 10.0, -20.0], "price": [10.0, 10.0, 10.0], "commission": [1.0, 0.0, 1.0],
         "spread": 0.5, "slippage": 0.0, "impact": [0.0, 0.0, 0.5], "reason": "rebalance"}
    )  # fmt: skip
    figures = compute_metrics(equity, fills)
    assert figures["traded_value"] == 400.0
    assert figures["costs"] == 4.0
    assert figures["costs_basis_points"] == 100.0
    assert [figures[f"costs_{part}"] for part in ("commission", "spread", "slippage", "impact")] == [2.0, 1.5, 0.0, 0.5]
    assert (figures["orders"], figures["fills"], figures["trades"]) == (2.0, 3.0, 1.0)
    assert (figures["exposure_gross"], figures["exposure_net"]) == (0.5, -0.25)


def test_the_benchmark_is_measured_over_the_bars_it_has() -> None:
    index = pd.bdate_range("2020-01-01", periods=200)
    market = np.exp(np.cumsum(_random_returns(200)))
    table = pd.DataFrame({"equity": 100.0 * market**2.0, "benchmark": market}, index=index)
    table.loc[index[:50], "benchmark"] = np.nan
    figures = compute_metrics(table, bare_result(table["equity"]).fills)
    assert figures["benchmark_total_return"] == pytest.approx(market[-1] / market[50] - 1.0)
    assert figures["beta"] == pytest.approx(2.0, abs=0.02)


def test_every_figure_has_a_definition_and_the_order_is_that_of_the_definitions() -> None:
    figures = _full().metrics
    assert set(figures) == set(METRICS)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.1234, "fraction", "12.3%"),
        (0.01234, "fraction", "1.23%"),
        (-0.0000001, "fraction", "0.00%"),
        (-0.2, "cash", "0"),
        (1234567.8, "cash", "1,234,568"),
        (1.005, "ratio", "1.00"),
        (math.nan, "cash", "n/a"),
        (math.inf, "ratio", "n/a"),
        (None, "count", "n/a"),
    ],
)
def test_figures_are_shown_in_their_unit(value: float | None, unit: str, expected: str) -> None:
    assert format_figure(value, unit) == expected  # type: ignore[arg-type]
