"""When an exchange is open, from exchange_calendars."""

from __future__ import annotations

import datetime as dt
import functools
import warnings
from typing import NamedTuple

import exchange_calendars
import numpy as np

from tradewind.errors import PluginError, choices
from tradewind.model.typing import TimeArray

__all__ = ["is_open", "time_zone"]

_YEARS = 10
"""A calendar is made for so many years at a time, once a process."""


class _Sessions(NamedTuple):
    """Sessions of one exchange in rising order; opens, closes and breaks in UTC, no break is NaT."""

    days: TimeArray
    opens: TimeArray
    closes: TimeArray
    break_starts: TimeArray
    break_ends: TimeArray


def is_open(calendar: str, time: np.datetime64) -> bool:
    """Whether an exchange trades at a time in UTC; midnight stands for the session of its day.

    Raises
    ------
    PluginError
        If exchange_calendars has no such calendar.
    """
    day = time.astype("datetime64[D]")
    year = int(day.astype("datetime64[Y]").astype(np.int64)) + 1970
    sessions = _sessions(calendar, year - year % _YEARS)
    if day == time:
        place = int(np.searchsorted(sessions.days, day))
        if place < len(sessions.days) and sessions.days[place] == day:
            return True
    place = int(np.searchsorted(sessions.opens, time, side="right")) - 1
    if place < 0 or time > sessions.closes[place]:
        return False
    return not sessions.break_starts[place] < time < sessions.break_ends[place]


@functools.lru_cache(maxsize=32)
def time_zone(calendar: str) -> dt.tzinfo:
    """Return the time zone of an exchange; UTC where exchange_calendars does not know it."""
    if calendar not in exchange_calendars.get_calendar_names():
        return dt.UTC
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        zone: dt.tzinfo = exchange_calendars.get_calendar(calendar, start="2020-01-01", end="2020-02-01").tz
    return zone


@functools.lru_cache(maxsize=32)
def _sessions(calendar: str, first_year: int) -> _Sessions:
    known = exchange_calendars.get_calendar_names()
    if calendar not in known:
        raise PluginError(
            f"market_hours: exchange_calendars has no calendar {calendar!r}; set the instrument's calendar to a MIC "
            f"such as XNYS, XLON or XTKS, or 24/7; {choices(calendar, known)}"
        )
    # A session may begin on the day before in UTC: some days more at either end.
    start, end = f"{first_year - 1}-12-20", f"{first_year + _YEARS}-01-10"
    with warnings.catch_warnings():
        # It uses parts of pandas that are deprecated since 3.1; that is no business of the caller.
        warnings.simplefilter("ignore", DeprecationWarning)
        made = exchange_calendars.get_calendar(calendar, start=start, end=end)
        schedule = made.schedule
        columns = [
            schedule[name].dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
            for name in ("open", "close", "break_start", "break_end")
        ]
        days = made.sessions.to_numpy().astype("datetime64[D]")
    return _Sessions(days, *columns)
