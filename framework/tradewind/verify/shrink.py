"""The smallest change of the future that still changes the past."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray

__all__ = ["smallest_change"]

_SECONDS = 30.0
"""Time after which the smallest change found so far is taken."""
_REFERENCE = "reference"
_MOST_PARTS = 64
_T = TypeVar("_T")


def smallest_change(true: Bars, other: Bars, cut: int, differs: Callable[[Bars], bool], *, first: int = 0) -> str:
    """Return in words the smallest part of a changed future that still makes a difference.

    Parameters
    ----------
    true, other
        Bars that are the same up to the cut.
    cut
        Last bar that is the same.
    differs
        Whether a plan decides otherwise up to the cut on bars than on the true ones.
    first
        Number that the first bar has in the whole history, for the sentence.

    Returns
    -------
    A sentence: bars, symbols and fields whose values make the difference, and the first of these; empty where the
    difference does not come about again.

    References
    ----------
    Zeller and Hildebrandt (2002), "Simplifying and Isolating Failure-Inducing Input", *IEEE Transactions on Software
    Engineering* 28(2), 183-200: the algorithm ``ddmin``.
    """
    if len(other) != len(true):
        return f"It is enough that the history ends at bar {first + len(other) - 1}, not at {first + len(true) - 1}."
    if _only_ends(true, other, differs):
        return f"It is enough that data of some instruments are said to end at bar {first + cut}."
    deadline = time.monotonic() + _SECONDS
    rows, columns, names = _Search(true, other, differs, deadline).run(cut)
    ended = ""
    if not rows:
        # Neither the ends nor the values make the difference alone.
        rows, columns, names = _Search(dataclasses.replace(true, ends=other.ends), other, differs, deadline).run(cut)
        ended = f", where data of some instruments are said to end at bar {first + cut}"
    if not rows:
        return ""
    return f"{_sentence(true, other, rows, columns, names, first)}{ended}."


def _only_ends(true: Bars, other: Bars, differs: Callable[[Bars], bool]) -> bool:
    if np.array_equal(true.end_bars, other.end_bars):
        return False
    return differs(dataclasses.replace(true, ends=other.ends))


@dataclasses.dataclass(frozen=True)
class _Search:
    true: Bars
    other: Bars
    differs: Callable[[Bars], bool]
    deadline: float

    def run(self, cut: int) -> tuple[list[int], list[int], list[str]]:
        """Return the rows, columns and fields that remain; a reference's fields are ``reference:role:field``.

        All are empty where the values make no difference.
        """
        rows = list(range(cut + 1, len(self.true)))
        columns = list(range(len(self.true.instruments)))
        names = [*self.other.fields]
        names += [f"{_REFERENCE}:{role}:{name}" for role, one in self.other.references.items() for name in one.fields]
        if not self.differs(self._mixed(rows, columns, names)):
            return [], [], []
        names = self._fewer(names, lambda some: self._mixed(rows, columns, some))
        rows = self._fewer(rows, lambda some: self._mixed(some, columns, names))
        columns = self._fewer(columns, lambda some: self._mixed(rows, some, names))
        return rows, columns, names

    def _fewer(self, items: list[_T], changed: Callable[[list[_T]], Bars]) -> list[_T]:
        """Leave items out as long as a part of them, or all but a part, still makes the difference."""
        parts = 2
        while len(items) > 1 and time.monotonic() < self.deadline:
            size = -(-len(items) // parts)
            pieces = [items[start : start + size] for start in range(0, len(items), size)]
            smaller = self._first(pieces, changed)
            if smaller is not None:
                items, parts = smaller, 2
                continue
            left_out = [frozenset(piece) for piece in pieces] if len(pieces) > 2 else []
            rests = [[one for one in items if one not in out] for out in left_out]
            smaller = self._first(rests, changed)
            if smaller is not None:
                items, parts = smaller, max(parts - 1, 2)
            elif parts < len(items) and parts < _MOST_PARTS:
                parts *= 2
            else:
                break
        return items

    def _first(self, choices: list[list[_T]], changed: Callable[[list[_T]], Bars]) -> list[_T] | None:
        """Return the first choice that still makes the difference; None also when the time is over."""
        for choice in choices:
            if time.monotonic() >= self.deadline:
                break
            if self.differs(changed(choice)):
                return choice
        return None

    def _mixed(self, rows: Sequence[int], columns: Sequence[int], names: Sequence[str]) -> Bars:
        """Return the true bars with some values of the others."""
        references = {}
        for role, series in self.true.references.items():
            own = [name for name in series.fields if f"{_REFERENCE}:{role}:{name}" in names]
            fields = _with(series.fields, self.other.references[role].fields, own, rows, [0])
            references[role] = dataclasses.replace(series, fields=fields)
        fields = _with(self.true.fields, self.other.fields, names, rows, columns)
        return dataclasses.replace(self.true, fields=fields, references=references)


def _with(
    true: Mapping[str, FloatArray],
    other: Mapping[str, FloatArray],
    names: Sequence[str],
    rows: Sequence[int],
    columns: Sequence[int],
) -> dict[str, FloatArray]:
    fields = dict(true)
    place = np.ix_(list(rows), list(columns))
    for name in names:
        if name in fields:
            fields[name] = fields[name].copy()
            fields[name][place] = other[name][place]
    return fields


def _sentence(true: Bars, other: Bars, rows: list[int], columns: list[int], names: list[str], first: int) -> str:
    bar = rows[0]
    name = names[0]
    day = str(true.timestamps[bar].astype("datetime64[s]")).removesuffix("T00:00:00")
    if name.startswith(f"{_REFERENCE}:"):
        role, field = name.split(":")[1:]
        before, after = (float(side.references[role].fields[field][bar, 0]) for side in (true, other))
        what = f"{field} of the reference {role}"
    else:
        before, after = (float(side.fields[name][bar, columns[0]]) for side in (true, other))
        what = f"{name} of {true.symbols[columns[0]]}"
    beside = [f"{len(rows)} bars"] if len(rows) > 1 else []
    if not name.startswith(f"{_REFERENCE}:") and len(columns) > 1:
        beside.append(f"{len(columns)} symbols")
    if len(names) > 1:
        beside.append(f"{len(names)} fields")
    others = f", beside others of {' and '.join(beside)}" if beside else ""
    return f"It is enough to change the {what} of bar {first + bar} ({day}) from {before:.6g} to {after:.6g}{others}"
