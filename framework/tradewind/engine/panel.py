"""The panel: bars, marks and factors, whole (`HistoryPanel`) or growing row by row (`StreamPanel`)."""

from __future__ import annotations

import bisect
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tradewind.contracts import Factor, FactorStep, OnReference
from tradewind.engine.blame import blamed
from tradewind.errors import DataError, PluginError
from tradewind.model import Bars, Market, Row
from tradewind.model.bars import PRICE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradewind.model import Instrument
    from tradewind.model.typing import BoolArray, FloatArray, IntArray, TimeArray

__all__ = ["FactorCache", "Factors", "HistoryPanel", "Panel", "StreamPanel"]

Factors = dict[str, dict[str, Factor | OnReference]]
"""Owner (``regime``, a sleeve, a sizer of it ...) to factors by name."""

FactorCache = dict["tuple[str, object]", "FloatArray"]
"""Role (empty: the universe) and factor to its values over one history."""


class Panel(Protocol):
    """What the engine needs of either kind; ``bar`` is the current bar, -1 before the first."""

    bar: int
    instruments: tuple[Instrument, ...]
    fields: Mapping[str, FloatArray]
    timestamps: TimeArray
    reference_fields: Mapping[str, Mapping[str, FloatArray]]
    reference_symbols: Mapping[str, str]

    def advance(self) -> bool:
        """Go to the next bar; False at the end of the data."""
        ...

    def market(self, owner: str, bar: int | None = None) -> Market:
        """Return what a plugin sees at the current bar, or at another one, with its own factors."""
        ...

    def marks(self) -> FloatArray:
        """Return the last known close of each instrument, shape (N,)."""
        ...

    def marks_between(self, start: int, stop: int) -> FloatArray:
        """Return the last known closes at some bars, shape (stop - start, N)."""
        ...

    def day(self) -> int:
        """Return the day of the current bar since 1970-01-01."""
        ...

    def ended(self) -> tuple[int, ...]:
        """Return the columns whose data are known to have ended since the bar before."""
        ...

    def ages(self, columns: IntArray) -> IntArray:
        """Return the bars since the last price of some columns, 0 for one of the current bar."""
        ...

    def fresh(self, start: int, stop: int) -> FloatArray:
        """Return at some bars the part with a price of the instruments that have had one and have not ended."""
        ...

    def reference_closes(self, role: str, start: int, stop: int) -> FloatArray:
        """Return the last known closes of a reference at some bars, shape (stop - start,)."""
        ...


class _Base:
    instruments: tuple[Instrument, ...]
    timestamps: TimeArray
    fields: Mapping[str, FloatArray]
    reference_fields: Mapping[str, Mapping[str, FloatArray]]
    reference_symbols: Mapping[str, str]
    bar: int
    _marks: FloatArray
    _present: BoolArray
    _own_bars: IntArray
    _factors: Mapping[str, Mapping[str, FloatArray]]

    def market(self, owner: str, bar: int | None = None) -> Market:
        if bar is None:
            bar = self.bar
        return Market(
            bar=bar,
            timestamp=self.timestamps[bar],
            fields=self.fields,
            instruments=self.instruments,
            marks=self._marks[bar],
            tradable=self._present[bar],
            own_bars=self._own_bars[bar],
            factors=self._factors[owner],
            reference_fields=self.reference_fields,
        )

    def marks(self) -> FloatArray:
        return self._marks[self.bar]

    def marks_between(self, start: int, stop: int) -> FloatArray:
        return self._marks[start:stop]

    def ages(self, columns: IntArray) -> IntArray:
        ages = np.zeros(len(columns), dtype=np.int64)
        for place in np.flatnonzero(~self._present[self.bar, columns]).tolist():
            seen = np.flatnonzero(self._present[: self.bar, columns[place]])
            ages[place] = self.bar - int(seen[-1]) if len(seen) else self.bar + 1
        return ages

    def day(self) -> int:
        return int(self.timestamps[self.bar].astype("datetime64[D]").astype(np.int64))


