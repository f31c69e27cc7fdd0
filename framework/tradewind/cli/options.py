"""Options that all commands on configurations share, and how they become a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.config.loader import LoadedPlan

__all__ = [
    "Config",
    "Configs",
    "End",
    "Extra",
    "Mode",
    "ModeFile",
    "Overrides",
    "Start",
    "load",
]

Config: TypeAlias = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Configuration file (YAML).", show_default=False)
]
Configs: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="CONFIG", help="Configuration files (YAML).", show_default=False)
]
Extra: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", metavar="FILE", help="File laid over CONFIG; may be repeated.", show_default=False),
]
Mode: TypeAlias = Annotated[str, typer.Option("--mode", metavar="MODE", help="backtest, paper or live.")]
ModeFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--mode-file",
        metavar="FILE",
        help="Overlay of the mode; default: modes/MODE.yaml beside CONFIG.",
        show_default=False,
    ),
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Set one value, as sizer=kelly; may be repeated.", show_default=False
    ),
]
Start: TypeAlias = Annotated[
    str | None, typer.Option("--start", metavar="DATE", help="First session, as 2020-01-31.", show_default=False)
]
End: TypeAlias = Annotated[
    str | None, typer.Option("--end", metavar="DATE", help="Last session, as 2020-12-31.", show_default=False)
]


def load(
    config: Path,
    extra: Sequence[Path] | None = None,
    mode: str = "backtest",
    mode_file: Path | None = None,
    overrides: Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> LoadedPlan:
    """Return the plan of a configuration and the shared options.

    Raises
    ------
    UserError
        If a file does not exist.
    ConfigError
        If the configuration is not valid.
    """
    from tradewind.config.loader import load_plan

    return load_plan(
        [config, *(extra or ())],
        mode=mode,
        mode_file=mode_file,
        overrides=tuple(overrides or ()),
        start=start,
        end=end,
    )
