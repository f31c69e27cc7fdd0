"""What a simulated broker must be told: prices, credit, and positions that end without an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.contracts import SimulatedBroker
from tradewind.orders.board import Board

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.contracts import Broker
    from tradewind.exchange import MarkSource
    from tradewind.model import Instrument
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.machine import Order
    from tradewind.orders.talks import Talks

__all__ = ["Simulation"]


class Simulation:
    """Tells a simulated broker what a real one knows by itself; does nothing with a real one.

    Parameters
    ----------
    broker, talks, account, open_orders
        Those of the path.
    instruments
        Whose quotes it is shown.
    heard_again
        Called after a liquidation that an earlier process may have made: what is known of it is with the venue alone.
    """

    def __init__(
        self,
        broker: Broker,
        talks: Talks,
        account: OwnAccount,
        open_orders: Mapping[str, Order],
        instruments: Sequence[Instrument],
        heard_again: Callable[[], None],
    ) -> None:
        self.liquidated: set[str] = set()
        """Names of the positions closed without an order whose reports are awaited."""
        self._venue = broker if isinstance(broker, SimulatedBroker) else None
        self._talks, self._account, self._open_orders = talks, account, open_orders
        self._instruments = tuple(instruments)
        self._heard_again = heard_again
        self._credit = 0.0

    def __bool__(self) -> bool:
        return self._venue is not None

    def advance(self, bar: int, quotes: MarkSource, years: float) -> None:
        """Show the prices of a bar, and pay for what was borrowed in it."""
        venue = self._venue
        if venue is None:
            return
        waiting = [order.intent.instrument for order in self._open_orders.values()]
        shown = dict.fromkeys((*self._instruments, *self._account.quantities(), *waiting))
        borrowed: float = self._talks.request("advance", lambda _: venue.advance(bar, Board(quotes, shown), years))
        if borrowed:
            self._account.borrow(borrowed)

    def lend(self, credit: float) -> None:
        """Let buys take cash down to ``-credit``; a real broker knows its own credit."""
        self._credit = credit
        if self._talks.live:
            self.connected()

    def connected(self) -> None:
        """Say again what a broker may have forgotten."""
        if self._venue is not None:
            self._venue.lend(self._credit)

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order."""
        venue = self._venue
        if venue is None:
            return
        name = f"end-{bar}-{instrument.symbol}"
        self.liquidated.add(name)

        def perform(again: bool) -> None:
            venue.liquidate(instrument, price, bar, reason)
            if again:
                self._heard_again()

        self._talks.request("liquidate", perform, [name])
