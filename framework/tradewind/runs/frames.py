"""Prices in memory, as a notebook has them, to `Bars`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from tradewind.errors import DataError, choices
from tradewind.model import Bars, Instrument
from tradewind.runs.arguments import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model.typing import FloatArray, TimeArray

__all__ = ["Prices", "bars_from"]

Prices: TypeAlias = "Bars | pd.DataFrame | Mapping[str, pd.DataFrame]"
"""Bars, a table of closes by symbol, tables by field (``close`` among them), or a table of fields by symbol."""

FIELDS = ("open", "high", "low", "close", "volume")

_SHAPES = (
    "give a table of closes with a column a symbol, {'open': table, 'close': table} with tables of that kind, or "
    "{'AAPL': table} with columns open, high, low, close, volume"
)


def bars_from(
    prices: Prices, *, instruments: Sequence[Instrument] = (), references: Mapping[str, pd.Series] | None = None
) -> Bars:
    """Return bars of prices in memory.

    Parameters
    ----------
    prices
        ``{"open": table, "close": table ...}`` with one column a symbol, ``{"AAPL": table ...}`` with one column a
        field, a table of closes, or `Bars`, which are returned as they are. Rows are labelled with timestamps, in UTC
        where they name no zone. Missing values mean that a symbol did not trade. Names of fields may have capitals.
        Fields beyond open, high, low, close and volume are there for plugins that need them.
    instruments
        What the symbols are; default: equities in fractional quantities.
    references
        Closes of what is quoted only, by role (``benchmark``, ``vix``).

    Raises
    ------
    DataError
        If labels are no timestamps, are out of order or twice, tables do not fit together, or a field looks like
        another one misspelt.
    """
    if isinstance(prices, Bars):
        if instruments or references:
            raise DataError("prices: bars have instruments and references of their own; leave the arguments out")
        return prices
    tables = _tables(prices)
    _check_names(tables)
    symbols = _symbols(tables["close"])
    timestamps = _timestamps("close", tables["close"].index)
    fields = {name: _values(name, table, tables["close"]) for name, table in tables.items()}
    return Bars(
        timestamps=timestamps,
        instruments=_instruments(symbols, instruments),
        fields=fields,
        references=_references(references, timestamps),
    )


def _tables(prices: Any) -> dict[str, pd.DataFrame]:
    """Return one table a field."""
    if isinstance(prices, pd.DataFrame):
        lower = {str(column).lower() for column in prices.columns}
        if "close" in lower and lower & {"open", "high", "low"}:
            raise DataError(
                "prices: the columns of the table are fields of one symbol, not symbols; name it: {'AAPL': table}"
            )
        return {"close": prices}
    if not isinstance(prices, Mapping):
        advice = "series.to_frame('AAPL') makes a table" if isinstance(prices, pd.Series) else _SHAPES
        raise DataError(f"prices: received a {type(prices).__name__}; {advice}")
    if not prices:
        raise DataError("prices: there are no tables; give {'close': table} or {'AAPL': table of open ... volume}")
    for name, table in prices.items():
        if not isinstance(table, pd.DataFrame):
            raise DataError(f"prices: {name!r} is a {type(table).__name__}, not a table (pandas.DataFrame); {_SHAPES}")
    lower_names = _lower_names("the mapping", prices)
    if "close" in lower_names:
        return dict(zip(lower_names, prices.values(), strict=True))
    return _by_field(prices)


def _lower_names(what: str, names: Any) -> list[str]:
    lower = [str(name).lower() for name in names]
    for name in lower:
        if lower.count(name) > 1:
            raise DataError(f"prices: {what} has {name!r} twice; keep one")
    return lower


def _by_field(prices: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return one table a field from one a symbol, on the union of their timestamps."""
    names: dict[str, list[str]] = {}
    for symbol, table in prices.items():
        names[symbol] = _lower_names(f"the table of {symbol}", table.columns)
        if "close" not in names[symbol]:
            raise DataError(f"prices of {symbol}: no column 'close'; {choices('close', names[symbol])}")
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


