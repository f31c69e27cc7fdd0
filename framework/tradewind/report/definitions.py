"""Every figure of `compute_metrics`: label, unit and definition, as the reports print them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["METRICS", "NOT_AVAILABLE", "Metric", "Unit", "format_figure", "format_metric"]

Unit = Literal["fraction", "ratio", "cash", "count", "days", "basis points", "times a year"]

_DECIMALS: Mapping[Unit, int] = {
    "fraction": 1,
    "ratio": 2,
    "cash": 0,
    "count": 0,
    "days": 0,
    "basis points": 1,
    "times a year": 2,
}

NOT_AVAILABLE = "n/a"
"""What is printed for a figure that is not defined."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How one figure is named, shown and defined."""

    label: str
    group: str
    unit: Unit
    definition: str


def format_metric(name: str, value: float | None, *, signed: bool = False) -> str:
    """Return a figure as text in the unit of its definition; ``n/a`` where it is None, NaN or infinite."""
    metric = METRICS.get(name)
    return format_figure(value, metric.unit if metric else "ratio", signed=signed)


def format_figure(value: float | None, unit: Unit, *, signed: bool = False, decimals: int | None = None) -> str:
    """Return a number as text in a unit; ``n/a`` where it is None, NaN or infinite.

    ``decimals`` None: by unit, and two for a percentage below 5.

    >>> format_figure(0.1234, "fraction"), format_figure(float("nan"), "ratio"), format_figure(-1234.5, "cash")
    ('12.3%', 'n/a', '-1,234')
    """
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    sign = "+" if signed else ""
    if decimals is None:
        small = unit == "fraction" and abs(value) < 0.05
        decimals = 2 if small else _DECIMALS[unit]
    text = f"{value * 100:{sign},.{decimals}f}%" if unit == "fraction" else f"{value:{sign},.{decimals}f}"
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text


_OVER_BENCHMARK = "over the bars on which it has a price"

