"""When which feed moves, known before the first bar because every feed is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.engine.drop_in.lines import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.model.typing import FloatArray

__all__ = ["Calendar", "make_calendar"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The steps of a run.

    Attributes
    ----------
    times
        Backtrader's number of the time of each step, ascending.
    cursors
        The cursor of each feed; feeds with the same times share one.
    groups
        The distinct cursors, and for each the steps at which it moves; None for all of them.
    """

    times: list[float]
    cursors: tuple[Cursor, ...]
    groups: tuple[tuple[Cursor, FloatArray | None], ...]

    def moves(self) -> Iterator[tuple[float, Sequence[Cursor]]]:
        """Yield the time of each step with the cursors that move at it."""
        if len(self.groups) == 1:
            always = (self.groups[0][0],)
            return ((time, always) for time in self.times)
        return zip(self.times, self._sets(), strict=True)

    def _sets(self) -> Iterator[Sequence[Cursor]]:
        cursors = [cursor for cursor, _ in self.groups]
        moving = np.zeros((len(self.times), len(cursors)), dtype=bool)
        for column, (_, steps) in enumerate(self.groups):
            moving[slice(None) if steps is None else steps, column] = True
        known: dict[bytes, list[Cursor]] = {}
        for row in moving:
            key = row.tobytes()
            if key not in known:
                known[key] = [cursors[column] for column in np.flatnonzero(row)]
            yield known[key]


def make_calendar(datas: Sequence[Any]) -> Calendar | str:
    """Return the steps of a run over loaded feeds; a reason if its steps are not known in advance."""
    columns: dict[bytes, tuple[Cursor, FloatArray]] = {}
    cursors = []
    for data in datas:
        numbers = np.array(data.lines.datetime.array, dtype=np.float64)[: data.buflen()]
        if not np.isfinite(numbers).all():
            return f"feed {_name(data)} has bars without a time"
        cursor, _ = columns.setdefault(numbers.tobytes(), (Cursor(), numbers))
        cursors.append(cursor)
    if len(columns) == 1:
        ((cursor, numbers),) = columns.values()
        return Calendar(numbers.tolist(), tuple(cursors), ((cursor, None),))
    for data, cursor in zip(datas, cursors, strict=True):
        numbers = next(held for known, held in columns.values() if known is cursor)
        if (np.diff(numbers) <= 0).any():
            return f"feed {_name(data)} is not in ascending order of time"
    return _united(columns.values(), tuple(cursors))


def _united(columns: Any, cursors: tuple[Cursor, ...]) -> Calendar:
    times = np.unique(np.concatenate([numbers for _, numbers in columns]))
    groups = tuple((cursor, np.searchsorted(times, numbers)) for cursor, numbers in columns)
    return Calendar(times.tolist(), cursors, groups)


def _name(data: Any) -> str:
    return str(data._name or "without a name")  # noqa: SLF001  # Backtrader's only name of a feed
