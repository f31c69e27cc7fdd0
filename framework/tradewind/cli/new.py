"""`tradewind new strategy` and `tradewind new plugin`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tradewind.errors import UserError, choices

__all__ = ["new"]

_NameGiven: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="Lower-case words with - or _ between, as acme_gap.", show_default=False)
]
_Folder: TypeAlias = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder to write into.")]

new = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Make a strategy, or a plugin to publish."
)


@new.command("strategy")
def new_strategy(name: _NameGiven, directory: _Folder = Path()) -> None:
    """Write a strategy into a file, with a configuration that runs it; overwrite nothing."""
    from tradewind.scaffold import Name, strategy_files, write_files

    checked = Name(name)
    texts = strategy_files(checked)
    source, config = texts
    _require_folder(directory)
    kept = (directory / config).exists()
    write_files(directory, {source: texts[source]} if kept else texts)
    typer.echo(f"wrote {directory / source}")
    typer.echo(
        f"kept {directory / config}, which was there; a new one would say:" if kept else f"wrote {directory / config}:"
    )
    typer.echo()
    typer.echo("\n".join(f"    {line}" for line in texts[config].splitlines()))
    typer.echo()
    typer.echo(f"next: tradewind run {shlex.quote(str(directory / config))}")


@new.command("plugin")
def new_plugin(
    name: _NameGiven,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Kind of plugin, as factor.", show_default=False)],
    directory: _Folder = Path(),
    licence: Annotated[str, typer.Option("--licence", metavar="gpl|mit", help="Licence of the distribution.")] = "gpl",
) -> None:
    """Write a distribution that pip installs, with one plugin of a kind, its tests and its papers."""
    from tradewind.cli.plugin_options import require_kind
    from tradewind.scaffold import Name, plugin_files, require_no_library, write_files

    checked = Name(name)
    require_kind(kind)
    _require_licence(licence)
    _require_free(checked.module, kind)
    require_no_library(checked)
    _require_folder(directory)
    folder = directory / name
    if folder.exists():
        raise UserError(
            f"{folder}: is there already, and nothing is overwritten; choose another name or --dir, or move it"
        )
    write_files(folder, plugin_files(checked, kind, licence))
    typer.echo(f"wrote {folder}{os.sep}: a {kind} in src/{checked.module}/{kind}.py, its tests and its papers")
    typer.echo(f"next: cd {shlex.quote(str(folder))} && pip install --editable '.[test]' && pytest")


def _require_licence(word: str) -> None:
    from tradewind.scaffold.licences import LICENCES

    if word not in LICENCES:
        raise UserError(
            f"--licence: no licence {word!r}; {choices(word, LICENCES)} Choose one, and write another into LICENSE "
            f"and pyproject.toml afterwards"
        )


def _require_folder(directory: Path) -> None:
    if not directory.is_dir():
        raise UserError(f"--dir {directory}: is no folder; make it first, or leave --dir out for the working directory")


def _require_free(name: str, kind: str) -> None:
    """Refuse a name that another distribution has given to a plugin of this kind: neither could be used."""
    from tradewind.registry import Registry

    for one in Registry.load().plugins(kind):
        if one.name == name:
            raise UserError(
                f"NAME: there is a {kind} {name!r} of {one.distribution or one.provider} installed, and two of one "
                f"name cannot be used; choose another, as 'my_{name}'"
            )
