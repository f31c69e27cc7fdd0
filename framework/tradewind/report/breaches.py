"""Excursions of a portfolio's risk beyond its limits: each from its first to its last look is one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.config.risk import RiskLimits
    from tradewind.model.typing import FloatArray

__all__ = ["BREACH_COLUMNS", "breach_warnings", "breaches_by_measure", "find_breaches"]

BREACH_COLUMNS = ("first", "last", "samples", "every_bars", "measure", "limit", "worst", "worst_timestamp")

_MINIMA = frozenset({"effective_positions", "diversification_ratio"})
_SIZES = frozenset({"net", "beta"})
"""Measures whose sign does not matter."""
_COLUMNS = {
    "value_at_risk_95": "value_at_risk:holdings:historical:0.95",
    "value_at_risk_99": "value_at_risk:holdings:historical:0.99",
    "expected_shortfall_95": "expected_shortfall:holdings:historical:0.95",
    "expected_shortfall_99": "expected_shortfall:holdings:historical:0.99",
    "position": "largest",
    "beta": "beta:benchmark",
}
_SECTOR = "sector_gross:"
_ON_EVERY_BAR = frozenset({"gross", "net", "sector", "position", "herfindahl", "effective_positions"})
"""Measures of the weights alone; the others look back and are there for some bars only."""


class _Series(NamedTuple):
    measure: str
    points: FloatArray
    limit: float
    minimum: bool


def find_breaches(
    limits: RiskLimits, exposure: pd.DataFrame, risk: pd.DataFrame, every_bars: int
) -> tuple[pd.DataFrame, list[str]]:
    """Return the excursions beyond the limits, by time, and the names of limits that could not be looked at.

    Parameters
    ----------
    limits
        Those that are set are looked at.
    exposure
        What is held on each bar: `tradewind.report.portfolio_risk.exposure_table`.
    risk
        What looks back: `tradewind.report.portfolio_risk.risk_table`.
    every_bars
        Bars from one row of ``risk`` to the next. What happens between two rows is not seen.

    Returns
    -------
    Columns `BREACH_COLUMNS`: first and last look beyond the limit, number of looks, bars from one look to the next, and
    the worst of them. A measure that is not defined (the concentration of an empty book) is not beyond its limit.
    """
    rows: list[tuple[Any, ...]] = []
    unseen = []
    for name, limit in limits.given().items():
        table, step = (exposure, 1) if name in _ON_EVERY_BAR else (risk, every_bars)
        series = list(_series(name, limit, table))
        if not any(np.isfinite(one.points).any() for one in series):
            unseen.append(name)
        for one in series:
            rows += [_row(one, first, last, table.index, step) for first, last in _excursions(one)]
    rows.sort(key=lambda row: (row[0], row[4]))
    return pd.DataFrame(rows, columns=list(BREACH_COLUMNS)), unseen


def breaches_by_measure(breaches: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the limit of each measure that was beyond it, its ``excursions`` and the ``worst`` of them."""
    summary = {}
    for measure, rows in breaches.groupby("measure", sort=False) if len(breaches) else ():
        worst = rows.sort_values("worst", ascending=measure in _MINIMA, kind="stable").iloc[0]
        summary[str(measure)] = {
            "limit": float(worst["limit"]),
            "excursions": len(rows),
            "worst": float(worst["worst"]),
            "worst_timestamp": worst["worst_timestamp"],
        }
    return summary


def breach_warnings(breaches: pd.DataFrame) -> list[str]:
    """Say in a line a measure how often and how far a limit was exceeded."""
    warnings = []
    for measure, one in breaches_by_measure(breaches).items():
        times = "once" if one["excursions"] == 1 else f"{one['excursions']:,} times"
        warnings.append(
            f"limit of {measure}: {'below' if measure in _MINIMA else 'above'} {one['limit']:g} {times}, worst "
            f"{one['worst']:.4g} on {one['worst_timestamp']:%Y-%m-%d}; see breaches.csv"
        )
    return warnings


def _series(name: str, limit: float, table: pd.DataFrame) -> Iterator[_Series]:
    if name == "sector":
        for column in table.columns:
            if str(column).startswith(_SECTOR):
                measure = f"sector {str(column).removeprefix(_SECTOR)}"
                yield _Series(measure, table[column].to_numpy(dtype=np.float64), limit, minimum=False)
        return
    column = _COLUMNS.get(name, name)
    if column in table:
        values = table[column].to_numpy(dtype=np.float64)
        yield _Series(name, np.abs(values) if name in _SIZES else values, limit, minimum=name in _MINIMA)


def _excursions(one: _Series) -> list[tuple[int, int]]:
    """Return first and last row of each unbroken stretch beyond the limit; what is not defined is not beyond it."""
    beyond = one.points < one.limit if one.minimum else one.points > one.limit
    edges = np.diff(np.concatenate(([0], beyond.astype(np.int64), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _row(one: _Series, first: int, last: int, index: pd.Index, every_bars: int) -> tuple[Any, ...]:
    part = one.points[first : last + 1]
    place = first + int(np.argmin(part) if one.minimum else np.argmax(part))
    return (
        index[first], index[last], last - first + 1, every_bars, one.measure, one.limit, float(one.points[place]),
        index[place],
    )  # fmt: skip
