"""The mode's row of a configuration: which feed, broker and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.config.node import Node, Origin
from tradewind.config.plan import ModeConfig, Plan, SleeveConfig
from tradewind.config.yaml_source import read_file
from tradewind.errors import ConfigError, UserError, choices

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BUILT_IN_ROWS", "mode_row"]

BUILT_IN_ROWS: dict[str, dict[str, Any]] = {
    "backtest": {},
    "paper": {"feed": {"name": "replay", "params": {"bars_per_second": 0}}},
    "live": {},
}
"""What a mode means where there is no ``modes/<mode>.yaml`` beside the configuration."""

_IDEA = {*Plan.model_fields, *SleeveConfig.model_fields, "exit", "pricer", "gates", "breakers", "cash"} - {
    "name",
    "mode",
}


def mode_row(mode: str, mode_file: Path | None, directory: Path) -> Node:
    """Return the tree of a mode's row: that of ``mode_file``, of ``modes/<mode>.yaml`` in the directory, or built in.

    Raises
    ------
    UserError
        If the mode is unknown, or ``mode_file`` does not exist.
    ConfigError
        If the overlay names anything but feed, broker and clock, or another mode.
    """
    if mode not in BUILT_IN_ROWS:
        raise UserError(f"--mode {mode}: unknown mode; {choices(mode, BUILT_IN_ROWS)}")
    flag = Origin("--mode")
    path = mode_file or directory / "modes" / f"{mode}.yaml"
    if mode_file is None and not path.exists():
        row = Node.of(BUILT_IN_ROWS[mode], Origin("default", note=f"mode {mode}"))
    else:
        row = read_file(path, least=f"`mode: {mode}`")
    assert isinstance(row.value, dict)
    _check_keys(row.value)
    named = row.value.get("mode")
    if named is not None and named.value != mode:
        raise ConfigError(
            f"{named.origin}: mode: the overlay is for mode {named.plain()!r}, and the run's is {mode!r}; "
            f"give --mode {named.plain()}, or another overlay"
        )
    return Node({"mode": Node(mode, flag, flag), **row.value}, row.origin, flag)


def _check_keys(row: dict[str, Node]) -> None:
    faults = []
    for name, node in row.items():
        if name in _IDEA:
            faults.append(
                f"{node.key}: {name}: not allowed in a mode's overlay, because a mode swaps feed, broker and clock and "
                f"nothing else; move it into the configuration"
            )
        elif name not in ModeConfig.model_fields:
            faults.append(
                f"{node.key}: {name}: unknown key in a mode's overlay; {choices(name, ModeConfig.model_fields)}"
            )
    if faults:
        raise ConfigError("\n".join(faults))
