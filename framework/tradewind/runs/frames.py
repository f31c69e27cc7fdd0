"""Prices in memory, as a notebook has them, to `Bars`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from tradewind.errors import DataError, choices
from tradewind.model import Bars, Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model.typing import FloatArray, TimeArray

__all__ = ["Prices", "bars_from"]

Prices: TypeAlias = "Bars | pd.DataFrame | Mapping[str, pd.DataFrame]"
"""Bars, a table of closes by symbol, tables by field (``close`` among them), or a table of fields by symbol."""

FIELDS = ("open", "high", "low", "close", "volume")


def bars_from(
    prices: Prices, *, instruments: Sequence[Instrument] = (), references: Mapping[str, pd.Series] | None = None
) -> Bars:
    """Return bars of prices in memory.

    Parameters
    ----------
    prices
        ``{"open": table, "close": table ...}`` with one column a symbol, ``{"AAPL": table ...}`` with one column a
        field, a table of closes, or `Bars`, which are returned as they are. Rows are labelled with timestamps, in UTC
        where they name no zone. Missing values mean that a symbol did not trade.
    instruments
        What the symbols are; default: equities in fractional quantities.
    references
        Closes of what is quoted only, by role (``benchmark``, ``vix``).

    Raises
    ------
    DataError
        If labels are no timestamps, are out of order or twice, or tables do not fit together.
    """
    if isinstance(prices, Bars):
        return prices
    if isinstance(prices, pd.DataFrame):
        tables: dict[str, pd.DataFrame] = {"close": prices}
    elif not prices:
        raise DataError("prices: there are no tables; give {'close': table} or {'AAPL': table of open ... volume}")
    elif "close" in prices:
        tables = dict(prices)
    else:
        tables = _by_field(prices)
    symbols = [str(name) for name in tables["close"].columns]
    timestamps = _timestamps("close", tables["close"].index)
    fields = {name: _values(name, table, tables["close"]) for name, table in tables.items()}
    return Bars(
        timestamps=timestamps,
        instruments=_instruments(symbols, instruments),
        fields=fields,
        references={role: _reference(role, series, timestamps) for role, series in (references or {}).items()},
    )


def _by_field(prices: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return one table a field from one a symbol, on the union of their timestamps."""
    names: dict[str, list[str]] = {}
    for symbol, table in prices.items():
        lower = [str(column).lower() for column in table.columns]
        if "close" not in lower:
            raise DataError(f"prices of {symbol}: no column 'close'; {choices('close', lower)}")
        names[symbol] = [column for column in lower if column in FIELDS]
    first = next(iter(prices))
    for symbol, known in names.items():
        if sorted(known) != sorted(names[first]):
            raise DataError(
                f"prices of {symbol}: has {', '.join(sorted(known))}, and {first} has "
                f"{', '.join(sorted(names[first]))}; give every symbol the same fields"
            )
    lowered = {
        symbol: table.rename(columns=lambda name: str(name).lower()).set_axis(
            pd.DatetimeIndex(_timestamps(symbol, table.index))
        )
        for symbol, table in prices.items()
    }
    return {
        field: pd.DataFrame({symbol: table[field] for symbol, table in lowered.items()}).sort_index()
        for field in names[first]
    }


def _values(name: str, table: pd.DataFrame, closes: pd.DataFrame) -> FloatArray:
    if table.shape != closes.shape or not (table.index is closes.index or table.index.equals(closes.index)):
        raise DataError(
            f"prices: the table {name!r} has {table.shape[0]} rows and {table.shape[1]} columns; it must have the rows "
            f"and columns of 'close', which has {closes.shape[0]} and {closes.shape[1]}"
        )
    if not table.columns.equals(closes.columns):
        raise DataError(f"prices: the columns of the table {name!r} are not those of 'close'; give both the same order")
    if all(kind == np.float64 for kind in table.dtypes):
        values = table.to_numpy()
        # `Bars` copies what is not in C order; the rest would change with the caller's table.
        return values.copy() if values.flags.c_contiguous else values
    try:
        return table.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"prices: the table {name!r} holds what is no number: {error}") from error


def _timestamps(what: str, index: pd.Index) -> TimeArray:
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"prices: the rows of {what!r} are labelled with {index.dtype}; label them with timestamps, as "
            f"`table.index = pd.to_datetime(table.index)` does"
        )
    if not index.is_monotonic_increasing or not index.is_unique:
        raise DataError(f"prices: the timestamps of {what!r} are out of order or twice; sort them and keep one of each")
    return (index if index.tz is None else index.tz_convert("UTC").tz_localize(None)).to_numpy("datetime64[ns]")


def _instruments(symbols: Sequence[str], given: Sequence[Instrument]) -> tuple[Instrument, ...]:
    known = {instrument.symbol: instrument for instrument in given}
    for symbol in known:
        if symbol not in symbols:
            raise DataError(f"prices: instruments name {symbol!r}, which has no prices; {choices(symbol, symbols)}")
    return tuple(known.get(symbol) or Instrument(symbol=symbol, lot_size=0.0) for symbol in symbols)


def _reference(role: str, series: pd.Series, timestamps: TimeArray) -> Bars:
    times = _timestamps(role, series.index)
    places = np.searchsorted(times, timestamps)
    found = np.zeros(len(timestamps), dtype=np.bool_)
    inside = places < len(times)
    found[inside] = times[places[inside]] == timestamps[inside]
    values = np.full(len(timestamps), np.nan)
    values[found] = series.to_numpy(dtype=np.float64)[places[found]]
    if not found.any():
        raise DataError(f"prices: the reference {role!r} has no value at any timestamp of the prices")
    return Bars(
        timestamps=timestamps,
        instruments=(Instrument(symbol=str(series.name or role)),),
        fields={"close": values[:, np.newaxis]},
    )
