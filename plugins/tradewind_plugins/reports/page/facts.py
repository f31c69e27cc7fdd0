"""What every part of the page reads: the result, its figures, and how its regimes are coloured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.report.markup import Markup, tag
from tradewind.report.summary import all_metrics
from tradewind_plugins.reports.page.charts import Band

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model import Result

__all__ = ["Facts", "regime_order"]

_RAMP = 6
_LINE_STYLES = (0, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Facts:
    """A result and what is derived from it once.

    Parameters
    ----------
    result
        The run.
    metrics
        Its figures, complete.
    index
        Bar timestamps.
    regimes
        Confirmed label per bar; empty without a detector.
    regime_styles
        CSS class by label, calmest first.
    """

    result: Result
    metrics: Mapping[str, float]
    index: pd.DatetimeIndex
    regimes: pd.Series
    regime_styles: Mapping[str, str]

    @classmethod
    def of(cls, result: Result) -> Facts:
        """Derive everything from a result."""
        index = pd.DatetimeIndex(result.equity.index)
        labels = result.regimes["regime"] if "regime" in result.regimes else pd.Series(dtype=str)
        regimes = labels.reindex(index).fillna("").astype(str) if len(labels) else pd.Series(dtype=str)
        order = regime_order(result)
        last = max(len(order) - 1, 1)
        styles = {label: f"r{round(at * (_RAMP - 1) / last)}" for at, label in enumerate(order)}
        return cls(result=result, metrics=all_metrics(result), index=index, regimes=regimes, regime_styles=styles)

    @property
    def bands(self) -> tuple[Band, ...]:
        """Stretches of the same confirmed regime."""
        labels = self.regimes.to_numpy(dtype=object)
        if not len(labels):
            return ()
        starts = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist()]
        ends = [*starts[1:], len(labels)]
        return tuple(
            Band(first=first, end=end, style=self.regime_styles[labels[first]])
            for first, end in zip(starts, ends, strict=True)
            if labels[first] in self.regime_styles
        )

    @property
    def regime_legend(self) -> Markup | None:
        """Names of the regimes that occur, with their colours and the part of the time they took."""
        if self.regimes.empty:
            return None
        parts = self.regimes.value_counts(normalize=True)
        keys = [
            tag("li", tag("i", class_=f"key {style}", aria_hidden="true"), f"{label} {parts[label]:.0%}")
            for label, style in self.regime_styles.items()
            if label in parts
        ]
        return tag("ul", keys, class_="legend", aria_label="Confirmed regimes and their part of the time")

    @staticmethod
    def line_style(number: int) -> str:
        """Return the CSS class of the n-th curve; grey is the benchmark's alone."""
        return f"c{_LINE_STYLES[number % len(_LINE_STYLES)]}"


def regime_order(result: Result) -> list[str]:
    """Return regime labels, calmest first: in the order of the ``p_`` columns, then any others as they appear."""
    if "regime" not in result.regimes:
        return []
    declared = [str(name).removeprefix("p_") for name in result.regimes.columns if str(name).startswith("p_")]
    seen = [str(label) for label in result.regimes["regime"].dropna().unique() if str(label)]
    return list(dict.fromkeys([*declared, *seen]))