METRICS: Mapping[str, Metric] = {
    "start_equity": Metric("Equity at the start", "Growth", "cash", "Account value at the close of the first bar."),
    "final_equity": Metric("Equity at the end", "Growth", "cash", "Account value at the close of the last bar."),
    "profit": Metric("Profit", "Growth", "cash", "Equity at the end less equity at the start, all costs included."),
    "total_return": Metric("Total return", "Growth", "fraction", "Last equity over first equity, less 1."),
    "cagr": Metric(
        "Growth a year (CAGR)",
        "Growth",
        "fraction",
        "Compound annual growth rate: (last / first) ^ (1 / years) - 1, years of 365.25 days; n/a below 28 days.",
    ),
    "volatility": Metric(
        "Volatility", "Risk", "fraction", "Sample standard deviation of returns per bar, times the root of bars a year."
    ),
    "sharpe": Metric(
        "Sharpe ratio",
        "Reward for risk",
        "ratio",
        "Arithmetic mean of excess returns over their sample standard deviation, times the root of bars a year; "
        "risk-free rate 0 unless stated.",
    ),
    "sortino": Metric(
        "Sortino ratio",
        "Reward for risk",
        "ratio",
        "Arithmetic mean of excess returns over the root mean square of their shortfalls below 0 (divisor: all bars), "
        "times the root of bars a year.",
    ),
    "max_drawdown": Metric(
        "Maximum drawdown", "Risk", "fraction", "Largest loss from a past high, as a fraction of that high."
    ),
    "calmar": Metric("Calmar ratio", "Reward for risk", "ratio", "Growth a year over maximum drawdown, whole run."),
    "max_drawdown_days": Metric(
        "Days from high to low", "Risk", "days", "Calendar days from the high to the low of the maximum drawdown."
    ),
    "recovery_days": Metric(
        "Days to recover",
        "Risk",
        "days",
        "Calendar days from the low of the maximum drawdown until its high is regained; n/a while it is not.",
    ),
    "value_at_risk_95": Metric(
        "Value at risk 95%",
        "Risk",
        "fraction",
        "Historical, per bar: the loss that 5% of returns exceed (percentile with linear interpolation).",
    ),
    "value_at_risk_99": Metric(
        "Value at risk 99%", "Risk", "fraction", "Historical, per bar: the loss that 1% of returns exceed."
    ),
    "expected_shortfall_95": Metric(
        "Expected shortfall 95%",
        "Risk",
        "fraction",
        "Historical (CVaR), per bar: the mean loss of the returns at or beyond the value at risk.",
    ),
    "expected_shortfall_99": Metric(
        "Expected shortfall 99%", "Risk", "fraction", "As at 95%, beyond the value at risk of 99%."
    ),
    "hit_rate": Metric("Winning bars", "Trading", "fraction", "Bars with a gain over bars on which equity changed."),
    "benchmark_total_return": Metric(
        "Benchmark: total return", "Benchmark", "fraction", f"Last close over first, less 1, {_OVER_BENCHMARK}."
    ),
    "benchmark_cagr": Metric(
        "Benchmark: growth a year", "Benchmark", "fraction", f"Compound annual growth rate {_OVER_BENCHMARK}."
    ),
    "benchmark_volatility": Metric("Benchmark: volatility", "Benchmark", "fraction", f"As above, {_OVER_BENCHMARK}."),
    "benchmark_sharpe": Metric("Benchmark: Sharpe ratio", "Benchmark", "ratio", f"As above, {_OVER_BENCHMARK}."),
    "benchmark_max_drawdown": Metric(
        "Benchmark: maximum drawdown", "Benchmark", "fraction", f"As above, {_OVER_BENCHMARK}."
    ),
    "benchmark_calmar": Metric("Benchmark: Calmar ratio", "Benchmark", "ratio", f"As above, {_OVER_BENCHMARK}."),
    "alpha": Metric(
        "Alpha a year",
        "Benchmark",
        "fraction",
        "Intercept of the least-squares line of the run's excess returns on the benchmark's, compounded to a year.",
    ),
    "beta": Metric(
        "Beta", "Benchmark", "ratio", "Slope of the least-squares line of the run's excess returns on the benchmark's."
    ),
    "orders": Metric("Orders", "Trading", "count", "Orders decided, whatever became of them."),
    "fills": Metric("Fills", "Trading", "count", "Executions."),
    "trades": Metric(
        "Closed trades",
        "Trading",
        "count",
        "Round trips: one symbol's holding from flat to flat, with all that was added and taken on the way.",
    ),
    "win_rate": Metric("Winning trades", "Trading", "fraction", "Closed trades with a profit after costs, over all."),
    "profit_factor": Metric(
        "Profit factor", "Trading", "ratio", "Sum of profits over sum of losses of closed trades; n/a without a loss."
    ),
    "turnover": Metric(
        "Turnover a year",
        "Trading",
        "times a year",
        "Half of buys and sells, each over the equity of its bar, a year: 1.00 replaces the whole portfolio once.",
    ),
    "traded_value": Metric("Traded value", "Trading", "cash", "Sum of the absolute value of all fills, before costs."),
    "costs": Metric("Costs", "Costs", "cash", "Commission, spread, slippage and market impact of all fills."),
    "costs_commission": Metric("Commission", "Costs", "cash", "What brokers and venues charge."),
    "costs_spread": Metric("Spread", "Costs", "cash", "Half of the difference between bid and ask, paid on each fill."),
    "costs_slippage": Metric("Slippage", "Costs", "cash", "Price moving away between decision and fill."),
    "costs_impact": Metric("Market impact", "Costs", "cash", "Price moved by the order itself."),
    "costs_basis_points": Metric("Costs of traded value", "Costs", "basis points", "Costs over traded value."),
    "costs_commission_basis_points": Metric("Commission", "Costs", "basis points", "Commission over traded value."),
    "costs_spread_basis_points": Metric("Spread", "Costs", "basis points", "Spread over traded value."),
    "costs_slippage_basis_points": Metric("Slippage", "Costs", "basis points", "Slippage over traded value."),
    "costs_impact_basis_points": Metric("Market impact", "Costs", "basis points", "Impact over traded value."),
    "exposure_gross": Metric(
        "Mean gross exposure", "Exposure", "fraction", "Mean over bars of the absolute value of holdings over equity."
    ),
    "exposure_net": Metric(
        "Mean net exposure", "Exposure", "fraction", "Mean over bars of longs less shorts over equity."
    ),
}
"""Figure by name, in the order of `compute_metrics`."""
