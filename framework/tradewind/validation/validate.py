"""Run all checks on bars."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError
from tradewind.validation import checks
from tradewind.validation.findings import MOST_EXAMPLES, Finding, Table, ValidationReport, date_text
from tradewind.validation.sessions import off_calendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tradewind.model import Bars

__all__ = ["require_valid", "validate"]

FEWEST_BARS = 2


def validate(bars: Bars, *, calendar: bool = True) -> ValidationReport:
    """Look for faults in bars and in their references.

    Errors: no symbols, fewer than two bars, a symbol without bars or listed twice, labels out of order or twice, bars
    on days the exchange was closed, infinite values, bars with some values and not others, prices of zero or less, high
    below low, open or close outside the two (beyond a relative 1e-9 of rounding), negative volume. Warnings: moves of
    more than half in one bar, gaps of more than ten bars, the same close on more than ten bars.

    A reference may have values of zero or less (a rate, a spread): that is a warning. References are not looked at for
    moves, gaps and staleness.

    Parameters
    ----------
    bars
        What a feed delivered.
    calendar
        Whether to compare the labels with the exchanges' sessions; costs half a second once a process.

    Raises
    ------
    DataError
        If an instrument names a calendar that exchange_calendars does not have.
    """
    errors, warnings = _Findings(), _Findings()
    structure = list(_structure(bars))
    errors.add(structure)
    errors.add(_labels(bars))
    if not structure and not errors.found and calendar:
        errors.add(off_calendar(bars.timestamps, bars.instruments, np.isfinite(bars.fields["close"])))
    if not structure:
        table = Table(bars.timestamps, bars.symbols, dict(bars.fields))
        for check in (checks.bars_at_all, checks.incomplete, checks.not_positive, checks.impossible):
            errors.add(check(table))
        for check in (checks.jumps, checks.gaps, checks.stale):
            warnings.add(check(table))
        for role, series in bars.references.items():
            _check_reference(role, series, bars, errors, warnings)
    return ValidationReport(
        errors=tuple(errors.found),
        warnings=tuple(warnings.found),
        error_count=errors.count,
        warning_count=warnings.count,
    )


def require_valid(bars: Bars, *, calendar: bool = True) -> ValidationReport:
    """Return the report on bars without errors, so that its warnings can be shown.

    Raises
    ------
    DataError
        If `validate` finds errors: the first ten, one a line, and how many there are.
    """
    report = validate(bars, calendar=calendar)
    if report.ok:
        return report
    shown = report.errors[:MOST_EXAMPLES]
    lines = "\n".join(f"  {finding}" for finding in shown)
    left = len(report.errors) - len(shown)
    more = f"\n  and {left} more findings" if left else ""
    count = "an error" if report.error_count == 1 else f"{report.error_count} errors"
    raise DataError(f"the prices have {count}:\n{lines}{more}")


class _Findings:
    """Findings of several checks, at most `MOST_EXAMPLES` of each, with the count of all."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.count = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Take over what one check found."""
        everything = list(findings)
        self.count += sum(finding.occurrences for finding in everything)
        self.found += everything[:MOST_EXAMPLES]


def _structure(bars: Bars) -> Iterator[Finding]:
    if not bars.instruments:
        yield _whole("symbol", "there are no symbols", "0 symbols", "list data.symbols or choose another feed")
    if len(bars) < FEWEST_BARS:
        received = "no bars" if not len(bars) else f"1 bar, {date_text(bars.timestamps[0])}"
        yield _whole("timestamp", f"a run needs at least {FEWEST_BARS} bars", received, "widen data.start to data.end")
    counts = Counter(bars.symbols)
    for symbol in sorted(symbol for symbol, count in counts.items() if count > 1):
        yield Finding(
            symbol=symbol,
            date="",
            field="symbol",
            reason="the symbol is listed more than once",
            received=f"{counts[symbol]} columns",
            remedy="keep one",
        )


def _labels(bars: Bars) -> Iterator[Finding]:
    stamps = bars.timestamps
    if np.isnat(stamps).any():
        row = int(np.isnat(stamps).argmax())
        yield _whole("timestamp", "a bar has no timestamp", f"NaT at row {row}", "correct or remove the row")
        return
    steps = np.diff(stamps.astype(np.int64))
    for bad, reason in ((steps < 0, "timestamps are not in order"), (steps == 0, "the timestamp occurs twice")):
        if bad.any():
            row = int(bad.argmax())
            yield Finding(
                symbol="all symbols",
                date=date_text(stamps[row + 1]),
                field="timestamp",
                reason=reason,
                received=f"{date_text(stamps[row + 1])} after {date_text(stamps[row])}",
                remedy="sort the data by time and keep one bar a timestamp",
                occurrences=int(np.count_nonzero(bad)),
            )


def _check_reference(role: str, series: Bars, bars: Bars, errors: _Findings, warnings: _Findings) -> None:
    name = f"reference {role} ({series.symbols[0]})"
    if not np.array_equal(series.timestamps, bars.timestamps):
        errors.add(
            [
                Finding(
                    symbol=name,
                    date="",
                    field="timestamp",
                    reason="its timestamps are not those of the universe",
                    received=f"{len(series)} timestamps",
                    remedy="put the reference on the universe's timestamps in the feed",
                )
            ]
        )
    table = Table(bars.timestamps, [name], dict(series.fields))
    for check in (checks.bars_at_all, checks.incomplete, checks.impossible):
        errors.add(check(table))
    warnings.add(checks.not_positive(table))


def _whole(field: str, reason: str, received: str, remedy: str) -> Finding:
    return Finding(symbol="all symbols", date="", field=field, reason=reason, received=received, remedy=remedy)
