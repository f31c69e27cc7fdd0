"""`tradewind reproduce`: run a capsule again and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["reproduce"]


def reproduce(
    run: Annotated[str, typer.Argument(help="Run: folder, part of its name, or `latest`.")],
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Run a kept run again; exit 0 if decisions and data are the same, 1 if not."""
    import dataclasses
    import json

    from tradewind.cli.progress import progress_bar
    from tradewind.cli.standard_output import kept_for_json
    from tradewind.registry import Registry
    from tradewind.runs.capsule import find_capsule
    from tradewind.runs.reproduce import reproduce as repeat

    capsule = find_capsule(run, runs)
    with kept_for_json(as_json), progress_bar(quiet=as_json) as progress:
        outcome = repeat(capsule, Registry.load(), progress)
    same = outcome.same_decisions and outcome.same_data
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(outcome), indent=2, ensure_ascii=False))
    else:
        verdict = "reproduced" if same else "NOT reproduced"
        typer.echo(f"{verdict}: {outcome.run}, decision hash {outcome.decision_hash[:16]}")
        if not outcome.same_data:
            typer.echo("data: differ")
        for cause in outcome.causes:
            typer.echo(f"changed: {cause}")
        if outcome.first is not None:
            typer.echo(f"first difference: {outcome.first}")
    if not same:
        raise typer.Exit(1)
