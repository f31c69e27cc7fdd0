"""`tradewind plugins trust` and `untrust`: the plugins that live runs may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from tradewind.cli.plugin_options import AsJson, Kind, echo_json, find, require_kind

if TYPE_CHECKING:
    from tradewind.registry import RegisteredPlugin, Registry
    from tradewind.registry.trust import Code, TrustFile

__all__ = ["trust", "untrust"]

ConfigDirectory: TypeAlias = Annotated[
    Path, typer.Option("--config-dir", metavar="DIR", help="Directory of the configuration.")
]
_HERE = Path()


def trust(
    name: Annotated[
        str | None, typer.Argument(help="Name of a plugin, or ./file.py:Class with --kind.", show_default=False)
    ] = None,
    kind: Kind = None,
    directory: ConfigDirectory = _HERE,
    list_all: Annotated[bool, typer.Option("--list", help="List what is trusted, and what has changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let live runs use a plugin as it is now: its distribution, version and the hash of each of its files.

    They are written into trusted_plugins.json beside the configuration. Keep that file under version control.
    """
    from tradewind.errors import UserError
    from tradewind.registry import Registry
    from tradewind.registry.trust import TrustFile

    _require_directory(directory)
    if (name is None) != list_all:
        raise UserError("trust: give the name of one plugin, or --list")
    registry, trusted = Registry.load(), TrustFile.read(directory)
    if name is None:
        _list(registry, trusted, directory, as_json=as_json)
    else:
        _trust(find(registry, name, kind, directory), name, trusted, directory, as_json=as_json)


def untrust(
    name: Annotated[str, typer.Argument(help="Name of a trusted plugin.", show_default=False)],
    kind: Kind = None,
    directory: ConfigDirectory = _HERE,
    as_json: AsJson = False,
) -> None:
    """Let live runs use a plugin no longer; it need not be installed any more."""
    from tradewind.registry.trust import TrustFile, trusted_name

    _require_directory(directory)
    if kind is not None:
        require_kind(kind)
    trusted = TrustFile.read(directory)
    origins = trusted.remove(trusted_name(name), kind)
    trusted.write()
    if as_json:
        echo_json({"untrusted": name, "origins": origins})
    else:
        typer.echo(f"no longer trusted: {name} of {' and '.join(origins)}; live runs refuse it")


def _trust(plugin: RegisteredPlugin, name: str, trusted: TrustFile, directory: Path, *, as_json: bool) -> None:
    from tradewind.registry.trust import changes, code_of, trusted_name

    code = code_of(plugin, directory)
    if code is None:
        _tell_built_in(plugin, as_json=as_json)
        return
    label = f"{plugin.kind} {trusted_name(name)}"
    before = trusted.code.get(code.origin)
    changed = changes(before, code) if before else []
    trusted.add(code, label)
    trusted.write()
    others = sorted(trusted.plugins[code.origin] - {label})
    if as_json:
        origin = {"origin": code.origin, "version": code.version, "files": len(code.files)}
        echo_json({"trusted": label, **origin, "changes": changed, "others": others})
        return
    files = f"{len(code.files)} file{'' if len(code.files) == 1 else 's'}"
    typer.echo(f"trusted: {label} of {code.label} ({files}), in {trusted.path}")
    for change in changed:
        typer.echo(f"  since it was trusted before: {change}")
    if changed and others:
        typer.echo(f"  trusted anew with the same code: {', '.join(others)}")


def _tell_built_in(plugin: RegisteredPlugin, *, as_json: bool) -> None:
    if as_json:
        echo_json({"trusted": f"{plugin.kind} {plugin.name}", "origin": "tradewind", "built_in": True})
    else:
        typer.echo(f"{plugin.kind} {plugin.name} is built in: it is trusted as tradewind is, and not written down")


def _list(registry: Registry, trusted: TrustFile, directory: Path, *, as_json: bool) -> None:
    entries = []
    for origin, code in sorted(trusted.code.items()):
        for label in sorted(trusted.plugins[origin]):
            state = _state(registry, code, label, directory)
            entries.append({"plugin": label, "origin": origin, "version": code.version, "state": state})
    if as_json:
        echo_json(entries)
        return
    for entry in entries:
        typer.echo(f"{entry['plugin']} of {entry['origin']} {entry['version']}".rstrip() + f": {entry['state']}")
    if not entries:
        typer.echo(f"no plugin is trusted in {trusted.path}", err=True)


def _state(registry: Registry, before: Code, label: str, directory: Path) -> str:
    from tradewind.errors import TradewindError
    from tradewind.registry.trust import changes, code_of

    kind, _, name = label.partition(" ")
    try:
        code: Code | None = code_of(find(registry, name, kind, directory), directory)
    except TradewindError as error:
        return f"cannot be loaded: {str(error).partition(';')[0]}"
    return "; ".join(changes(before, code)) or "unchanged" if code else "built in now"


def _require_directory(directory: Path) -> None:
    from tradewind.errors import UserError

    if not directory.is_dir():
        raise UserError(f"--config-dir {directory}: no such folder; give the one that the configuration lies in")
