"""Which column of a file is what, and the observations read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from tradewind.errors import DataError, choices
from tradewind_plugins.feeds.times import bar_labels

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tradewind.model.typing import FloatArray, TimeArray

__all__ = ["NUMBERS", "Columns", "FileFormat", "Layout", "Observations", "find_columns", "observations"]

Layout: TypeAlias = Literal["auto", "long", "wide"]

NUMBERS = ("open", "high", "low", "close", "volume", "adj_close")
LONG_ONLY = {"symbol", "open", "high", "low", "volume", "adj_close"}
DATE_NAMES = ("date", "datetime", "timestamp", "time", "ts", "index", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How files are to be read; see `tradewind_plugins.feeds.Files`."""

    layout: Layout = "auto"
    columns: Mapping[str, str]
    close_column: Literal["close", "adj_close"] = "close"
    date_format: str = "ISO8601"
    delimiter: str = ","
    timezone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one file that are read.

    Parameters
    ----------
    date
        Name of the date column.
    symbol
        Name of the symbol column; None: the file's name is the symbol, or the layout is wide.
    numbers
        Field to column name in the long layout, symbol to column name in the wide one.
    wide
        Whether there is one column a symbol.
    """

    date: str
    symbol: str | None
    numbers: Mapping[str, str]
    wide: bool

    @property
    def wanted(self) -> list[str]:
        """All names, the date first."""
        return [self.date, *([self.symbol] if self.symbol is not None else []), *self.numbers.values()]


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """One row an observation: K labels, symbols and values, each of shape (K,); NaN where a cell is empty."""

    labels: TimeArray
    symbols: np.ndarray[tuple[int], np.dtype[np.object_]]
    fields: Mapping[str, FloatArray]
    where: Callable[[int], str]


def find_columns(names: Sequence[str], options: FileFormat, where: str) -> Columns:
    """Find date, symbol and number columns by the names the user mapped, else by the usual names in any case.

    Raises
    ------
    DataError
        If a name occurs twice, or a column that is needed or mapped is missing; the nearest is named.
    """
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{where}: column {name!r} occurs {names.count(name)} times; give each column its own name")
    found = _by_role(names, options.columns, where)
    wide = options.layout == "wide" or (
        options.layout == "auto" and not LONG_ONLY & found.keys() and not ("date" in found and "close" in found)
    )
    date = found.get("date")
    if date is None and wide and names and _normal(names[0]) in DATE_NAMES:
        date = names[0]
    if date is None:
        raise DataError(f"{where}: no 'date' column; {_remedy('date', names)}")
    if wide:
        symbols = {name: name for name in names if name != date}
        if not symbols:
            raise DataError(f"{where}: only a date column; expected one column a symbol, or date, symbol and close")
        return Columns(date, None, symbols, wide=True)
    if options.close_column not in found:
        raise DataError(f"{where}: no '{options.close_column}' column; {_remedy(options.close_column, names)}")
    return Columns(date, found.get("symbol"), {f: found[f] for f in NUMBERS if f in found}, wide=False)


def observations(
    frame: pd.DataFrame, columns: Columns, stem: str, options: FileFormat, where: Callable[[int], str]
) -> Observations:
    """Turn a file's cells into observations; in the wide layout an empty cell is none."""
    labels = bar_labels(frame[columns.date], date_format=options.date_format, timezone=options.timezone, where=where)
    if not columns.wide:
        symbols = _symbols(frame, columns, stem, where)
        numbers = {field: frame[name].to_numpy(dtype=np.float64) for field, name in columns.numbers.items()}
        return Observations(labels, symbols, numbers, where)
    values = frame[list(columns.numbers.values())].to_numpy(dtype=np.float64)
    # Column by column, so that each symbol's rows keep the order of the file.
    column, row = np.nonzero(~np.isnan(values.T))
    names = np.array(list(columns.numbers), dtype=object)
    return Observations(labels[row], names[column], {"close": values[row, column]}, lambda k: where(int(row[k])))


def _by_role(names: Sequence[str], mapped: Mapping[str, str], where: str) -> dict[str, str]:
    """Return role to column name; a role the user mapped is found by that name and no other."""
    found: dict[str, str] = {}
    for name in names:
        role = _normal(name)
        if role in ("date", "symbol", *NUMBERS) and role not in mapped and name not in mapped.values():
            found.setdefault(role, name)
    for role, name in mapped.items():
        if name not in names:
            raise DataError(
                f"{where}: no column {name!r}, to which feed.params.columns.{role} points; {choices(name, names)}"
            )
        found[role] = name
    return found


def _symbols(
    frame: pd.DataFrame, columns: Columns, stem: str, where: Callable[[int], str]
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    if columns.symbol is None:
        return np.full(len(frame), stem, dtype=object)
    values = frame[columns.symbol]
    empty = (values.isna() | (values.astype(str).str.strip() == "")).to_numpy(dtype=np.bool_)
    if empty.any():
        raise DataError(f"{where(int(np.argmax(empty)))}: column 'symbol' is empty; write the symbol or drop the line")
    return values.astype(str).str.strip().to_numpy(dtype=object)


def _remedy(role: str, names: Sequence[str]) -> str:
    return f"{choices(role, names)} Map it with feed.params.columns: {{{role}: <name in the file>}}."


def _normal(name: str) -> str:
    return name.strip().lower().replace(" ", "_")
