"""What trading cost, and the trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.report.attribution import yearly_trading
from tradewind.report.definitions import METRICS
from tradewind.report.markup import Markup, join, tag
from tradewind.report.metrics import COST_COMPONENTS
from tradewind.report.trades import closed_trades
from tradewind_plugins.reports.page.charts import Layer, bar_chart
from tradewind_plugins.reports.page.tables import figure, meter, metric, plain, table

if TYPE_CHECKING:
    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["costs", "trades"]

_SHOWN = 10
_STYLES = ("c0", "c3", "c5", "c2")


def costs(facts: Facts) -> Markup:
    """Return turnover and costs by year and by component."""
    if facts.result.fills.empty:
        return tag("p", "The run traded nothing.", class_="empty")
    years = yearly_trading(facts.result.equity["equity"], facts.result.fills)
    names = [str(year) for year in years.index]
    turnover = bar_chart(
        "Turnover by year", names,
        [Layer(name="Turnover", points=years["turnover"].to_numpy(dtype=np.float64), style="c0")],
        unit="ratio", description="Half of buys and sells over the year's mean equity.",
    )  # fmt: skip
    stacks = [
        Layer(name=METRICS[f"costs_{part}"].label, points=years[part].to_numpy(dtype=np.float64) * 1e4, style=style)
        for part, style in zip(COST_COMPONENTS, _STYLES, strict=True)
        if float(years[part].sum()) > 0
    ]
    paid = bar_chart(
        "Costs by year, basis points of equity", names if stacks else [], stacks, unit="ratio",
        description="Costs over the year's mean equity, by component.",
    )  # fmt: skip
    total = facts.metrics.get("costs", 0.0)
    rows = [
        ("Total" if key == "costs" else METRICS[key].label, metric(key, facts.metrics.get(key)),
         metric(f"{key}_basis_points", facts.metrics.get(f"{key}_basis_points")),
         meter(facts.metrics.get(key, 0.0), total, signed=False))
        for key in (*(f"costs_{part}" for part in COST_COMPONENTS), "costs")
    ]  # fmt: skip
    body = table(("Component", "Cash", "bp of traded value", ""), rows)
    return join([tag("div", turnover, paid, class_="pair"), tag("div", body, class_="card")])


def trades(facts: Facts) -> Markup:
    """Return the largest gains and losses, the last closed trades and the last fills."""
    closed = closed_trades(facts.result.fills)
    if facts.result.fills.empty:
        return tag("p", "The run traded nothing.", class_="empty")
    cards = []
    if len(closed):
        ranked = closed.sort_values("profit", ascending=False, kind="stable")
        half = _SHOWN // 2
        extremes = ranked if len(ranked) <= _SHOWN else pd.concat([ranked.head(half), ranked.tail(half)])
        cards.append(_card("Largest gains and losses", _closed(extremes), open_=True))
        cards.append(_card("Last closed trades", _closed(closed.tail(_SHOWN).iloc[::-1]), open_=False))
    cards.append(_card("Last fills", _fills(facts.result.fills.tail(_SHOWN).iloc[::-1]), open_=False))
    return join(cards)


def _card(title: str, body: Markup, *, open_: bool) -> Markup:
    return tag("details", tag("summary", title), body, class_="card", open=open_)


def _closed(closed: pd.DataFrame) -> Markup:
    largest = float(closed["profit"].abs().max())
    rows = [
        (str(row["symbol"]), row["side"], figure(row["profit"], "cash"), meter(row["profit"], largest, signed=True),
         _date(row["opened"]), _date(row["closed"]), figure(row["bars"], "count"), figure(row["costs"], "cash"),
         plain(row["reason"]))
        for row in closed.to_dict("records")
    ]  # fmt: skip
    heads = ("Symbol", "Side", "Profit", "", "Opened", "Closed", "Bars", "Costs", "Closed by")
    return table(heads, rows, text_columns=(0, 1, 4, 5, 8))


def _fills(fills: pd.DataFrame) -> Markup:
    rows = [
        (_date(row["timestamp"]), str(row["symbol"]), figure(row["quantity"], "ratio", signed=True),
         figure(row["price"], "ratio"), figure(row["quantity"] * row["price"], "cash"),
         figure(sum(row.get(part, 0.0) for part in COST_COMPONENTS), "ratio"), plain(row.get("reason")))
        for row in fills.to_dict("records")
    ]  # fmt: skip
    heads = ("Time", "Symbol", "Quantity", "Price", "Value", "Costs", "Reason")
    return table(heads, rows, text_columns=(0, 1, 6))


def _date(value: object) -> str:
    text = str(value)
    return text.removesuffix(" 00:00:00")
