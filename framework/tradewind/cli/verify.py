"""`tradewind verify`: the proof that a plan reads no future."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli import options
from tradewind.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tradewind.verify import Finding, Verdict

__all__ = ["FOUND", "verify"]

FOUND = 14
"""Exit code where something was found: a finding, not an error."""
_STYLES = MappingProxyType({True: "green", False: "red", None: "yellow"})


def verify(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="Configuration file (YAML).", show_default=False)
    ] = None,
    extra: options.Extra = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
    cuts: Annotated[int, typer.Option("--cuts", min=1, help="Cuts of windows of the history.")] = 40,
    whole_cuts: Annotated[
        int, typer.Option("--whole-cuts", min=0, help="Cuts of the history from its beginning: slow, find more.")
    ] = 4,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws cuts and futures.")] = 0,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="RUN",
            help="Verify a kept run's configuration and keep the verdict in it: folder, part of its name, `latest`.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Prove that nothing in a plan reads the future.

    Bars behind cuts are replaced; factors, regime and decisions up to the cut must stay as they were. The plan is also
    run twice, bar by bar, and with a longer history.

    Ends with 0 where nothing was found, with 14 where something was, with 1 where nothing could be compared.
    """
    import json

    from tradewind.cli.progress import progress_bar
    from tradewind.cli.standard_output import kept_for_json
    from tradewind.registry import Registry
    from tradewind.runs.capsule import find_capsule
    from tradewind.runs.renew import renew_reports
    from tradewind.runs.verification import verify_plan, verify_run

    if run is not None and (config is not None or extra or overrides or start or end):
        raise UserError("verify: --run takes configuration, values and period from the run; leave the others away")
    if run is None and config is None:
        raise UserError("verify: nothing to verify; give a configuration, as idea.yaml, or a kept run, as --run latest")
    capsule = None if run is None else find_capsule(run, runs)
    with kept_for_json(as_json), progress_bar(quiet=as_json) as progress:
        registry = Registry.load()
        if capsule is not None:
            verdict = verify_run(capsule, registry, cuts=cuts, whole_cuts=whole_cuts, seed=seed, tell=progress)
        elif config is not None:
            loaded = options.load(config, extra, "backtest", None, overrides, start, end)
            verdict = verify_plan(loaded, registry, cuts=cuts, whole_cuts=whole_cuts, seed=seed, tell=progress)
        reports = [] if capsule is None else list(renew_reports(capsule, registry))
    if as_json:
        typer.echo(json.dumps(verdict.as_data(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(verdict)
        for path in reports:
            typer.echo(f"report: {path}")
    if verdict.findings:
        raise typer.Exit(FOUND)
    if not verdict.passed:
        raise UserError(
            f"verify: {verdict.sentence} Not one decision was compared, so that nothing is known; choose an earlier "
            f"start or more cuts, or a plan that decides"
        )


def _print(verdict: Verdict) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(verdict.name, style="bold", markup=False)
    console.print(verdict.sentence, style=_STYLES[verdict.passed], markup=False, soft_wrap=True)
    if verdict.checks:
        console.print(_table(verdict))
    for finding in verdict.findings:
        _print_finding(console, finding)
    console.print("Not checked:")
    for one in verdict.not_checked:
        console.print(f"  {one}", markup=False, soft_wrap=True)
    console.print(f"seed {verdict.seed}, {verdict.seconds:.1f} s", style="dim")


def _table(verdict: Verdict) -> Table:
    from rich.table import Table

    table = Table("check", "", "what was compared", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for check in verdict.checks:
        table.add_row(check.name, "passed" if check.passed else "[red]FOUND[/]", check.extent)
    return table


def _print_finding(console: Console, finding: Finding) -> None:
    console.print(f"{finding.plugin}: {finding.what} at bar {finding.bar} ({finding.day})", style="bold", markup=False)
    for line in (f"{finding.text}.", finding.cause, f"do: {finding.remedy}"):
        if line:
            console.print(f"  {line}", markup=False, soft_wrap=True)
