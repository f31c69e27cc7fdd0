"""What gates and breakers did: when the account stood how, what was withheld, and what that cost and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tradewind.report.counterfactual import (
    HORIZON_BARS,
    counterfactual_ledger,
    standing_stretches,
    value_rulings,
)
from tradewind.report.markup import Markup, join, tag
from tradewind_plugins.reports.page.charts import Band, Lane, lane_chart
from tradewind_plugins.reports.page.tables import figure, meter, plain, table

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["guards"]

_STYLES = {"reduced": "r3", "reduce_only": "r4", "halted": "r5", "killed": "c4"}
_SHOWN = 20
_ASSUMPTIONS = (
    f"Each order by itself: what was withheld of it, at its price on the decision and again {HORIZON_BARS} bars later "
    f"(or at the end of the run). What it would have gained was forgone, what it would have lost was avoided; net is "
    f"avoided less forgone. Nothing is reinvested, trading costs and the difference to the price of a fill are left "
    f"out, and an order that was asked for again is counted again. It is not what the run would have been without the "
    f"rule. 'Net of equity' sums each order's net as a part of the equity of its day."
)
_WHILE_HALTED = (
    "Returns of the account and the benchmark while the standing lasted. A halted or killed account places no orders, "
    "so what they would have gained is in no table; compare the two."
)


def guards(facts: Facts) -> Markup | None:
    """Return standings over time, what each rule withheld and was worth, and what is switched off."""
    result = facts.result
    off = _switched_off(facts)
    stretches = standing_stretches(result.standings, result.equity)
    if off is None and stretches.empty and result.rulings.empty:
        return None
    nothing = None
    if stretches.empty and result.rulings.empty:
        nothing = tag("p", "No gate changed an order, and no breaker tripped.", class_="card")
    return join([off, nothing, _standings(facts, stretches), _ledger(facts)])


def _switched_off(facts: Facts) -> Markup | None:
    risk = facts.result.config.get("risk")
    if not isinstance(risk, dict):
        return None
    names = [str(name) for name in risk.get("switched_off") or ()]
    if not names:
        return tag("p", "Of the default gates and breakers, none is switched off.", class_="facts")
    told = "every one but the check of an order's structure" if "all" in names else _words(", ".join(names))
    return tag("div", tag("strong", "Switched off: "), f"{told}.", class_="notes")


def _standings(facts: Facts, stretches: pd.DataFrame) -> Markup | None:
    if stretches.empty:
        return None
    lanes = []
    for name, rows in stretches.groupby("by", sort=False):
        marks = [
            (
                Band(first=row["first"], end=row["end"], style=_STYLES.get(row["standing"], "rest")),
                f"{_words(row['standing'])} {_span(facts, row)}: {row['text']}",
            )
            for row in rows.to_dict("records")
        ]
        counts = rows["standing"].value_counts().to_dict()
        description = ", ".join(f"{_words(standing)} {count:,} times" for standing, count in counts.items())
        lanes.append(Lane(name=_words(name), description=description, stretches=marks))
    seen = set(stretches["standing"])
    legend = [(_words(standing), style) for standing, style in _STYLES.items() if standing in seen]
    chart = lane_chart("What the account might do, by breaker", facts.index, lanes, legend=legend)
    severe = stretches[stretches["standing"].isin(("halted", "killed"))]
    shown = severe if len(severe) else stretches
    title = "Halts and kills" if len(severe) else "Stretches"
    latest = tag(
        "details", tag("summary", f"{title}{_last_of(len(shown))}"), _stretch_table(facts, shown.tail(_SHOWN)),
        class_="card",
    )  # fmt: skip
    return join([chart, tag("div", _by_breaker(facts, stretches), class_="card"), latest])


def _by_breaker(facts: Facts, stretches: pd.DataFrame) -> Markup:
    bars = max(len(facts.index) - 1, 1)
    rows = []
    for (name, standing), part in stretches.groupby(["by", "standing"], sort=False):
        lasted = int((part["end"] - part["first"]).sum())
        rows.append(
            (_words(name), _words(standing), figure(len(part), "count"), figure(lasted, "count"),
             figure(lasted / bars, "fraction", decimals=1), _compound(part["account"]), _compound(part["benchmark"]))
        )  # fmt: skip
    rows.sort(key=lambda row: str(row[0]))
    heads = ("Breaker", "Standing", "Times", "Bars", "Time", "Account", "Benchmark")
    return join([tag("h3", "Breakers"), table(heads, rows, caption=_WHILE_HALTED, text_columns=(0, 1))])


def _stretch_table(facts: Facts, stretches: pd.DataFrame) -> Markup:
    rows = [
        (_span(facts, row), _words(row["standing"]), _words(row["by"]),
         figure(row["account"], "fraction", signed=True, decimals=1),
         figure(row["benchmark"], "fraction", signed=True, decimals=1), plain(row["text"]))
        for row in stretches.iloc[::-1].to_dict("records")
    ]  # fmt: skip
    heads = ("From, to", "Standing", "By", "Account", "Benchmark", "Why")
    return table(heads, rows, text_columns=(0, 1, 2, 5))


def _ledger(facts: Facts) -> Markup | None:
    result = facts.result
    if result.rulings.empty:
        return None
    valued, note = result.counterfactual, _ASSUMPTIONS
    if valued.empty:
        unpriced = pd.DataFrame(index=range(len(result.equity)))
        equity = result.equity["equity"].to_numpy(dtype=np.float64)
        valued = value_rulings(result.rulings, unpriced, {}, equity)
        note = (
            "This run kept no later prices, so what its gates cost and saved is not known; run it again with reports."
        )
    ledger = counterfactual_ledger(valued)
    largest = float(ledger["net"].abs().max())
    rows = [_numbers(row, meter(row["net"], largest, signed=True)) for row in ledger.to_dict("records")]
    total = ledger.sum(numeric_only=True).to_dict()
    total |= {"orders": valued["order_id"].nunique(), "rejected": _rejected(valued), "gate": "all rules", "code": ""}
    heads = ("Rule", "Net", "", "Loss avoided", "Gain forgone", "Net of equity", "Withheld", "Orders", "Rejected")
    body = table(heads, rows, caption=note, total=_numbers(total, join([])))
    missing = int(ledger["unvalued"].sum())
    told = None
    if missing and len(result.counterfactual):
        why = "no later price, or what looks like a split before it"
        told = tag("p", f"{missing:,} of the orders are in no sum: {why}.", class_="facts")
    return tag("div", tag("h3", "What each gate and breaker cost and saved"), body, told, class_="card")


def _rejected(valued: pd.DataFrame) -> int:
    return int(valued.loc[valued["allowed"] == 0.0, "order_id"].nunique())


def _numbers(row: dict[Hashable, Any], bar: Markup) -> tuple[Markup | str, ...]:
    known = row["orders"] > row["unvalued"]
    money = {name: row[name] if known else None for name in ("net", "avoided", "forgone", "net_of_equity")}
    return (
        _rule(row), figure(money["net"], "cash", signed=True), bar, figure(money["avoided"], "cash"),
        figure(money["forgone"], "cash"), figure(money["net_of_equity"], "fraction", signed=True, decimals=2),
        figure(row["withheld"], "cash"), figure(row["orders"], "count"), figure(row["rejected"], "count"),
    )  # fmt: skip


def _rule(row: dict[Hashable, Any]) -> str:
    """Return the rule in words: the gate, with its code where that says more; a breaker with the standing."""
    gate, code = str(row.get("by") or row["gate"]), str(row["code"])
    return _words(gate if code in ("", gate) else f"{gate}: {code}")


def _compound(returns: pd.Series) -> Markup:
    return figure(float(np.prod(1.0 + returns.to_numpy(dtype=np.float64)) - 1.0), "fraction", signed=True, decimals=1)


def _span(facts: Facts, row: dict[Hashable, Any]) -> str:
    return f"{facts.index[row['first']]:%Y-%m-%d} to {facts.index[row['end']]:%Y-%m-%d}"


def _last_of(count: int) -> str:
    return f", the last {_SHOWN} of {count:,}" if count > _SHOWN else f" ({count:,})"


def _words(name: object) -> str:
    return str(name).replace("_", " ")
