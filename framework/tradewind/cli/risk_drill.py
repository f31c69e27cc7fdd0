"""What `tradewind risk drill` prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tradewind.research.drill.api import DrillReport, DrillResult
    from tradewind.research.drill.outcome import Action, Beyond

__all__ = ["print_report"]

_WIDE = 200
_NOTHING = "nothing acted"


def print_report(report: DrillReport) -> None:
    """Print the table, what acted with its text, and the notes."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False, markup=False, soft_wrap=False)
    console.print(
        f"{report.plan}, {report.start} to {report.end}, {report.bars:,} bars. Up to {report.shock} prices are the "
        f"feed's: the account is then {report.gross:.1%} invested, its largest position is {report.largest}, "
        f"{report.largest_weight:.1%}."
    )
    console.print()
    console.print(_table(report))
    console.print()
    for result in report.results:
        _tell(console, result)
    console.print()
    for note in report.notes:
        console.print(f"note: {note}")


def _table(report: DrillReport) -> Table:
    from rich.table import Column, Table

    limit = "kill limit" if report.kill is None else f"kill at {report.kill:.0%}"
    columns = [
        Column("drill", no_wrap=True),
        Column("first to act", no_wrap=True),
        Column("bar", justify="right", no_wrap=True),
        Column("at worst", no_wrap=True),
        Column("loss", justify="right", no_wrap=True),
        Column("risk: off", justify="right", no_wrap=True),
        Column("drawdown", justify="right", no_wrap=True),
        Column("risk: off", justify="right", no_wrap=True),
        Column(f"beyond {limit}", overflow="fold"),
    ]
    table = Table(*columns, box=None, pad_edge=False)
    for result in report.results:
        table.add_row(*_row(result))
    return table


def _row(result: DrillResult) -> list[str]:
    if result.with_limits is None or result.without_limits is None:
        return [result.name, "not applicable"]
    first, worst = result.first, result.strongest
    return [
        result.name,
        _NOTHING if first is None else _who(first),
        "" if first is None else f"+{first.bars_after}",
        "" if worst is None else f"{worst.code} +{worst.bars_after}",
        # No "-0.0%".
        *(f"{round(one.loss, 3) + 0.0:.1%}" for one in (result.with_limits, result.without_limits)),
        *(f"{one.drawdown:.1%}{' gone' if one.gone else ''}" for one in (result.with_limits, result.without_limits)),
        "" if result.beyond_kill is None else _beyond(result.beyond_kill),
    ]


def _who(action: Action) -> str:
    return f"{action.name}: {action.code}" if action.code != action.name else action.name


def _beyond(beyond: Beyond) -> str:
    parts = [
        f"{value:.1%} {what}"
        for value, what in (
            (beyond.jump, "in the bar that tripped it"),
            (beyond.gap, "gap to the fills"),
            (beyond.rest, "HELD ON"),
        )
        if value >= 0.0005
    ]
    return f"{beyond.excess:.1%}: {', '.join(parts)}" if parts else f"{beyond.excess:.2%}"


def _tell(console: Console, result: DrillResult) -> None:
    """Say what was done, and the first time each gate and breaker did each of its things."""
    console.print(f"{result.name}: {result.said}", soft_wrap=True)
    if not result.applicable:
        return
    if not result.actions:
        console.print(f"  {_NOTHING}")
    if result.with_limits is not None and result.without_limits is not None and result.runs_away:
        orders = f"  {result.with_limits.orders:,} orders sent, with risk: off {result.without_limits.orders:,}"
        console.print(orders)
    for action in result.firsts:
        said = f"  +{action.bars_after} {action.date} {action.kind} {_who(action)}: {action.text}"
        console.print(said, soft_wrap=True)
