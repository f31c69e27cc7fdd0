"""`tradewind runs list` and `tradewind report`: what has been kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["list_runs", "report"]

DEFAULT_RUNS = Path("runs")
WIDE = 200
"""Columns of a table that no terminal shows."""


def list_runs(
    action: Annotated[str, typer.Argument(metavar="list", help="What to do.", show_default=False)] = "list",
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the runs kept so far, oldest first."""
    import json

    from rich.console import Console
    from rich.table import Column, Table

    from tradewind.errors import UserError, choices
    from tradewind.runs.capsule import list_capsules

    if action != "list":
        raise UserError(f"runs: no action '{action}'; {choices(action, ['list'])}")
    if runs != DEFAULT_RUNS and not runs.is_dir():
        raise UserError(f"--runs {runs}: no such folder; give the one that `tradewind run --runs` kept runs in")
    entries = []
    for capsule in list_capsules(runs):
        try:
            entries.append(_entry(capsule))
        except UserError as error:
            typer.echo(f"warning: {error}", err=True)
    if as_json:
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    if not entries:
        typer.echo(f"no runs in {runs}", err=True)
        return
    table = Table(
        Column("run", no_wrap=True, overflow="ignore"), "mode", "status", "CAGR", "Sharpe", "max drawdown", "decisions"
    )
    for entry in entries:
        figures = [entry["metrics"].get(name) for name in ("cagr", "sharpe", "max_drawdown")]
        shown = ["n/a" if value is None else form.format(value) for value, form in zip(figures, _FORMATS, strict=True)]
        table.add_row(entry["run"], entry["mode"], entry["status"], *shown, entry["decision_hash"][:8])
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def report(
    run: Annotated[str, typer.Argument(help="Run: folder, part of its name, or `latest`.")],
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = DEFAULT_RUNS,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--report", help="Report plugin, repeatable; default: those of its configuration, or html."),
    ] = None,
) -> None:
    """Write the reports of a kept run again and print their paths."""
    from tradewind.registry import Registry
    from tradewind.runs.capsule import find_capsule
    from tradewind.runs.renew import renew_reports

    for path in renew_reports(find_capsule(run, runs), Registry.load(), kinds or ()):
        typer.echo(str(path))


_FORMATS = ("{:.2%}", "{:.2f}", "{:.1%}")


def _entry(capsule: Path) -> dict[str, Any]:
    import json

    from tradewind.errors import UserError

    try:
        summary = json.loads((capsule / "result.json").read_text(encoding="utf-8"))
        keys = ("name", "mode", "status", "decision_hash", "metrics")
        return {"run": capsule.name, **{key: summary[key] for key in keys}}
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{capsule / 'result.json'}: not readable ({error}); the other files of the run may still be"
        ) from error
