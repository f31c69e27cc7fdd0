"""What the acceptance cases need of a venue: an account of their own, and a market that moves when they say so."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.contracts import Broker
    from tradewind.model import Instrument

__all__ = ["VenueSession"]


class VenueSession(ABC):
    """A fresh account at a venue whose prices the author controls: the exchange, a fake, a paper account with a script.

    The account is flat, has no orders and at least 100,000 in cash; nobody else trades on it.

    Attributes
    ----------
    broker
        The broker under examination; the kit connects it.
    instruments
        At least two shares that the venue trades.
    can
        What this session can do beyond the two abstract methods: ``partial`` (`quote` heeds ``size``), ``day``
        (`end_day`), ``faults`` (`fault`), ``hand`` (`trade_by_hand`), ``client`` (`another`), ``symbols`` (the venue
        refuses what it does not know). Cases that need more are skipped with the reason.
    bar
        Number of the moment last quoted; an order is decided on it.
    """

    broker: Broker
    instruments: tuple[Instrument, ...]
    can: ClassVar[frozenset[str]] = frozenset()
    bar: int = 0

    @abstractmethod
    def quote(self, prices: Mapping[Instrument, float], size: float = math.inf) -> None:
        """Move the market to these prices, and return when the venue has acted on them.

        Parameters
        ----------
        prices
            Of each instrument, at which it can be bought and sold.
        size
            Units that one order can trade until the next quote.
        """

    @abstractmethod
    def close(self) -> None:
        """End the session: close broker and venue."""

    def settle(self) -> None:
        """Return when the venue has answered what was sent, and `poll` has its reports."""
        return

    def reconnect(self) -> None:
        """Lose the connection and open it again."""
        self.broker.close()
        self.broker.connect()

    def end_day(self) -> None:
        """End the trading day: what works for the day expires."""
        raise NotImplementedError

    def fault(self, operation: str, when: str) -> None:
        """Break the line at the next request of a kind (``submit``, ``cancel``, ``replace``, ``account``).

        ``when`` is ``before`` the request reaches the venue, or ``after`` it was carried out and before the answer.
        """
        raise NotImplementedError

    def trade_by_hand(self, instrument: Instrument, quantity: float) -> None:
        """Let somebody else trade on the account; it fills at the next quote."""
        raise NotImplementedError

    def another(self) -> Broker:
        """Return a second client of the same account, connected."""
        raise NotImplementedError
