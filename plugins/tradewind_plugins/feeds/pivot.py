"""From observations, one row each, to a panel; refuses what is out of order or occurs twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError
from tradewind_plugins.feeds.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model.typing import FloatArray, IntArray
    from tradewind_plugins.feeds.layout import Observations

__all__ = ["pivot"]


def pivot(parts: Sequence[Observations]) -> Panel:
    """Put the observations of all files on the union of their timestamps, symbols in alphabetical order.

    Raises
    ------
    DataError
        If one symbol's observations in one file are not in the order of time, or two have the same timestamp, in one
        file or in two. Nothing is sorted or dropped silently: it may be a wrong symbol or a wrong date.
    """
    if not parts:
        return Panel(np.empty(0, dtype="datetime64[ns]"), (), {"close": np.empty((0, 0))})
    codes: dict[str, int] = {name: n for n, name in enumerate(sorted({s for p in parts for s in set(p.symbols)}))}
    columns = [np.fromiter((codes[symbol] for symbol in part.symbols), np.int64, len(part.symbols)) for part in parts]
    for part, column in zip(parts, columns, strict=True):
        _require_order(part, column)
    timestamps, row = np.unique(np.concatenate([part.labels for part in parts]), return_inverse=True)
    column = np.concatenate(columns)
    _require_unique(parts, row, column, len(codes))
    shape = (len(timestamps), len(codes))
    names = list(dict.fromkeys(name for part in parts for name in part.fields))
    return Panel(timestamps, tuple(codes), {name: _field(name, parts, row, column, shape) for name in names})


def _field(
    name: str, parts: Sequence[Observations], row: IntArray, column: IntArray, shape: tuple[int, int]
) -> FloatArray:
    array = np.full(shape, np.nan)
    array[row, column] = np.concatenate([part.fields.get(name, np.full(len(part.labels), np.nan)) for part in parts])
    return array


def _require_order(part: Observations, column: IntArray) -> None:
    order = np.argsort(column, kind="stable")
    same = column[order][1:] == column[order][:-1]
    back = same & (part.labels[order][1:] < part.labels[order][:-1])
    if back.any():
        first = int(np.argmax(back))
        before, after = int(order[first]), int(order[first + 1])
        raise DataError(
            f"{part.where(after)}: symbol {part.symbols[after]!r}: {_shown(part.labels[after])} comes after "
            f"{_shown(part.labels[before])} ({part.where(before).rpartition(': ')[2]}); sort the file by date"
        )


def _require_unique(parts: Sequence[Observations], row: IntArray, column: IntArray, count: int) -> None:
    key = row * count + column
    order = np.argsort(key, kind="stable")
    twice = key[order][1:] == key[order][:-1]
    if twice.any():
        first = int(np.argmax(twice))
        (part, at), (other, earlier) = _locate(parts, int(order[first + 1])), _locate(parts, int(order[first]))
        raise DataError(
            f"{part.where(at)}: symbol {part.symbols[at]!r}: {_shown(part.labels[at])} is there already, in "
            f"{other.where(earlier).removeprefix('feed files: ')}; keep one of them "
            f"({int(np.count_nonzero(twice))} such pairs)"
        )


def _locate(parts: Sequence[Observations], position: int) -> tuple[Observations, int]:
    for part in parts:
        if position < len(part.labels):
            return part, position
        position -= len(part.labels)
    raise IndexError(position)


def _shown(label: np.datetime64) -> str:
    text = str(label)[:16]
    return text.removesuffix("T00:00")
