"""A configuration given as a mapping: plain values, and classes where a file would name them."""

from __future__ import annotations

import datetime as dt
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tradewind.engine.backtrader_class import is_backtrader_strategy
from tradewind.errors import UserError
from tradewind.runs.arguments import shown

__all__ = ["plain_config"]

_HOLDER = "tradewind_given"
"""Module that holds classes which no module has by their name: those made in a function, or in an earlier cell."""

_REFERENCES = ("python", "backtrader")


def plain_config(config: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the mapping as a file could say it.

    A class becomes a reference to it: ``{"strategy": Mine}`` is ``{"strategy": {"python": "module:Mine"}}``, and
    ``{"backtrader": ...}`` where it is a `bt.Strategy`.

    Raises
    ------
    UserError
        Naming the place of what no file could say.
    """
    return _mapping(config, "")


def _mapping(given: Mapping[Any, Any], where: str) -> dict[str, Any]:
    plain = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise UserError(f"config: {_place(where)}a key must be text; received {shown(name)}")
        if name in _REFERENCES and isinstance(value, type):
            plain[name] = _reference(value)
        else:
            plain[name] = _plain(value, f"{where}.{name}" if where else name)
    return plain


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dt.datetime | dt.date | Path):
        return str(value)
    if isinstance(value, Mapping):
        return _mapping(value, where)
    if isinstance(value, list | tuple):
        return [_plain(one, f"{where}.{number}") for number, one in enumerate(value)]
    if isinstance(value, type):
        return {"backtrader" if is_backtrader_strategy(value) else "python": _reference(value)}
    kind = type(value)
    advice = "" if kind.__module__ == "builtins" else f"; of {kind.__name__} give the class itself, not an object of it"
    raise UserError(
        f"config: {_place(where)}holds what YAML has no word for: {shown(value)}; give text, numbers, lists and "
        f"mappings{advice}"
    )


def _place(where: str) -> str:
    return f"{where}: " if where else ""


def _reference(given: type) -> str:
    """Return ``module:Class``, by which the class is found again."""
    name = given.__name__
    if vars(sys.modules.get(given.__module__, given)).get(name) is given:
        return f"{given.__module__}:{name}"
    held = vars(sys.modules.setdefault(_HOLDER, ModuleType(_HOLDER, "Classes given to `tradewind.backtest`.")))
    names = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
    free = next(one for one in names if held.setdefault(one, given) is given)
    return f"{_HOLDER}:{free}"
