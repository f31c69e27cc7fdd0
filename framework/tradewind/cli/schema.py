"""``tradewind schema``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tradewind.errors import UserError

__all__ = ["schema"]


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a configuration file, with all installed plugins and their parameters."""
    from tradewind.cli.standard_output import kept_for_json
    from tradewind.config.schema import json_schema
    from tradewind.registry import Registry

    with kept_for_json():
        text = json.dumps(json_schema(Registry.load()), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror or error}") from error