class HistoryPanel(_Base):
    """All bars at once; every factor is computed for the whole panel in one pass.

    Parameters
    ----------
    bars
        The history.
    factors
        What each owner declared.
    cache
        Factors computed before over the same bars, by the bars' role and the factor; new ones are put in. It serves
        runs that share a history.
    """

    def __init__(self, bars: Bars, factors: Factors, cache: FactorCache | None = None) -> None:
        self.bar = -1
        self.instruments = bars.instruments
        self.timestamps = bars.timestamps
        self.fields = bars.fields
        self.reference_fields = {role: series.fields for role, series in bars.references.items()}
        self.reference_symbols = {series.symbols[0]: role for role, series in bars.references.items()}
        self.days: IntArray = bars.timestamps.astype("datetime64[D]").astype(np.int64)
        """Day of each bar since 1970-01-01, shape (T,)."""
        self._mark_closes(bars.fields["close"])
        self._factors = {
            owner: _compute(owner, named, bars, {} if cache is None else cache) for owner, named in factors.items()
        }
        self._ends: dict[int, list[int]] = {}
        for column, bar in enumerate(bars.end_bars.tolist()):
            self._ends.setdefault(bar, []).append(column)
        self._end_bars = sorted(self._ends)
        self._end_of_column = bars.end_bars
        self._fresh: FloatArray | None = None
        self._reference_marks: dict[str, FloatArray] = {}

    def __len__(self) -> int:
        return len(self.timestamps)

    def advance(self) -> bool:
        """Go to the next bar; False at the end of the data."""
        if self.bar + 1 >= len(self.timestamps):
            return False
        self.bar += 1
        return True

    def ended(self) -> tuple[int, ...]:
        """Return the columns whose data ended with the bar before."""
        return tuple(self._ends.get(self.bar, ()))

    def day(self) -> int:
        """Return the day of the current bar since 1970-01-01."""
        return int(self.days[self.bar])

    def next_end(self) -> int:
        """Return the first bar after this one at which the end of some data becomes known, or the number of bars."""
        place = bisect.bisect_right(self._end_bars, self.bar)
        return min(self._end_bars[place], len(self)) if place < len(self._end_bars) else len(self)

    def fresh(self, start: int, stop: int) -> FloatArray:
        """Return at some bars the part of the living instruments that has a price."""
        if self._fresh is None:
            started = np.isfinite(self._marks).sum(axis=1)
            gone = np.searchsorted(np.sort(self._end_of_column), np.arange(len(self)), side="right")
            alive = np.maximum(started - gone, 0)
            present = self._present.sum(axis=1)
            self._fresh = np.where(alive > 0, np.minimum(present / np.maximum(alive, 1), 1.0), 1.0)
        return self._fresh[start:stop]

    def reference_closes(self, role: str, start: int, stop: int) -> FloatArray:
        """Return the last known closes of a reference at some bars."""
        if role not in self._reference_marks:
            closes = self.reference_fields[role]["close"]
            self._reference_marks[role] = _filled(closes, np.isfinite(closes))[:, 0]
        return self._reference_marks[role][start:stop]

    def factors_of(self, owner: str) -> Mapping[str, FloatArray]:
        """Return an owner's factors by name, shape (T, N) each."""
        return self._factors[owner]

    def _mark_closes(self, close: FloatArray) -> None:
        present = np.isfinite(close)
        if present.all():
            # A panel without gaps needs no copies: its closes are its marks.
            count = np.arange(1, len(close) + 1)[:, np.newaxis]
            self._own_bars = np.broadcast_to(count, close.shape)
            self._present, self._marks = np.broadcast_to(np.True_, close.shape), close
        else:
            self._own_bars = _frozen(np.cumsum(present, axis=0))
            self._present, self._marks = _frozen(present), _frozen(_filled(close, present))


