"""The portfolio's risk over time, whether its value at risk was right, and where limits were exceeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.report.markup import Markup, join, tag
from tradewind.report.portfolio_risk import EVERY_BARS, value_at_risk_tests
from tradewind_plugins.reports.page.charts import Layer, Line, time_chart
from tradewind_plugins.reports.page.tables import figure, table

if TYPE_CHECKING:
    from tradewind.report.definitions import Unit
    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["risk"]

_TAILS = {
    "value_at_risk:holdings:historical:0.95": "Value at risk 95%",
    "value_at_risk:holdings:historical:0.99": "Value at risk 99%",
    "expected_shortfall:holdings:historical:0.95": "Expected shortfall 95%",
}
_SMALL: tuple[tuple[str, Unit, dict[str, str], str], ...] = (
    ("Effective number of positions and bets", "ratio",
     {"effective_positions": "Positions", "effective_bets": "Uncorrelated bets"},
     "As many equal positions would be as concentrated; as many uncorrelated ones would be as diversified."),
    ("Diversification ratio", "ratio", {"diversification_ratio": "Diversification ratio"},
     "Weighted volatility of the positions over that of the portfolio; 1: they move as one."),
    ("Average correlation of the positions", "ratio", {"average_correlation": "Average correlation"},
     "Of all pairs of positions."),
    ("Beta of the account to the benchmark", "ratio", {"beta:benchmark": "Beta"}, "Of the account's own returns."),
)  # fmt: skip
_SECTORS_SHOWN = 7
_SIGNIFICANT = 0.05
_ONE_POSITION = 1.0 + 1e-6
_METHODS = {"historical": "Historical", "gaussian": "Gaussian", "cornish_fisher": "Cornish-Fisher"}
_TEST_NOTE = (
    "Each bar's loss against a forecast from the account's own returns before it. Kupiec: exceeded as often as it "
    "should be? Christoffersen: and no more often after a bar that exceeded it? A p-value below 5% says no."
)


def risk(facts: Facts) -> Markup | None:
    """Return the charts of risk, the tests of value at risk and the breaches; None where nothing was measured."""
    tests = _tests(facts)
    table_ = facts.result.risk
    if table_.empty and tests is None:
        return None
    return join([_over_time(table_), tests, _breaches(facts)])


def _over_time(measured: pd.DataFrame) -> Markup | None:
    if measured.empty:
        return None
    index = pd.DatetimeIndex(measured.index)
    window = int(measured["window_bars"].iloc[0])
    lead = tag(
        "p",
        f"Every {EVERY_BARS} bars, from the {window} bars up to then. Value at risk: the loss of one bar that the "
        f"holdings of that day would have exceeded on 5% and 1% of those bars; expected shortfall: their mean loss "
        f"beyond it.",
        class_="lead",
    )
    if not measured[list(_TAILS)].notna().any(axis=None):
        lead = tag("p", f"The run is shorter than the {window} bars that value at risk looks back at.", class_="lead")
        return join([lead, _sectors(measured, index)])
    tails = time_chart(
        "Value at risk and expected shortfall of the holdings", index,
        [Line(name=name, points=_points(measured, column), style=style)
         for (column, name), style in zip(_TAILS.items(), ("c0", "c2", "c4"), strict=True)],
        unit="fraction", description="Parts of equity lost over one bar, historical.",
    )  # fmt: skip
    small = [
        time_chart(title, index,
                   [Line(name=name, points=_points(measured, column), style=("c0", "c3")[at])
                    for at, (column, name) in enumerate(names.items())],
                   unit=unit, size="small", description=text, note=tag("p", text, class_="facts"))
        for title, unit, names, text in _SMALL if _tells(measured, list(names))
    ]  # fmt: skip
    pairs = [tag("div", small[at : at + 2], class_="pair" if at + 1 < len(small) else None)
             for at in range(0, len(small), 2)]  # fmt: skip
    return join([lead, tails, _sectors(measured, index), pairs])


def _tells(measured: pd.DataFrame, names: list[str]) -> bool:
    """Tell whether there is a figure; those of a book that never held two positions say nothing but beta."""
    if not set(names) <= set(measured.columns) or not measured[names].notna().any(axis=None):
        return False
    return names == ["beta:benchmark"] or float(measured["effective_positions"].max()) > _ONE_POSITION


def _sectors(measured: pd.DataFrame, index: pd.DatetimeIndex) -> Markup | None:
    prefix = "sector_gross:"
    columns = [str(column) for column in measured.columns if str(column).startswith(prefix)]
    means = measured[columns].mean().to_dict()
    ranked = sorted((column for column in columns if means[column] > 0.0), key=lambda column: -means[column])
    if not ranked:
        return None
    styles = [f"c{at}" for at in range(8) if at != 1]
    layers = [
        Layer(name=column.removeprefix(prefix), points=_points(measured, column), style=style)
        for column, style in zip(ranked[:_SECTORS_SHOWN], styles, strict=False)
    ]
    rest = ranked[_SECTORS_SHOWN:]
    if rest:
        name = rest[0].removeprefix(prefix) if len(rest) == 1 else f"{len(rest)} others"
        layers.append(Layer(name=name, points=measured[rest].sum(axis=1).to_numpy(dtype=np.float64), style="c1"))
    title = f"Gross exposure by sector, all in {layers[0].name}" if len(layers) == 1 else "Gross exposure by sector"
    return time_chart(title, index, unit="fraction", layers=layers,
                      description="Absolute value of the holdings of each sector as a part of equity.")  # fmt: skip


def _tests(facts: Facts) -> Markup | None:
    tests = value_at_risk_tests(facts.result.equity)
    if tests.empty:
        return None
    rows = [
        (f"{_METHODS[row['method']]} {row['level']:.0%}",
         _verdict(row["exceedances"], row["expected"], row["kupiec"], row["independence"]),
         figure(row["exceedances"], "count"), figure(row["expected"], "count"), figure(row["observations"], "count"),
         _p_value(row["kupiec"]), _p_value(row["independence"]), _p_value(row["conditional_coverage"]))
        for row in tests.to_dict("records")
    ]  # fmt: skip
    heads = ("Forecast", "Exceeded", "Times", "Expected", "Of bars", "Kupiec", "Christoffersen", "Both")
    body = table(heads, rows, caption=_TEST_NOTE, text_columns=(0, 1))
    return tag("div", tag("h3", "Was the value at risk right?"), body, class_="card")


def _verdict(exceeded: int, expected: float, coverage: float, independence: float) -> str:
    often = "as often as it should"
    if coverage < _SIGNIFICANT:
        often = "too often" if exceeded > expected else "too seldom"
    return often + (", in clusters" if independence < _SIGNIFICANT else "")


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _breaches(facts: Facts) -> Markup | None:
    config = facts.result.config.get("risk")
    limits = config.get("limits") if isinstance(config, dict) else None
    rows = facts.result.breaches
    if not limits:
        text = "No limit of portfolio risk is set (risk.limits in the configuration)."
        return tag("p", text, class_="facts", style="margin-top:0.9rem")
    if rows.empty:
        return tag("p", f"No limit was exceeded ({_told(limits)}).", class_="card")
    lines = []
    for measure, part in rows.groupby("measure", sort=True):
        limit = float(part["limit"].iloc[0])
        falls_short = bool((part["worst"] < limit).all())
        worst = part.sort_values("worst", ascending=falls_short, kind="stable").iloc[0]
        latest = part.iloc[-1]
        lines.append(
            (_words(measure), f"{'at least' if falls_short else 'at most'} {limit:g}", figure(len(part), "count"),
             figure(part["samples"].sum() * part["every_bars"].iloc[0], "count"), f"{worst['worst']:.4g}",
             f"{worst['worst_timestamp']:%Y-%m-%d}", f"{latest['first']:%Y-%m-%d} to {latest['last']:%Y-%m-%d}")
        )  # fmt: skip
    heads = ("Measure", "Limit", "Excursions", "Bars beyond", "Worst", "On", "The latest")
    caption = (
        f"Limits: {_told(limits)}. What is held is looked at on every bar, what looks back every {EVERY_BARS} bars, "
        f"each look counting for as many. Limits of portfolio risk change no order. breaches.csv has every excursion."
    )
    body = table(heads, lines, caption=caption, text_columns=(0, 1, 5, 6))
    return tag("div", tag("h3", "Beyond the limits"), body, class_="card")


def _told(limits: dict[str, float]) -> str:
    return ", ".join(f"{_words(name)} {limit:g}" for name, limit in limits.items())


def _points(measured: pd.DataFrame, column: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return measured[column].to_numpy(dtype=np.float64)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
