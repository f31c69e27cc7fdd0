"""What Python callers hand over, checked before it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tradewind.errors import UserError

__all__ = ["as_overrides", "as_paths", "shown"]

_SHOWN_CHARACTERS = 60


def shown(value: object) -> str:
    """Return a received value with its type, cut short, on one line.

    >>> shown(3), shown(None)
    ('3 (int)', 'None')
    """
    if value is None or isinstance(value, type):
        return repr(value)
    text = " ".join(repr(value).split())
    short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return f"{short} ({type(value).__name__})"


def as_paths(config: Any) -> list[Path]:
    """Return the configuration files of a path, or of several.

    Raises
    ------
    UserError
        If it is neither.
    """
    if isinstance(config, str | Path):
        return [Path(config)]
    if isinstance(config, Mapping):
        raise UserError(
            "config: received a mapping; give the path of a YAML file. `tradewind.backtest` takes a mapping and prices"
        )
    if not isinstance(config, list | tuple) or not all(isinstance(path, str | Path) for path in config):
        raise UserError(f"config: received {shown(config)}; give the path of a YAML file, or a list of paths")
    return [Path(path) for path in config]


def as_overrides(overrides: Any) -> tuple[str, ...]:
    """Return ``path=value`` texts.

    Raises
    ------
    UserError
        If it is one text instead of a list, or holds what is no text.
    """
    if isinstance(overrides, str):
        raise UserError(f"overrides: received the text {overrides!r}; give a list of texts, as [{overrides!r}]")
    if isinstance(overrides, Mapping) or not isinstance(overrides, Iterable):
        raise UserError(f"overrides: received {shown(overrides)}; give a list of texts, as ['account.cash=5000']")
    texts = tuple(overrides)
    for text in texts:
        if not isinstance(text, str):
            raise UserError(f"overrides: received {shown(text)}; give texts, as 'account.cash=5000'")
    return texts
