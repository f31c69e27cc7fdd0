"""`tradewind plugins`: what is installed, what it is, what is wrong with it, and whom live runs trust."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli.group import NamingGroup

if TYPE_CHECKING:
    from tradewind.registry.listing import PluginRow

__all__ = ["plugins"]

WIDE = 200
"""Columns of a table that no terminal shows."""
EXIT_FINDINGS = 3

plugins = typer.Typer(
    cls=NamingGroup,
    add_completion=False,
    rich_markup_mode=None,
    help="List, explain, examine, install and trust plugins.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Kind = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="Kind of plugin, as strategy.", show_default=False)
]


@plugins.command("list")
def list_plugins(kind: Kind = None, as_json: AsJson = False) -> None:
    """List the plugins with where they come from, what loading took, and their state.

    The milliseconds are those of the plugin's entry point, which may give several. State: ok, broken, ambiguous (two
    give the same name) or disabled (by safe mode).
    """
    from tradewind.registry import Registry
    from tradewind.registry.listing import plugin_rows

    if kind is not None:
        require_kind(kind)
    rows = plugin_rows(Registry.load())
    shown = [row for row in rows if kind in (None, row.kind)]
    if as_json:
        echo_json([dataclasses.asdict(row) for row in shown])
        return
    _print_rows(shown)
    troubled = sum(row.state in {"broken", "ambiguous"} for row in rows)
    if troubled:
        typer.echo(f"{troubled} cannot be used: `tradewind plugins doctor` says why", err=True)
    if any(row.state == "disabled" for row in rows):
        typer.echo("safe mode is on: only built-in and chosen plugins are loaded", err=True)


@plugins.command("doctor")
def doctor(as_json: AsJson = False) -> None:
    """Name everything that failed to load, and names given twice, with what to do.

    Exit code 0: nothing is wrong; 3: something is.
    """
    from tradewind.registry import Registry
    from tradewind.registry.listing import findings

    registry = Registry.load()
    found = findings(registry)
    if as_json:
        echo_json([dataclasses.asdict(one) for one in found])
    else:
        for one in found:
            typer.echo(f"{one.provider}: {one.problem}\n  do: {one.advice}\n")
        disabled = sorted({one.distribution for one in registry.providers if one.disabled})
        if disabled:
            typer.echo(f"not examined, because safe mode leaves them out: {', '.join(disabled)}")
        count = len(registry.plugins())
        typer.echo(f"{len(found)} problems, {count} plugins" if found else f"nothing is wrong, {count} plugins")
    if found:
        raise typer.Exit(EXIT_FINDINGS)


def require_kind(kind: str) -> None:
    """Refuse a kind that there is not."""
    from tradewind.contracts.plugin import KINDS
    from tradewind.errors import UserError, choices

    if kind not in KINDS:
        raise UserError(f"--kind: no kind of plugin {kind!r}; {choices(kind, KINDS)}")


def echo_json(value: object) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _print_rows(rows: list[PluginRow]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table("kind", "name", "from", "version", "API", Column("load ms", justify="right"), "state")
    for row in rows:
        version = "" if row.api_version is None else str(row.api_version)
        milliseconds = "" if row.state == "disabled" else f"{row.load_milliseconds:.1f}"
        table.add_row(
            row.kind or "?",
            row.name or f"({row.provider.partition(':')[2]})",
            row.distribution or row.provider,
            row.version,
            version,
            milliseconds,
            row.state,
        )
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
