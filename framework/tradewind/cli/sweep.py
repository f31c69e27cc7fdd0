"""`tradewind sweep`: run a configuration at many points of its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli import options

if TYPE_CHECKING:
    from tradewind.research.sweep.request import SweepRequest
    from tradewind.research.sweep.result import SweepResult

__all__ = ["sweep"]

EXIT_FAILED_POINTS = 1
EXIT_INTERRUPTED = 130
SHOWN_WARNINGS = 3


def sweep(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="[CONFIG]", help="Configuration file (YAML); not with --resume.", show_default=False),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            metavar="PATH=VALUES",
            help="Values of one parameter: PATH=5,10,20; with --random also a range: PATH=5..50. May be repeated.",
            show_default=False,
        ),
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option("--points", metavar="FILE", help="Points one by one: .csv, .yaml or .jsonl.", show_default=False),
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", metavar="N", help="Draw N points from the grid.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Seed of the draws of --random; default: 0.", show_default=False),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", metavar="N", help="Processes; default: one a core.", show_default=False),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME", help="Figure the points are ordered by.")
    ] = "sharpe",
    top: Annotated[int, typer.Option("--top", metavar="N", help="Points to print.", min=1)] = 10,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", help="Folder of a sweep: run its missing points.", show_default=False),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: run the failed points again, too.")
    ] = False,
    extra: options.Extra = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
    sweeps: Annotated[Path, typer.Option("--sweeps", help="Folder the sweep is kept in.")] = Path("sweeps"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a configuration in backtest mode at many points of its parameters, on all cores.

    Ends with 0 if every point has figures, 1 if some failed, 130 if it was interrupted.
    """
    request = _request(config, extra, grid, points, random, seed, overrides, start, end, resuming=resume is not None)
    from tradewind.cli.standard_output import kept_for_json
    from tradewind.cli.sweep_progress import sweep_progress
    from tradewind.research.sweep.api import run_sweep

    with kept_for_json(as_json), sweep_progress(metric, quiet=as_json) as progress:
        result = run_sweep(
            request,
            metric=metric,
            jobs=jobs,
            sweeps_directory=sweeps,
            resume=resume,
            retry_failed=retry_failed,
            progress=progress,
            on_stop=_say_stopping,
        )
    _show(result, as_json=as_json, top=top)
    if result.status == "partial":
        raise typer.Exit(EXIT_INTERRUPTED)
    if result.failed:
        raise typer.Exit(EXIT_FAILED_POINTS)


def _request(
    config: Path | None,
    extra: list[Path] | None,
    grid: list[str] | None,
    points: Path | None,
    random: int | None,
    seed: int | None,
    overrides: list[str] | None,
    start: str | None,
    end: str | None,
    *,
    resuming: bool,
) -> SweepRequest | None:
    """Return what is asked; None to go on with what a sweep was asked before."""
    from tradewind.errors import UserError
    from tradewind.research.sweep.request import SweepRequest, as_seed
    from tradewind.research.sweep.rows import read_rows
    from tradewind.research.sweep.space import parse_axes

    given = {
        "--grid": grid,
        "--points": points,
        "--random": random,
        "--seed": seed,
        "--set": overrides,
        "--start": start,
        "--end": end,
    }
    if config is None:
        named = [name for name, value in given.items() if value is not None]
        if resuming and not named:
            return None
        text = f"{', '.join(named)} without a configuration" if named else "no configuration"
        raise UserError(f"{text}; write tradewind sweep CONFIG --grid PATH=VALUES, or tradewind sweep --resume DIR")
    if resuming and not any(value is not None for value in given.values()):
        raise UserError("--resume knows the configuration; leave CONFIG out, or repeat the whole command")
    return SweepRequest(
        config=(config, *(extra or ())),
        axes=parse_axes(grid or ()),
        rows=tuple(read_rows(points)) if points else (),
        random=random,
        seed=as_seed(seed, random),
        overrides=tuple(overrides or ()),
        start=start,
        end=end,
    )


def _say_stopping(running: int) -> None:
    typer.echo(f"interrupted: {running} running points finish first; interrupt again to stop at once", err=True)


def _show(result: SweepResult, *, as_json: bool, top: int) -> None:
    import json
    import sys

    from rich.console import Console

    from tradewind.research.sweep.table import best_table

    notes = Console(stderr=True, soft_wrap=True)
    for warning in result.warnings[:SHOWN_WARNINGS]:
        notes.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    if len(result.warnings) > SHOWN_WARNINGS:
        notes.print(f"warning: {len(result.warnings) - SHOWN_WARNINGS} more about the data", style="yellow")
    if result.failed:
        text = f"{result.failed} of {len(result.points)} points failed; results.csv says why"
        notes.print(text, style="red", highlight=False)
    if result.status == "partial":
        where = f"; go on with: tradewind sweep --resume {result.directory}" if result.directory else ""
        notes.print(
            f"interrupted: {len(result.points)} of {result.asked} points are done{where}",
            style="yellow",
            markup=False,
            highlight=False,
        )
    if as_json:
        typer.echo(json.dumps(result.document(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    Console(width=None if sys.stdout.isatty() else 200).print(best_table(result, top))
    typer.echo(str(result.luck))
    if result.directory is not None:
        typer.echo(f"map: {result.directory / 'heatmap.html'}")
        typer.echo(f"sweep: {result.directory}")
