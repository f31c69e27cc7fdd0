"""Orders while the market is closed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tradewind.contracts import Verdict
from tradewind_plugins.gates.limits import refuse_openings, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch

__all__ = ["MarketHours"]

_ROUND_THE_CLOCK = frozenset({"24/7", "24/5"})
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SATURDAY = _WEEKDAYS.index("Saturday")
_THURSDAY = 3
"""Weekday of 1970-01-01, from which days are counted."""
_HOUR_NS = 3_600_000_000_000
_DAY_NS = 24 * _HOUR_NS
_FIRST_CERTAIN_HOUR, _LAST_CERTAIN_HOUR = 12, 4 * 24 + 10
"""Between these hours of a week in UTC, which begins on Monday, no place on earth has a weekend."""


class MarketHours:
    """Refuses orders that are decided on a bar at which the instrument's market is closed.

    Parameters
    ----------
    sessions
        ``weekdays``: on Saturdays and Sundays no position is opened, but on the calendars ``24/7`` and ``24/5``;
        closings pass. The day is that of the calendar's time zone, or of UTC where the calendar is not known.
        ``exchange``: the sessions and hours of the instrument's calendar, holidays, early closes and breaks included,
        both ends of a session open; closings wait for them too.
        In both, a bar labelled with midnight stands for its day.
    """

    stage: ClassVar[int] = 6

    def __init__(
        self,
        sessions: Annotated[
            Literal["weekdays", "exchange"],
            Field(description="Closed at weekends only, or by the exact calendar of each exchange."),
        ] = "weekdays",
    ) -> None:
        self._exact = sessions == "exchange"

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each order whose market is closed."""
        if self._exact:
            return _closed_by_calendar(batch, account)
        time_ns = int(account.time.astype("datetime64[ns]").astype(np.int64))
        if _is_weekday_everywhere(time_ns):
            return ()
        days = {
            calendar: _local_weekday(calendar, time_ns)
            for calendar in {intent.instrument.calendar for intent in batch.intents} - _ROUND_THE_CLOCK
        }
        closed = [
            order
            for order, intent in enumerate(batch.intents)
            if days.get(intent.instrument.calendar, 0) >= _SATURDAY and batch.openings[order]
        ]
        if not closed:
            return ()
        return refuse_openings(
            batch,
            closed,
            "market_hours",
            lambda order: (
                f"{symbol_of(batch, order)}: {_WEEKDAYS[days[batch.intents[order].instrument.calendar]]} is no trading "
                f"day"
            ),
        )


def _utc_weekday(time_ns: int) -> int:
    return (time_ns // _DAY_NS + _THURSDAY) % 7


def _is_weekday_everywhere(time_ns: int) -> bool:
    weekday = _utc_weekday(time_ns)
    if time_ns % _DAY_NS == 0:
        return weekday < _SATURDAY
    return _FIRST_CERTAIN_HOUR <= weekday * 24 + time_ns // _HOUR_NS % 24 < _LAST_CERTAIN_HOUR


def _local_weekday(calendar: str, time_ns: int) -> int:
    """Return the weekday at a time in UTC where the exchange is; midnight in UTC stands for its day."""
    if time_ns % _DAY_NS == 0:
        return _utc_weekday(time_ns)
    # Only here: it brings exchange_calendars, which takes a quarter of a second to import.
    from tradewind_plugins.gates.sessions import time_zone

    moment = dt.datetime.fromtimestamp(time_ns // 1_000_000_000, tz=dt.UTC)
    return moment.astimezone(time_zone(calendar)).weekday()


def _closed_by_calendar(batch: OrderBatch, account: AccountView) -> list[Verdict]:
    # Only here: it brings exchange_calendars, which takes a quarter of a second to import.
    from tradewind_plugins.gates.sessions import is_open

    calendars = {intent.instrument.calendar for intent in batch.intents}
    closed = {calendar for calendar in calendars if not is_open(calendar, account.time)}
    if not closed:
        return []
    moment = np.datetime_as_string(account.time, unit="m").replace("T", " ")
    return [
        Verdict(
            order,
            0.0,
            "market_hours",
            f"{intent.instrument.symbol}: {intent.instrument.calendar} is closed at {moment} UTC",
        )
        for order, intent in enumerate(batch.intents)
        if intent.instrument.calendar in closed and batch.quantities[order]
    ]
