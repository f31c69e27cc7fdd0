"""Sessions at the exchange: in this process, and as a process of its own behind a loopback socket."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import ClassVar

from tests.orders.crash.scenario import ask_venue
from tradewind.exchange import Exchange, ExchangeBroker, ExchangeRules
from tradewind.exchange.venue import VenueServer
from tradewind.model import Instrument, OrderIntent, Quote
from tradewind.testing import VenueSession
from tradewind_plugins.brokers import VenueBroker
from tradewind_plugins.costs import UsEquity

__all__ = ["ExchangeSession", "LoopbackSession"]

SHARES = (Instrument(symbol="ABC", lot_size=0.0), Instrument(symbol="XYZ", lot_size=0.0))
PLENTY = 1e12


def exchange(kind: type[ExchangeBroker] = ExchangeBroker, *, allow_short: bool = True) -> ExchangeBroker:
    """An exchange with costs, where one order can take all of a bar's volume."""
    rules = ExchangeRules(volume_limit=1.0, allow_short=allow_short)
    return kind(Exchange(cash=1_000_000.0, rules=rules, cost=UsEquity()))


class ExchangeSession(VenueSession):
    """The exchange in this process: a bar is a moment, and a day."""

    can: ClassVar[frozenset[str]] = frozenset({"partial", "day", "hand"})
    instruments = SHARES

    def __init__(self, broker: ExchangeBroker | None = None) -> None:
        self.exchange = broker or exchange()
        self.broker = self.exchange
        self.bar = -1
        self._prices: Mapping[Instrument, float] = {}

    def quote(self, prices: Mapping[Instrument, float], size: float = math.inf) -> None:
        self.bar += 1
        self._prices = prices
        volume = min(size, PLENTY)
        self._advance({one: Quote(price, price, price, price, volume) for one, price in prices.items()})

    def _advance(self, quotes: Mapping[Instrument, Quote]) -> None:
        self.exchange.advance(self.bar, quotes, 0.0)

    def end_day(self) -> None:
        self.quote(self._prices)

    def trade_by_hand(self, instrument: Instrument, quantity: float) -> None:
        self.exchange.submit([OrderIntent(order_id="manual", bar=self.bar, instrument=instrument, quantity=quantity)])

    def close(self) -> None:
        self.broker.close()


class LoopbackSession(ExchangeSession):
    """The venue, whose market a second connection moves; faults are ordered there too."""

    can: ClassVar[frozenset[str]] = frozenset({"partial", "day", "hand", "client", "faults"})
    closing: ClassVar[list[threading.Thread]] = []
    """Servers take a moment to end, for which nobody waits."""

    def __init__(self, kind: type[VenueBroker] = VenueBroker) -> None:
        super().__init__()
        self._server = VenueServer(self.exchange)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._port = self._server.address[1]
        self.broker = kind(self._port)  # type: ignore[assignment]  # the one that is examined
        self._control = VenueBroker(self._port)
        self._control.connect()

    def _advance(self, quotes: Mapping[Instrument, Quote]) -> None:
        self._control.advance(self.bar, quotes, 0.0)

    def settle(self) -> None:
        self.broker.positions()

    def fault(self, operation: str, when: str) -> None:
        ask_venue(self._port, {"op": "fault", "fault": {"on": operation, "when": when, "action": "close"}})

    def trade_by_hand(self, instrument: Instrument, quantity: float) -> None:
        request = {"op": "manual", "bar": self.bar, "instrument": instrument.symbol, "quantity": quantity}
        ask_venue(self._port, request)

    def another(self) -> VenueBroker:
        other = VenueBroker(self._port)
        other.connect()
        return other

    def close(self) -> None:
        self.broker.close()
        self._control.close()
        ending = threading.Thread(target=self._server.close)
        ending.start()
        self.closing.append(ending)
