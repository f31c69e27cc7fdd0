"""What validation finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.model.typing import BoolArray, FloatArray, TimeArray

__all__ = ["MOST_EXAMPLES", "Finding", "Table", "ValidationReport", "date_text", "first_by_symbol"]

MOST_EXAMPLES = 10
"""Findings that one check lists at most; `Finding.occurrences` counts the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault, and how often the same check found it in the same symbol and field.

    Parameters
    ----------
    symbol
        Symbol, ``reference <role>``, or empty where all are concerned.
    date
        Session (``2020-03-16``) or time in UTC of the first occurrence; empty where none is concerned.
    field
        Field concerned; ``timestamp`` where it is the label.
    reason
        What is wrong.
    received
        Value that was received.
    remedy
        What to do about it.
    occurrences
        How many bars of the symbol have it.
    """

    symbol: str
    date: str
    field: str
    reason: str
    received: str
    remedy: str
    occurrences: int = 1

    def __str__(self) -> str:
        where = " ".join(part for part in (self.symbol, self.date, self.field) if part)
        more = f" (on {self.occurrences} bars)" if self.occurrences > 1 else ""
        return f"{where}: {self.reason}; received {self.received}; {self.remedy}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """What was found: errors make the bars unusable, warnings deserve a look.

    One finding stands for all bars of a symbol and field that have the same fault, and a check lists
    `MOST_EXAMPLES` findings at most; the counts are of bars and complete.
    """

    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    error_count: int = 0
    warning_count: int = 0

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.errors


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The bars of the universe, or of one reference, as the checks see them."""

    timestamps: TimeArray
    names: Sequence[str]
    fields: dict[str, FloatArray]

    def date(self, row: int) -> str:
        """Return the label of a row as text."""
        return date_text(self.timestamps[row])


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The first bar at which a symbol has a fault, and on how many it does."""

    row: int
    column: int
    count: int


def first_by_symbol(bad: BoolArray) -> Iterator[Occurrence]:
    """Yield the first bar of each column that has any true value; ``bad`` has shape (T, N)."""
    if bad.any():
        counts = np.count_nonzero(bad, axis=0)
        rows = bad.argmax(axis=0)
        for column in np.flatnonzero(counts).tolist():
            yield Occurrence(int(rows[column]), column, int(counts[column]))


def date_text(label: np.datetime64) -> str:
    """Return a label as ``2020-03-16``, or with its time where it has one."""
    text = str(label.astype("datetime64[s]"))
    return text.removesuffix("T00:00:00")
