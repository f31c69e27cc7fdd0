"""Charts as HTML and SVG: the plot is stretched to its box, labels stay text, so that a phone can read them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tradewind.report.markup import Markup, tag
from tradewind.report.scales import (
    BOX,
    Axis,
    area_path,
    line_path,
    linear_axis,
    log_axis,
    spread_rows,
    thin_rows,
    time_marks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model.typing import FloatArray, IntArray
    from tradewind.report.definitions import Unit

__all__ = ["Band", "Lane", "Layer", "Line", "bar_chart", "compact", "lane_chart", "time_chart"]

_TIP_ROWS = 900
_AREA_ROWS = 400
_THINNEST = 2.0
"""Width of the shortest stretch of a lane, so that one of a single bar is seen."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Line:
    """One curve: name, one value a bar (NaN breaks it), and the CSS class that colours it."""

    name: str
    points: FloatArray
    style: str
    filled: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layer:
    """One layer of a stacked area; positive values stack upwards from zero, negative ones downwards."""

    name: str
    points: FloatArray
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A coloured stretch of the background: first bar, bar after the last, CSS class."""

    first: int
    end: int
    style: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lane:
    """One row of a chart of stretches: name, what it holds in words, and each stretch with its own words."""

    name: str
    description: str
    stretches: Sequence[tuple[Band, str]]


def time_chart(
    title: str,
    index: pd.DatetimeIndex,
    lines: Sequence[Line] = (),
    *,
    unit: Unit,
    description: str,
    layers: Sequence[Layer] = (),
    bands: Sequence[Band] = (),
    logarithmic: bool = False,
    size: str = "",
    note: Markup | None = None,
    states: pd.Series | None = None,
) -> Markup:
    """Return a chart over time.

    Parameters
    ----------
    title, description
        Heading; and what it shows in words, for those who cannot see it.
    index
        Bar timestamps, shape (T,).
    lines, layers, bands
        Curves; stacked areas below them; background.
    unit
        Unit of all values.
    logarithmic
        Draw a logarithmic axis with a switch to a linear one. Ignored where a value is not positive.
    size
        ``small`` for a low chart.
    note
        Markup between heading and plot, as a legend of the bands.
    states
        One word a bar that the tooltip adds to the time, as the regime.
    """
    series: list[Line | Layer] = [*lines, *layers]
    known = [one.points[np.isfinite(one.points)] for one in series]
    if len(index) < 2 or not any(len(values) for values in known):
        return _figure(title, tag("p", "Too few bars to draw.", class_="empty"), (), None, size)
    across = _across(index)
    low, high = _extremes(lines, layers)
    legend = [(one.name, one.style) for one in series] if len(series) > 1 else []
    linear = linear_axis(low, high)
    forms = [(linear, "")]
    if logarithmic and low > 0:
        forms = [(log_axis(low, high), "log"), (linear, "lin")]
    shapes: list[Markup] = [
        tag("rect", x=f"{across[band.first]:.1f}", y=0, height=BOX, class_=f"band {band.style}",
            width=f"{across[min(band.end, len(across) - 1)] - across[band.first]:.1f}")
        for band in bands
    ]  # fmt: skip
    labels: list[Markup] = []
    for axis, scale in forms:
        shapes.append(_drawing(axis, across, lines, layers, scale))
        labels.append(_value_labels(axis, unit, scale))
    plot = tag(
        "div",
        labels,
        tag("svg", shapes, viewBox=f"0 0 {BOX:g} {BOX:g}", preserveAspectRatio="none", role="img",
            aria_label=f"{title}. {description}"),
        _time_labels(index),
        tag("div", class_="cross", hidden=True),
        tag("div", class_="tip", role="status", hidden=True),
        class_=f"plot {size}".strip(),
        tabindex=0,
        data_tip=_tip(index, across, series, unit, states),
    )  # fmt: skip
    return _figure(title, plot, legend, note, size, switch=len(forms) > 1)


def bar_chart(
    title: str, categories: Sequence[str], stacks: Sequence[Layer], *, unit: Unit, description: str
) -> Markup:
    """Return stacked bars, one a category; values are at least 0."""
    if not categories:
        return _figure(title, tag("p", "Nothing to draw.", class_="empty"), (), None, "small")
    total = np.sum([stack.points for stack in stacks], axis=0)
    axis = linear_axis(0.0, max(float(total.max()), 1e-12), count=4)
    slot = BOX / len(categories)
    shapes, base = [_grid(axis)], np.zeros(len(categories))
    for stack in stacks:
        tops, bottoms = axis.positions(base + stack.points), axis.positions(base)
        path = "".join(
            f"M{slot * number + slot * 0.15:.1f} {bottom:.1f}V{top:.1f}h{slot * 0.7:.1f}V{bottom:.1f}Z"
            for number, (top, bottom) in enumerate(zip(tops.tolist(), bottoms.tolist(), strict=True))
            if top < bottom
        )
        shapes.append(tag("path", d=path, class_=f"area {stack.style}"))
        base = base + stack.points
    centres: FloatArray = slot * (np.arange(len(categories), dtype=np.float64) + 0.5)
    every = max(1, -(-len(categories) // 6))
    captions = [
        tag("span", name, style=f"left:{centre / BOX:.2%}", class_="mid")
        for name, centre in list(zip(categories, centres.tolist(), strict=True))[::every]
    ]
    tip = {
        "x": _rounded(centres),
        "t": list(categories),
        "s": [_tip_series(stack, np.arange(len(categories)), unit) for stack in stacks],
    }
    plot = tag(
        "div",
        _value_labels(axis, unit, ""),
        tag("svg", shapes, viewBox=f"0 0 {BOX:g} {BOX:g}", preserveAspectRatio="none", role="img",
            aria_label=f"{title}. {description}"),
        tag("div", captions, class_="across", aria_hidden="true"),
        tag("div", class_="cross", hidden=True),
        tag("div", class_="tip", role="status", hidden=True),
        class_="plot small",
        tabindex=0,
        data_tip=json.dumps(tip, separators=(",", ":"), allow_nan=False),
    )  # fmt: skip
    legend = [(stack.name, stack.style) for stack in stacks] if len(stacks) > 1 else []
    return _figure(title, plot, legend, None, "small")


def lane_chart(
    title: str, index: pd.DatetimeIndex, lanes: Sequence[Lane], *, legend: Sequence[tuple[str, str]]
) -> Markup:
    """Return coloured stretches of time, one row a lane; ``legend`` names the colours: name and CSS class."""
    if len(index) < 2 or not lanes:
        return _figure(title, tag("p", "Nothing to draw.", class_="empty"), (), None, "small")
    across = _across(index)
    rows = []
    for lane in lanes:
        shapes = []
        for band, words in lane.stretches:
            left, right = float(across[band.first]), float(across[min(band.end, len(across) - 1)])
            width = max(right - left, _THINNEST)
            shapes.append(tag("rect", tag("title", words), x=f"{min(left, BOX - width):.1f}", y=0, height=BOX,
                              width=f"{width:.1f}", class_=f"stretch {band.style}"))  # fmt: skip
        rows += [
            tag("span", lane.name),
            tag("svg", shapes, viewBox=f"0 0 {BOX:g} {BOX:g}", preserveAspectRatio="none", role="img",
                aria_label=f"{lane.name}: {lane.description}"),
        ]  # fmt: skip
    rows.append(tag("div", _time_labels(index), class_="axis"))
    return _figure(title, tag("div", rows, class_="lanes"), legend, None, "small")


def compact(value: float, unit: Unit) -> str:
    """Return a short label for an axis: ``1.5M``, ``20%``."""
    if unit == "fraction":
        return f"{value * 100:,.6g}%"
    for limit, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.4g}"


def _figure(
    title: str,
    body: Markup,
    legend: Sequence[tuple[str, str]],
    note: Markup | None,
    size: str,
    *,
    switch: bool = False,
) -> Markup:
    keys = [tag("li", tag("i", class_=f"key {style}", aria_hidden="true"), name) for name, style in legend]
    button = tag("button", "linear scale", type="button", class_="scale", aria_pressed="false") if switch else None
    head = tag("figcaption", tag("h3", title), button)
    return tag(
        "figure", head, tag("ul", keys, class_="legend") if keys else None, note, body, class_=f"chart {size}".strip()
    )


def _across(index: pd.DatetimeIndex) -> FloatArray:
    times = index.to_numpy().astype("datetime64[s]").astype(np.float64)
    return np.asarray(BOX * (times - times[0]) / (times[-1] - times[0]), dtype=np.float64)


def _extremes(lines: Sequence[Line], layers: Sequence[Layer]) -> tuple[float, float]:
    known = [line.points[np.isfinite(line.points)] for line in lines]
    bounds = [float(bound) for points in known if len(points) for bound in (points.min(), points.max())]
    if layers:
        stacked = np.array([np.nan_to_num(layer.points) for layer in layers])
        bounds.append(float(np.maximum(stacked, 0.0).sum(axis=0).max()))
        bounds.append(float(np.minimum(stacked, 0.0).sum(axis=0).min()))
    if any(line.filled for line in lines):
        bounds.append(0.0)
    return min(bounds), max(bounds)


def _drawing(axis: Axis, across: FloatArray, lines: Sequence[Line], layers: Sequence[Layer], scale: str) -> Markup:
    shapes = [_grid(axis), *_stacked(axis, across, layers)]
    for line in lines:
        rows = thin_rows(line.points)
        down = axis.positions(line.points[rows])
        if line.filled:
            floor = np.full(len(rows), float(axis.positions(np.array([0.0]))[0]))
            shapes.append(tag("path", d=area_path(across[rows], down, floor), class_=f"area soft {line.style}"))
        shapes.append(tag("path", d=line_path(across[rows], down), class_=f"line {line.style}"))
    return tag("g", shapes, class_=scale or None)


def _stacked(axis: Axis, across: FloatArray, layers: Sequence[Layer]) -> list[Markup]:
    if not layers:
        return []
    rows = spread_rows(len(across), _AREA_ROWS)
    shapes = []
    for bound in (np.maximum, np.minimum):
        base = np.zeros(len(rows))
        for layer in layers:
            part = bound(np.nan_to_num(layer.points[rows]), 0.0)
            if part.any():
                top = base + part
                d = area_path(across[rows], axis.positions(top), axis.positions(base))
                shapes.append(tag("path", d=d, class_=f"area {layer.style}"))
                base = top
    return shapes


def _grid(axis: Axis) -> Markup:
    heights = axis.positions(np.array(axis.ticks)).tolist()
    return tag("path", d="".join(f"M0 {height:.1f}H{BOX:g}" for height in heights), class_="grid")


def _value_labels(axis: Axis, unit: Unit, scale: str) -> Markup:
    heights = axis.positions(np.array(axis.ticks)).tolist()
    spans = [
        tag("span", compact(tick, unit).replace("-", "\N{MINUS SIGN}"), style=f"top:{height / BOX:.2%}")
        for tick, height in zip(axis.ticks, heights, strict=True)
    ]
    return tag("div", spans, class_=f"up {scale}".strip(), aria_hidden="true")


def _time_labels(index: pd.DatetimeIndex) -> Markup:
    spans = []
    for part, text in time_marks(index):
        place = "start" if part < 0.02 else "end" if part > 0.97 else "mid"
        spans.append(tag("span", text, style=f"left:{part:.2%}", class_=place))
    return tag("div", spans, class_="across", aria_hidden="true")


def _tip(
    index: pd.DatetimeIndex, across: FloatArray, series: Sequence[Line | Layer], unit: Unit, states: pd.Series | None
) -> str:
    rows = spread_rows(len(index), _TIP_ROWS)
    chosen = index[rows]
    daily = bool((index == index.normalize()).all())
    minutes = chosen.to_numpy().astype("datetime64[m]").astype(np.int64)
    data: dict[str, Any] = {
        "x": _rounded(across[rows]),
        "d" if daily else "m": (minutes // 1440 if daily else minutes).tolist(),
        "s": [_tip_series(one, rows, unit) for one in series],
    }
    if states is not None and len(states) == len(index):
        numbers, names = pd.factorize(states.iloc[rows])
        data |= {"g": numbers.tolist(), "names": [str(name) for name in names]}
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _tip_series(one: Line | Layer, rows: IntArray, unit: Unit) -> dict[str, Any]:
    values = [None if not np.isfinite(v) else _short(v, unit) for v in one.points[rows].tolist()]
    return {"n": one.name, "c": one.style, "u": unit, "v": values}


def _short(value: float, unit: Unit) -> float | int:
    if unit in ("cash", "count"):
        return round(value)
    return round(value, 4)


def _rounded(values: FloatArray) -> list[float]:
    return [round(value, 1) for value in values.tolist()]
