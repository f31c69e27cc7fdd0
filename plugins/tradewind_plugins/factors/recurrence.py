"""The recurrences of factors, each in a form for whole histories and one for single bars, equal to the last bit.

A formula is written once, over `Operations`. `Whole` runs it over all bars, `Stepped` over one bar at a time: there
every call of an operation owns a state, found again by the order of the calls. Rows are a symbol's *own* bars: halted
ones are not among them, and are put back by `OwnBarFactor`.

Windows are folded in blocks of the window's length (van Herk, Pattern Recognition Letters 13, 1992): the fold of the
last bars is the tail of one block and the head of the next. It costs the same for every length and takes nothing away
again, so sums neither drift nor cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["Operations", "Stepped", "Whole"]

State = TypeVar("State")

FEW_COLUMNS = 8
"""Up to here a loop over Python's floats, which round as numpy's do, is faster than one over rows."""


class Operations(Protocol):
    """What a formula may do beside elementwise arithmetic; results are NaN until there are bars enough."""

    def delay(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the values of ``bars`` bars earlier."""
        ...

    def total(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the sum of the last ``bars`` values, the current one included."""
        ...

    def highest(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the largest of the last ``bars`` values."""
        ...

    def lowest(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the smallest of the last ``bars`` values."""
        ...

    def smooth(self, values: FloatArray, bars: int, weight: float, skip: int = 0) -> FloatArray:
        """Return ``s + weight * (value - s)``, begun with the mean of ``bars`` values after ``skip`` others."""
        ...


class Whole:
    """Operations on arrays of shape (T, N)."""

    def delay(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the values of ``bars`` bars earlier."""
        delayed = np.full_like(values, np.nan)
        delayed[bars:] = values[: max(len(values) - bars, 0)]
        return delayed

    def total(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the sum of the last ``bars`` values."""
        return _fold(np.add, values, bars)

    def highest(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the largest of the last ``bars`` values."""
        return _fold(np.maximum, values, bars)

    def lowest(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the smallest of the last ``bars`` values."""
        return _fold(np.minimum, values, bars)

    def smooth(self, values: FloatArray, bars: int, weight: float, skip: int = 0) -> FloatArray:
        """Return the recursive average of the values."""
        smoothed = np.full_like(values, np.nan)
        begin = next((bar for bar, row in enumerate(values) if not np.isnan(row).all()), len(values)) + skip
        seeded = begin + bars - 1
        if seeded >= len(values):
            return smoothed
        total = np.zeros(values.shape[1])
        for row in values[begin : seeded + 1]:
            total = total + row
        smoothed[seeded] = total / bars
        _smooth_rest(values[seeded + 1 :], smoothed[seeded:], weight)
        return smoothed


class Stepped:
    """Operations on one row, for some of ``symbols`` columns; `take` announces which."""

    def __init__(self, symbols: int) -> None:
        self._symbols = symbols
        self._states: list[object] = []
        self._next = 0
        self._columns: IntArray = np.arange(symbols)

    def take(self, columns: IntArray) -> None:
        """Begin a bar on which these columns have a value."""
        self._columns = columns
        self._next = 0

    def delay(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the values of ``bars`` bars earlier."""
        return self._state(lambda: _DelayState(self._symbols, bars)).push(values, self._columns)

    def total(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the sum of the last ``bars`` values."""
        return self._state(lambda: _FoldState(np.add, self._symbols, bars)).push(values, self._columns)

    def highest(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the largest of the last ``bars`` values."""
        return self._state(lambda: _FoldState(np.maximum, self._symbols, bars)).push(values, self._columns)

    def lowest(self, values: FloatArray, bars: int) -> FloatArray:
        """Return the smallest of the last ``bars`` values."""
        return self._state(lambda: _FoldState(np.minimum, self._symbols, bars)).push(values, self._columns)

    def smooth(self, values: FloatArray, bars: int, weight: float, skip: int = 0) -> FloatArray:
        """Return the recursive average of the values."""
        return self._state(lambda: _SmoothState(self._symbols, bars, weight, skip)).push(values, self._columns)

    def _state(self, create: Callable[[], State]) -> State:
        if self._next == len(self._states):
            self._states.append(create())
        state: State = self._states[self._next]  # type: ignore[assignment]
        self._next += 1
        return state


def _smooth_rest(values: FloatArray, smoothed: FloatArray, weight: float) -> None:
    """Fill the rows after the first, which holds the seed."""
    if values.shape[1] <= FEW_COLUMNS:
        for column in range(values.shape[1]):
            level = float(smoothed[0, column])
            levels = []
            for value in values[:, column].tolist():
                level = (value - level) * weight + level
                levels.append(level)
            smoothed[1:, column] = levels
        return
    subtract, multiply, add = np.subtract, np.multiply, np.add
    previous = smoothed[0]
    for row, result in zip(values, smoothed[1:], strict=True):
        subtract(row, previous, result)
        multiply(result, weight, result)
        add(result, previous, result)
        previous = result


def _fold(operation: np.ufunc, values: FloatArray, bars: int) -> FloatArray:
    """Fold the last ``bars`` rows; a window is a tail of one block and the head of the next."""
    if len(values) < bars:
        return np.full_like(values, np.nan)
    count, columns = values.shape
    blocks = -(-count // bars)
    heads = np.full((blocks, bars, columns), np.nan)
    heads.reshape(-1, columns)[:count] = values
    tails = heads.copy()
    for bar in range(1, bars):
        operation(heads[:, bar - 1], heads[:, bar], out=heads[:, bar])
    for bar in range(bars - 2, -1, -1):
        operation(tails[:, bar + 1], tails[:, bar], out=tails[:, bar])
    folded = np.full_like(values, np.nan)
    head, tail = heads.reshape(-1, columns), tails.reshape(-1, columns)
    operation(tail[1 : count - bars + 1], head[bars:count], out=folded[bars:])
    folded[bars - 1 :: bars] = head[bars - 1 : count : bars]
    return folded


class _FoldState:
    def __init__(self, operation: np.ufunc, symbols: int, bars: int) -> None:
        self._operation = operation
        self._bars = bars
        self._block = np.full((bars, symbols), np.nan)
        self._tails = np.full((bars, symbols), np.nan)
        self._head = np.full(symbols, np.nan)
        self._place = np.zeros(symbols, dtype=np.int64)

    def push(self, values: FloatArray, columns: IntArray) -> FloatArray:
        operation, place = self._operation, self._place[columns]
        self._block[place, columns] = values
        head = np.where(place == 0, values, operation(self._head[columns], values))
        self._head[columns] = head
        full = place == self._bars - 1
        tail = self._tails[np.where(full, 0, place + 1), columns]
        folded: FloatArray = np.where(full, head, operation(tail, head))
        if full.any():
            self._close(columns[full])
        self._place[columns] = np.where(full, 0, place + 1)
        return folded

    def _close(self, columns: IntArray) -> None:
        block = self._block[:, columns]
        for bar in range(self._bars - 2, -1, -1):
            block[bar] = self._operation(block[bar + 1], block[bar])
        self._tails[:, columns] = block


class _DelayState:
    def __init__(self, symbols: int, bars: int) -> None:
        self._bars = bars
        self._ring = np.full((bars, symbols), np.nan)
        self._place = np.zeros(symbols, dtype=np.int64)

    def push(self, values: FloatArray, columns: IntArray) -> FloatArray:
        place = self._place[columns]
        delayed: FloatArray = self._ring[place, columns]
        self._ring[place, columns] = values
        self._place[columns] = (place + 1) % self._bars
        return delayed


class _SmoothState:
    def __init__(self, symbols: int, bars: int, weight: float, skip: int) -> None:
        self._bars = bars
        self._weight = weight
        self._skip = skip
        self._seen = np.zeros(symbols, dtype=np.int64)
        self._total = np.zeros(symbols)
        self._previous = np.full(symbols, np.nan)

    def push(self, values: FloatArray, columns: IntArray) -> FloatArray:
        seen = self._seen[columns] + ((self._seen[columns] > 0) | ~np.isnan(values))
        self._seen[columns] = seen
        last = self._skip + self._bars
        previous = self._previous[columns]
        smoothed: FloatArray = (values - previous) * self._weight + previous
        if (seen <= last).any():
            seeding = (seen > self._skip) & (seen <= last)
            total = np.where(seeding, self._total[columns] + values, self._total[columns])
            self._total[columns] = total
            smoothed = np.where(seen < last, np.nan, np.where(seen == last, total / self._bars, smoothed))
        self._previous[columns] = smoothed
        return smoothed
