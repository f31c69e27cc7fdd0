"""From observations to aligned bars: what every history feed does in the same way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError, choices
from tradewind.model import AssetClass, Bars, Instrument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradewind.model.typing import BoolArray, FloatArray, IntArray, TimeArray

__all__ = ["Panel", "align_reference", "between", "require_known"]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Fields of several symbols on the union of their timestamps.

    Parameters
    ----------
    timestamps
        Strictly increasing, ``datetime64[ns]`` in UTC, shape (T,).
    symbols
        Column names, N of them.
    fields
        Arrays of shape (T, N); NaN where a symbol has no bar.
    """

    timestamps: TimeArray
    symbols: tuple[str, ...]
    fields: Mapping[str, FloatArray]

    def select(self, symbols: Sequence[str]) -> Panel:
        """Return the given columns, in the given order, on the timestamps at which any of them has a value."""
        positions = [self.symbols.index(symbol) for symbol in symbols]
        if positions == list(range(len(self.symbols))):
            fields = dict(self.fields)
        else:
            fields = {name: values[:, positions] for name, values in self.fields.items()}
        return Panel(self.timestamps, tuple(symbols), fields).rows(_any_value(fields.values(), len(self.timestamps)))

    def rows(self, keep: BoolArray) -> Panel:
        """Return the timestamps where ``keep``, shape (T,), is true."""
        if keep.all():
            return self
        return Panel(self.timestamps[keep], self.symbols, {name: v[keep] for name, v in self.fields.items()})


def between(timestamps: TimeArray, start: dt.date | None, end: dt.date | None) -> BoolArray:
    """Return which labels lie on days from ``start`` to ``end``, both inclusive; None: no limit. Shape (T,)."""
    keep = np.ones(len(timestamps), dtype=np.bool_)
    if start is not None:
        keep &= timestamps >= np.datetime64(start)
    if end is not None:
        keep &= timestamps < np.datetime64(end + dt.timedelta(days=1))
    return keep


def known_ends(whole: Panel, universe: Panel) -> IntArray:
    """Return the bar of the universe at which each symbol is known to have ended, shape (N,); T where it has not.

    A symbol has ended when the whole source goes on without it; where the range asked for stops is no end.
    """
    count = len(universe.timestamps)
    ends = np.full(len(universe.symbols), count)
    for column, symbol in enumerate(universe.symbols):
        present = np.flatnonzero(np.isfinite(whole.fields["close"][:, whole.symbols.index(symbol)]))
        if len(present) and present[-1] + 1 < len(whole.timestamps):
            ends[column] = np.searchsorted(universe.timestamps, whole.timestamps[present[-1]], side="right")
    return ends


def require_known(where: str, wanted: Iterable[str], known: Sequence[str]) -> None:
    """Raise `DataError`, naming the nearest, if a wanted symbol is not known or is wanted twice."""
    names = set(known)
    seen: set[str] = set()
    for symbol in wanted:
        if symbol not in names:
            raise DataError(f"{where}: no prices for symbol {symbol!r}; {_some_choices(symbol, known)}")
        if symbol in seen:
            raise DataError(f"{where}: symbol {symbol!r} is asked for twice; list it once in data.symbols")
        seen.add(symbol)


def align_reference(symbol: str, series: Panel, timestamps: TimeArray, template: Instrument) -> tuple[Bars, list[str]]:
    """Return one series on the universe's timestamps, and a stamp for each field that had to be left out.

    Nothing is filled: a timestamp at which the reference has no bar is NaN, and its own further timestamps are dropped.
    A field other than close that is empty on some of the reference's bars is left out whole.
    """
    column = series.symbols.index(symbol)
    position = np.searchsorted(series.timestamps, timestamps)
    position = np.minimum(position, max(len(series.timestamps) - 1, 0))
    found = series.timestamps[position] == timestamps
    fields = {
        name: np.where(found, values[position, column], np.nan)[:, np.newaxis] for name, values in series.fields.items()
    }
    present = np.isfinite(fields["close"])
    stamps: list[str] = []
    for name in [name for name in fields if name != "close"]:
        empty = int(np.count_nonzero(present & np.isnan(fields[name])))
        if empty:
            del fields[name]
            if empty < np.count_nonzero(present):
                stamps.append(f"reference {symbol}: field '{name}' left out, empty on {empty} of its bars")
    instrument = replace(template, symbol=symbol, asset_class=AssetClass.INDEX)
    return Bars(timestamps=timestamps, instruments=(instrument,), fields=fields), stamps


def _any_value(arrays: Iterable[FloatArray], count: int) -> BoolArray:
    keep = np.zeros(count, dtype=np.bool_)
    for values in arrays:
        keep |= ~np.isnan(values).all(axis=1)
        if keep.all():
            break
    return keep


def _some_choices(symbol: str, known: Sequence[str], limit: int = 30) -> str:
    """Return the choices, shortened where there are hundreds."""
    if len(known) <= limit:
        return choices(symbol, known)
    nearest = choices(symbol, known).rsplit(" Did you mean", maxsplit=1)
    hint = f" Did you mean{nearest[1]}" if len(nearest) > 1 else ""
    return f"{len(known)} symbols are known, {min(known)} to {max(known)}.{hint}"
