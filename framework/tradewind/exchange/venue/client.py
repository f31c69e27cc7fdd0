"""The client's side: a broker that talks to a venue process and says exactly what it knows when the line breaks."""

from __future__ import annotations

import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tradewind.contracts import Account, BrokerCapabilities, Outcome, Response
from tradewind.errors import BrokerError
from tradewind.exchange.venue.protocol import decode, encode, order_from, response_from
from tradewind.model.wire import instrument_from, instrument_to, intent_to, report_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.contracts import BrokerOrder, Replacement
    from tradewind.model import ExecutionReport, Instrument, OrderIntent, Quote

__all__ = ["VenueBroker"]

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

    def connect(self) -> None:
        """Open the connection, anew where there is one."""
        self.close()
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout_seconds)
        except OSError as error:
            raise BrokerError(
                f"broker venue: nothing answers on port {self._port} of this machine ({error}); start it with "
                f"`tradewind venue CONFIG --port {self._port}`"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._exchange({"op": "hello"})

    def close(self) -> None:
        """Close the connection; orders at work stay at the venue."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer = b""
        self._reports = []
        self._known = set()
        self._lent = None

    def advance(self, bar: int, quotes: Mapping[Instrument, Quote], years: float) -> float:
        """Process a bar and return what borrowing cost in it."""
        self._ask({"op": "lend", "credit": self._credit}, unless=self._lent == self._credit)
        self._lent = self._credit
        named = [[self._key(instrument), list(quote)] for instrument, quote in quotes.items()]
        borrowed: float = self._ask({"op": "advance", "bar": bar, "quotes": named, "years": years})
        self._known.update(quotes)
        return borrowed

    def lend(self, credit: float) -> None:
        """Let cash fall to ``-credit``; told with the next bar or batch."""
        self._credit = credit

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order; the second time there is none."""
        fields = {"instrument": instrument_to(instrument), "price": price, "bar": bar, "reason": reason}
        self._ask({"op": "liquidate", **fields})

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        """Send orders; an answer that does not come leaves them uncertain."""
        order_ids = [intent.order_id for intent in intents]
        try:
            self._ask({"op": "lend", "credit": self._credit}, unless=self._lent == self._credit)
            self._lent = self._credit
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
        return Account(**self._ask({"op": "account"}))

    def positions(self) -> Mapping[Instrument, float]:
        """Ask for the signed quantities held."""
        return {instrument_from(fields): held for fields, held in self._ask({"op": "positions"})}

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Ask for all orders at work."""
        return [order_from(fields) for fields in self._ask({"op": "open_orders"})]

    def order(self, order_id: str) -> BrokerOrder | None:
        """Ask for one order."""
        fields = self._ask({"op": "order", "order_id": order_id})
        return None if fields is None else order_from(fields)

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        """Ask for the executions after one."""
        return [report_from(fields) for fields in self._ask({"op": "executions", "since": since})]

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
            return [response_from(fields) for fields in self._exchange(request)]
        except BrokerError as error:
            return _all(order_ids, Outcome.UNCERTAIN, str(error))

    def _ask(self, request: Mapping[str, Any], *, unless: bool = False) -> Any:
        """Send what may be sent twice: on a broken line, once more on a new one."""
        if unless:
            return None
        if self._socket is not None:
            reports = self._reports
            try:
                return self._exchange(request)
            except BrokerError:
                self.connect()
                self._reports = reports
        else:
            self.connect()
        return self._exchange(request)

    def _exchange(self, request: Mapping[str, Any]) -> Any:
        """Send one request and read its answer."""
        try:
            answer = decode(self._transmit(encode(request)))
        except (OSError, ValueError) as error:
            reports = self._reports
            self.close()
            self._reports = reports
            raise BrokerError(
                f"broker venue on port {self._port}: no answer to {request['op']!r} ({error}); whether it was carried "
                f"out is asked when the venue is there again"
            ) from error
        self._reports += [report_from(fields) for fields in answer.get("reports", ())]
        if "error" in answer:
            raise BrokerError(f"broker venue on port {self._port}: {request['op']!r} was refused: {answer['error']}")
        return answer.get("result")

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


def _all(order_ids: Sequence[str], outcome: Outcome, reason: str) -> list[Response]:
    return [Response(order_id=order_id, outcome=outcome, reason=reason) for order_id in order_ids]
