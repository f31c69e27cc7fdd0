"""Paths that lead to the same place: two spellings of one, and one that holds another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.config.overlay import SHORTHAND
from tradewind.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["canonical", "check_axis_paths", "check_row_paths"]


def canonical(path: str) -> str:
    """Return the full spelling of a path.

    >>> canonical("strategy.params.top_n")
    'sleeves.0.strategy.params.top_n'
    """
    return f"sleeves.0.{path}" if path.partition(".")[0] in SHORTHAND else path


def check_axis_paths(paths: Iterable[str]) -> None:
    """Refuse axes of which one would undo another.

    Raises
    ------
    ConfigError
        If two paths are spellings of one, or a path replaces what an earlier one sets.
    """
    _check_spellings(paths, "--grid")
    _check_order(list(paths), "--grid")


def check_row_paths(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse points in which one value would undo another, and two spellings of one path in different points.

    Raises
    ------
    ConfigError
        As `check_axis_paths`.
    """
    heads = dict.fromkeys(tuple(row) for row in rows)
    _check_spellings(dict.fromkeys(path for head in heads for path in head), "--points")
    for head in heads:
        _check_order(head, "--points")


def _check_spellings(paths: Iterable[str], flag: str) -> None:
    spelled: dict[str, str] = {}
    for path in paths:
        first = spelled.setdefault(canonical(path), path)
        if first != path:
            raise ConfigError(
                f"{flag} {path}: given twice, first as {first}; both are {canonical(path)}. Write it in one way"
            )


def _check_order(paths: Sequence[str], flag: str) -> None:
    seen: list[tuple[str, str]] = []
    for path in paths:
        full = canonical(path)
        below = next((first for first, known in seen if known.startswith(f"{full}.")), None)
        if below is not None:
            raise ConfigError(
                f"{flag} {path}: would replace {below}, which stands before it and inside it; put {path} first"
            )
        seen.append((path, full))
