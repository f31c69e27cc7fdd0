"""Which days an exchange was open, from exchange_calendars."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.errors import DataError, choices
from tradewind.validation.findings import Finding, date_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.model import Instrument
    from tradewind.model.typing import BoolArray, TimeArray

__all__ = ["off_calendar"]

DAY = np.dtype("datetime64[D]")


def off_calendar(timestamps: TimeArray, instruments: Sequence[Instrument], present: BoolArray) -> Iterator[Finding]:
    """Bars on days that are no sessions of their instrument's exchange.

    Parameters
    ----------
    timestamps
        Labels, shape (T,). Where all are midnights they are sessions; otherwise the day is that of the exchange.
    instruments
        N instruments.
    present
        Where an instrument has a bar, shape (T, N).

    Raises
    ------
    DataError
        If exchange_calendars has no such calendar.
    """
    daily = bool((timestamps.astype(DAY) == timestamps).all())
    for calendar in sorted({instrument.calendar for instrument in instruments}):
        columns = [n for n, instrument in enumerate(instruments) if instrument.calendar == calendar]
        traded = np.flatnonzero(present[:, columns].any(axis=1))
        if not len(traded):
            continue
        days = _days(timestamps[traded], calendar, daily=daily)
        years = days[[0, -1]].astype("datetime64[Y]").astype(np.int64) + 1970
        sessions = _sessions(calendar, int(years[0]), int(years[1]))
        closed = traded[~np.isin(days, sessions)]
        if len(closed):
            row = int(closed[0])
            symbols = [instruments[n].symbol for n in columns if present[row, n]]
            yield Finding(
                symbol=symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1} more",
                date=date_text(timestamps[row]),
                field="timestamp",
                reason=f"not a session of {calendar}",
                received=f"a bar on a {pd.Timestamp(timestamps[row]).day_name()}",
                remedy="remove the bar, or set the instrument's calendar",
                occurrences=len(closed),
            )


def _days(timestamps: TimeArray, calendar: str, *, daily: bool) -> TimeArray:
    if daily:
        return timestamps.astype(DAY)
    local = pd.DatetimeIndex(timestamps, tz="UTC").tz_convert(_zone(calendar)).tz_localize(None)
    return local.to_numpy(dtype="datetime64[ns]").astype(DAY)


def _zone(calendar: str) -> str:
    # Importing exchange_calendars takes a quarter of a second: only where a calendar is asked for.
    import exchange_calendars

    _require_known(calendar)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return str(exchange_calendars.get_calendar(calendar).tz)


@functools.lru_cache(maxsize=32)
def _sessions(calendar: str, first_year: int, last_year: int) -> TimeArray:
    """Return the sessions of a calendar, both years inclusive, ``datetime64[D]``; made once a process."""
    import exchange_calendars

    _require_known(calendar)
    with warnings.catch_warnings():
        # It uses parts of pandas that are deprecated since 3.1; that is no business of the caller.
        warnings.simplefilter("ignore", DeprecationWarning)
        made = exchange_calendars.get_calendar(calendar, start=f"{first_year}-01-01", end=f"{last_year}-12-31")
    sessions: TimeArray = made.sessions.to_numpy().astype(DAY)
    return sessions


def _require_known(calendar: str) -> None:
    import exchange_calendars

    known = exchange_calendars.get_calendar_names()
    if calendar not in known:
        hint = choices(calendar, known).rsplit(" Did you mean", maxsplit=1)[1:]
        nearest = f" Did you mean{hint[0]}" if hint else ""
        raise DataError(
            f"instrument.calendar: exchange_calendars has no calendar {calendar!r}; "
            f"use a MIC such as XNYS, XLON or XTKS, or 24/7.{nearest}"
        )
