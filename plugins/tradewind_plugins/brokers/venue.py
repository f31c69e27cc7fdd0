"""The client's side: a broker that talks to a venue process and says exactly what it knows when the line breaks."""

from __future__ import annotations

import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from pydantic import Field

from tradewind.contracts import Account, BrokerCapabilities, Outcome, Response
from tradewind.errors import BrokerError, BrokerRefusalError
from tradewind.exchange.venue.protocol import decode, encode, order_from, response_from
from tradewind.model.wire import activity_from, instrument_from, instrument_to, intent_to, report_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.contracts import BrokerOrder, Replacement
    from tradewind.model import Activity, ExecutionReport, Instrument, OrderIntent, Quote

__all__ = ["VenueBroker"]

Told = TypeVar("Told")

Port = Annotated[int, Field(ge=1, le=65535, description="Port on which `tradewind venue` listens.")]
Timeout = Annotated[float, Field(gt=0.0, description="Longest wait for an answer.")]


class VenueBroker:
    """A `tradewind.contracts.SimulatedBroker` in another process of this machine.

    Parameters
    ----------
    port
        Where `VenueServer` listens, on the loopback interface.
    timeout_seconds
        Longest wait for an answer.
    """

    capabilities = BrokerCapabilities(waits_for_sells=False)

    def __init__(self, port: Port = 7474, timeout_seconds: Timeout = 5.0) -> None:
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._reports: list[ExecutionReport] = []
        self._known: set[Instrument] = set()
        self._credit = 0.0
        self._lent: float | None = None
        self._venue: str | None = None
        self._told = 0

    def connect(self) -> None:
        """Open the connection, anew where there is one: no report is missed between the two.

        Raises
        ------
        BrokerError
            If nobody answers, or another venue than before.
        BrokerRefusalError
            If what answers is no venue.
        """
        self.close()
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout_seconds)
        except OSError as error:
            raise BrokerError(
                f"broker venue: nothing answers on port {self._port} of this machine ({error}); start it with "
                f"`tradewind venue CONFIG --port {self._port}`"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        venue = self._exchange({"op": "hello", "venue": self._venue, "told": self._told}, lambda told: told["venue"])
        if self._venue not in (None, venue):
            self.close()
            raise BrokerError(
                f"broker venue on port {self._port}: it was started anew and has lost its state; orders and account of "
                f"this session are gone with it. The same command goes on and shows what is gone as differences, which "
                f"`tradewind orders adopt` takes over; or begin a new session with --fresh"
            )
        self._venue = venue

    def close(self) -> None:
        """Close the connection; orders at work stay at the venue."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer = b""
        self._known = set()
        self._lent = None

    def advance(self, bar: int, quotes: Mapping[Instrument, Quote], years: float) -> float:
        """Process a bar and return what borrowing cost in it."""
        self._tell_credit()
        named = [[self._key(instrument), list(quote)] for instrument, quote in quotes.items()]
        borrowed = self._ask({"op": "advance", "bar": bar, "quotes": named, "years": years}, float)
        self._known.update(quotes)
        return borrowed

    def lend(self, credit: float) -> None:
        """Let cash fall to ``-credit``; told with the next bar or batch."""
        self._credit = credit

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order; the second time there is none."""
        fields = {"instrument": instrument_to(instrument), "price": price, "bar": bar, "reason": reason}
        self._ask({"op": "liquidate", **fields}, _nothing)

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        """Send orders; an answer that does not come leaves them uncertain."""
        order_ids = [intent.order_id for intent in intents]
        try:
            self._tell_credit()
        except BrokerError as error:
            return _all(order_ids, Outcome.NOT_SENT, str(error))
        return self._send({"op": "submit", "intents": [intent_to(intent) for intent in intents]}, order_ids)

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        """Ask to cancel orders."""
        return self._send({"op": "cancel", "order_ids": list(order_ids)}, list(order_ids))

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        """Ask to change orders; a repeated request for the same new id changes nothing."""
        terms = [asdict(one) for one in replacements]
        return self._send({"op": "replace", "replacements": terms}, [one.order_id for one in replacements])

    def poll(self) -> Sequence[ExecutionReport]:
        """Return what came with the answers since the last call; every answer brings what has happened."""
        reports, self._reports = self._reports, []
        return reports

    def account(self) -> Account:
        """Ask for the money."""
        return self._ask({"op": "account"}, lambda fields: Account(**fields))

    def positions(self) -> Mapping[Instrument, float]:
        """Ask for the signed quantities held."""
        return self._ask({"op": "positions"}, lambda told: {instrument_from(fields): held for fields, held in told})

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Ask for all orders at work."""
        return self._ask({"op": "open_orders"}, lambda told: [order_from(fields) for fields in told])

    def order(self, order_id: str) -> BrokerOrder | None:
        """Ask for one order."""
        request = {"op": "order", "order_id": order_id}
        return self._ask(request, lambda fields: None if fields is None else order_from(fields))

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        """Ask for the executions after one."""
        request = {"op": "executions", "since": since}
        return self._ask(request, lambda told: [report_from(fields) for fields in told])

    def activities(self, since: str = "") -> Sequence[Activity]:
        """Ask for the changes of the account without an order after one."""
        request = {"op": "activities", "since": since}
        return self._ask(request, lambda told: [activity_from(fields) for fields in told])

    def _tell_credit(self) -> None:
        if self._lent != self._credit:
            self._ask({"op": "lend", "credit": self._credit}, _nothing)
            self._lent = self._credit

    def _key(self, instrument: Instrument) -> Any:
        return instrument.symbol if instrument in self._known else instrument_to(instrument)

    def _send(self, request: Mapping[str, Any], order_ids: list[str]) -> Sequence[Response]:
        """Send what must not be sent twice."""
        if self._socket is None:
            try:
                self.connect()
            except BrokerError as error:
                return _all(order_ids, Outcome.NOT_SENT, str(error))
        try:
            return self._exchange(request, lambda told: [response_from(fields) for fields in told])
        except BrokerError as error:
            return _all(order_ids, Outcome.UNCERTAIN, str(error))

    def _ask(self, request: Mapping[str, Any], read: Callable[[Any], Told]) -> Told:
        """Send what may be sent twice: on a broken line, once more on a new one."""
        if self._socket is not None:
            try:
                return self._exchange(request, read)
            except BrokerError:
                if self._socket is not None:
                    raise
        self.connect()
        return self._exchange(request, read)

    def _exchange(self, request: Mapping[str, Any], read: Callable[[Any], Told]) -> Told:
        """Send one request and read its answer."""
        try:
            answer = decode(self._transmit(encode(request)))
            reports, told = [report_from(fields) for fields in answer["reports"]], int(answer["told"])
            result = read(answer["result"]) if "error" not in answer else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            if request["op"] == "hello" and not isinstance(error, OSError):
                raise BrokerRefusalError(
                    f"broker venue: what answers on port {self._port} of this machine is no tradewind venue; start one "
                    f"with `tradewind venue CONFIG --port PORT` and name its port under `broker: params: port`"
                ) from error
            raise BrokerError(
                f"broker venue on port {self._port}: no answer to {request['op']!r} ({error}); whether it was carried "
                f"out is asked when the venue is there again"
            ) from error
        self._reports += reports
        self._told = told
        if "error" in answer:
            raise BrokerRefusalError(f"broker venue on port {self._port}: {answer['error']}")
        return cast("Told", result)

    def _transmit(self, line: bytes) -> bytes:
        """Send a line and return the answer's."""
        assert self._socket is not None
        self._socket.sendall(line)
        while b"\n" not in self._buffer:
            received = self._socket.recv(1 << 16)
            if not received:
                raise OSError("the venue closed the connection")
            self._buffer += received
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line


def _nothing(_: Any) -> None:
    """Read an answer that says only that it was done."""


def _all(order_ids: Sequence[str], outcome: Outcome, reason: str) -> list[Response]:
    return [Response(order_id=order_id, outcome=outcome, reason=reason) for order_id in order_ids]
