"""The PNG report: one picture to send."""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from tradewind.errors import PluginError
from tradewind.report.attribution import monthly_returns
from tradewind.report.definitions import format_metric
from tradewind.report.drawdowns import drawdown_series
from tradewind.report.scales import Axis, linear_axis, log_axis, thin_rows, time_marks
from tradewind_plugins.reports.page.charts import compact
from tradewind_plugins.reports.page.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind.model import Result
    from tradewind.model.typing import FloatArray
    from tradewind.report.definitions import Unit

__all__ = ["PngReport"]

_INK, _MUTE, _RUN, _OTHER, _EDGE = "#17202c", "#566275", "#1660b5", "#7b8797", "#dfe3ea"
_GAIN, _LOSS = "#1b6fc2", "#cf5315"
_RAMP = {"r0": "#3aa394", "r1": "#8fc7bd", "r2": "#a9b3c1", "r3": "#e5ac1f", "r4": "#e58a3c", "r5": "#d3394a"}
_HEADLINE = {
    "cagr": "growth a year",
    "final_equity": "final equity",
    "sharpe": "Sharpe ratio",
    "max_drawdown": "maximum drawdown",
    "volatility": "volatility",
}


class PngReport:
    """Writes ``report.png``: headline figures, equity over the regimes, drawdown, returns by year.

    Parameters
    ----------
    dots_per_inch
        Resolution; the picture is 10 by 7.5 inches.

    Raises
    ------
    PluginError
        If matplotlib is not installed.
    """

    def __init__(self, dots_per_inch: Annotated[int, Field(ge=50, le=600, description="Resolution.")] = 120) -> None:
        try:
            self._figure: Any = importlib.import_module("matplotlib.figure").Figure
            self._canvas: Any = importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg
        except ImportError as error:
            raise PluginError(
                f"report 'png' needs matplotlib, which cannot be imported ({error}); "
                f"pip install 'tradewind[report]', or take png out of reports:"
            ) from error
        self._dots_per_inch = dots_per_inch

    def write(self, result: Result, directory: Path) -> Path:
        """Write the picture into ``directory`` and return its path."""
        facts = Facts.of(result)
        picture = self._figure(figsize=(10.0, 7.5), dpi=self._dots_per_inch, facecolor="white")
        self._canvas(picture)
        _title(picture, facts)
        grid = picture.add_gridspec(
            3, 1, height_ratios=(3.2, 1.2, 1.2), left=0.08, right=0.97, top=0.775, bottom=0.055, hspace=0.3
        )
        panels = [picture.add_subplot(grid[row]) for row in range(3)]
        for axes, title in zip(panels, ("Equity", "Drawdown", "Return by calendar year"), strict=True):
            _bare(axes, title)
        if len(facts.index) > 1:
            _equity(panels[0], facts)
            _drawdown(panels[1], facts)
            _years(panels[2], result.equity["equity"])
        else:
            panels[0].text(0.5, 0.5, "Too few bars to draw.", ha="center", color=_MUTE, transform=panels[0].transAxes)
        path = directory / "report.png"
        # The usual level 6 takes a seventh longer over the whole picture, for a file 1 % smaller.
        picture.savefig(path, pil_kwargs={"compress_level": 4})
        return path


def _title(picture: Any, facts: Facts) -> None:
    result, metrics = facts.result, facts.metrics
    picture.text(0.08, 0.945, result.name, fontsize=17, fontweight="bold", color=_INK, parse_math=False)
    dates = f"{result.mode}, {result.data.get('start', '?')} to {result.data.get('end', '?')}"
    picture.text(0.08, 0.915, dates, fontsize=9.5, color=_MUTE, parse_math=False)
    if result.status != "complete":
        box = {"boxstyle": "round,pad=0.35", "facecolor": "#b3261e", "edgecolor": "none"}
        text = f"{result.status.upper()} RUN"
        picture.text(0.965, 0.945, text, fontsize=10, color="white", ha="right", bbox=box, parse_math=False)
    final = metrics.get("start_equity", math.nan) * (1.0 + metrics.get("benchmark_total_return", math.nan))
    for at, (key, label) in enumerate(_HEADLINE.items()):
        left = 0.08 + at * 0.18
        picture.text(left, 0.872, format_metric(key, metrics.get(key)), fontsize=14, fontweight="bold", color=_INK)
        other = final if key == "final_equity" else metrics.get(f"benchmark_{key}", math.nan)
        than = f"\nbenchmark {format_metric(key, other)}" if math.isfinite(other) else ""
        picture.text(left, 0.862, f"{label}{than}", fontsize=7.5, color=_MUTE, va="top", linespacing=1.4)


