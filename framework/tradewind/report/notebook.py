"""A run as a small piece of HTML, for the last line of a notebook cell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tradewind.model.result import Result
from tradewind.report.definitions import METRICS, format_metric
from tradewind.report.markup import Markup, tag
from tradewind.report.scales import BOX, line_path, linear_axis, log_axis, thin_rows
from tradewind.report.summary import all_metrics

__all__ = ["result_html"]

_SHOWN = ("final_equity", "cagr", "volatility", "sharpe", "max_drawdown", "calmar", "turnover", "costs")
_POINTS = 300
_EDGE = "1px solid rgba(128,128,128,.35)"


def result_html(result: Result) -> str:
    """Return a fragment with name, dates, a curve of equity against the benchmark, figures, stamps and warnings.

    It holds no script, no style sheet and nothing from elsewhere, takes the notebook's own text colour, and escapes
    every name. Jupyter calls it through ``Result._repr_html_``.
    """
    metrics = all_metrics(result)
    period = f"{result.mode}, {result.data.get('start', '?')} to {result.data.get('end', '?')}"
    status = None
    if result.status != "complete":
        colours = "background:#b3261e;color:#fff;border-radius:9px;padding:0 .5em;margin-left:.6em"
        status = tag("span", result.status, style=colours)
    head = tag("div", tag("strong", result.name), status, tag("span", f" {period}", style="opacity:.7"))
    rows = [
        tag(
            "tr",
            tag("th", METRICS[name].label, scope="row", style="text-align:left;font-weight:500"),
            tag("td", format_metric(name, metrics.get(name)), style=_cell(strong=True)),
            tag("td", _benchmark(name, metrics), style=_cell(strong=False)),
            title=METRICS[name].definition,
        )
        for name in _SHOWN
    ]
    heads = tag(
        "tr", [tag("th", text, scope="col", style="text-align:right") for text in ("", "this run", "benchmark")]
    )
    table = tag("table", tag("thead", heads), tag("tbody", rows), style="border-collapse:collapse;margin:0")
    side = tag("div", _curve(result), style="flex:1 1 280px;min-width:220px;max-width:520px")
    body = tag("div", table, side, style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:center;margin:.5em 0")
    said = [tag("li", line) for line in (*result.stamps, *(f"Warning: {warning}" for warning in result.warnings))]
    notes = tag("details", tag("summary", f"{len(said)} notes"), tag("ul", said), style="opacity:.85") if said else None
    frame = f"border:{_EDGE};border-radius:8px;padding:.8em 1em;max-width:900px;font-variant-numeric:tabular-nums"
    return str(tag("div", head, body, notes, style=frame))


def _cell(*, strong: bool) -> str:
    return f"text-align:right;padding-left:1.5em;{'font-weight:600' if strong else 'opacity:.7'}"


def _benchmark(name: str, metrics: dict[str, float]) -> str:
    value = metrics.get(f"benchmark_{name}")
    return "" if value is None else format_metric(name, value)


def _curve(result: Result) -> Markup | None:
    table = result.equity
    if len(table) < 2:
        return None
    equity = table["equity"].to_numpy(dtype=np.float64)
    curves = [("currentColor", equity)]
    present = np.flatnonzero(table["benchmark"].notna()) if "benchmark" in table else np.zeros(0, dtype=np.int64)
    if len(present) > 1:
        closes = table["benchmark"].to_numpy(dtype=np.float64)
        curves.insert(0, ("rgba(128,128,128,.9)", closes / closes[present[0]] * equity[present[0]]))
    together = np.concatenate([points for _, points in curves])
    low, high = float(np.nanmin(together)), float(np.nanmax(together))
    axis = log_axis(low, high) if low > 0 else linear_axis(low, high)
    times = pd.DatetimeIndex(table.index).to_numpy().astype("datetime64[s]").astype(np.float64)
    across = BOX * (times - times[0]) / (times[-1] - times[0])
    paths = []
    for colour, points in curves:
        rows = thin_rows(points, _POINTS)
        d = line_path(across[rows], axis.positions(points[rows]))
        paths.append(
            tag("path", d=d, fill="none", stroke=colour, stroke_width=1.5, style="vector-effect:non-scaling-stroke")
        )
    label = f"Equity from {equity[0]:,.0f} to {equity[-1]:,.0f}, with the benchmark in grey"
    return tag(
        "svg",
        paths,
        viewBox=f"0 0 {BOX:g} {BOX:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label if len(curves) > 1 else label.split(", ")[0],
        style="width:100%;height:150px;display:block;overflow:visible",
    )