def _check_names(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse what looks like a field that is not there: prices without it would be other prices, in silence."""
    missing = [field for field in FIELDS if field not in tables]
    for name in tables:
        if name in FIELDS:
            continue
        begun = [field for field in missing if name and field.startswith(name)]
        nearest = begun or difflib.get_close_matches(name, missing, n=1, cutoff=0.6)
        if nearest:
            raise DataError(
                f"prices: unknown field {name!r}. Did you mean '{nearest[0]}'? Rename it, or leave it out; a field "
                f"of your own needs a name that is less like one of {', '.join(FIELDS)}"
            )


def _symbols(closes: pd.DataFrame) -> list[str]:
    if isinstance(closes.columns, pd.MultiIndex):
        raise DataError(
            "prices: the columns of the table have several levels; give one table a field, as {'close': table['Close']}"
        )
    symbols = [str(name) for name in closes.columns]
    for symbol in symbols:
        if symbols.count(symbol) > 1:
            raise DataError(f"prices: two columns are named {symbol!r}; keep one")
    return symbols


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
        raise DataError(
            f"prices: the table {name!r} holds what is no number: {error}; leave out what is none"
        ) from error


def _timestamps(what: str, index: pd.Index) -> TimeArray:
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"prices: the rows of {what!r} are labelled with {index.dtype}; label them with timestamps, as "
            f"`table.index = pd.to_datetime(table.index)` does"
        )
    if not index.is_monotonic_increasing or not index.is_unique:
        raise DataError(f"prices: the timestamps of {what!r} are out of order or twice; sort them and keep one of each")
    return (index if index.tz is None else index.tz_convert("UTC").tz_localize(None)).to_numpy("datetime64[ns]")


def _instruments(symbols: Sequence[str], given: Any) -> tuple[Instrument, ...]:
    listed = list(given) if isinstance(given, list | tuple) else [given]
    for one in listed:
        if not isinstance(one, Instrument):
            raise DataError(
                f"instruments: received {shown(one)}; give tradewind.Instrument(symbol=...) for symbols that are not "
                f"plain equities, or leave the argument out"
            )
    known = {instrument.symbol: instrument for instrument in listed}
    for symbol in known:
        if symbol not in symbols:
            raise DataError(f"prices: instruments name {symbol!r}, which has no prices; {choices(symbol, symbols)}")
    return tuple(known.get(symbol) or Instrument(symbol=symbol, lot_size=0.0) for symbol in symbols)


def _references(references: Any, timestamps: TimeArray) -> dict[str, Bars]:
    if references is None:
        return {}
    if not isinstance(references, Mapping):
        raise DataError(f"references: received a {type(references).__name__}; give {{'benchmark': series of closes}}")
    return {role: _reference(role, series, timestamps) for role, series in references.items()}


def _reference(role: Any, series: Any, timestamps: TimeArray) -> Bars:
    if not isinstance(role, str):
        raise DataError(f"references: received the role {shown(role)}; give text, as 'benchmark'")
    if not isinstance(series, pd.Series):
        what = shown(series) if isinstance(series, str) else f"a {type(series).__name__}"
        advice = "one of its columns" if isinstance(series, pd.DataFrame) else "the closes"
        raise DataError(f"references: {role!r} is {what}; give {advice} as a pandas.Series")
    times = _timestamps(role, series.index)
    try:
        closes = series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"references: {role!r} holds what is no number: {error}") from error
    places = np.searchsorted(times, timestamps)
    found = np.zeros(len(timestamps), dtype=np.bool_)
    inside = places < len(times)
    found[inside] = times[places[inside]] == timestamps[inside]
    values = np.full(len(timestamps), np.nan)
    values[found] = closes[places[found]]
    if not found.any():
        raise DataError(f"prices: the reference {role!r} has no value at any timestamp of the prices")
    return Bars(
        timestamps=timestamps,
        instruments=(Instrument(symbol=str(series.name or role)),),
        fields={"close": values[:, np.newaxis]},
    )
