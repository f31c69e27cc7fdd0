"""Geometry of small charts: axes with round ticks, and curves thinned without losing their spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["BOX", "Axis", "area_path", "line_path", "linear_axis", "log_axis", "spread_rows", "thin_rows", "time_marks"]

_FLAT = 1e-9
"""Data that differ by less, as a part of their size, are flat: what they differ by is rounding."""

BOX = 1000.0
"""Paths lie in a square of this side, origin top left; the page stretches it to the plot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A vertical axis: its range, its ticks, and whether it is logarithmic."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def positions(self, values: FloatArray) -> FloatArray:
        """Return distances from the top of the box, 0 at ``high`` and `BOX` at ``low``; NaN where a value is NaN."""
        low, high, points = self.low, self.high, values
        if self.logarithmic:
            low, high = math.log(low), math.log(high)
            points = np.log(np.where(values > 0, values, np.nan))
        return BOX * (high - points) / (high - low)


def linear_axis(low: float, high: float, *, count: int = 5) -> Axis:
    """Return an axis from ``low`` to ``high``, widened to about ``count`` round ticks; flat data get a range."""
    if not high - low > _FLAT * max(abs(low), abs(high)):
        margin = abs(high) * 0.05 or 1.0
        low, high = low - margin, high + margin
    step = _round_step((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], ticks=ticks)


def log_axis(low: float, high: float) -> Axis:
    """Return a logarithmic axis for positive data, ticks at 1, 2 and 5 times powers of ten, or at linear round values.

    Raises
    ------
    ValueError
        If ``low`` is not positive.
    """
    if not low > 0:
        raise ValueError(f"log_axis: low must be above 0; received {low}; use linear_axis")
    padding = max(high / low, 1.02) ** 0.03
    low, high = low / padding, high * padding
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    ticks = tuple(s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high)
    if len(ticks) < 3:
        ticks = tuple(tick for tick in linear_axis(low, high, count=4).ticks if low <= tick <= high)
    return Axis(low=low, high=high, ticks=ticks, logarithmic=True)


def thin_rows(values: FloatArray, limit: int = 1200) -> IntArray:
    """Return at most about ``limit`` row numbers, increasing, spikes kept.

    They are the first, the last, and the lowest and the highest of each bucket. Rows without a value are left out.
    """
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) <= limit:
        return rows
    chosen = {int(rows[0]), int(rows[-1])}
    for bucket in np.array_split(rows, limit // 2):
        part = values[bucket]
        chosen.update((int(bucket[part.argmin()]), int(bucket[part.argmax()])))
    return np.array(sorted(chosen), dtype=np.int64)


def spread_rows(count: int, limit: int) -> IntArray:
    """Return at most ``limit`` row numbers of ``count``, evenly spread, first and last included."""
    return (
        np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(np.int64)) if count else np.zeros(0, int)
    )


def time_marks(index: pd.DatetimeIndex) -> list[tuple[float, str]]:
    """Return about six labels for the time axis of two bars or more, each with its place: 0 first bar, 1 last."""
    first, last = index[0], index[-1]
    span = last - first
    years = span / pd.Timedelta(days=365.25)
    if years >= 2.5:
        step = next((step for step in (1, 2, 5, 10, 20, 50) if years / step <= 8), 100)
        start = -(-(first.year + 1) // step) * step
        marks = [(pd.Timestamp(year, 1, 1), str(year)) for year in range(start, last.year + 1, step)]
    else:
        form = "%b %Y" if span > pd.Timedelta(days=150) else "%d %b" if span > pd.Timedelta(days=3) else "%d %b %H:%M"
        times = [first + span * part for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
        marks = [(time, time.strftime(form)) for time in times]
    return [((time - first) / span, text) for time, text in marks]


def line_path(across: FloatArray, down: FloatArray) -> str:
    """Return the ``d`` of an SVG path through the points; a NaN breaks the line."""
    parts: list[str] = []
    pen = "M"
    for x, y in zip(across.round(1).tolist(), down.round(1).tolist(), strict=True):
        if math.isfinite(y):
            parts.append(f"{pen}{x:g} {y:g}")
            pen = "L"
        else:
            pen = "M"
    return "".join(parts)


def area_path(across: FloatArray, top: FloatArray, bottom: FloatArray) -> str:
    """Return the ``d`` of the SVG area between two curves."""
    if not len(across):
        return ""
    back = line_path(across[::-1], bottom[::-1]).replace("M", "L", 1)
    return f"{line_path(across, top)}{back}Z"


def _round_step(raw: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(raw))
    return next(factor * magnitude for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * magnitude >= raw * 0.999)
