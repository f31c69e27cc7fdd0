"""The drills as a picture: one small chart each, equity with limits and without."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.errors import PluginError, UserError
from tradewind.report.scales import linear_axis

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind.research.drill.api import DrillReport, DrillResult
    from tradewind.research.drill.outcome import Action

__all__ = ["require_picture", "write_picture"]

_INK, _MUTE, _WITH, _WITHOUT, _EDGE, _FIRST, _KILL = (
    "#17202c", "#566275", "#1660b5", "#9aa5b3", "#dfe3ea", "#e08a00", "#b3261e",
)  # fmt: skip
_COLUMNS = 4
_WIDTH_INCHES, _ROW_INCHES, _HEAD_INCHES, _FOOT_INCHES = 14.0, 2.45, 1.15, 0.35
_LEAST_SPAN = 0.06
"""Height of the flattest chart, as a part of equity: so that noise does not look like a crash."""


def require_picture(path: Path) -> None:
    """Raise where a picture cannot be written, before anything is computed.

    Raises
    ------
    UserError
        If the file is not named ``.png`` or its folder does not exist.
    PluginError
        If matplotlib is not installed.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"--picture: received {str(path)!r}; name a file that ends in .png")
    if not path.parent.is_dir():
        raise UserError(f"--picture: there is no folder {str(path.parent)!r} to write {path.name} in; make it first")
    _drawing()


def write_picture(report: DrillReport, path: Path) -> None:
    """Write the picture of all drills that apply.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    figure_class, canvas_class = _drawing()
    shown = [one for one in report.results if one.applicable]
    columns = min(_COLUMNS, max(len(shown), 2))
    rows = max(-(-len(shown) // columns), 1)
    height = _HEAD_INCHES + rows * _ROW_INCHES + _FOOT_INCHES
    picture = figure_class(figsize=(_WIDTH_INCHES, height), dpi=110, facecolor="white")
    canvas_class(picture)
    _title(picture, report, height)
    grid = picture.add_gridspec(
        rows, columns, left=0.045, right=0.985, top=1.0 - (_HEAD_INCHES + 0.42) / height,
        bottom=_FOOT_INCHES / height, hspace=0.62, wspace=0.24,
    )  # fmt: skip
    for number, result in enumerate(shown):
        _chart(picture.add_subplot(grid[number // columns, number % columns]), result)
    if not shown:
        picture.text(0.5, 0.4, "None of the drills applies.", ha="center", color=_MUTE)
    try:
        picture.savefig(path)
    except OSError as error:
        raise UserError(f"--picture: {path} cannot be written ({error.strerror}); choose another file") from error


def _title(picture: Any, report: DrillReport, height: float) -> None:
    def line(inches: float, text: str, **style: Any) -> None:
        picture.text(0.045, 1.0 - inches / height, text, parse_math=False, **style)

    line(0.38, f"{report.plan}: fire drill", fontsize=16, fontweight="bold", color=_INK)
    kill = "" if report.kill is None else f"; a drawdown of {report.kill:.0%} kills"
    said = f"Equity as a part of that on the last ordinary bar, by bars after it. Figures: largest drawdown{kill}."
    line(0.63, said, fontsize=9.5, color=_MUTE)
    keys = (
        ("—", _WITH, "as configured"),
        ("—", _WITHOUT, "risk: off"),
        ("▲", _FIRST, "first gate or breaker to act"),
        ("✕", _KILL, "killed"),
    )
    across = 0.045
    for sign, colour, text in keys:
        at = 1.0 - 0.88 / height
        picture.text(across, at, sign, color=colour, fontsize=10, fontweight="bold")
        picture.text(across + 0.014, at, text, color=_MUTE, fontsize=9.5)
        across += 0.034 + 0.0052 * len(text)


def _chart(axes: Any, result: DrillResult) -> None:
    limited, plain = result.with_equity, result.without_equity
    assert limited is not None
    assert plain is not None
    assert result.with_limits is not None
    assert result.without_limits is not None
    bars = np.arange(len(limited))
    axes.axhline(1.0, color=_MUTE, linewidth=0.6, linestyle=(0, (2, 2)))
    axes.plot(bars, plain, color=_WITHOUT, linewidth=3.0, alpha=0.6)
    axes.plot(bars, limited, color=_WITH, linewidth=1.3)
    if result.first is not None:
        _mark(axes, result.first, limited, "^", _FIRST, 9.0)
    if result.strongest is not None and result.strongest.code == "killed":
        _mark(axes, result.strongest, limited, "x", _KILL, 6.0)
    _up(axes, float(min(limited.min(), plain.min())), float(max(limited.max(), plain.max())))
    axes.set_xlim(0, len(bars) - 1)
    axes.locator_params(axis="x", nbins=6, integer=True)
    axes.tick_params(labelsize=7.5, labelcolor=_MUTE, length=0)
    axes.grid(visible=True, axis="y", color=_EDGE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    place = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(f"{result.name}: {result.title}", (0.0, 1.0), xytext=(0, 20), fontsize=8.5, color=_INK, **place)
    acted = "nothing acted" if result.first is None else f"{result.first.name} +{result.first.bars_after}"
    for across, text, colour, side in (
        (0.0, acted, _MUTE, "left"),
        (0.82, f"{result.with_limits.drawdown:.1%}", _WITH, "right"),
        (1.0, f"{result.without_limits.drawdown:.1%}", _MUTE, "right"),
    ):
        axes.annotate(text, (across, 1.0), xytext=(0, 7), fontsize=8, color=colour, ha=side, **place)


def _mark(axes: Any, action: Action, equity: Any, sign: str, colour: str, size: float) -> None:
    axes.plot(
        [action.bars_after], [equity[action.bars_after]], marker=sign, color=colour, markersize=size,
        markeredgewidth=2.0 if sign == "x" else 0.0, linestyle="none", zorder=5, clip_on=False,
    )  # fmt: skip


def _up(axes: Any, low: float, high: float) -> None:
    missing = max(_LEAST_SPAN - (high - low), 0.0) / 2.0
    axis = linear_axis(low - missing, high + missing, count=4)
    axes.set_yticks(axis.ticks, [f"{100.0 * tick:g}%" for tick in axis.ticks])
    axes.set_ylim(axis.low, axis.high)


def _drawing() -> tuple[Any, Any]:
    try:
        figure = importlib.import_module("matplotlib.figure").Figure
        canvas = importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg
    except ImportError as error:
        raise PluginError(
            f"--picture needs matplotlib, which cannot be imported ({error}); pip install 'tradewind[report]', or "
            f"leave --picture away"
        ) from error
    return figure, canvas
