"""``tradewind test``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli.plugin_options import Kind, require_kind
from tradewind.errors import PluginError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.testing.installed import Verdict

__all__ = ["run_kits"]


def run_kits(
    distribution: Annotated[
        str, typer.Argument(help="An installed distribution, or ./file.py:Class with --kind.", show_default=False)
    ],
    kind: Kind = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Only the plugin of this name.", show_default=False)
    ] = None,
) -> None:
    """Test plugins with the conformance kits of their kinds, without a test file."""
    _require_pytest()
    from tradewind.contracts.plugin import KINDS
    from tradewind.testing.installed import check_installed, check_source

    if kind is not None:
        require_kind(kind)
    broken: tuple[str, ...] = ()
    if ":" in distribution:
        if kind is None:
            raise UserError(f"{distribution}: which kind of plugin is it? Add --kind; known: {', '.join(KINDS)}")
        verdicts = check_source(distribution, kind)
    else:
        verdicts, broken = check_installed(distribution, kind=kind, name=name)
    _show(verdicts)
    for reason in broken:
        typer.echo(f"FAILED {reason}")
    failed = sum(not verdict.good for verdict in verdicts) + len(broken)
    if failed:
        raise PluginError(
            f"{failed} of {len(verdicts) + len(broken)} plugins fail their kit; each message says what to do"
        )


def _require_pytest() -> None:
    try:
        import pytest
    except ImportError as error:
        raise UserError(f"`tradewind test` needs pytest ({error}); run: pip install 'tradewind[testing]'") from error
    assert pytest


def _show(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        counts = f"{verdict.passed} passed"
        counts += f", {verdict.skipped} skipped" if verdict.skipped else ""
        counts += f", {len(verdict.failures)} failed" if verdict.failures else ""
        counts += "; this kind's own kit needs a test file" if verdict.partial else ""
        typer.echo(f"{'ok' if verdict.good else 'FAILED'} {verdict.title}: {counts}")
        for failure in verdict.failures:
            typer.echo(f"  {failure.test}: {failure.message}")
            typer.echo(f"    {failure.meaning}")
