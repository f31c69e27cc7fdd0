"""The best points of a sweep, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.report.definitions import METRICS, format_metric
from tradewind.research.sweep.page import shown
from tradewind.research.sweep.result import short_names

if TYPE_CHECKING:
    from rich.table import Table

    from tradewind.research.sweep.result import SweepResult

__all__ = ["best_table"]

_FIGURES = ("sharpe", "cagr", "max_drawdown", "turnover")


def best_table(result: SweepResult, count: int) -> Table:
    """Return a table of the best points."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    names = short_names(result.parameters)
    figures = list(dict.fromkeys([result.metric, *_FIGURES]))
    complete = result.points[result.points["status"] == "complete"]
    few = min(count, len(complete))
    title = (
        f"[bold]{escape(result.name)}[/] best {few} of {len(result.points)} points by {METRICS[result.metric].label}"
    )
    table = Table(title=title, title_justify="left", title_style="none", box=box.SIMPLE_HEAD)
    table.add_column("point", justify="right")
    for path in result.parameters:
        table.add_column(escape(names[path]), justify="right")
    for name in figures:
        table.add_column(METRICS[name].label, justify="right")
    table.add_column("decisions")
    for row in complete.head(count).to_dict("records"):
        table.add_row(
            str(row["point"]),
            *(escape(shown(row[path])) for path in result.parameters),
            *(format_metric(name, row[name]) for name in figures),
            row["decision_hash"][:8],
        )
    return table
