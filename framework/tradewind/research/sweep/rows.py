"""Points from a file: CSV with a header of paths, a YAML list of mappings, or JSON Lines."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from tradewind.config.yaml_source import parse_text, parse_value
from tradewind.errors import ConfigError, UserError, choices
from tradewind.research.sweep.space import POINTS_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_rows"]

_KINDS = (".csv", ".jsonl", ".yaml", ".yml")
_BYTES_LIMIT = 64 << 20


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the points of a file, path to value each; an empty cell of a CSV file leaves the path alone.

    Raises
    ------
    UserError
        If there is no such file, or its name does not say what it holds.
    ConfigError
        Naming the line that is no point.
    """
    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise UserError(f"--points {path}: unknown kind of file '{path.suffix}'; {choices(kind, _KINDS)}")
    text = _read(path)
    rows = (
        _csv_rows(text, path) if kind == ".csv" else _json_rows(text, path) if kind == ".jsonl" else _yaml(text, path)
    )
    if not rows:
        raise ConfigError(f"{path}: holds no points; write one a line")
    if len(rows) > POINTS_LIMIT:
        raise UserError(f"{path}: holds {len(rows):,} points; allowed: {POINTS_LIMIT:,}")
    return rows


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _BYTES_LIMIT:
            raise UserError(f"--points {path}: larger than {_BYTES_LIMIT >> 20} MiB")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"--points {path}: not UTF-8 text; save the file as UTF-8") from error
    except OSError as error:
        raise UserError(f"--points {path}: cannot be read: {error.strerror}") from error


def _csv_rows(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        lines = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise ConfigError(f"{path}: not valid CSV: {error}") from error
    if not lines:
        return []
    header = [name.strip() for name in lines[0]]
    for name in header:
        _check_path(name, f"{path}:1")
        if header.count(name) > 1:
            raise ConfigError(f"{path}:1: two columns are named '{name}'; remove one")
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise ConfigError(f"{path}:{number}: {len(cells)} cells; expected {len(header)}, as in the header")
        given = [(name, cell.strip()) for name, cell in zip(header, cells, strict=True) if cell.strip()]
        row = {name: parse_value(cell, f"{path}:{number}: {name}").plain() for name, cell in given}
        rows.append(_checked(row, f"{path}:{number}"))
    return rows


def _json_rows(text: str, path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_checked(json.loads(line, parse_constant=_no_number), f"{path}:{number}"))
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}:{number}: not valid JSON: {error}; write one point a line") from error
    return rows


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no value")


def _yaml(text: str, path: Path) -> list[dict[str, Any]]:
    listed = parse_text(text, str(path)).plain()
    if not isinstance(listed, list):
        raise ConfigError(f"{path}: expected a list of points, each a mapping of path to value")
    return [_checked(row, f"{path}: point {number}") for number, row in enumerate(listed, start=1)]


def _checked(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict) or not row:
        raise ConfigError(f"{where}: a point is a mapping of path to value with at least one; received {row!r:.60}")
    for name in row:
        _check_path(name, where)
    return row


def _check_path(name: str, where: str) -> None:
    if not name or not all(name.split(".")):
        raise ConfigError(f"{where}: {name!r} is no path; write one like sleeves.0.strategy.params.top_n")
