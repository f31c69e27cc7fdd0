"""From the text or values of a date column to bar labels in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from tradewind.errors import ConfigError, DataError, choices

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.model.typing import BoolArray, TimeArray

__all__ = ["bar_labels", "known_timezone"]


def known_timezone(name: str | None) -> ZoneInfo | None:
    """Return the time zone of an IANA name; `ConfigError`, naming the nearest, if there is none."""
    if name is None:
        return None
    if name not in available_timezones():
        nearest = choices(name, available_timezones()).rsplit(" Did you mean", maxsplit=1)[1:]
        hint = f" Did you mean{nearest[0]}" if nearest else ""
        raise ConfigError(
            f"feed files: timezone: unknown time zone {name!r}; use an IANA name (America/New_York).{hint}"
        )
    return ZoneInfo(name)


def bar_labels(
    values: pd.Series[str], *, date_format: str, timezone: ZoneInfo | None, where: Callable[[int], str]
) -> TimeArray:
    """Return labels, ``datetime64[ns]`` in UTC, for a column of dates or times.

    Where all values are midnights (in ``timezone``, else in their own zone) they are sessions, labelled with the
    midnight of their date in UTC. Otherwise they are times: with an offset they are converted to UTC; without, they are
    read in ``timezone``.

    Parameters
    ----------
    values
        Text, or datetimes with or without a zone.
    date_format
        ``ISO8601``, or a format of `datetime.datetime.strptime`.
    timezone
        Zone of values without an offset.
    where
        Says, for a position, which file and line it is.

    Raises
    ------
    DataError
        For a value that is no date, a local time that a clock change skips or repeats, a mixture of values with and
        without an offset, and times without an offset where ``timezone`` is not given.
    """
    times = _parse(values, date_format, where)
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        local = times.dt.tz_convert(timezone) if timezone is not None else times
        naive = _nanoseconds(local.dt.tz_localize(None), values, where)
        return naive if _all_midnight(naive) else _nanoseconds(local.dt.tz_convert(None), values, where)
    naive = _nanoseconds(times, values, where)
    if _all_midnight(naive):
        return naive
    if timezone is None:
        row = int(np.argmax(naive.astype("datetime64[D]") != naive))
        raise DataError(
            f"{where(row)}: time {str(values.iloc[row])!r} has no offset from UTC; "
            f"state the zone the file is in, as feed.params.timezone: America/New_York"
        )
    shifted = times.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    _refuse(
        shifted.isna().to_numpy(dtype=np.bool_),
        values,
        where,
        f"is skipped or repeated by a clock change in {timezone.key}; write times with their offset from UTC",
    )
    return _nanoseconds(shifted.dt.tz_convert(None), values, where)


def _parse(values: pd.Series[str], date_format: str, where: Callable[[int], str]) -> pd.Series[pd.Timestamp]:
    if not pd.api.types.is_string_dtype(values.dtype) and values.dtype != object:
        if not pd.api.types.is_datetime64_any_dtype(values.dtype):
            raise DataError(
                f"{where(0)}: the date column is of type {values.dtype}; received {values.iloc[0]!r}; "
                f"write dates as 2020-03-16, or map the right column with feed.params.columns"
            )
        times = values.astype(values.dtype)
    else:
        try:
            times = pd.to_datetime(values, format=date_format, errors="coerce")
        except ValueError:
            times = _parse_offsets(values, date_format, where)
    wish = "2020-03-16 or 2020-03-16T14:30:00+00:00" if date_format == "ISO8601" else date_format
    _refuse(times.isna().to_numpy(dtype=np.bool_), values, where, f"is not a date; expected {wish}")
    return times


def _parse_offsets(values: pd.Series[str], date_format: str, where: Callable[[int], str]) -> pd.Series[pd.Timestamp]:
    """Parse values whose offsets differ, as around a clock change; refuse those with none among them."""
    without = ~values.astype(str).str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True).to_numpy(dtype=np.bool_)
    if not without.all():
        _refuse(without, values, where, "has no offset from UTC, while others in the file have; write one for each")
    return pd.to_datetime(values, format=date_format, errors="coerce", utc=True)


def _nanoseconds(times: pd.Series[pd.Timestamp], values: pd.Series[str], where: Callable[[int], str]) -> TimeArray:
    years = times.dt.year.to_numpy()
    _refuse((years < 1700) | (years > 2200), values, where, "lies outside the years 1700 to 2200; correct the date")
    return times.to_numpy(dtype="datetime64[ns]")


def _all_midnight(naive: TimeArray) -> bool:
    return bool((naive.astype("datetime64[D]") == naive).all())


def _refuse(bad: BoolArray, values: pd.Series[str], where: Callable[[int], str], problem: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        more = int(np.count_nonzero(bad)) - 1
        also = f" ({more} more like it)" if more else ""
        raise DataError(f"{where(row)}: column 'date': {str(values.iloc[row])!r} {problem}{also}")
