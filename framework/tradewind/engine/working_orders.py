"""Orders at work: what they will still bring, what cash they need, and which of them are being cancelled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.model import OrderType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradewind.engine.quotes import PanelQuotes
    from tradewind.model import Instrument, OrderIntent
    from tradewind.portfolio.books import SleeveBooks

__all__ = ["WorkingOrders", "rests"]


def rests(intent: OrderIntent) -> bool:
    """Whether an order is that of a resting exit: sleeves decide on market orders only."""
    return intent.order_type is not OrderType.MARKET


class WorkingOrders:
    """The orders that have not ended.

    Parameters
    ----------
    books
        Know what each sleeve still has to get of an order.
    quotes
        Prices.
    """

    def __init__(self, books: SleeveBooks, quotes: PanelQuotes) -> None:
        self._books, self._quotes = books, quotes
        self._working: dict[str, OrderIntent] = {}
        self._filled: dict[str, float] = {}
        self._cancelling: set[str] = set()
        """Those at work whose cancellation was asked for: the venue has not confirmed it yet."""
        self._cancelled: dict[str, OrderIntent] = {}
        """Market orders whose cancellation was ever asked for: a venue may fill one after that, and after its end."""
        self._refused_rests: dict[tuple[str, Instrument], tuple[int, OrderIntent]] = {}
        """Resting orders the venue refused, with the books' version then."""

    def add(self, intent: OrderIntent) -> None:
        """Take in an order."""
        self._working[intent.order_id] = intent

    def get(self, order_id: str) -> OrderIntent | None:
        """Return an order that has not ended."""
        return self._working.get(order_id)

    def fill(self, intent: OrderIntent, quantity: float) -> bool:
        """Take in an execution, and tell whether it was the last: the order is then forgotten."""
        order_id = intent.order_id
        filled = self._filled.get(order_id, 0.0) + quantity if self._filled else quantity
        if filled == intent.quantity or math.isclose(filled, intent.quantity, rel_tol=1e-12):
            self.forget(order_id)
            return True
        self._filled[order_id] = filled
        return False

    def cancelling(self, order_ids: Iterable[str]) -> None:
        """Take note that the cancellation of orders was asked for."""
        for order_id in order_ids:
            self._cancelling.add(order_id)
            intent = self._working.get(order_id)
            if intent is not None and not rests(intent):
                self._cancelled[order_id] = intent

    def cancelled(self, order_id: str) -> OrderIntent | None:
        """Return a market order whose cancellation was asked for: what it brings nobody has decided to keep."""
        return self._cancelled.get(order_id)

    def forget(self, order_id: str) -> None:
        """Take note that an order has ended."""
        self._working.pop(order_id, None)
        self._filled.pop(order_id, None)
        self._cancelling.discard(order_id)

    def refuse(self, intent: OrderIntent) -> None:
        """Take note that the venue has refused a resting order."""
        self._refused_rests[next(iter(intent.split)), intent.instrument] = (self._books.version, intent)

    def refused_rest(self, sleeve: str, instrument: Instrument) -> OrderIntent | None:
        """Return the resting order that the venue refused and, as no holding has changed since, would refuse again."""
        version, intent = self._refused_rests.get((sleeve, instrument), (-1, None))
        return intent if version == self._books.version else None

    def staying(self) -> list[tuple[OrderIntent, Mapping[str, float]]]:
        """Return the orders that nobody is cancelling, with what each sleeve still has to get of them."""
        return [
            (intent, self._books.unfilled(order_id))
            for order_id, intent in self._working.items()
            if order_id not in self._cancelling
        ]

    def ending(self) -> list[tuple[OrderIntent, Mapping[str, float]]]:
        """Return the market orders that are being cancelled and may still fill, with what is left of them."""
        return [
            (intent, self._books.unfilled(order_id))
            for order_id in sorted(self._cancelling)
            if (intent := self._working.get(order_id)) is not None and not rests(intent)
        ]

    def waiting(self, sleeve: str) -> dict[Instrument, float]:
        """Return the signed quantities that market orders at work still have to bring a sleeve, by instrument."""
        waiting: dict[Instrument, float] = {}
        for intent, parts in self.staying():
            if sleeve in parts and not rests(intent):
                waiting[intent.instrument] = waiting.get(intent.instrument, 0.0) + parts[sleeve]
        return waiting

    def resting(self, sleeve: str) -> dict[Instrument, OrderIntent]:
        """Return the sleeve's stop and limit orders at the exchange."""
        return {intent.instrument: intent for intent, _ in self.staying() if rests(intent) and sleeve in intent.split}

    def reserved(self, replaced: Iterable[Instrument]) -> float:
        """Return the cash that market orders to buy at work will need, at the marks.

        Those that are being cancelled count too, but for instruments whose next orders wait for their end.
        """
        if not self._working:
            return 0.0
        waiting = set(replaced) if self._cancelling else set()
        ending = [entry for entry in self.ending() if entry[0].instrument not in waiting]
        return math.fsum(
            math.fsum(parts.values()) * self._quotes.mark(intent.instrument) * intent.instrument.multiplier
            for intent, parts in (*self.staying(), *ending)
            if intent.quantity > 0.0 and not rests(intent)
        )
