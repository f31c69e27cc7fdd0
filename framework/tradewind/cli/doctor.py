"""``tradewind doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli import options

if TYPE_CHECKING:
    from tradewind.engine.doctor import Finding, Report

__all__ = ["EXIT_ERRORS", "EXIT_WARNINGS", "doctor"]

EXIT_ERRORS = 10
EXIT_WARNINGS = 11


def doctor(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:CLASS",
            help="Class as package.module:Class or ./file.py:Class, or a configuration with a Backtrader strategy.",
            show_default=False,
        ),
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="Parameter; may be repeated.", show_default=False),
    ] = None,
    overrides: options.Overrides = None,
    feeds: Annotated[int, typer.Option("--feeds", help="Feeds of the trial; 0: as the source shows.", min=0)] = 0,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Seconds the trial may take.", min=1.0)] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Name what an existing Backtrader strategy does that cannot be honoured or will surprise.

    The source is read, and the class is run on made-up prices in a guarded process.

    Exit code 0: neither errors nor warnings; 10: errors; 11: warnings only.
    """
    from tradewind.engine.doctor import diagnose

    name, directory, params = _target(target, overrides)
    params.update(_parameters(parameters))
    report = diagnose(name, directory=directory, params=params, feeds=feeds, timeout_seconds=timeout_seconds)
    if as_json:
        import json

        typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(report)
    if report.count("error"):
        raise typer.Exit(EXIT_ERRORS)
    if report.count("warning"):
        raise typer.Exit(EXIT_WARNINGS)


def _target(target: str, overrides: list[str] | None) -> tuple[str, Path | None, dict[str, Any]]:
    """Return the class, the folder its path starts in, and its parameters."""
    from tradewind.errors import UserError

    if Path(target).suffix not in {".yaml", ".yml"}:
        if overrides:
            raise UserError(f"--set changes a configuration, and {target} is a class; use --param NAME=VALUE")
        return target, None, {}
    loaded = options.load(Path(target), overrides=overrides)
    for sleeve in loaded.plan.sleeves:
        if sleeve.strategy.backtrader is not None:
            return sleeve.strategy.backtrader, loaded.directory, dict(sleeve.strategy.params)
    labels = ", ".join(sleeve.strategy.label for sleeve in loaded.plan.sleeves)
    raise UserError(
        f"{target}: no sleeve has a Backtrader strategy; received {labels}. The doctor examines "
        f"`strategy: {{backtrader: ...}}`; `tradewind check` examines the others"
    )


def _parameters(given: list[str] | None) -> dict[str, Any]:
    import yaml

    from tradewind.errors import ConfigError

    parameters: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise ConfigError(f"--param: received {text!r}; give NAME=VALUE, as --param period=20")
        try:
            parameters[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"--param {name}: {value!r} is not a YAML value; quote it") from error
    return parameters


def _show(report: Report) -> None:
    for finding in report.findings:
        typer.echo(_text(finding))
    counts = ", ".join(_counted(report.count(severity), severity) for severity in ("error", "warning", "note"))
    trials = _counted(report.trials, "trial run")
    typer.echo(f"{report.target}: {counts if report.findings else 'nothing found'} ({trials})")


def _text(finding: Finding) -> str:
    import linecache

    place = f"{_shown(finding.file)}:{finding.line}: " if finding.file else ""
    source = linecache.getline(finding.file, finding.line).strip() if finding.file else ""
    shown = f"\n    {source}" if source else ""
    seen = ", seen in a trial run" if finding.observed else ""
    head = f"{place}{finding.severity} [{finding.rule}{seen}]{shown}"
    return f"{head}\n  {finding.message}\n  do: {finding.advice}\n"


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
