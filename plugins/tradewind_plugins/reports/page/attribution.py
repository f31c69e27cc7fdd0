"""Where the profit came from, and how well the regimes were found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.report.attribution import profit_by_regime, profit_by_sleeve
from tradewind.report.detection import ACCURACY_NOTE
from tradewind.report.markup import Markup, join, tag
from tradewind_plugins.reports.page.charts import Line, time_chart
from tradewind_plugins.reports.page.tables import figure, meter, table

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["detectors", "profits"]


def profits(facts: Facts) -> Markup | None:
    """Return profit by regime and by sleeve; None where there is neither."""
    cards = [card for card in (_by_regime(facts), _by_sleeve(facts)) if card is not None]
    if not cards:
        return None
    sleeves = facts.result.sleeves
    chart = None
    if len(sleeves.columns) > 1:
        lines = [
            Line(
                name=str(name),
                points=sleeves[name].reindex(facts.index).to_numpy(dtype=np.float64),
                style=facts.line_style(at),
            )
            for at, name in enumerate(sleeves.columns)
        ]
        chart = time_chart(
            "Profit by sleeve over time", facts.index, lines, unit="cash", size="small",
            description="Cumulative profit of each sleeve, costs included.",
        )  # fmt: skip
    return join([tag("div", cards, class_="pair") if len(cards) > 1 else cards[0], chart])


def detectors(facts: Facts) -> Markup | None:
    """Return how well the run's detector and others found the bear markets; None without a detector."""
    scores = facts.result.detectors
    if scores is None or scores.empty:
        return None
    if "balanced_accuracy" not in scores or not scores["balanced_accuracy"].notna().any():
        text = "The run's dates hold no bear market of the S&P 500 as the press dates them: nothing to judge by."
        return tag("p", text, class_="card")
    rows = [
        (
            str(name),
            figure(_score(row, "balanced_accuracy"), "ratio"),
            figure(_score(row, "recall"), "ratio"),
            figure(_score(row, "accuracy"), "ratio"),
            figure(_score(row, "switches"), "count"),
        )
        for name, row in scores.to_dict("index").items()
    ]
    heads = ("Detector", "Balanced accuracy", "Recall", "Accuracy", "Switches")
    body = table(heads, rows)
    note = (
        "Truth: the bear markets of the S&P 500 as the press dates them (2000-02, 2007-09, 2020, 2022), each from the "
        "day after its highest close through its lowest. Recall: the part of bear days that were called so. "
    )
    return tag("div", body, tag("p", note, ACCURACY_NOTE, class_="verdict"), class_="card")


def _score(row: dict[Hashable, Any], name: str) -> float:
    return float(row.get(name, np.nan))


def _by_regime(facts: Facts) -> Markup | None:
    if facts.regimes.empty:
        return None
    parts = profit_by_regime(facts.result.equity["equity"], facts.regimes)
    largest = float(parts["profit"].abs().max()) if len(parts) else 0.0
    order = [*facts.regime_styles, *(label for label in parts.index if label not in facts.regime_styles)]
    rows = []
    for label in (label for label in order if label in parts.index):
        row = parts.loc[label]
        key = tag(
            "i",
            class_=f"key {facts.regime_styles.get(label, 'rest')}",
            aria_hidden="true",
        )
        name = tag("span", key, label or "none yet", class_="named")
        profit = float(row["profit"])
        numbers = (
            figure(row["fraction"], "fraction", decimals=1),
            figure(row["compound_return"], "fraction", decimals=1),
        )
        rows.append((name, *numbers, figure(profit, "cash"), meter(profit, largest, signed=True)))
    heads = ("Regime", "Time", "Return", "Profit", "")
    caption = "By the regime confirmed at the previous close, since decisions act from the next bar on."
    return tag("div", tag("h3", "By regime"), table(heads, rows, caption=caption), class_="card")


def _by_sleeve(facts: Facts) -> Markup | None:
    parts = profit_by_sleeve(facts.result.sleeves)
    if parts.empty:
        return None
    largest, total = float(parts.abs().max()), float(parts.sum())
    rows = [
        (str(name), figure(profit / total if total > 0 else None, "fraction", decimals=1), figure(profit, "cash"),
         meter(profit, largest, signed=bool((parts < 0).any())))
        for name, profit in parts.to_dict().items()
    ]  # fmt: skip
    heads = ("Sleeve", "Part", "Profit", "")
    caption = "Profit in cash, costs included; the sleeves sum to the account."
    return tag("div", tag("h3", "By sleeve"), table(heads, rows, caption=caption), class_="card")
