"""A small market for hand-computed cases."""

from __future__ import annotations

import math
from typing import Any

from tradewind.exchange import Exchange, ExchangeRules, Quote
from tradewind.model import Fill, Instrument, OrderEvent, OrderIntent

A = Instrument(symbol="A")
B = Instrument(symbol="B")
HALTED = Quote(math.nan, math.nan, math.nan, math.nan)


class Board:
    """Quotes by instrument, replaced bar by bar."""

    def __init__(self) -> None:
        self.quotes: dict[Instrument, Quote] = {}

    def quote(self, instrument: Instrument) -> Quote | None:
        return self.quotes.get(instrument)


class Desk:
    """An exchange with its bar counter: `bar` processes one bar, `order` submits one order on its close."""

    def __init__(self, cash: float = 10_000.0, cost: Any = None, **rules: Any) -> None:
        self.board = Board()
        self.exchange = Exchange(cash=cash, rules=ExchangeRules(**rules), cost=cost)
        self.number = -1
        self.events: list[OrderEvent] = []
        self.sent = 0

    def bar(self, quotes: dict[Instrument, Quote | None] | Quote, years: float = 0.0) -> list[OrderEvent]:
        """Process a bar, of A alone where only one quote is given, and return what happened in it."""
        rows = quotes if isinstance(quotes, dict) else {A: quotes}
        self.board.quotes = {instrument: quote for instrument, quote in rows.items() if quote is not None}
        self.number += 1
        self.exchange.process(self.number, self.board, years=years)
        return self.poll()

    def order(self, quantity: float, instrument: Instrument = A, **terms: Any) -> str:
        """Submit an order and return its id."""
        self.sent += 1
        intent = OrderIntent(
            order_id=f"{self.number}-{self.sent}-{instrument.symbol}",
            bar=self.number,
            instrument=instrument,
            quantity=quantity,
            **terms,
        )
        self.exchange.submit([intent])
        return intent.order_id

    def poll(self) -> list[OrderEvent]:
        events = self.exchange.poll()
        self.events += events
        return events

    def outcome(self) -> str:
        """Kind and reason of the last event since the last poll."""
        event = self.poll()[-1]
        return f"{event.kind}:{event.reason}" if event.reason else str(event.kind)

    @property
    def fills(self) -> list[Fill]:
        return [event.fill for event in self.events if event.fill is not None]


def flat_quote(price: float, volume: float = math.nan) -> Quote:
    """A bar in which the price did not move."""
    return Quote(price, price, price, price, volume)


def kinds(events: list[OrderEvent]) -> list[str]:
    """Kinds of events, in order."""
    return [str(event.kind) for event in events]
