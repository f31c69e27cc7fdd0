"""The page of a sweep: heat map or bars, the best points, the failed ones. It needs nothing but itself."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tradewind.report.definitions import METRICS, format_metric
from tradewind.report.markup import Markup, join, tag
from tradewind.research.sweep.colours import colour, text_on
from tradewind.research.sweep.matrix import Cell, Matrix, matrix_of
from tradewind.research.sweep.result import LOWER_IS_BETTER, short_names

if TYPE_CHECKING:
    import pandas as pd

    from tradewind.research.sweep.result import SweepResult

__all__ = ["page", "table_html"]

SHOWN_BEST = 20
SHOWN_FAILED = 50
_FIGURES = ("sharpe", "cagr", "volatility", "max_drawdown", "turnover", "trades")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(result: SweepResult) -> str:
    """Return the whole page."""
    style = files("tradewind.research.sweep").joinpath("style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", f"{result.name}: sweep"),
        tag("style", Markup(style)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", result.name), tag("p", _facts(result), class_="facts")),
        tag("main", _notes(result), _map(result), _best(result), _failed(result)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def table_html(result: SweepResult) -> Markup:
    """Return the best points as a table, for notebooks."""
    return join([tag("p", _facts(result)), tag("p", str(result.luck)), _best_table(result, 10)])


def _facts(result: SweepResult) -> str:
    names = short_names(result.parameters)
    over = ", ".join(names[path] for path in result.parameters)
    failed = f", {result.failed} failed" if result.failed else ""
    left = f" of {result.asked} (interrupted)" if result.status != "complete" else ""
    return f"Sweep of {len(result.points)}{left} points over {over}{failed}. Metric: {_label(result.metric)}."


def _notes(result: SweepResult) -> Markup:
    lines = [str(result.luck)]
    lines.append(
        "The best point of a sweep looks better than it is: it was chosen for its result. Prefer a broad area of good "
        "points to a single one, and test the choice on data that no point has seen."
    )
    return tag("div", [tag("p", line) for line in lines], class_="notes", role="note")


def _map(result: SweepResult) -> Markup | None:
    matrix = matrix_of(result)
    if matrix is None:
        return None
    middles = [cell.middle for row in matrix.cells for cell in row if math.isfinite(cell.middle)]
    if not middles:
        return tag("section", tag("h2", "Map"), tag("p", "No point has this figure.", class_="facts"))
    scale = _Scale(result.metric, min(middles), max(middles))
    heading = f"{_label(result.metric)} by {matrix.down}" + (f" and {matrix.across}" if matrix.across else "")
    table = _heat_table(matrix, scale) if matrix.across else _bar_table(matrix, scale)
    return tag(
        "section",
        tag("h2", heading),
        [tag("p", line, class_="facts") for line in _explained(matrix, scale)],
        tag("div", table, class_="scroll", role="region", aria_label=heading, tabindex="0"),
        _legend(scale) if matrix.across else None,
    )


class _Scale:
    """Where a value lies between the worst (0) and the best (1) of the map."""

    def __init__(self, metric: str, low: float, high: float) -> None:
        self.metric, self.low, self.high = metric, low, high
        self.less = metric in LOWER_IS_BETTER

    @property
    def best(self) -> float:
        return self.low if self.less else self.high

    @property
    def worst(self) -> float:
        return self.high if self.less else self.low

    def part(self, value: float) -> float:
        if self.high == self.low:
            return 0.5
        share = (value - self.low) / (self.high - self.low)
        return 1.0 - share if self.less else share

    def text(self, value: float) -> str:
        return format_metric(self.metric, value)


def _explained(matrix: Matrix, scale: _Scale) -> list[str]:
    lines = [
        f"From {scale.text(scale.worst)} to {scale.text(scale.best)}; "
        f"{'less' if scale.less else 'more'} is better; the best is framed."
    ]
    if matrix.several:
        over = f" over {', '.join(matrix.others)}" if matrix.others else ""
        lines.append(f"A cell is the median of its points{over}; below it the best of them.")
    if matrix.binned:
        lines.append(f"Values of {' and '.join(matrix.binned)} are put together in ranges of as many values each.")
    return lines


def _heat_table(matrix: Matrix, scale: _Scale) -> Markup:
    head = tag(
        "thead",
        tag("tr", tag("td"), tag("th", matrix.across, colspan=len(matrix.columns), scope="colgroup")),
        tag("tr", tag("th", matrix.down, scope="col"), [tag("th", label, scope="col") for label in matrix.columns]),
    )
    rows = [
        tag("tr", tag("th", label, scope="row"), [_heat_cell(cell, matrix, scale) for cell in cells])
        for label, cells in zip(matrix.rows, matrix.cells, strict=True)
    ]
    return tag("table", head, tag("tbody", rows), class_="heat")


def _heat_cell(cell: Cell, matrix: Matrix, scale: _Scale) -> Markup:
    if not math.isfinite(cell.middle):
        return tag("td", _why_empty(cell), class_="none")
    part = scale.part(cell.middle)
    below = tag("small", scale.text(cell.best)) if matrix.several else None
    failed = tag("small", f"{cell.failed} failed") if cell.failed else None
    return tag(
        "td",
        scale.text(cell.middle),
        below,
        failed,
        class_="best" if cell.middle == scale.best else None,
        style=f"background:{colour(part)};color:{text_on(part)}",
    )


def _why_empty(cell: Cell) -> str:
    if not cell.finished:
        return "no point"
    return "failed" if cell.failed == cell.finished else "n/a"


def _bar_table(matrix: Matrix, scale: _Scale) -> Markup:
    low, high = min(scale.low, 0.0), max(scale.high, 0.0)
    span = (high - low) or 1.0
    rows = []
    for label, (cell,) in zip(matrix.rows, matrix.cells, strict=True):
        if not math.isfinite(cell.middle):
            rows.append(tag("tr", tag("th", label, scope="row"), tag("td", _why_empty(cell), class_="none"), tag("td")))
            continue
        start = (min(cell.middle, 0.0) - low) / span
        style = (
            f"margin-left:{start:.2%};width:{abs(cell.middle) / span:.2%};background:{colour(scale.part(cell.middle))}"
        )
        best = "best" if cell.middle == scale.best else None
        rows.append(
            tag(
                "tr",
                tag("th", label, scope="row"),
                tag("td", scale.text(cell.middle), class_="number"),
                tag("td", tag("div", class_=f"bar {best or ''}".strip(), style=style), class_="wide"),
            )
        )
    head = tag("tr", tag("th", matrix.down, scope="col"), tag("th", _label(scale.metric), scope="col"), tag("td"))
    return tag("table", tag("thead", head), tag("tbody", rows), class_="bars")


def _legend(scale: _Scale) -> Markup:
    stops = ", ".join(colour(step / 10) for step in range(11))
    return tag(
        "div",
        tag("span", f"worst {scale.text(scale.worst)}"),
        tag("span", class_="ramp", style=f"background:linear-gradient(to right, {stops})"),
        tag("span", f"best {scale.text(scale.best)}"),
        class_="legend",
    )


def _best(result: SweepResult) -> Markup:
    complete = len(result.points) - result.failed
    shown = f"The best {SHOWN_BEST} of {complete}" if complete > SHOWN_BEST else "All complete points, best first"
    kept = "; all are in results.csv." if result.directory else "."
    return tag(
        "section",
        tag("h2", "Best points"),
        tag("p", f"{shown}{kept}", class_="facts"),
        tag(
            "div",
            _best_table(result, SHOWN_BEST),
            class_="scroll",
            role="region",
            aria_label="Best points",
            tabindex="0",
        ),
    )


def _best_table(result: SweepResult, count: int) -> Markup:
    names = short_names(result.parameters)
    figures = list(dict.fromkeys([result.metric, *_FIGURES]))
    head = [tag("th", "point", scope="col"), *(tag("th", names[path], scope="col") for path in result.parameters)]
    head += [tag("th", _label(name), scope="col") for name in figures]
    complete = result.points[result.points["status"] == "complete"].head(count)
    rows = [
        tag(
            "tr",
            tag("td", row["point"]),
            [tag("td", shown(row[path])) for path in result.parameters],
            [tag("td", format_metric(name, row[name])) for name in figures],
        )
        for row in _records(complete)
    ]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="points")


def _failed(result: SweepResult) -> Markup | None:
    failed = result.points[result.points["status"] == "failed"]
    if failed.empty:
        return None
    names = short_names(result.parameters)
    items = [
        tag(
            "li",
            tag("b", f"point {row['point']}: {', '.join(f'{names[p]}={shown(row[p])}' for p in result.parameters)}"),
            tag("br"),
            row["error"],
        )
        for row in _records(failed.head(SHOWN_FAILED))
    ]
    more = f" The first {SHOWN_FAILED} are shown." if len(failed) > SHOWN_FAILED else ""
    return tag(
        "section",
        tag("h2", f"Failed points: {len(failed)}"),
        tag("p", f"They have no figures and count for nothing.{more}", class_="facts"),
        tag("ul", items, class_="failed"),
    )


def shown(value: Any) -> str:
    """Return a parameter's value as text."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:g}"
    return str(value)


def _records(points: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in points.to_dict("records")]


def _label(metric: str) -> str:
    return METRICS[metric].label
