"""Where the profit came from: by regime, by sleeve, by month; and what the regime overlay did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.report.metrics import COST_COMPONENTS, bar_returns, growth_metrics
from tradewind.report.trades import traded_values

if TYPE_CHECKING:
    from tradewind.model.result import Result

__all__ = [
    "OVERLAY_FIGURES",
    "monthly_returns",
    "overlay_comparison",
    "profit_by_regime",
    "profit_by_sleeve",
    "yearly_trading",
]

OVERLAY_FIGURES = ("cagr", "volatility", "sharpe", "max_drawdown", "calmar")
_LOWER_IS_BETTER = frozenset({"volatility", "max_drawdown"})


def profit_by_regime(equity: pd.Series, regimes: pd.Series) -> pd.DataFrame:
    """Return profit by the regime confirmed at the *previous* close, since decisions act from the next bar on.

    Parameters
    ----------
    equity
        Equity per bar, in cash.
    regimes
        Confirmed label per bar, same index.

    Returns
    -------
    DataFrame
        One row a label in order of appearance; ``bars``, ``fraction`` (of all bars), ``profit`` (cash; sums to that
        of the run), ``compound_return`` (of those bars alone; the labels' growth factors multiply to the run's).
    """
    columns = ["bars", "fraction", "profit", "compound_return"]
    if len(equity) < 2 or regimes.empty:
        return pd.DataFrame(columns=columns, dtype=np.float64)
    values = equity.to_numpy(dtype=np.float64)
    acting = regimes.reindex(equity.index).ffill().fillna("").astype(str).to_numpy()[:-1]
    returns = np.full(len(values) - 1, 0.0)
    measured = bar_returns(values)
    returns[: len(measured)] = measured
    profits = np.diff(values)
    rows = {}
    for label in dict.fromkeys(acting.tolist()):
        chosen = acting == label
        compound = float(np.prod(1.0 + returns[chosen])) - 1.0
        rows[label] = (int(chosen.sum()), float(chosen.mean()), float(profits[chosen].sum()), compound)
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def profit_by_sleeve(sleeves: pd.DataFrame) -> pd.Series:
    """Return each sleeve's profit over the run, in cash, costs included; empty without sleeves or bars."""
    return sleeves.iloc[-1].astype(np.float64) if len(sleeves) and len(sleeves.columns) else pd.Series(dtype=np.float64)


def monthly_returns(equity: pd.Series) -> pd.DataFrame:
    """Return calendar returns: one row a year, columns 1 to 12 and ``year``; NaN for months without a bar.

    A month runs from the last close before it (the first from the first bar) to its last close, so the months of a
    year compound to the year and the years to the run.
    """
    index = pd.DatetimeIndex(equity.index)
    values = equity.to_numpy(dtype=np.float64)
    months = index.year.to_numpy() * 12 + index.month.to_numpy() - 1
    last = np.flatnonzero(np.append(months[1:] != months[:-1], True)) if len(values) else np.zeros(0, dtype=np.int64)
    table: dict[int, dict[int | str, float]] = {}
    before = float(values[0]) if len(values) else math.nan
    opening = before
    for row in last.tolist():
        year, month = divmod(int(months[row]), 12)
        if year not in table:
            opening = before
        close = float(values[row])
        table.setdefault(year, {})[month + 1] = close / before - 1.0 if before > 0 else math.nan
        table[year]["year"] = close / opening - 1.0 if opening > 0 else math.nan
        before = close
    return pd.DataFrame.from_dict(table, orient="index", columns=[*range(1, 13), "year"], dtype=np.float64)


def yearly_trading(equity: pd.Series, fills: pd.DataFrame) -> pd.DataFrame:
    """Return one row a calendar year: turnover and costs.

    ``turnover`` is half of buys and sells over the mean equity of the year; the cost columns are fractions
    of that mean equity. Every year of the run has a row.
    """
    means = equity.groupby(pd.DatetimeIndex(equity.index).year).mean()
    table = pd.DataFrame(0.0, index=means.index, columns=["turnover", *COST_COMPONENTS])
    if not fills.empty:
        years = pd.DatetimeIndex(fills["timestamp"]).year.to_numpy()
        sums = pd.DataFrame({name: fills[name].to_numpy() for name in COST_COMPONENTS if name in fills})
        sums.insert(0, "turnover", traded_values(fills) / 2.0)
        table.update(sums.groupby(years).sum().div(means, axis=0))
    return table


def overlay_comparison(result: Result) -> pd.DataFrame | None:
    """Return the run with and without its regime overlay, measured alike; None without a counterfactual.

    Rows: ``cagr, volatility, sharpe, max_drawdown, calmar``; columns ``with_overlay``, ``without_overlay`` and
    ``better`` (``with``, ``without``, ``equal``, or empty where either is not defined). Lower is better for volatility
    and drawdown.
    """
    if result.without_overlay is None or result.without_overlay.empty or result.equity.empty:
        return None
    ours = growth_metrics(result.equity["equity"]) | dict(result.metrics)
    theirs = growth_metrics(result.without_overlay["equity"])
    rows = {name: (ours[name], theirs[name], _better(name, ours[name], theirs[name])) for name in OVERLAY_FIGURES}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["with_overlay", "without_overlay", "better"])


def _better(name: str, ours: float, theirs: float) -> str:
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return ""
    if math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12):
        return "equal"
    return "with" if (ours < theirs) == (name in _LOWER_IS_BETTER) else "without"
