"""Figures about a run: pure functions, each with its definition, and `compute_metrics`, which calls them all.

Conventions, stated once:

- A *return* is simple, ``equity[t] / equity[t-1] - 1``, per bar. Means are arithmetic; growth rates are geometric.
- *Losses are positive*: drawdown, value at risk and expected shortfall are fractions lost, so 0.25 is a loss of 25 %.
- A standard deviation is that of a sample (divisor n - 1); a downside deviation divides by n.
- Rates are a year: growth by calendar time (365.25 days), means and deviations by ``periods_per_year`` bars.
- What is not defined is NaN, never 0 and never infinite: a ratio to zero volatility, a profit factor without a loss.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.errors import DataError
from tradewind.report.drawdowns import worst_drawdown
from tradewind.report.trades import closed_trades, traded_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tradewind.model.typing import FloatArray

__all__ = [
    "COST_COMPONENTS",
    "alpha_beta",
    "annualised_turnover",
    "annualised_volatility",
    "bar_returns",
    "cagr",
    "compute_metrics",
    "downside_deviation",
    "expected_shortfall",
    "growth_metrics",
    "infer_periods_per_year",
    "profit_factor",
    "sharpe_ratio",
    "sortino_ratio",
    "value_at_risk",
    "win_rate",
]

COST_COMPONENTS = ("commission", "spread", "slippage", "impact")
"""Cost columns of the fills table, each in cash and at least 0."""

DAYS_PER_YEAR = 365.25
SHORTEST_ANNUALISED_DAYS = 28.0
_PERIODS_BY_GAP_DAYS = ((4.5, 252.0), (10.0, 52.0), (45.0, 12.0), (120.0, 4.0))


def bar_returns(equity: ArrayLike) -> FloatArray:
    """Return simple returns per bar, shape (T - 1,); they end with the bar on which equity reaches 0 or less.

    Raises
    ------
    DataError
        If an equity is NaN or infinite, or the first is not positive.
    """
    values = np.asarray(equity, dtype=np.float64)
    if not np.isfinite(values).all():
        bar = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"equity table: equity of bar {bar} is {values[bar]}, expected a finite number; "
            f"look for a missing price in the bars before it"
        )
    if len(values) and values[0] <= 0:
        raise DataError(
            f"equity table: equity of the first bar is {values[0]}, expected more than 0; check account.cash"
        )
    ruined = np.flatnonzero(values <= 0)
    end = int(ruined[0]) + 1 if len(ruined) else len(values)
    return values[1:end] / values[: end - 1] - 1.0


def infer_periods_per_year(index: pd.DatetimeIndex) -> float:
    """Return bars a year: 252, 52, 12, 4 or 1 by the median gap between dates, times bars a date; 252 below two dates.

    A daily index that holds weekends counts 365 (markets that never close).
    """
    days = index.normalize().unique()
    if len(days) < 2:
        return 252.0
    gap_days = float(np.median(np.diff(days.to_numpy()) / np.timedelta64(1, "D")))
    periods = next((periods for limit, periods in _PERIODS_BY_GAP_DAYS if gap_days <= limit), 1.0)
    if periods == 252.0 and float((days.day_of_week >= 5).mean()) > 0.2:
        periods = 365.0
    return periods * max(1.0, round(len(index) / len(days)))


def cagr(equity: pd.Series) -> float:
    """Compound annual growth rate: ``(last / first) ** (1 / years) - 1``, years of 365.25 calendar days.

    -1 when nothing is left; NaN below 28 days, where a year's rate would be an invention.
    """
    days = _calendar_days(equity.index)
    if days < SHORTEST_ANNUALISED_DAYS:
        return math.nan
    growth = float(equity.iloc[-1]) / float(equity.iloc[0])
    return growth ** (DAYS_PER_YEAR / days) - 1.0 if growth > 0 else -1.0


def annualised_volatility(returns: ArrayLike, periods_per_year: float) -> float:
    """Sample standard deviation of returns times the square root of ``periods_per_year``; NaN below two returns."""
    values = np.asarray(returns, dtype=np.float64)
    return float(values.std(ddof=1)) * math.sqrt(periods_per_year) if len(values) > 1 else math.nan


def sharpe_ratio(returns: ArrayLike, periods_per_year: float, risk_free_rate: float = 0.0) -> float:
    """Arithmetic mean of excess returns over their sample standard deviation, times sqrt(``periods_per_year``).

    The excess is over ``risk_free_rate / periods_per_year`` a bar. NaN at zero volatility.

    References
    ----------
    Sharpe, *The Sharpe Ratio*, Journal of Portfolio Management (1994).
    """
    excess = np.asarray(returns, dtype=np.float64) - risk_free_rate / periods_per_year
    if len(excess) < 2 or _is_constant(excess):
        return math.nan
    return float(excess.mean() / excess.std(ddof=1)) * math.sqrt(periods_per_year)


def downside_deviation(returns: ArrayLike, minimum_return: float = 0.0) -> float:
    """Root mean square of the shortfalls below ``minimum_return`` per bar; the divisor is the number of all returns."""
    shortfalls = np.minimum(np.asarray(returns, dtype=np.float64) - minimum_return, 0.0)
    return math.sqrt(float((shortfalls**2).mean())) if len(shortfalls) else math.nan


def sortino_ratio(returns: ArrayLike, periods_per_year: float, risk_free_rate: float = 0.0) -> float:
    """Arithmetic mean excess return over downside deviation, times sqrt(``periods_per_year``); NaN without a shortfall.

    References
    ----------
    Sortino and Price, *Performance Measurement in a Downside Risk Framework*, Journal of Investing (1994).
    """
    rate = risk_free_rate / periods_per_year
    excess = np.asarray(returns, dtype=np.float64) - rate
    deviation = downside_deviation(excess)
    return float(excess.mean()) / deviation * math.sqrt(periods_per_year) if deviation > 0 else math.nan


def value_at_risk(returns: ArrayLike, level: float) -> float:
    """Historical value at risk per bar: minus the (1 - ``level``) percentile, linear between order statistics (type 7).

    A loss is positive; negative when even that percentile is a gain. NaN below two returns.
    """
    values = np.asarray(returns, dtype=np.float64)
    return -float(np.quantile(values, 1.0 - level)) if len(values) > 1 else math.nan


def expected_shortfall(returns: ArrayLike, level: float) -> float:
    """Historical expected shortfall per bar: minus the mean of the returns at or below minus the value at risk."""
    values = np.asarray(returns, dtype=np.float64)
    if len(values) < 2:
        return math.nan
    return -float(values[values <= -value_at_risk(values, level)].mean())


def alpha_beta(
    returns: ArrayLike, benchmark_returns: ArrayLike, periods_per_year: float, risk_free_rate: ArrayLike = 0.0
) -> tuple[float, float]:
    """Intercept and slope of the least-squares line of excess returns on the benchmark's excess returns (CAPM).

    The intercept is compounded to a year, ``(1 + intercept) ** periods_per_year - 1``. ``risk_free_rate`` is a year's
    rate, or one return a bar. (NaN, NaN) below two returns or where the benchmark stood still.
    """
    rate = np.asarray(risk_free_rate, dtype=np.float64)
    if rate.ndim == 0:
        rate = rate / periods_per_year
    excess = np.asarray(returns, dtype=np.float64) - rate
    market = np.asarray(benchmark_returns, dtype=np.float64) - rate
    if len(excess) < 2 or _is_constant(market):
        return math.nan, math.nan
    deviations = market - market.mean()
    beta = float(deviations @ (excess - excess.mean()) / (deviations @ deviations))
    intercept = float(excess.mean() - beta * market.mean())
    return float((1.0 + intercept) ** periods_per_year - 1.0), beta


def win_rate(profits: ArrayLike) -> float:
    """Trades with a profit above 0 as a fraction of all closed trades; NaN without one."""
    values = np.asarray(profits, dtype=np.float64)
    return float((values > 0).mean()) if len(values) else math.nan


def profit_factor(profits: ArrayLike) -> float:
    """Sum of profits over sum of losses of closed trades, at least 0; NaN without a losing trade."""
    values = np.asarray(profits, dtype=np.float64)
    losses = -float(values[values < 0].sum())
    return float(values[values > 0].sum()) / losses if losses > 0 else math.nan


def annualised_turnover(equity: pd.Series, fills: pd.DataFrame) -> float:
    """Half of buys and sells, each over the equity at the close of its bar, a year of 365.25 days; NaN below 28 days.

    1.0 means that the whole portfolio was replaced once a year.
    """
    days = _calendar_days(equity.index)
    if days < SHORTEST_ANNUALISED_DAYS:
        return math.nan
    if fills.empty:
        return 0.0
    times = pd.DatetimeIndex(fills["timestamp"])
    rows = np.clip(equity.index.searchsorted(times, side="right") - 1, 0, len(equity) - 1)
    fractions = traded_values(fills) / equity.to_numpy(dtype=np.float64)[rows]
    return 0.5 * float(fractions.sum()) * DAYS_PER_YEAR / days


def growth_metrics(
    equity: pd.Series, periods_per_year: float | None = None, risk_free_rate: float = 0.0
) -> dict[str, float]:
    """Return the figures that need nothing but a curve, so that a benchmark or a counterfactual is measured alike.

    Keys: ``total_return, cagr, volatility, sharpe, sortino, calmar, max_drawdown``.
    """
    periods = infer_periods_per_year(pd.DatetimeIndex(equity.index)) if periods_per_year is None else periods_per_year
    returns = bar_returns(equity)
    growth = cagr(equity)
    drawdown = worst_drawdown(equity).depth
    return {
        "total_return": float(equity.iloc[-1]) / float(equity.iloc[0]) - 1.0,
        "cagr": growth,
        "volatility": annualised_volatility(returns, periods),
        "sharpe": sharpe_ratio(returns, periods, risk_free_rate),
        "sortino": sortino_ratio(returns, periods, risk_free_rate),
        "max_drawdown": drawdown,
        "calmar": growth / drawdown if drawdown > 0 else math.nan,
    }


def compute_metrics(
    equity: pd.DataFrame,
    fills: pd.DataFrame,
    *,
    orders: pd.DataFrame | None = None,
    risk_free_rate: float = 0.0,
    periods_per_year: float | None = None,
) -> dict[str, float]:
    """Return all figures by name, in the order in which they are shown; `definitions.METRICS` says what each means.

    Parameters
    ----------
    equity, fills, orders
        Tables of a `Result`. Without ``orders`` the number of orders is that of distinct ids among the fills.
    risk_free_rate
        Fraction a year, for Sharpe, Sortino, alpha and beta.
    periods_per_year
        Bars a year; inferred from the dates when None.

    Raises
    ------
    DataError
        If the equity table is empty, or an equity is not finite.
    """
    if equity.empty:
        raise DataError("equity table: received no rows, expected one a bar; check the run's start and end dates")
    periods = infer_periods_per_year(pd.DatetimeIndex(equity.index)) if periods_per_year is None else periods_per_year
    curve = equity["equity"]
    returns = bar_returns(curve)
    figures = {"start_equity": float(curve.iloc[0]), "final_equity": float(curve.iloc[-1])}
    figures["profit"] = figures["final_equity"] - figures["start_equity"]
    figures |= growth_metrics(curve, periods, risk_free_rate)
    figures |= _loss_metrics(curve, returns)
    figures |= _benchmark_metrics(equity, periods, risk_free_rate)
    figures |= _trading_metrics(curve, fills, orders)
    figures["exposure_gross"] = _mean_of(equity, "gross")
    figures["exposure_net"] = _mean_of(equity, "net")
    return figures


def _loss_metrics(curve: pd.Series, returns: FloatArray) -> dict[str, float]:
    worst = worst_drawdown(curve)
    moved = returns[returns != 0]
    return {
        "max_drawdown_days": worst.days_to_trough,
        "recovery_days": worst.days_to_recover,
        "value_at_risk_95": value_at_risk(returns, 0.95),
        "value_at_risk_99": value_at_risk(returns, 0.99),
        "expected_shortfall_95": expected_shortfall(returns, 0.95),
        "expected_shortfall_99": expected_shortfall(returns, 0.99),
        "hit_rate": float((moved > 0).mean()) if len(moved) else math.nan,
    }


def _benchmark_metrics(equity: pd.DataFrame, periods: float, risk_free_rate: float) -> dict[str, float]:
    names = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown", "calmar")
    figures = {f"benchmark_{name}": math.nan for name in names} | {"alpha": math.nan, "beta": math.nan}
    if "benchmark" not in equity:
        return figures
    both = equity.loc[equity["benchmark"].notna(), ["equity", "benchmark"]]
    if len(both) < 2:
        return figures
    growth = growth_metrics(both["benchmark"], periods, risk_free_rate)
    figures |= {f"benchmark_{name}": growth[name] for name in names}
    returns = bar_returns(both["equity"])
    benchmark = bar_returns(both["benchmark"])[: len(returns)]
    figures["alpha"], figures["beta"] = alpha_beta(returns, benchmark, periods, risk_free_rate)
    return figures


def _trading_metrics(curve: pd.Series, fills: pd.DataFrame, orders: pd.DataFrame | None) -> dict[str, float]:
    ids = fills["order_id"].nunique() if orders is None and not fills.empty else 0
    profits = closed_trades(fills)["profit"].to_numpy(dtype=np.float64)
    traded = float(traded_values(fills).sum())
    costs = {name: float(fills[name].sum()) if name in fills else 0.0 for name in COST_COMPONENTS}
    total = math.fsum(costs.values())
    return {
        "orders": float(ids if orders is None else len(orders)),
        "fills": float(len(fills)),
        "trades": float(len(profits)),
        "win_rate": win_rate(profits),
        "profit_factor": profit_factor(profits),
        "turnover": annualised_turnover(curve, fills),
        "traded_value": traded,
        "costs": total,
        **{f"costs_{name}": cost for name, cost in costs.items()},
        "costs_basis_points": total / traded * 1e4 if traded > 0 else math.nan,
        **{
            f"costs_{name}_basis_points": cost / traded * 1e4 if traded > 0 else math.nan
            for name, cost in costs.items()
        },
    }


def _mean_of(table: pd.DataFrame, column: str) -> float:
    return float(table[column].mean()) if column in table else math.nan


def _calendar_days(index: pd.Index) -> float:
    times = pd.DatetimeIndex(index)
    return float((times[-1] - times[0]) / pd.Timedelta(days=1)) if len(times) > 1 else 0.0


def _is_constant(values: FloatArray) -> bool:
    # The deviation of equal floats can be 1e-19 instead of 0, which would print a Sharpe ratio of 1e16.
    return bool(np.ptp(values) <= 1e-12 * max(1e-12, float(np.abs(values).max())))
