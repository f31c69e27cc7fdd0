"""Orders while the market is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tradewind.contracts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch

__all__ = ["MarketHours"]

_ROUND_THE_CLOCK = frozenset({"24/7", "24/5"})
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_THURSDAY = 3
"""Weekday of 1970-01-01, from which days are counted."""


class MarketHours:
    """Refuses orders that are decided on a bar at which the instrument's market is closed.

    Parameters
    ----------
    sessions
        ``weekdays``: markets are closed on Saturdays and Sundays, but for the calendars ``24/7`` and ``24/5``.
        ``exchange``: the sessions and hours of the instrument's calendar, holidays, early closes and breaks included,
        both ends of a session open; a bar labelled with midnight stands for its day's session.
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
        weekday = (int(account.time.astype("datetime64[D]").astype(np.int64)) + _THURSDAY) % 7
        if weekday < _WEEKDAYS.index("Saturday"):
            return ()
        return [
            Verdict(order, 0.0, "market_hours", f"{intent.instrument.symbol}: {_WEEKDAYS[weekday]} is no trading day")
            for order, intent in enumerate(batch.intents)
            if intent.instrument.calendar not in _ROUND_THE_CLOCK and batch.quantities[order]
        ]


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
