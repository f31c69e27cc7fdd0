"""`tradewind init`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["init"]


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the project.", show_default=False)],
) -> None:
    """Write a project: configurations, a strategy, .env.example, .gitignore; overwrite nothing."""
    from tradewind.errors import UserError
    from tradewind.scaffold import project_files, write_files

    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory}: is a file; give the name of a folder, new or not")
    title = os.fsencode(directory.resolve().name).decode(errors="replace")
    paths = write_files(directory, project_files(title))
    for path in paths:
        typer.echo(f"wrote {path}")
    typer.echo(f"next: cd {shlex.quote(str(directory))} && tradewind run configs/quickstart.yaml")
