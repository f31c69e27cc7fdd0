"""What the commands of `tradewind plugins` share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind.registry import RegisteredPlugin, Registry

__all__ = ["AsJson", "Kind", "echo_json", "find", "require_kind"]

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Kind: TypeAlias = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="Kind of plugin, as strategy.", show_default=False)
]


def find(registry: Registry, name: str, kind: str | None, directory: Path | None = None) -> RegisteredPlugin:
    """Return the plugin that a name, or a ``./file.py:Class``, and perhaps a kind mean.

    Raises
    ------
    UserError
        If the name is of several kinds, or the kind is not known or needed.
    PluginError
        If there is no such plugin, or it cannot be used.
    """
    from tradewind.contracts.plugin import KINDS
    from tradewind.errors import PluginError, UserError, choices
    from tradewind.registry import PluginRef

    if kind is not None:
        require_kind(kind)
    if ":" in name:
        if kind is None:
            raise UserError(f"{name}: a class does not say what it is; add --kind, one of {', '.join(KINDS)}")
        return registry.resolve(kind, PluginRef(python=name), directory=directory)
    kinds = [kind] if kind else registry.kinds_of(name)
    if len(kinds) > 1:
        options = " or ".join(f"--kind {one}" for one in kinds)
        raise UserError(f"{name}: there is a {' and a '.join(kinds)} of this name; add {options}")
    if kinds:
        return registry.get(kinds[0], name)
    known = {one.name for one in registry.plugins()}
    raise PluginError(f"no plugin '{name}'; {choices(name, known)}{registry.hints('plugin', name)}")


def require_kind(kind: str) -> None:
    """Refuse a kind that there is not."""
    from tradewind.contracts.plugin import KINDS
    from tradewind.errors import UserError, choices

    if kind not in KINDS:
        raise UserError(f"--kind: no kind of plugin {kind!r}; {choices(kind, KINDS)}")


def echo_json(value: object) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
