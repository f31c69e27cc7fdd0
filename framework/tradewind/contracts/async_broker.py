"""Brokers whose client is asynchronous: they live in a thread of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.contracts.broker import Account, BrokerCapabilities, BrokerOrder, Replacement, Response
    from tradewind.model.activity import Activity
    from tradewind.model.execution import ExecutionReport
    from tradewind.model.instrument import Instrument
    from tradewind.model.order import OrderIntent
    from tradewind.model.quote import Quote

__all__ = ["AsyncBroker"]


@runtime_checkable
class AsyncBroker(Protocol):
    """A `Broker` whose calls are coroutines, all of one event loop; `tradewind.orders.ThreadedBroker` makes it one.

    What the venue says by itself is handed to the two callables given to `connect`, in the loop's thread; they return
    at once. Calls raise `BrokerError` as those of a `Broker` do; a call to send that raises is taken to be uncertain.
    """

    @property
    def capabilities(self) -> BrokerCapabilities:
        """What it can do."""
        ...

    async def connect(
        self, on_report: Callable[[ExecutionReport], None], on_quote: Callable[[Instrument, Quote], None]
    ) -> None:
        """Open the connection, anew where there was one."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...

    async def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        """Send orders."""
        ...

    async def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        """Ask to cancel orders."""
        ...

    async def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        """Ask to change orders."""
        ...

    async def account(self) -> Account:
        """Ask for the money."""
        ...

    async def positions(self) -> Mapping[Instrument, float]:
        """Ask for the signed quantities held."""
        ...

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """Ask for all orders at work."""
        ...

    async def order(self, order_id: str) -> BrokerOrder | None:
        """Ask for one order."""
        ...

    async def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        """Ask for the executions after one."""
        ...

    async def activities(self, since: str = "") -> Sequence[Activity]:
        """Ask for the changes of the account without an order after one."""
        ...
