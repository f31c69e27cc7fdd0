"""Tables and figures as markup."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.report.definitions import METRICS, Unit, format_figure, format_metric
from tradewind.report.markup import Markup, escape, join, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradewind.report.markup import Child

__all__ = ["figure", "meter", "metric", "plain", "table"]


def figure(value: float | None, unit: Unit, *, signed: bool = False, decimals: int | None = None) -> Markup:
    """Return a number in its unit with a true minus sign; ``n/a`` where it is not defined."""
    return _minus(format_figure(value, unit, signed=signed, decimals=decimals))


def metric(name: str, value: float | None, *, signed: bool = False) -> Markup:
    """Return a figure of `METRICS` in its unit, its definition in the tooltip."""
    text = _minus(format_metric(name, value, signed=signed))
    return tag("span", text, title=METRICS[name].definition) if name in METRICS else text


def plain(value: object) -> str:
    """Return a cell of a table read back from a file as text; empty for None and NaN."""
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    caption: str = "",
    text_columns: Sequence[int] = (0,),
    total: Sequence[Child] = (),
) -> Markup:
    """Return a table in a box that scrolls sideways; the first cell of a row is its header.

    ``text_columns`` are aligned to the left; ``total`` is one more row, set apart.
    """
    heads = [
        tag("th", name, scope="col", class_="text" if at in text_columns else None) for at, name in enumerate(head)
    ]
    body = []
    listed = [(row, None) for row in rows]
    for (first, *others), kind in [*listed, (total, "total")] if total else listed:
        cells = [
            tag("td", cell, class_="text" if at in text_columns else None) for at, cell in enumerate(others, start=1)
        ]
        body.append(tag("tr", tag("th", first, scope="row"), cells, class_=kind))
    note = tag("p", caption, class_="caption") if caption else None
    grid = tag("table", tag("thead", tag("tr", heads)), tag("tbody", body), aria_label=caption or None)
    return join([note, tag("div", grid, class_="scroll")])


def meter(value: float, largest: float, *, signed: bool) -> Markup:
    """Return a bar of ``value`` against the largest absolute value; with signs, zero lies in the middle."""
    if not (math.isfinite(value) and largest > 0):
        return tag("span", class_="meter", aria_hidden="true")
    scale = 50.0 if signed else 100.0
    width = min(abs(value) / largest, 1.0) * scale
    left = scale - width if signed and value < 0 else scale if signed else 0.0
    bar = tag("i", class_="minus" if value < 0 else None, style=f"left:{left:.1f}%;width:{width:.1f}%")
    return tag("span", bar, class_="meter", aria_hidden="true")


def _minus(text: str) -> Markup:
    return Markup(escape(text).replace("-", "\N{MINUS SIGN}"))
