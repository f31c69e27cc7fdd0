"""An asynchronous client as a broker: its event loop runs in a thread, ours waits for its answers and no longer."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import TimeoutError as NoAnswerError
from typing import TYPE_CHECKING, Any, TypeVar

from tradewind.contracts import Outcome, Response
from tradewind.errors import BrokerError
from tradewind.orders.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from tradewind.contracts import Account, AsyncBroker, BrokerCapabilities, BrokerOrder, Replacement
    from tradewind.model import Activity, ExecutionReport, Instrument, OrderIntent, Quote

__all__ = ["ThreadedBroker"]

T = TypeVar("T")


class ThreadedBroker:
    """A `tradewind.contracts.Broker` over an `AsyncBroker`.

    A request to send that is not answered in time, or fails in any way, is uncertain: it may have been sent. A query
    that is not answered raises `BrokerError`.

    Parameters
    ----------
    client
        The asynchronous client; it is used in the broker's thread only.
    timeout_seconds
        Longest wait for an answer.
    inbox
        Where reports and quotes are kept until they are polled.
    """

    def __init__(self, client: AsyncBroker, *, timeout_seconds: float = 10.0, inbox: Inbox | None = None) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._inbox = Inbox() if inbox is None else inbox
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def capabilities(self) -> BrokerCapabilities:
        """What the client can do."""
        return self._client.capabilities

    def connect(self) -> None:
        """Start the thread, if there is none, and open the connection."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="broker", daemon=True)
            self._thread.start()
        self._ask("connect", self._client.connect(self._inbox.put_report, self._inbox.put_quote))

    def close(self) -> None:
        """Close the connection and end the thread."""
        if self._loop is None or self._thread is None:
            return
        try:
            self._ask("close", self._client.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(self._timeout_seconds)
            if not self._thread.is_alive():
                self._loop.close()
            self._loop = self._thread = None

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        """Send orders."""
        return self._send("submit", self._client.submit, intents, [intent.order_id for intent in intents])

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        """Ask to cancel orders."""
        return self._send("cancel", self._client.cancel, order_ids, order_ids)

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        """Ask to change orders."""
        return self._send("replace", self._client.replace, replacements, [one.order_id for one in replacements])

    def poll(self) -> Sequence[ExecutionReport]:
        """Return the reports since the last call; never waits."""
        return self._inbox.take_reports()

    def quotes(self) -> Mapping[Instrument, Quote]:
        """Return the latest quotes since the last call; never waits."""
        return self._inbox.take_quotes()

    def account(self) -> Account:
        """Ask for the money."""
        return self._ask("account", self._client.account())

    def positions(self) -> Mapping[Instrument, float]:
        """Ask for the signed quantities held."""
        return self._ask("positions", self._client.positions())

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Ask for all orders at work."""
        return self._ask("open_orders", self._client.open_orders())

    def order(self, order_id: str) -> BrokerOrder | None:
        """Ask for one order."""
        return self._ask("order", self._client.order(order_id))

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        """Ask for the executions after one."""
        return self._ask("executions", self._client.executions(since))

    def activities(self, since: str = "") -> Sequence[Activity]:
        """Ask for the changes of the account without an order after one."""
        return self._ask("activities", self._client.activities(since))

    def _send(self, name: str, call: Any, argument: Sequence[Any], order_ids: Sequence[str]) -> Sequence[Response]:
        if self._loop is None:
            reason = f"broker {type(self._client).__name__} is not connected"
            return [Response(order_id=one, outcome=Outcome.NOT_SENT, reason=reason) for one in order_ids]
        try:
            responses: Sequence[Response] = self._ask(name, call(argument))
        except BrokerError as error:
            return [Response(order_id=one, outcome=Outcome.UNCERTAIN, reason=str(error)) for one in order_ids]
        return responses

    def _ask(self, name: str, coroutine: Coroutine[Any, Any, T]) -> T:
        who = type(self._client).__name__
        if self._loop is None:
            coroutine.close()
            raise BrokerError(f"broker {who}: {name} was asked before it was connected")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(self._timeout_seconds)
        except NoAnswerError as error:
            future.cancel()
            raise BrokerError(f"broker {who}: no answer to {name} in {self._timeout_seconds:g} s") from error
        except BrokerError:
            raise
        except Exception as error:  # a client's own errors, whatever they are, become one kind
            raise BrokerError(f"broker {who}: {name} failed with {type(error).__name__}: {error}") from error
