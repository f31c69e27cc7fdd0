"""`tradewind plugins`: what is installed, what it is, what is wrong with it, and whom live runs trust."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli.group import NamingGroup
from tradewind.cli.plugin_options import AsJson, Kind, echo_json, find, require_kind
from tradewind.cli.plugins_pip import install, uninstall
from tradewind.cli.plugins_trust import trust, untrust
from tradewind.cli.standard_output import kept_for_json

if TYPE_CHECKING:
    from tradewind.registry.describe import Description
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
    with kept_for_json(as_json):
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


@plugins.command("info")
def info(
    name: Annotated[str, typer.Argument(help="Name of a plugin, or ./file.py:Class with --kind.", show_default=False)],
    kind: Kind = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a plugin is, what its parameters are, what it needs and can, and show an example."""
    from tradewind.registry import Registry
    from tradewind.registry.describe import describe

    with kept_for_json(as_json):
        registry = Registry.load()
        found = describe(registry, find(registry, name, kind))
    if as_json:
        echo_json(dataclasses.asdict(found))
    else:
        _print_description(found)


@plugins.command("doctor")
def doctor(as_json: AsJson = False) -> None:
    """Name everything that failed to load, and names given twice, with what to do.

    Exit code 0: nothing is wrong; 3: something is.
    """
    from tradewind.registry import Registry
    from tradewind.registry.listing import findings

    with kept_for_json(as_json):
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
        word = "problem" if len(found) == 1 else "problems"
        typer.echo(f"{len(found)} {word}, {count} plugins" if found else f"nothing is wrong, {count} plugins")
    if found:
        raise typer.Exit(EXIT_FINDINGS)


plugins.command("install")(install)
plugins.command("uninstall")(uninstall)
plugins.command("trust")(trust)
plugins.command("untrust")(untrust)


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
    Console(width=None if sys.stdout.isatty() else WIDE, markup=False, emoji=False).print(table)


def _print_description(found: Description) -> None:
    origin = f"{found.distribution or found.provider} {found.version}"
    api = "" if found.api_version is None else f", entry point {found.provider}, plugin API {found.api_version}"
    capabilities = found.capabilities
    typer.echo(f"{found.kind} {found.name}: {found.summary}")
    typer.echo(f"from: {origin}{api}")
    typer.echo(f"source: {found.source}{f':{found.line}' if found.line else ''}" if found.source else "source: none")
    typer.echo(f"needs: {', '.join(found.needs) or 'nothing'}")
    unknown = "not known: it is made by a function whose annotation names no class"
    shown = unknown if capabilities is None else ", ".join(capabilities) or "none beside the contract"
    typer.echo(f"capabilities: {shown}")
    typer.echo("\nparameters:" if found.parameters else "\nparameters: none")
    for row in found.parameters:
        default = "required" if row.required else f"default {row.default!r}" if row.has_default else "has a default"
        typer.echo(f"  {row.name}: {row.type.replace('`', '')}, {default}")
        if row.meaning:
            typer.echo(f"      {row.meaning}")
    place = " (in modes/MODE.yaml)" if found.kind == "broker" else ""
    place = " (as a parameter that takes a factor)" if found.kind == "factor" else place
    typer.echo(f"\nexample{place}:")
    for line in found.example.splitlines():
        typer.echo(f"  {line}")