class StreamPanel(_Base):
    """Bars that arrive one row at a time; every factor takes one step a bar.

    Parameters
    ----------
    template
        `Bars` without timestamps: instruments, fields and references to come.
    rows
        The stream.
    """

    def __init__(self, template: Bars, rows: Iterator[Row], factors: Factors, capacity: int = 1024) -> None:
        self.bar = -1
        self.instruments = template.instruments
        self._rows = rows
        self.reference_symbols = {series.symbols[0]: role for role, series in template.references.items()}
        self._ended: tuple[int, ...] = ()
        self._gone = 0
        self._reference_marks: dict[str, float] = {}
        columns = len(template.instruments)
        self._steps: dict[str, dict[str, tuple[str, FactorStep]]] = {
            owner: {
                name: (factor.role, factor.factor.start(1))
                if isinstance(factor, OnReference)
                else ("", factor.start(columns))
                for name, factor in named.items()
                if not isinstance(factor, OnReference) or factor.role in template.references
            }
            for owner, named in factors.items()
        }
        self._times = np.full(capacity, np.datetime64("NaT"), dtype="datetime64[ns]")
        self._store: dict[str, FloatArray] = {
            f"field:{name}": np.full((capacity, columns), np.nan) for name in template.fields
        }
        for role, series in template.references.items():
            for name in series.fields:
                self._store[f"reference:{role}:{name}"] = np.full((capacity, 1), np.nan)
        for owner, steps in self._steps.items():
            for name, (role, _) in steps.items():
                self._store[f"factor:{owner}:{name}"] = np.full((capacity, 1 if role else columns), np.nan)
        self._store["marks"] = np.full((capacity, columns), np.nan)
        self._counts = np.zeros((capacity, columns), dtype=np.int64)
        self._seen = np.zeros((capacity, columns), dtype=np.bool_)
        self._references = {role: tuple(series.fields) for role, series in template.references.items()}
        self._publish()

    def advance(self) -> bool:
        """Wait for the next row and take it in; False when the stream has ended."""
        row = next(self._rows, None)
        if row is None:
            return False
        bar = self.bar + 1
        if bar == len(self._times):
            self._grow()
        self._take(bar, row)
        self.bar = bar
        self._ended = row.ended
        self._gone += len(row.ended)
        for role, fields in row.references.items():
            if np.isfinite(fields["close"][0]):
                self._reference_marks[role] = float(fields["close"][0])
        return True

    def ended(self) -> tuple[int, ...]:
        """Return the columns that the stream reported as ended with this row."""
        return self._ended

    def fresh(self, start: int, stop: int) -> FloatArray:
        """Return at the current bar the part of the living instruments that has a price."""
        assert (start, stop) == (self.bar, self.bar + 1)
        alive = int(np.isfinite(self._marks[self.bar]).sum()) - self._gone
        present = int(self._present[self.bar].sum())
        return np.array([min(present / alive, 1.0) if alive > 0 else 1.0])

    def reference_closes(self, role: str, start: int, stop: int) -> FloatArray:
        """Return the last known close of a reference at the current bar."""
        assert (start, stop) == (self.bar, self.bar + 1)
        return np.array([self._reference_marks.get(role, np.nan)])

    def _take(self, bar: int, row: Row) -> None:
        store = self._store
        self._check(bar, row)
        self._times[bar] = row.timestamp
        for name, values in row.fields.items():
            store[f"field:{name}"][bar] = values
        for role, fields in row.references.items():
            for name, values in fields.items():
                store[f"reference:{role}:{name}"][bar] = values
        close = row.fields["close"]
        present = np.isfinite(close)
        before = max(bar - 1, 0)
        self._seen[bar] = present
        self._counts[bar] = present if bar == 0 else self._counts[before] + present
        store["marks"][bar] = np.where(present, close, store["marks"][before])
        for owner, steps in self._steps.items():
            for name, (role, step) in steps.items():
                store[f"factor:{owner}:{name}"][bar] = step.step(row.references[role] if role else row.fields)

    def _check(self, bar: int, row: Row) -> None:
        """Refuse a row that no correct stream can deliver."""
        if bar and not row.timestamp > self._times[bar - 1]:
            raise DataError(
                f"stream: row {bar} is stamped {row.timestamp}, not after the row before it ({self._times[bar - 1]}); "
                f"a feed delivers each timestamp once, in order"
            )
        if set(row.fields) != set(self.fields):
            raise DataError(
                f"stream: the row of {row.timestamp} has the fields {', '.join(sorted(row.fields))}; the feed declared "
                f"{', '.join(sorted(self.fields))}"
            )
        prices = np.array([row.fields[name] for name in PRICE_FIELDS if name in row.fields], dtype=np.float64)
        missing = np.isnan(prices)
        impossible = ~missing & ~((prices > 0) & (prices < np.inf))
        wrong = (missing.any(axis=0) & ~missing.all(axis=0)) | impossible.any(axis=0)
        if wrong.any():
            symbol = self.instruments[int(wrong.argmax())].symbol
            raise DataError(
                f"stream: {symbol} at {row.timestamp} has the prices {prices[:, int(wrong.argmax())].tolist()}; they "
                f"are positive and finite, or all NaN on a bar without trading"
            )

    def _grow(self) -> None:
        self._times = _doubled(self._times, np.datetime64("NaT"))
        self._store = {name: _doubled(values, np.nan) for name, values in self._store.items()}
        self._counts = _doubled(self._counts, 0)
        self._seen = _doubled(self._seen, False)
        self._publish()

    def _publish(self) -> None:
        self.timestamps = _frozen(self._times)
        self._present = _frozen(self._seen)
        self._own_bars = _frozen(self._counts)
        self._marks = _frozen(self._store["marks"])
        views = {name: _frozen(values) for name, values in self._store.items()}
        prefix = "field:"
        self.fields = MappingProxyType({n.removeprefix(prefix): v for n, v in views.items() if n.startswith(prefix)})
        self.reference_fields = {
            role: MappingProxyType({name: views[f"reference:{role}:{name}"] for name in names})
            for role, names in self._references.items()
        }
        self._factors = {
            owner: {name: views[f"factor:{owner}:{name}"] for name in steps} for owner, steps in self._steps.items()
        }