def _equity(axes: Any, facts: Facts) -> None:
    table = facts.result.equity
    equity = table["equity"].to_numpy(dtype=np.float64)
    curves = [equity]
    benchmark = table["benchmark"].to_numpy(dtype=np.float64) if "benchmark" in table else np.full(len(equity), np.nan)
    present = np.flatnonzero(np.isfinite(benchmark))
    across = _across(facts.index)
    if len(present) > 1:
        scaled = benchmark / benchmark[present[0]] * equity[present[0]]
        curves.append(scaled)
        _line(axes, across, scaled, _OTHER, "benchmark, same start")
    _line(axes, across, equity, _RUN, "this run")
    low, high = float(np.nanmin(np.concatenate(curves))), float(np.nanmax(np.concatenate(curves)))
    _up(axes, log_axis(low, high) if low > 0 else linear_axis(low, high), "cash")
    _times(axes, facts.index)
    handles, labels = axes.get_legend_handles_labels()
    legend = axes.legend(handles[::-1], labels[::-1], loc="upper left", framealpha=0.7, edgecolor="none", fontsize=8.5)
    keys = _regimes(axes, facts, across)
    if keys:
        axes.add_artist(legend)
        axes.legend(handles=keys, loc="lower right", bbox_to_anchor=(1.005, 0.99), ncol=len(keys), frameon=False,
                    fontsize=8, handlelength=1.0, columnspacing=1.2)  # fmt: skip


def _regimes(axes: Any, facts: Facts, across: FloatArray) -> list[Any]:
    stretches: dict[str, list[tuple[float, float]]] = {}
    for band in facts.bands:
        first, end = across[band.first], across[min(band.end, len(across) - 1)]
        stretches.setdefault(band.style, []).append((first, end - first))
    keys = []
    for label, style in facts.regime_styles.items():
        if style in stretches:
            bars = axes.broken_barh(
                stretches.pop(style), (0.0, 1.0), transform=axes.get_xaxis_transform(), color=_RAMP[style],
                alpha=0.12 if style == "r0" else 0.25, linewidth=0, zorder=0, label=label.replace("$", r"\$"),
            )  # fmt: skip
            keys.append(bars)
    return keys


def _drawdown(axes: Any, facts: Facts) -> None:
    falls = -drawdown_series(facts.result.equity["equity"].to_numpy(dtype=np.float64))
    rows = thin_rows(falls)
    across = _across(facts.index)
    axes.fill_between(across[rows], falls[rows], 0.0, color=_RUN, alpha=0.35, linewidth=0)
    _up(axes, linear_axis(float(falls.min()), 0.0, count=3), "fraction")
    _times(axes, facts.index)


def _years(axes: Any, equity: pd.Series) -> None:
    returns = monthly_returns(equity)["year"]
    values = returns.to_numpy(dtype=np.float64)
    axes.bar(np.arange(len(values)), values, color=[_GAIN if value >= 0 else _LOSS for value in values], width=0.7)
    axes.axhline(0.0, color=_MUTE, linewidth=0.7)
    known = values[np.isfinite(values)]
    if len(known):
        _up(axes, linear_axis(min(0.0, float(known.min())), max(0.0, float(known.max())), count=3), "fraction")
    axes.set_xlim(-0.6, len(values) - 0.4)
    every = max(1, -(-len(values) // 12))
    axes.set_xticks(np.arange(len(values))[::every], [str(year) for year in returns.index[::every]])


def _line(axes: Any, across: FloatArray, values: FloatArray, colour: str, label: str) -> None:
    rows = thin_rows(values)
    axes.plot(across[rows], values[rows], color=colour, linewidth=1.2, label=label)


def _across(index: pd.DatetimeIndex) -> FloatArray:
    times = index.to_numpy().astype("datetime64[s]").astype(np.float64)
    return np.asarray((times - times[0]) / (times[-1] - times[0]), dtype=np.float64)


def _times(axes: Any, index: pd.DatetimeIndex) -> None:
    marks = time_marks(index)
    axes.set_xticks([part for part, _ in marks], [text for _, text in marks])
    axes.set_xlim(0.0, 1.0)


def _up(axes: Any, axis: Axis, unit: Unit) -> None:
    if axis.logarithmic:
        axes.set_yscale("log")
        axes.minorticks_off()
    axes.set_yticks(axis.ticks, [compact(tick, unit) for tick in axis.ticks])
    axes.set_ylim(axis.low, axis.high)


def _bare(axes: Any, title: str) -> None:
    # A text of ours instead of a title: matplotlib measures every tick to place a title.
    place = {"xycoords": "axes fraction", "xytext": (0, 9), "textcoords": "offset points"}
    axes.annotate(title, (0.0, 1.0), fontsize=10, color=_INK, **place)
    axes.tick_params(labelsize=8, labelcolor=_MUTE, length=0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=True, axis="y", color=_EDGE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
