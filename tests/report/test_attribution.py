"""Attribution adds up to the run, and acts with a lag of one bar."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest

from tradewind.model import Result
from tradewind.report.attribution import (
    monthly_returns,
    overlay_comparison,
    profit_by_regime,
    profit_by_sleeve,
    yearly_trading,
)
from tradewind.testing.results import bare_result, make_result


@functools.cache
def _full() -> Result:
    return make_result()


def test_profit_goes_to_the_regime_of_the_close_before() -> None:
    index = pd.bdate_range("2020-01-01", periods=4)
    equity = pd.Series([100.0, 110.0, 99.0, 100.0], index=index)
    parts = profit_by_regime(equity, pd.Series(["bull", "bear", "bear", "bull"], index=index))
    assert parts["profit"].to_dict() == {"bull": 10.0, "bear": -10.0}
    assert parts["bars"].to_dict() == {"bull": 1, "bear": 2}
    assert parts["compound_return"].to_dict() == pytest.approx({"bull": 0.1, "bear": 100.0 / 110.0 - 1.0})


def test_regime_profits_sum_to_the_run_and_their_growth_multiplies_to_it() -> None:
    result = _full()
    equity = result.equity["equity"]
    parts = profit_by_regime(equity, result.regimes["regime"])
    assert len(parts) >= 3
    assert parts["profit"].sum() == pytest.approx(equity.iloc[-1] - equity.iloc[0])
    assert np.prod(1.0 + parts["compound_return"]) == pytest.approx(equity.iloc[-1] / equity.iloc[0])
    assert parts["fraction"].sum() == pytest.approx(1.0)


def test_sleeve_profits_sum_to_the_run() -> None:
    result = _full()
    equity = result.equity["equity"]
    assert profit_by_sleeve(result.sleeves).sum() == pytest.approx(equity.iloc[-1] - equity.iloc[0])


def test_runs_without_regimes_or_sleeves_have_empty_parts() -> None:
    result = bare_result(pd.Series([1.0, 2.0], index=pd.bdate_range("2020-01-01", periods=2)))
    assert profit_by_regime(result.equity["equity"], result.regimes["regime"]).empty
    assert profit_by_sleeve(result.sleeves).empty
    assert overlay_comparison(result) is None


def test_months_are_measured_from_close_to_close() -> None:
    dates = pd.to_datetime(["2020-11-16", "2020-11-30", "2020-12-31", "2021-01-29", "2021-03-31"])
    table = monthly_returns(pd.Series([100.0, 110.0, 121.0, 60.5, 121.0], index=dates))
    assert table.loc[2020, [11, 12, "year"]].tolist() == pytest.approx([0.10, 0.10, 0.21])
    assert table.loc[2021, [1, 3, "year"]].tolist() == pytest.approx([-0.5, 1.0, 0.0])
    assert np.isnan(table.loc[2021, 2])
    assert list(table.columns) == [*range(1, 13), "year"]


def test_months_agree_with_pandas_resampling() -> None:
    equity = _full().equity["equity"]
    ends = equity.resample("ME").last()
    expected = (ends / ends.shift(1).fillna(equity.iloc[0]) - 1.0).to_numpy()
    months = monthly_returns(equity).drop(columns="year").to_numpy().ravel()
    assert months[np.isfinite(months)] == pytest.approx(expected)


def test_years_compound_to_the_run() -> None:
    equity = _full().equity["equity"]
    assert np.prod(1.0 + monthly_returns(equity)["year"]) == pytest.approx(equity.iloc[-1] / equity.iloc[0])


def test_yearly_costs_times_mean_equity_sum_to_the_costs() -> None:
    result = _full()
    equity = result.equity["equity"]
    years = yearly_trading(equity, result.fills)
    means = equity.groupby(equity.index.year).mean()
    parts = years[["commission", "spread", "slippage", "impact"]]
    assert parts.mul(means, axis=0).to_numpy().sum() == pytest.approx(result.metrics["costs"])
    assert (years["turnover"] * means).sum() == pytest.approx(result.metrics["traded_value"] / 2.0)
    assert years.index.tolist() == sorted(set(equity.index.year))


def test_the_overlay_is_told_where_it_lost_as_well_as_where_it_won() -> None:
    result = _full()
    index = result.equity.index
    steps = np.linspace(0.0, 1.0, len(index))
    calm, wild = 1e5 * (1 + 0.2 * steps), 1e5 * (1 + steps + 0.1 * np.sin(60 * steps) * steps)
    curves = dataclasses.replace(
        result,
        metrics={},
        equity=result.equity.assign(equity=calm),
        without_overlay=result.equity.assign(equity=wild),
    )
    comparison = overlay_comparison(curves)
    assert comparison is not None
    assert comparison["better"].to_dict() == {
        "cagr": "without",
        "volatility": "with",
        "sharpe": "with",
        "max_drawdown": "with",
        "calmar": "",
    }


def test_equal_curves_are_called_equal() -> None:
    result = _full()
    comparison = overlay_comparison(dataclasses.replace(result, without_overlay=result.equity))
    assert comparison is not None
    assert set(comparison["better"]) == {"equal"}


def test_the_runs_own_figures_come_before_computed_ones() -> None:
    result = _full()
    comparison = overlay_comparison(dataclasses.replace(result, metrics={**result.metrics, "cagr": 0.123}))
    assert comparison is not None
    assert comparison.loc["cagr", "with_overlay"] == 0.123
