"""The PNG report: one picture to send."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from tradewind.errors import PluginError
from tradewind.report.attribution import monthly_returns
from tradewind.report.definitions import format_metric
from tradewind.report.drawdowns import drawdown_series
from tradewind.report.scales import thin_rows
from tradewind.report.summary import all_metrics
from tradewind_plugins.reports.page.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind.model import Result
    from tradewind.model.typing import FloatArray

__all__ = ["PngReport"]

_INK, _MUTE, _RUN, _OTHER, _EDGE = "#17202c", "#566275", "#1660b5", "#8a95a5", "#dfe3ea"
_RAMP = {"r0": "#3aa394", "r1": "#8fc7bd", "r2": "#a9b3c1", "r3": "#e5ac1f", "r4": "#e58a3c", "r5": "#d3394a"}
_HEADLINE = ("cagr", "sharpe", "max_drawdown", "volatility", "final_equity")
_LABELS = {"cagr": "growth a year", "sharpe": "Sharpe", "max_drawdown": "max drawdown", "volatility": "volatility",
           "final_equity": "final equity"}  # fmt: skip


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
        _title(picture, result)
        grid = picture.add_gridspec(
            3, 1, height_ratios=(3.2, 1.2, 1.2), left=0.08, right=0.97, top=0.775, bottom=0.055, hspace=0.3
        )
        equity, fall, years = (picture.add_subplot(grid[row]) for row in range(3))
        if len(facts.index):
            _equity(equity, facts)
            _drawdown(fall, facts)
            _years(years, result.equity["equity"])
        for axes in (equity, fall, years):
            _plain(axes)
        path = directory / "report.png"
        picture.savefig(path)
        return path


def _title(picture: Any, result: Result) -> None:
    metrics = all_metrics(result)
    # A dollar sign in a name would start a formula.
    name = result.name.replace("$", r"\$")
    picture.text(0.08, 0.945, name, fontsize=17, fontweight="bold", color=_INK)
    dates = f"{result.mode}, {result.data.get('start', '?')} to {result.data.get('end', '?')}"
    picture.text(0.08, 0.915, dates, fontsize=9.5, color=_MUTE)
    if result.status != "complete":
        box = {"boxstyle": "round,pad=0.35", "facecolor": "#b3261e", "edgecolor": "none"}
        picture.text(0.965, 0.95, f"{result.status.upper()} RUN", fontsize=10, color="white", ha="right", bbox=box)
    for at, key in enumerate(_HEADLINE):
        left = 0.08 + at * 0.18
        picture.text(left, 0.872, format_metric(key, metrics.get(key)), fontsize=14, fontweight="bold", color=_INK)
        other = metrics.get(f"benchmark_{key}")
        than = "" if other is None or not np.isfinite(other) else f"\nbenchmark {format_metric(key, other)}"
        picture.text(left, 0.862, f"{_LABELS[key]}{than}", fontsize=7.5, color=_MUTE, va="top", linespacing=1.4)


def _equity(axes: Any, facts: Facts) -> None:
    table = facts.result.equity
    equity = table["equity"].to_numpy(dtype=np.float64)
    times = facts.index.to_numpy()
    for band in facts.bands:
        end = min(band.end, len(times) - 1)
        axes.axvspan(times[band.first], times[end], color=_RAMP[band.style], alpha=0.22, linewidth=0)
    benchmark = table["benchmark"].to_numpy(dtype=np.float64) if "benchmark" in table else np.full(len(equity), np.nan)
    present = np.flatnonzero(np.isfinite(benchmark))
    if len(present) > 1:
        scaled = benchmark / benchmark[present[0]] * equity[present[0]]
        _line(axes, times, scaled, _OTHER, "benchmark, same start")
    _line(axes, times, equity, _RUN, "this run")
    if (equity > 0).all():
        axes.set_yscale("log")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", frameon=False, fontsize=8.5)
    axes.set_title("Equity", loc="left", fontsize=10, color=_INK)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}" if equity.max() / equity.min() < 10 else "")
    names = list(dict.fromkeys(facts.regimes.tolist()))
    for at, label in enumerate(label for label in facts.regime_styles if label in names):
        colour = _RAMP[facts.regime_styles[label]]
        box = {"boxstyle": "round,pad=0.25", "facecolor": colour, "alpha": 0.45, "edgecolor": "none"}
        text = label.replace("$", r"\$")
        axes.text(0.99 - at * 0.085, 1.04, text, transform=axes.transAxes, fontsize=7.5, ha="right", bbox=box)


def _drawdown(axes: Any, facts: Facts) -> None:
    falls = -100.0 * drawdown_series(facts.result.equity["equity"].to_numpy(dtype=np.float64))
    rows = thin_rows(falls)
    axes.fill_between(facts.index.to_numpy()[rows], falls[rows], 0.0, color=_RUN, alpha=0.35, linewidth=0)
    axes.set_title("Drawdown, percent", loc="left", fontsize=10, color=_INK)


def _years(axes: Any, equity: pd.Series) -> None:
    returns = monthly_returns(equity)["year"] * 100.0
    colours = ["#1b6fc2" if value >= 0 else "#cf5315" for value in returns]
    axes.bar(returns.index.to_numpy(), returns.to_numpy(dtype=np.float64), color=colours, width=0.7)
    axes.axhline(0.0, color=_MUTE, linewidth=0.7)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title("Return by calendar year, percent", loc="left", fontsize=10, color=_INK)


def _line(axes: Any, times: Any, values: FloatArray, colour: str, label: str) -> None:
    rows = thin_rows(values)
    marker = "o" if len(rows) == 1 else None
    axes.plot(times[rows], values[rows], color=colour, linewidth=1.2, label=label, marker=marker)


def _plain(axes: Any) -> None:
    axes.tick_params(labelsize=8, colors=_MUTE, length=0, which="both")
    axes.grid(visible=True, axis="y", color=_EDGE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.margins(x=0.01)
