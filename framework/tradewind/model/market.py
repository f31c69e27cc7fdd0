"""What a plugin sees at bar t: everything up to t, nothing after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradewind.errors import LookAheadError, PluginError, choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from tradewind.model.instrument import Instrument
    from tradewind.model.typing import BoolArray, FloatArray, IntArray

__all__ = ["Market", "ReferenceView"]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Causal access to (T, N) arrays that may hold later rows."""

    bar: int
    """Number of this bar, from 0."""
    timestamp: np.datetime64
    """Label of this bar, UTC."""
    fields: Mapping[str, FloatArray]

    def _array(self, name: str) -> FloatArray:
        try:
            return self.fields[name]
        except KeyError:
            raise PluginError(
                f"market has no field {name!r}; {choices(name, self.fields)} "
                f"Declare it in `needs`, so that it is checked before the run."
            ) from None

    def current(self, name: str, offset: int = 0) -> FloatArray:
        """Return one row of a field, shape (N,); ``offset`` -1 is the bar before.

        Raises
        ------
        LookAheadError
            If ``offset`` is positive.
        PluginError
            If the field is absent or the bar lies before the first.
        """
        return _row(self._array(name), self.bar, offset, name)

    def window(self, name: str, bars: int) -> FloatArray:
        """Return the last ``bars`` rows of a field up to this bar, shape (bars, N), read-only, without a copy."""
        return _window(self._array(name), self.bar, bars, name)

    def history(self, name: str) -> FloatArray:
        """Return all rows of a field up to this bar, shape (bar + 1, N), read-only, without a copy."""
        return self._array(name)[: self.bar + 1]


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceView(_View):
    """A quoted-only series (benchmark, VIX) up to the current bar; arrays have one column."""

    def value(self, name: str = "close", offset: int = 0) -> float:
        """Return one value of a field; NaN where the series has no bar."""
        return float(self.current(name, offset)[0])


@dataclass(frozen=True, slots=True, eq=False)
class Market(_View):
    """The tradable universe up to the current bar, with the factors its owner declared.

    Columns are the run's instruments, in the same order in every array and on every bar.
    """

    instruments: tuple[Instrument, ...]
    marks: FloatArray
    """Last known close of each instrument, shape (N,); NaN before its first bar."""
    tradable: BoolArray
    """Instruments with a bar at this timestamp, shape (N,); False before the start, when halted, after the end."""
    own_bars: IntArray
    """Number of bars each instrument has had so far, shape (N,); halted bars do not count."""
    factors: Mapping[str, FloatArray]
    reference_fields: Mapping[str, Mapping[str, FloatArray]]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in column order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    def factor(self, name: str, offset: int = 0) -> FloatArray:
        """Return one row of a declared factor, shape (N,), or (1,) for a factor on a reference."""
        return _row(self._factor(name), self.bar, offset, name)

    def factor_window(self, name: str, bars: int) -> FloatArray:
        """Return the last ``bars`` rows of a declared factor, shape (bars, N)."""
        return _window(self._factor(name), self.bar, bars, name)

    def reference(self, role: str) -> ReferenceView:
        """Return the reference series of a role, up to this bar."""
        if role not in self.reference_fields:
            raise PluginError(
                f"market has no reference {role!r}; {choices(role, self.reference_fields)} "
                f"Add it under `data: references:`."
            )
        return ReferenceView(bar=self.bar, timestamp=self.timestamp, fields=self.reference_fields[role])

    def has_reference(self, role: str) -> bool:
        """Tell whether the run has a reference series of that role."""
        return role in self.reference_fields

    def _factor(self, name: str) -> FloatArray:
        if name not in self.factors:
            raise PluginError(f"factor {name!r} is not declared in `factors`; {choices(name, self.factors)}")
        values: FloatArray = self.factors[name]
        return values


def _row(values: FloatArray, bar: int, offset: int, name: str) -> FloatArray:
    if offset > 0:
        raise LookAheadError(
            f"{name!r} with offset {offset:+d} at bar {bar} would read the future; "
            f"offsets are 0 (this bar) or negative (earlier bars)"
        )
    if bar + offset < 0:
        raise PluginError(
            f"{name!r} with offset {offset} at bar {bar} lies before the first bar; declare `warmup` of at least "
            f"{-offset} bars"
        )
    row: FloatArray = values[bar + offset]
    return row


def _window(values: FloatArray, bar: int, bars: int, name: str) -> FloatArray:
    if bars < 1 or bars > bar + 1:
        raise PluginError(
            f"{name!r}: a window of {bars} bars was asked for at bar {bar}; there are {bar + 1}. "
            f"Declare `warmup` of at least {bars - 1} bars"
        )
    return values[bar + 1 - bars : bar + 1]
