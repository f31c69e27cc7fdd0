"""How the run did: headline figures, equity and drawdown, the overlay's part, months, definitions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.report.attribution import monthly_returns, overlay_comparison
from tradewind.report.definitions import METRICS, NOT_AVAILABLE
from tradewind.report.drawdowns import drawdown_series, worst_drawdown
from tradewind.report.markup import Markup, join, tag
from tradewind_plugins.reports.page.charts import Line, time_chart
from tradewind_plugins.reports.page.tables import figure, metric, table

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray
    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["all_figures", "curves", "headline", "months", "overlay"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FULL_SHADE = 0.08


def headline(facts: Facts) -> Markup:
    """Return the tiles: growth, final equity, Sharpe, drawdown, volatility, each beside the benchmark."""
    figures = facts.metrics
    final = figures.get("start_equity", math.nan) * (1.0 + figures.get("benchmark_total_return", math.nan))
    than = {
        name: figures.get(f"benchmark_{name}", math.nan) for name in ("cagr", "sharpe", "max_drawdown", "volatility")
    }
    than["final_equity"] = final
    labels = {
        "cagr": "Growth a year",
        "final_equity": "Final equity",
        "sharpe": "Sharpe ratio",
        "max_drawdown": "Maximum drawdown",
        "volatility": "Volatility",
    }
    tiles = [
        tag(
            "div",
            tag("dt", label),
            tag("dd", metric(name, figures.get(name)), class_="big"),
            tag("dd", "benchmark ", metric(name, than[name]), class_="than") if math.isfinite(than[name]) else None,
            class_="tile",
        )
        for name, label in labels.items()
    ]
    return tag("dl", tiles, class_="tiles", aria_label="Headline figures")


def curves(facts: Facts) -> Markup:
    """Return equity against the benchmark over the regimes, and the drawdowns of both."""
    equity = facts.result.equity["equity"].to_numpy(dtype=np.float64)
    benchmark = _scaled_benchmark(facts)
    lines = [Line(name="This run", points=equity, style="c0")]
    falls = [Line(name="This run", points=-drawdown_series(equity), style="c0", filled=True)]
    if benchmark is not None:
        lines.insert(0, Line(name="Benchmark, same start", points=benchmark, style="c1"))
        fall = -drawdown_series(pd.Series(benchmark).ffill().to_numpy(dtype=np.float64))
        falls.insert(0, Line(name="Benchmark", points=fall, style="c1"))
    worst = worst_drawdown(facts.result.equity["equity"])
    story = ""
    if worst.peak is not None and worst.trough is not None:
        end = f"regained on {worst.recovered:%Y-%m-%d}" if worst.recovered is not None else "not regained in this run"
        story = f"Deepest: from {worst.peak:%Y-%m-%d} to {worst.trough:%Y-%m-%d}, {end}."
    text = f"From {equity[0]:,.0f} to {equity[-1]:,.0f}. Background: confirmed regime."
    return join(
        [
            time_chart("Equity", facts.index, lines, unit="cash", bands=facts.bands, logarithmic=True,
                       description=text, note=facts.regime_legend, states=facts.regimes),
            time_chart("Drawdown", facts.index, falls, unit="fraction", bands=facts.bands, size="small",
                       description=story or "No drawdown.",
                       note=tag("p", story, class_="facts") if story else None),
        ]
    )  # fmt: skip


def overlay(facts: Facts) -> Markup | None:
    """Return the run beside itself without the regime overlay, and which of the two won where."""
    comparison = overlay_comparison(facts.result)
    other = facts.result.without_overlay
    if comparison is None or other is None:
        return None
    rows = []
    for name, ours, theirs, better in comparison.itertuples():
        cells = [tag("td", metric(name, value), class_="better" if better == side else None)
                 for side, value in (("with", ours), ("without", theirs))]  # fmt: skip
        rows.append(tag("tr", tag("th", METRICS[name].label, scope="row"), cells))
    heads = [tag("th", text, scope="col") for text in ("", "With overlay", "Without overlay")]
    body = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows))
    without = other["equity"].reindex(facts.index).to_numpy(dtype=np.float64)
    equity = facts.result.equity["equity"].to_numpy(dtype=np.float64)
    lines = [
        Line(name="Without overlay", points=without, style="c2"),
        Line(name="With overlay", points=equity, style="c0"),
    ]
    chart = time_chart(
        "With and without the overlay", facts.index, lines, unit="cash", logarithmic=True, size="small",
        description=f"With: {equity[-1]:,.0f} at the end; without: {without[-1]:,.0f}.",
    )  # fmt: skip
    card = tag("div", tag("div", body, class_="scroll"), tag("p", verdict(comparison), class_="verdict"), class_="card")
    return tag("div", card, chart, class_="pair")


def verdict(comparison: pd.DataFrame) -> str:
    """Return the sentences that say where the overlay won, where it lost, and where nothing can be said."""
    names = {name: METRICS[name].label.split(" (")[0].lower().replace("calmar", "Calmar").replace("sharpe", "Sharpe")
             for name in comparison.index}  # fmt: skip
    sides = {side: [names[name] for name in comparison.index[comparison["better"] == side]]
             for side in ("with", "without", "equal", "")}  # fmt: skip
    sentences = []
    if sides["with"]:
        sentences.append(f"The overlay was better on {_listed(sides['with'])}.")
    if sides["without"]:
        sentences.append(f"The same portfolio without it was better on {_listed(sides['without'])}.")
    if sides["equal"]:
        sentences.append(f"They are equal on {_listed(sides['equal'])}.")
    if sides[""]:
        sentences.append(f"Not defined: {_listed(sides[''])}.")
    return " ".join(sentences)


def months(facts: Facts) -> Markup:
    """Return the table of calendar returns, shaded by size."""
    returns = monthly_returns(facts.result.equity["equity"])
    heads = [tag("th", name, scope="col") for name in ("", *_MONTHS, "Year")]
    rows = []
    for year, values in zip(returns.index.tolist(), returns.to_numpy(dtype=np.float64).tolist(), strict=True):
        cells = [_month(value, whole_year=at == len(_MONTHS)) for at, value in enumerate(values)]
        rows.append(tag("tr", tag("th", year, scope="row"), cells))
    caption = tag("p", "Percent. First and last month and year: as far as the run reaches.", class_="caption")
    body = tag(
        "table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="months", aria_label="Monthly returns"
    )
    return tag("div", caption, tag("div", body, class_="scroll"), class_="card")


def all_figures(facts: Facts) -> Markup:
    """Return every figure with its definition, by group."""
    groups: dict[str, list[str]] = {}
    for name, one in METRICS.items():
        if name in facts.metrics:
            groups.setdefault(one.group, []).append(name)
    cards = []
    for group, names in groups.items():
        rows = [
            (METRICS[name].label, metric(name, facts.metrics[name]), tag("span", _unit(name), METRICS[name].definition))
            for name in names
        ]
        body = table(("", "Value", "Definition"), rows, text_columns=(0, 2))
        first = group in ("Growth", "Risk", "Reward for risk")
        cards.append(tag("details", tag("summary", group), body, class_="card definitions", open=first))
    extra = [(name, figure(value, "ratio")) for name, value in facts.metrics.items() if name not in METRICS]
    if extra:
        cards.append(tag("details", tag("summary", "Other"), table(("", "Value"), extra), class_="card"))
    return join(cards)


def _unit(name: str) -> str:
    return {"cash": "Cash. ", "basis points": "Basis points. ", "days": "Days. "}.get(METRICS[name].unit, "")


def _scaled_benchmark(facts: Facts) -> FloatArray | None:
    table_ = facts.result.equity
    if "benchmark" not in table_ or table_["benchmark"].notna().sum() < 2:
        return None
    closes = table_["benchmark"].to_numpy(dtype=np.float64)
    first = int(np.flatnonzero(np.isfinite(closes))[0])
    return np.asarray(closes / closes[first] * float(table_["equity"].iloc[first]), dtype=np.float64)


def _month(value: float, *, whole_year: bool) -> Markup:
    kind = "year" if whole_year else ""
    if not math.isfinite(value):
        return tag("td", tag("span", NOT_AVAILABLE, class_="facts") if whole_year else "", class_=kind or None)
    shade = min(abs(value) / (_FULL_SHADE * (3 if whole_year else 1)), 1.0) * 60.0
    side = "gain" if value >= 0 else "fall"
    text = f"{value * 100:.1f}".replace("-0.0", "0.0").replace("-", "\N{MINUS SIGN}")
    return tag("td", text, class_=f"{kind} {side}".strip(), style=f"--a:{shade:.0f}%")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
