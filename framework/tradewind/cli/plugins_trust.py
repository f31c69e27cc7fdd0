"""`tradewind plugins trust` and `untrust`: the plugins that live runs may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from tradewind.cli.plugin_options import AsJson, Kind, echo_json, find, require_kind
from tradewind.cli.standard_output import kept_for_json

if TYPE_CHECKING:
    from tradewind.registry import RegisteredPlugin, Registry
    from tradewind.registry.trust import Code, TrustFile

__all__ = ["trust", "untrust"]

ConfigDirectory: TypeAlias = Annotated[
    Path, typer.Option("--config-dir", metavar="DIR", help="Directory of the configuration.")
]
_HERE = Path()


def trust(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Plugins, or ./file.py:Class with --kind.", show_default=False),
    ] = None,
    kind: Kind = None,
    directory: ConfigDirectory = _HERE,
    list_all: Annotated[bool, typer.Option("--list", help="List what is trusted, and what has changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let live runs use plugins as they are now: distribution, version and the hash of each of its files.

    They are written into trusted_plugins.json beside the configuration. Keep that file under version control.
    """
    from tradewind.errors import UserError
    from tradewind.registry import Registry
    from tradewind.registry.safe_mode import BUILT_IN
    from tradewind.registry.trust import TrustFile

    _require_directory(directory)
    if bool(names) == list_all:
        raise UserError(
            f"trust: received {' '.join(names or ['no name'])}{' and --list' * list_all}; give names or --list"
        )
    trusted = TrustFile.read(directory)
    if list_all:
        _list(trusted, directory, as_json=as_json)
        return
    with kept_for_json(as_json):
        registry = Registry.load()
        found = [(find(registry, name, kind, directory), name) for name in names or ()]
        told = [_trust(plugin, name, trusted, directory) for plugin, name in found]
    if any(one["origin"] != BUILT_IN for one in told):
        trusted.write()
    if as_json:
        echo_json(told)
    else:
        _tell(told, trusted)


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


def _trust(plugin: RegisteredPlugin, name: str, trusted: TrustFile, directory: Path) -> dict[str, Any]:
    """Add a plugin to what is trusted, and return what to tell of it."""
    from tradewind.registry.safe_mode import BUILT_IN
    from tradewind.registry.trust import changes, code_of, trusted_name

    code, label = code_of(plugin, directory), f"{plugin.kind} {trusted_name(name)}"
    if code is None:
        return {"plugin": label, "origin": BUILT_IN, "version": plugin.version, "files": 0, "changes": [], "others": []}
    before = trusted.code.get(code.origin)
    trusted.add(code, label)
    return {
        "plugin": label,
        "origin": code.origin,
        "version": code.version,
        "files": len(code.files),
        "changes": changes(before, code) if before else [],
        "others": sorted(trusted.plugins[code.origin] - {label}),
    }


def _tell(told: list[dict[str, Any]], trusted: TrustFile) -> None:
    from tradewind.registry.safe_mode import BUILT_IN

    for one in told:
        if one["origin"] == BUILT_IN:
            typer.echo(f"{one['plugin']} is built in: it is trusted as tradewind is, and not written down")
            continue
        files = f"{one['files']} file{'' if one['files'] == 1 else 's'}"
        whose = f"{one['origin']} {one['version']}".rstrip()
        typer.echo(f"trusted: {one['plugin']} of {whose} ({files}), in {trusted.path}")
        for change in one["changes"]:
            typer.echo(f"  since it was trusted before: {change}")
        if one["changes"] and one["others"]:
            typer.echo(f"  trusted anew with the same code: {', '.join(one['others'])}")


def _list(trusted: TrustFile, directory: Path, *, as_json: bool) -> None:
    from tradewind.registry import Registry

    entries = []
    with kept_for_json(as_json):
        registry = Registry.load()
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
