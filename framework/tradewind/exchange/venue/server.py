"""The venue's side: an exchange whose account survives its clients, with counters that judge them and faults to order.

Faults serve tests of clients: each names an operation, whether it strikes ``before`` or ``after`` it was carried out,
and what happens: ``close`` (the connection is reset), ``silence`` (no answer) or ``garbage`` (an answer that is none);
``skip`` requests are spared first, then ``count`` are struck.
"""

from __future__ import annotations

import secrets
import socketserver
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tradewind.contracts import Replacement
from tradewind.errors import TradewindError
from tradewind.exchange.venue.protocol import decode, encode, order_to, response_to
from tradewind.model import OrderIntent, Quote
from tradewind.model.wire import activity_to, instrument_from, instrument_to, intent_from, report_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradewind.exchange.broker import ExchangeBroker
    from tradewind.model import ExecutionReport, Instrument

__all__ = ["VenueServer"]


class VenueServer:
    """Serves one account to any number of connections, one request at a time.

    Parameters
    ----------
    broker
        The exchange and its account.
    host, port
        Where to listen; port 0 takes a free one.
    """

    def __init__(self, broker: ExchangeBroker, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._reports: list[ExecutionReport] = []
        self._counts: Counter[str] = Counter()
        self._created: Counter[str] = Counter()
        self._faults: list[dict[str, Any]] = []
        self._instruments: dict[str, Instrument] = {}
        self._manual = 0
        self._identity = secrets.token_hex(8)
        self._operations: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "hello": lambda _: {"venue": self._identity},
            "advance": self._advance,
            "lend": lambda request: broker.lend(request["credit"]),
            "liquidate": self._liquidate,
            "submit": self._submit,
            "cancel": lambda request: [response_to(one) for one in broker.cancel(request["order_ids"])],
            "replace": lambda request: [
                response_to(one) for one in broker.replace([Replacement(**terms) for terms in request["replacements"]])
            ],
            "poll": lambda _: None,
            "account": lambda _: asdict(broker.account()),
            "positions": lambda _: [[instrument_to(key), held] for key, held in broker.positions().items()],
            "open_orders": lambda _: [order_to(order) for order in broker.open_orders()],
            "order": self._order,
            "executions": lambda request: [report_to(one) for one in broker.executions(request["since"])],
            "activities": lambda request: [activity_to(one) for one in broker.activities(request["since"])],
            "stats": lambda _: {"requests": dict(self._counts), "created": dict(self._created)},
            "fault": self._order_fault,
            "manual": self._trade_by_hand,
        }
        venue = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                # A client that was killed resets its connection.
                with suppress(ConnectionError):
                    venue._serve(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((host, port), Handler)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def serve_forever(self) -> None:
        """Answer until `close` is called from another thread."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: socketserver.StreamRequestHandler) -> None:
        """Answer the requests of one connection."""
        with self._lock:
            cursor = len(self._reports)
        for line in handler.rfile:
            with self._lock:
                cursor, answer, fault = self._answer(line, cursor)
                reports, cursor = self._reports[cursor:], len(self._reports)
            if fault == "close":
                return
            if fault == "silence":
                continue
            answer |= {"reports": [report_to(report) for report in reports], "told": cursor}
            handler.wfile.write(b"garbage\n" if fault == "garbage" else encode(answer))

    def _answer(self, line: bytes, cursor: int) -> tuple[int, dict[str, Any], str]:
        """Return the first report to tell, the answer and the fault; who says hello says what it was told before."""
        try:
            request = decode(line)
            operation = self._operations[request["op"]]
            if request["op"] == "hello" and request.get("venue") == self._identity:
                cursor = int(request["told"])
        except (ValueError, KeyError, TypeError) as error:
            return cursor, {"error": f"not a request: {error!r}"}, ""
        name = request["op"]
        self._counts[name] += 1
        fault = self._fault(name, "before")
        if fault:
            return cursor, {}, fault
        try:
            result = operation(request)
        except TradewindError as error:
            return cursor, {"error": str(error)}, ""
        except (ValueError, KeyError, TypeError) as error:
            return cursor, {"error": f"the venue cannot carry out {name!r}: {error!r}"}, ""
        self._reports.extend(self._broker.poll())
        return cursor, {"result": result}, self._fault(name, "after")

    def _fault(self, operation: str, when: str) -> str:
        for fault in self._faults:
            if fault["on"] != operation or fault["when"] != when or fault["count"] <= 0:
                continue
            if fault["skip"]:
                fault["skip"] -= 1
                continue
            fault["count"] -= 1
            return str(fault["action"])
        return ""

    def _order_fault(self, request: Mapping[str, Any]) -> None:
        self._faults.append({"when": "before", "action": "close", "count": 1, "skip": 0, **request["fault"]})

    def _advance(self, request: Mapping[str, Any]) -> float:
        quotes = {self._instrument(key): Quote(*prices) for key, prices in request["quotes"]}
        return self._broker.advance(request["bar"], quotes, request["years"])

    def _instrument(self, key: Any) -> Instrument:
        """An instrument by symbol, or, the first time, by all its fields."""
        if isinstance(key, str):
            return self._instruments[key]
        instrument = instrument_from(key)
        self._instruments[instrument.symbol] = instrument
        return instrument

    def _liquidate(self, request: Mapping[str, Any]) -> None:
        instrument = instrument_from(request["instrument"])
        self._broker.liquidate(instrument, request["price"], request["bar"], request["reason"])

    def _submit(self, request: Mapping[str, Any]) -> object:
        intents = [intent_from(fields) for fields in request["intents"]]
        for intent in intents:
            if self._broker.order(intent.order_id) is None:
                self._created[intent.order_id] += 1
            else:
                self._counts["repeated"] += 1
        return [response_to(response) for response in self._broker.submit(intents)]

    def _order(self, request: Mapping[str, Any]) -> object:
        order = self._broker.order(request["order_id"])
        return None if order is None else order_to(order)

    def _trade_by_hand(self, request: Mapping[str, Any]) -> object:
        self._manual += 1
        intent = OrderIntent(
            order_id=f"manual-{self._manual}",
            bar=request["bar"],
            instrument=self._instrument(request["instrument"]),
            quantity=request["quantity"],
        )
        return [response_to(response) for response in self._broker.submit([intent])]