def _compute(
    owner: str, factors: Mapping[str, Factor | OnReference], bars: Bars, cache: FactorCache
) -> dict[str, FloatArray]:
    computed: dict[str, FloatArray] = {}
    for name, factor in factors.items():
        if isinstance(factor, OnReference):
            if factor.role not in bars.references:
                continue
            source, wanted, role = bars.references[factor.role], factor.factor, factor.role
        else:
            source, wanted, role = bars, factor, ""
        key = (role, wanted)
        if not _is_value(wanted):
            computed[name] = _checked(owner, name, wanted, source)
            continue
        if key not in cache:
            cache[key] = _checked(owner, name, wanted, source)
        computed[name] = cache[key]
    return computed


def _is_value(factor: Factor) -> bool:
    """Whether equal factors are defined to be the same; of two mere objects neither stands for the other."""
    kind = type(factor)
    return kind.__eq__ is not object.__eq__ and kind.__hash__ is not None


def _checked(owner: str, name: str, factor: Factor, bars: Bars) -> FloatArray:
    with blamed(f"{owner}: factor {name!r} ({type(factor).__name__})", "over the history"):
        values = factor.compute(bars)
    expected = (len(bars), len(bars.instruments))
    if values.shape != expected:
        raise PluginError(
            f"{owner}: factor {name!r} ({type(factor).__name__}) returned an array of shape {values.shape}; "
            f"expected {expected} (bars, symbols). Return one row a bar"
        )
    frozen: FloatArray = _frozen(np.ascontiguousarray(values, dtype=np.float64))
    return frozen


def _filled(values: FloatArray, present: BoolArray) -> FloatArray:
    """Return each column with its last known value in the gaps; NaN before its first."""
    rows = np.where(present, np.arange(len(values))[:, np.newaxis], 0)
    np.maximum.accumulate(rows, axis=0, out=rows)
    filled: FloatArray = np.take_along_axis(values, rows, axis=0)
    return filled


def _frozen(values: Any) -> Any:
    view = values.view()
    view.flags.writeable = False
    return view


def _doubled(values: Any, fill: object) -> Any:
    return np.concatenate([values, np.full_like(values, fill)])
