"""The checks that look at values: each takes a table and yields findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradewind.model.bars import PRICE_FIELDS
from tradewind.validation.findings import Finding, Table, first_by_symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.model.typing import BoolArray, FloatArray, IntArray

__all__ = ["bars_at_all", "gaps", "impossible", "incomplete", "jumps", "not_positive", "stale"]

RELATIVE_TOLERANCE = 1e-9
"""By how much, as a part of the price, rounding may put a price outside its bar."""
LARGEST_MOVE = 0.5
LONGEST_GAP_BARS = 10
LONGEST_STALE_BARS = 10
BAR_FIELDS = (*PRICE_FIELDS, "volume")


def bars_at_all(table: Table) -> Iterator[Finding]:
    """A symbol without a single bar."""
    present = np.isfinite(table.fields["close"])
    for column in np.flatnonzero(~present.any(axis=0)).tolist():
        yield Finding(
            symbol=table.names[column],
            date="",
            field="close",
            reason="no bars",
            received=f"0 bars of {len(table.timestamps)}",
            remedy="leave the symbol out or choose other dates",
        )


def incomplete(table: Table) -> Iterator[Finding]:
    """Infinite values, and bars in which some of open, high, low, close and volume are there and others not."""
    for name, values in table.fields.items():
        yield from _cells(
            table, name, np.isinf(values), "infinite value", "correct the value, or leave the whole bar empty"
        )
    names = [name for name in BAR_FIELDS if name in table.fields]
    some = np.zeros(table.fields["close"].shape, dtype=np.bool_)
    for name in names:
        some |= ~np.isnan(table.fields[name])
    for name in names:
        empty = some & np.isnan(table.fields[name])
        for first in first_by_symbol(empty):
            there = [n for n in names if not np.isnan(table.fields[n][first.row, first.column])]
            yield Finding(
                symbol=table.names[first.column],
                date=table.date(first.row),
                field=name,
                reason="empty in a bar that has other values",
                received=f"nan, with {_values(table, there, first.row, first.column)}",
                remedy="fill it in, leave the whole bar empty, or leave the field out for all",
                occurrences=first.count,
            )


def not_positive(table: Table) -> Iterator[Finding]:
    """Prices of zero or less."""
    for name in PRICE_FIELDS:
        if name in table.fields:
            yield from _cells(
                table,
                name,
                table.fields[name] <= 0,
                "a price must be above 0",
                "correct the price or leave the bar empty",
            )


def impossible(table: Table) -> Iterator[Finding]:
    """High below low, open or close outside the two, negative volume."""
    fields = table.fields
    if "volume" in fields:
        yield from _cells(
            table, "volume", fields["volume"] < 0, "a volume cannot be negative", "correct it or leave the field out"
        )
    if "high" in fields and "low" in fields:
        bad = fields["high"] < fields["low"] * (1 - RELATIVE_TOLERANCE)
        yield from _pairs(table, bad, "high", "low", "high is below low")
    for name in ("open", "close"):
        if name not in fields:
            continue
        if "high" in fields:
            above = fields[name] > fields["high"] * (1 + RELATIVE_TOLERANCE)
            yield from _pairs(table, above, name, "high", f"{name} is above high")
        if "low" in fields:
            below = fields[name] < fields["low"] * (1 - RELATIVE_TOLERANCE)
            yield from _pairs(table, below, name, "low", f"{name} is below low")


def jumps(table: Table) -> Iterator[Finding]:
    """Closes that differ from the one before by more than half."""
    close, previous = table.fields["close"], _previous(table.fields["close"])
    with np.errstate(divide="ignore", invalid="ignore"):
        move = close / previous - 1.0
        bad = (np.abs(move) > LARGEST_MOVE) & np.isfinite(move)
    for first in first_by_symbol(bad):
        at = first.row, first.column
        yield Finding(
            symbol=table.names[first.column],
            date=table.date(first.row),
            field="close",
            reason=f"moves by {move[at]:+.0%} in one bar",
            received=f"{close[at]:.6g} after {previous[at]:.6g}",
            remedy="check for a split that is not adjusted for",
            occurrences=first.count,
        )


def gaps(table: Table) -> Iterator[Finding]:
    """More than ten bars missing between two bars of a symbol."""
    present = np.isfinite(table.fields["close"])
    if present.all():
        return
    last = _last_present(present, before=True)
    missing = np.arange(len(present))[:, np.newaxis] - last - 1
    bad = present & (last >= 0) & (missing > LONGEST_GAP_BARS)
    for first in first_by_symbol(bad):
        at = first.row, first.column
        yield Finding(
            symbol=table.names[first.column],
            date=table.date(first.row),
            field="close",
            reason="a long gap ends",
            received=f"no bar at {missing[at]} timestamps since {table.date(int(last[at]))}",
            remedy="check for missing data; the symbol counts as halted there",
            occurrences=first.count,
        )


def stale(table: Table) -> Iterator[Finding]:
    """The same close on more than ten bars in a row."""
    close = table.fields["close"]
    known = np.isfinite(close)
    moved = known & (close != _previous(close))
    if np.count_nonzero(known & ~moved) < LONGEST_STALE_BARS:
        return
    rows = np.arange(len(close))[:, np.newaxis]
    since = np.maximum.accumulate(np.where(moved, rows, -1), axis=0)
    # Bars in the run: only bars of the symbol itself count, not those at which it is halted.
    number = np.cumsum(np.isfinite(close), axis=0)
    start = np.take_along_axis(number, np.maximum(since, 0), axis=0)
    bad = np.isfinite(close) & (since >= 0) & (number - start + 1 == LONGEST_STALE_BARS + 1)
    for first in first_by_symbol(bad):
        at = first.row, first.column
        yield Finding(
            symbol=table.names[first.column],
            date=table.date(int(since[at])),
            field="close",
            reason=f"does not move for more than {LONGEST_STALE_BARS} bars",
            received=f"{close[at]:.6g} from then to {table.date(first.row)} and perhaps longer",
            remedy="check whether the prices are real; a stale price looks like no risk",
            occurrences=first.count,
        )


def _cells(table: Table, name: str, bad: BoolArray, reason: str, remedy: str) -> Iterator[Finding]:
    for first in first_by_symbol(bad):
        yield Finding(
            symbol=table.names[first.column],
            date=table.date(first.row),
            field=name,
            reason=reason,
            received=_value(table.fields[name][first.row, first.column]),
            remedy=remedy,
            occurrences=first.count,
        )


def _pairs(table: Table, bad: BoolArray, name: str, other: str, reason: str) -> Iterator[Finding]:
    for first in first_by_symbol(bad):
        yield Finding(
            symbol=table.names[first.column],
            date=table.date(first.row),
            field=name,
            reason=reason,
            received=_values(table, [name, other], first.row, first.column),
            remedy="correct the bar or leave it empty",
            occurrences=first.count,
        )


def _values(table: Table, names: list[str], row: int, column: int) -> str:
    return ", ".join(f"{name}={_value(table.fields[name][row, column])}" for name in names)


def _value(value: float) -> str:
    return repr(float(value))


def _last_present(present: BoolArray, *, before: bool = False) -> IntArray:
    """Return the last row at or before each (``before``: before each) at which a column has a bar; -1: none."""
    rows = np.where(present, np.arange(len(present))[:, np.newaxis], -1)
    last = np.maximum.accumulate(rows, axis=0)
    if not before:
        return last
    return np.vstack([np.full((1, present.shape[1]), -1), last[:-1]])


def _previous(close: FloatArray) -> FloatArray:
    """Return each symbol's last close before each bar; NaN where there is none."""
    present = np.isfinite(close)
    if present.all():
        return np.vstack([np.full((1, close.shape[1]), np.nan), close[:-1]])
    last = _last_present(present, before=True)
    return np.where(last >= 0, np.take_along_axis(close, np.maximum(last, 0), axis=0), np.nan)
