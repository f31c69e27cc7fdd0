"""`tradewind compare`: the first difference of two runs, and their metrics side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from tradewind.runs.compare import Comparison

__all__ = ["compare"]

_SHOWN_CAUSES = 12


def compare(
    first: Annotated[str, typer.Argument(help="Run: folder, part of its name, or `latest`.")],
    second: Annotated[str, typer.Argument(help="The run to compare it with.")],
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare two kept runs: parameters, data, versions, code, the first differing decision, and metrics."""
    import json

    from rich.console import Console

    from tradewind.runs.capsule import find_capsule
    from tradewind.runs.compare import compare_runs

    comparison = compare_runs(find_capsule(first, runs), find_capsule(second, runs))
    if as_json:
        typer.echo(json.dumps(comparison.as_data(), indent=2, ensure_ascii=False))
        return
    typer.echo(f"decisions: {'same' if comparison.same_decisions else 'different'}")
    typer.echo(f"data: {'same' if comparison.same_data else 'different'}")
    for cause in comparison.causes[:_SHOWN_CAUSES]:
        typer.echo(str(cause))
    if len(comparison.causes) > _SHOWN_CAUSES:
        typer.echo(f"... and {len(comparison.causes) - _SHOWN_CAUSES} more differences; see --json")
    if comparison.first is not None:
        typer.echo(f"first difference: {comparison.first}")
    Console().print(_table(comparison))


def _table(comparison: Comparison) -> Table:
    from rich.table import Table

    table = Table("metric", comparison.first_run, comparison.second_run)
    for name, values in comparison.metrics.items():
        table.add_row(name, *("n/a" if value != value else f"{value:,.4f}" for value in values))
    return table
