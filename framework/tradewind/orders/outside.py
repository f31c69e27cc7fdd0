"""What happened to the account without an order, and what an operator takes over."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.model import Activity, Fill, OrderEvent, OrderEventKind
from tradewind.model.wire import activity_from, activity_to, instrument_from
from tradewind.orders.reconcile import differing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradewind.model import Instrument
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.reconcile import Reconciliation
    from tradewind.orders.talks import Talks

__all__ = ["Outside"]


class Outside:
    """Books activities and differences in the own account, in talks that a restart goes through again.

    Parameters
    ----------
    talks, reconciliation, account
        Those of the path.
    instruments
        Ours: a venue knows none of our sectors, lots and calendars.
    """

    def __init__(
        self, talks: Talks, reconciliation: Reconciliation, account: OwnAccount, instruments: Sequence[Instrument]
    ) -> None:
        self.mark: Callable[[Instrument], float] = lambda _: math.nan
        self._talks, self._reconciliation, self._account = talks, reconciliation, account
        self._instruments = tuple(instruments)
        self._activities: list[Activity] = []

    def take(self) -> list[Activity]:
        """Return the activities booked since the last call."""
        activities, self._activities = self._activities, []
        return activities

    def hear(self) -> None:
        """Book what happened without an order: dividends, fees, splits ...

        A position in what has no price stays a difference: its value would be unknown.
        """
        found = self._reconciliation.take_activities
        for fields in self._talks.look("activities", lambda: [activity_to(one) for one in found()]):
            activity = self._known(activity_from(fields))
            self._reconciliation.last_activity = activity.activity_id
            self._account.receive(activity)
            self._activities.append(activity)

    def adopt(self) -> list[OrderEvent]:
        """Take over the venue's positions at their last prices, and its cash; return the fills that stand for them."""
        events: list[OrderEvent] = []
        account, bar = self._account, self._talks.bar
        broker = self._reconciliation.broker
        for fields, quantity, price in self._talks.request(
            "adopt", lambda _: differing(account, broker, self.mark, self._instruments)
        ):
            instrument = instrument_from(fields)
            name = f"adopt-{bar}-{instrument.symbol}"
            account.adopt(instrument, quantity, price)
            fill = Fill(name, bar, instrument, quantity, price)
            events.append(OrderEvent(name, bar, OrderEventKind.FILL, "", fill))
        account.cash = self._talks.request("cash", lambda _: broker.account().cash)
        return events

    def _known(self, activity: Activity) -> Activity:
        if activity.instrument is None:
            return activity
        ours = {one.symbol: one for one in (*self._instruments, *self._account.quantities())}
        activity = activity._replace(instrument=ours.get(activity.instrument.symbol, activity.instrument))
        assert activity.instrument is not None
        priced = math.isfinite(self.mark(activity.instrument))
        return activity if priced or not activity.quantity else activity._replace(quantity=0.0)
