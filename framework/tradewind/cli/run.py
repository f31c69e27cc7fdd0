"""`tradewind run`: execute a configuration and keep the run."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli import options
from tradewind.errors import UserError

if TYPE_CHECKING:
    from tradewind.model import Result

__all__ = ["run"]


def run(
    context: typer.Context,
    config: options.Config,
    extra: options.Extra = None,
    mode: options.Mode = "backtest",
    mode_file: options.ModeFile = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder the run is kept in.")] = Path("runs"),
    reports: Annotated[bool, typer.Option("--reports/--no-reports", help="Write the configured reports.")] = True,
    verifies: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Backtest: look for look-ahead, for a quarter of its time at most."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal",
            envvar="TRADEWIND_JOURNAL",
            help="Paper: path or database URL of the durable journal; default sessions/journal.db beside the runs.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Paper: give an unfinished session up and begin anew.")
    ] = False,
    supervised: Annotated[
        bool, typer.Option("--supervise", help="Paper: start the session again when its process dies.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every warning and note.")] = False,
) -> None:
    """Run a configuration in backtest, paper or live mode and keep it as a capsule.

    A paper run is a session in a durable journal: stopped by SIGINT or SIGTERM, or killed, it is continued by the same
    command.
    """
    loaded = options.load(config, extra, mode, mode_file, overrides, start, end)
    # The environment may name a journal for all commands; only an option is meant for this run.
    named = getattr(context.get_parameter_source("journal"), "name", "") == "COMMANDLINE"
    if mode == "backtest" and (fresh or supervised or named):
        option = "--fresh" if fresh else "--supervise" if supervised else "--journal"
        raise UserError(f"run: {option} is for sessions; add --mode paper, or leave it away")
    if supervised:
        raise typer.Exit(_supervised())
    from tradewind.cli.progress import progress_bar
    from tradewind.cli.standard_output import kept_for_json
    from tradewind.registry import Registry
    from tradewind.runs.launch import run_plan
    from tradewind.runs.paper import run_session_of

    # A run makes many small values and next to no cycles: looking for cycles less often saves a twentieth of its time.
    gc.set_threshold(100_000, 20, 20)
    with kept_for_json(as_json), progress_bar(quiet=as_json) as progress, loaded.placing():
        if loaded.plan.mode.mode == "backtest":
            result = run_plan(
                loaded, Registry.load(), runs_directory=runs, reports=reports, verifies=verifies, progress=progress
            )
        else:
            result = run_session_of(
                loaded,
                Registry.load(),
                journal=journal if journal is not None else runs.parent / "sessions" / "journal.db",
                runs_directory=runs,
                fresh=fresh,
                reports=reports,
                progress=progress,
                warn=lambda line: typer.echo(f"warning: {line}", err=True),
            )
    show(result, as_json=as_json, verbose=verbose)
    if result.interruption:
        typer.echo(f"interrupted: {result.interruption}", err=True)
    if result.status == "partial" or result.interruption:
        raise typer.Exit(130)


def _supervised() -> int:
    """Run this very command in a process of its own, again and again."""
    import sys

    from tradewind.runs.supervisor import supervise

    arguments = [one for one in sys.argv[1:] if one != "--supervise"]
    command = [sys.executable, "-m", "tradewind", *arguments]
    again = [one for one in command if one != "--fresh"]
    code = supervise(command, again=again, tell=lambda line: typer.echo(line, err=True))
    return 128 - code if code < 0 else code


def show(result: Result, *, as_json: bool, verbose: bool) -> None:
    """Print a result: JSON or a short table on stdout, stamps and warnings on stderr."""
    import json

    from rich.console import Console

    from tradewind.report.summary import summary_data, summary_table

    if as_json:
        typer.echo(json.dumps(summary_data(result), indent=2, ensure_ascii=False, allow_nan=False))
        return
    Console().print(summary_table(result))
    notes = Console(stderr=True)
    shown = len(result.warnings) if verbose else 3
    for warning in result.warnings[:shown]:
        notes.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    if len(result.warnings) > shown:
        place = "the report or --verbose" if result.reports else "--verbose"
        notes.print(f"warning: {len(result.warnings) - shown} more; see {place}", style="yellow")
    for stamp in result.stamps if verbose else ():
        notes.print(f"note: {stamp}", markup=False, highlight=False)
    if result.status == "partial":
        kept = "the run is kept, marked partial" if result.directory else "the same command continues the session"
        notes.print(f"interrupted: {kept}", style="yellow")
    if result.directory is not None:
        for file in result.reports:
            typer.echo(f"report: {file}")
        typer.echo(f"run: {result.directory}")
