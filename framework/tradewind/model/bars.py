"""Aligned columnar price history, whole (`Bars`) or one timestamp at a time (`Row`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradewind.model.instrument import Instrument
    from tradewind.model.typing import FloatArray, IntArray, TimeArray

__all__ = ["PRICE_FIELDS", "Bars", "Row"]

_HASHED_ROWS = 1024
"""Rows hashed at once, so that a hash needs no copy of the history."""
PRICE_FIELDS = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """All symbols of one timestamp.

    Parameters
    ----------
    timestamp
        Bar label, ``datetime64[ns]`` in UTC.
    fields
        One array of shape (N,) a field; NaN in every field of a halted symbol.
    references
        Fields of each reference by role, each of shape (1,).
    ended
        Positions (column numbers) of the symbols whose data ended: their last bar was the one before this.
    """

    timestamp: np.datetime64
    fields: Mapping[str, FloatArray]
    references: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)
    ended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Aligned history of N instruments on T timestamps.

    Arrays are C-ordered, float64, of shape (T, N) and read-only. A missing bar is NaN in every field of its row: the
    instrument has not started, is halted (no fill, marked at its last price) or has ended.

    Parameters
    ----------
    timestamps
        Bar labels, ``datetime64[ns]`` in UTC, strictly increasing, shape (T,). A daily bar is labelled with its
        session's midnight and is known at that session's close.
    instruments
        The tradable instruments, in column order.
    fields
        ``close`` always; ``open``, ``high``, ``low``, ``volume`` and others where the feed has them.
    references
        Quoted-only series by role (``benchmark``, ``vix``), each a `Bars` of one instrument on the same timestamps.
    adjusted
        Prices are adjusted for dividends: per-share commissions, lots and ticks have no meaning.
    stamps
        What a reader of any result on these bars must know (survivorship, source, proxies).
    ends
        Bar at which the end of each symbol's data becomes known (its last bar + 1), shape (N,); T or more where it has
        not ended. None: no symbol has. The feed knows it from its whole source, so that a halt at the end of the range
        asked for is not taken for an end.
    """

    timestamps: TimeArray
    instruments: tuple[Instrument, ...]
    fields: Mapping[str, FloatArray]
    references: Mapping[str, Bars] = field(default_factory=dict)
    adjusted: bool = False
    stamps: tuple[str, ...] = ()
    ends: IntArray | None = None

    def __post_init__(self) -> None:
        shape = (len(self.timestamps), len(self.instruments))
        if "close" not in self.fields:
            raise DataError(f"bars need a 'close' field; received fields {sorted(self.fields)}")
        frozen: dict[str, FloatArray] = {}
        for name, values in self.fields.items():
            array = np.ascontiguousarray(values, dtype=np.float64)
            if array.shape != shape:
                raise DataError(f"bars field {name!r} has shape {array.shape}; expected {shape} (timestamps, symbols)")
            frozen[name] = _read_only(array)
        for role, bars in self.references.items():
            if len(bars.timestamps) != shape[0] or len(bars.instruments) != 1:
                raise DataError(
                    f"reference {role!r} has {len(bars.timestamps)} timestamps and {len(bars.instruments)} symbols; "
                    f"expected {shape[0]} timestamps, as in the bars, and 1 symbol"
                )
        object.__setattr__(self, "timestamps", _read_only(np.asarray(self.timestamps, dtype="datetime64[ns]")))
        object.__setattr__(self, "fields", MappingProxyType(frozen))
        object.__setattr__(self, "references", MappingProxyType(dict(self.references)))
        if self.ends is not None and np.shape(self.ends) != (shape[1],):
            raise DataError(f"bars ends have shape {np.shape(self.ends)}; expected ({shape[1]},), one a symbol")

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in column order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def close_only(self) -> bool:
        """Whether there is no open: decisions on the close of t fill at the close of t+1."""
        return "open" not in self.fields

    @property
    def first_bars(self) -> IntArray:
        """First bar of each symbol, shape (N,); T where it has none."""
        present = np.isfinite(self.fields["close"])
        return np.where(present.any(axis=0), present.argmax(axis=0), len(self))

    @property
    def end_bars(self) -> IntArray:
        """Bar at which the end of each symbol's data becomes known, shape (N,); T or more where it has not ended."""
        return np.full(len(self.instruments), len(self)) if self.ends is None else self.ends

    def between(self, start: int, stop: int) -> Bars:
        """Return the bars from ``start`` up to, but not including, ``stop``, references too; arrays are views."""
        rows = slice(start, stop)
        return replace(
            self,
            timestamps=self.timestamps[rows],
            fields={name: values[rows] for name, values in self.fields.items()},
            references={role: series.between(start, stop) for role, series in self.references.items()},
            ends=None if self.ends is None else np.maximum(self.ends - start, 0),
        )

    def rows(self) -> Iterator[Row]:
        """Yield the bars one timestamp at a time, as a stream would deliver them."""
        ends: dict[int, list[int]] = {}
        for column, end in enumerate(self.end_bars.tolist()):
            ends.setdefault(end, []).append(column)
        for bar, timestamp in enumerate(self.timestamps):
            yield Row(
                timestamp=timestamp,
                fields={name: values[bar] for name, values in self.fields.items()},
                references={
                    role: {name: values[bar] for name, values in bars.fields.items()}
                    for role, bars in self.references.items()
                },
                ended=tuple(ends.get(bar, ())),
            )

    def sha256(self) -> str:
        """Return a hash of timestamps, symbols and every field, references included."""
        digest = hashlib.sha256()
        digest.update(np.ascontiguousarray(self.timestamps).view(np.int64).tobytes())
        digest.update("\n".join(self.symbols).encode())
        for name in sorted(self.fields):
            digest.update(name.encode())
            for rows in range(0, len(self), _HASHED_ROWS):
                digest.update(canonical_bytes(self.fields[name][rows : rows + _HASHED_ROWS]))
        for role in sorted(self.references):
            digest.update(f"{role}:{self.references[role].sha256()}".encode())
        return digest.hexdigest()


def canonical_bytes(values: FloatArray) -> bytes:
    """Return the bytes of an array in C order with one bit pattern for NaN and one for zero."""
    canonical = values + 0.0
    canonical[np.isnan(canonical)] = np.nan
    return canonical.tobytes()


def _read_only(array: FloatArray) -> FloatArray:
    view = array.view()
    view.flags.writeable = False
    return view
