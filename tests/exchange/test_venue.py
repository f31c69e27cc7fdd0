"""The exchange behind a socket: an account that outlives its clients, and lines that break at any moment."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.orders.crash.scenario import CASH, Outcome, Scenario, ask_venue
from tradewind.config.plan import Plan
from tradewind.contracts import Cost
from tradewind.errors import BrokerError, BrokerRefusalError
from tradewind.exchange import Exchange, ExchangeBroker, ExchangeRules
from tradewind.exchange.venue import VenueServer
from tradewind.journal.store import open_store
from tradewind.model import Instrument, OrderIntent, Quote
from tradewind.orders.courier import Courier, Retries
from tradewind.runs import session as session_module
from tradewind_plugins.brokers import VenueBroker

ABC = Instrument(symbol="ABC")


@contextlib.contextmanager
def venue(
    port: int = 0, *, cash: float = CASH, rules: ExchangeRules | None = None, cost: Cost | None = None
) -> Iterator[VenueServer]:
    """Serve an exchange in this process."""
    exchange = Exchange(cash=cash, rules=rules or ExchangeRules(volume_limit=0.5), cost=cost)
    server = VenueServer(ExchangeBroker(exchange), port=port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    with venue(rules=ExchangeRules()) as server:
        yield server.address[1]


@pytest.fixture
def client(port: int) -> Iterator[VenueBroker]:
    broker = VenueBroker(port, timeout_seconds=0.2)
    broker.connect()
    yield broker
    broker.close()


def quotes(price: float) -> dict[Instrument, Quote]:
    return {ABC: Quote(price, price, price, price, 1e6)}


def buy(order_id: str, quantity: float = 10.0) -> OrderIntent:
    return OrderIntent(order_id=order_id, bar=0, instrument=ABC, quantity=quantity)


def fault(port: int, on: str, **terms: Any) -> None:
    ask_venue(port, {"op": "fault", "fault": {"on": on, **terms}})


def test_orders_and_money_outlive_their_client(port: int, client: VenueBroker) -> None:
    client.advance(0, quotes(10.0), 0.0)
    assert [one.outcome for one in client.submit([buy("1")])] == ["taken"]
    client.close()
    other = VenueBroker(port)
    other.connect()
    assert [order.order_id for order in other.open_orders()] == ["1"]
    other.advance(1, quotes(11.0), 0.0)
    assert [report.fill.price for report in other.poll() if report.fill] == [11.0]
    assert (other.positions(), other.account().cash) == ({ABC: 10.0}, CASH - 110.0)
    assert [report.order_id for report in other.executions()] == ["1"]
    other.close()


def test_another_server_on_the_port_is_told_from_a_venue() -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]

        def answer() -> None:
            line, _ = foreign.accept()
            with line:
                line.recv(1 << 12)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(
            BrokerRefusalError, match=f"what answers on port {port} .* is no tradewind venue; start one"
        ):
            VenueBroker(port).connect()
        thread.join()


def test_what_the_venue_refuses_is_told_in_its_words(port: int, client: VenueBroker) -> None:
    client.advance(7, quotes(10.0), 0.0)
    with pytest.raises(BrokerRefusalError) as caught:
        client.advance(3, quotes(10.0), 0.0)
    assert str(caught.value).startswith(f"broker venue on port {port}: exchange: bar 3 was shown to it after bar 7")
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize("action", ["close", "silence", "garbage"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_line_that_breaks_leaves_an_order_uncertain_and_never_doubled(
    port: int, client: VenueBroker, when: str, action: str
) -> None:
    client.advance(0, quotes(10.0), 0.0)
    fault(port, "submit", when=when, action=action)
    assert [one.outcome for one in client.submit([buy("1")])] == ["uncertain"]
    assert (client.order("1") is not None) == (when == "after")
    assert [one.outcome for one in client.submit([buy("1")])] == ["taken"]
    assert ask_venue(port, {"op": "stats"})["created"] == {"1": 1}


@pytest.mark.parametrize("action", ["close", "silence", "garbage"])
@pytest.mark.parametrize("operation", ["advance", "account", "positions"])
def test_no_report_is_lost_with_the_line(port: int, client: VenueBroker, operation: str, action: str) -> None:
    client.advance(0, quotes(10.0), 0.0)
    client.submit([buy("1")])
    client.poll()
    fault(port, operation, when="after", action=action)
    if operation != "advance":
        ask_venue(port, {"op": "advance", "bar": 1, "quotes": [["ABC", [11.0] * 5]], "years": 0.0})
    {"advance": lambda: client.advance(1, quotes(11.0), 0.0), "account": client.account, "positions": client.positions}[
        operation
    ]()
    assert [report.fill.quantity for report in client.poll() if report.fill] == [10.0]
    assert client.poll() == []


def test_a_venue_that_has_lost_its_state_is_recognised(client: VenueBroker, port: int) -> None:
    client.advance(0, quotes(10.0), 0.0)
    client.submit([buy("1")])
    client.poll()
    fault(port, "account", action="close")
    with venue() as other:
        client._port = other.address[1]
        with pytest.raises(BrokerError, match="has lost its state"):
            client.account()


def test_nobody_there_says_how_to_start_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
    with pytest.raises(BrokerError, match=rf"nothing answers on port {number} .* `tradewind venue CONFIG --port"):
        VenueBroker(number).connect()
    assert [one.outcome for one in VenueBroker(number).submit([buy("1")])] == ["not_sent"]


@pytest.mark.parametrize(
    "line", [b"nonsense", b"[1]", b"{}", b'{"op": []}', b'{"op": "order"}', b'{"op": "submit", "intents": [7]}']
)
def test_a_request_that_is_none_is_answered_with_an_error(port: int, line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 2.0) as connection:
        stream = connection.makefile("rwb")
        stream.write(line + b"\n")
        stream.flush()
        assert "error" in json.loads(stream.readline())
        stream.write(b'{"op": "account"}\n')
        stream.flush()
        assert json.loads(stream.readline())["result"]["cash"] == CASH


@pytest.mark.parametrize("answer", [b"{}", b'{"result": [{"order_id": "1"}]}', b'{"result": 7}', b'{"reports": [1]}'])
def test_an_answer_that_is_none_leaves_an_order_uncertain(
    client: VenueBroker, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    client.advance(0, quotes(10.0), 0.0)
    monkeypatch.setattr(client, "_transmit", lambda line: answer)
    assert [one.outcome for one in client.submit([buy("1")])] == ["uncertain"]


class Timed(Scenario):
    """The session of the crash tests, at a client that does not wait long."""

    def plan(self, port: int) -> Plan:
        plan = super().plan(port)
        assert plan.mode.broker is not None
        plan.mode.broker.params["timeout_seconds"] = 0.15
        return plan


OPERATIONS = (
    "advance",
    "submit",
    "cancel",
    "order",
    "poll",
    "account",
    "positions",
    "open_orders",
    "executions",
    "lend",
    "hello",
)


def session(bars: int, journal: Path, faults: list[dict[str, Any]]) -> tuple[str, Outcome]:
    with venue() as server:
        number = server.address[1]
        for one in faults:
            server._order_fault({"fault": one})
        for _ in range(len(faults)):
            # Who cannot reach its venue ends, and is started again.
            with contextlib.suppress(BrokerError):
                durable = Timed(bars=bars).run(number, journal)
                break
        else:
            durable = Timed(bars=bars).run(number, journal)
        server._faults.clear()
        return durable.journal.decision_hash, Outcome.of(number)


def require_unmoved(bars: int, folder: Path, seeds: range, faults: int) -> None:
    expected = session(bars, folder / "undisturbed.db", [])
    for seed in seeds:
        chance = random.Random(seed)
        script = [
            {
                "on": chance.choice(OPERATIONS),
                "when": chance.choice(["before", "after"]),
                "action": chance.choice(["close", "silence", "garbage"]),
                "count": 1,
                "skip": chance.randrange(bars),
            }
            for _ in range(faults)
        ]
        assert session(bars, folder / f"{seed}.db", script) == expected, script


@pytest.fixture
def tireless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let couriers try more often than there are faults, and not wait."""

    def made(broker: VenueBroker, **_: object) -> Courier:
        return Courier(broker, Retries(attempts=40), sleep=lambda _: None)

    monkeypatch.setattr(session_module, "Courier", made)


def test_lines_that_break_at_random_change_nothing(tmp_path: Path, tireless: None) -> None:
    require_unmoved(6, tmp_path, range(8), 6)


@pytest.mark.soak
def test_lines_that_break_at_random_change_nothing_at_length(tmp_path: Path, tireless: None) -> None:
    require_unmoved(12, tmp_path, range(1000, 1200), 12)


def test_a_session_at_a_venue_that_lost_everything_sends_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with venue() as server:
        number = server.address[1]
        fault(number, "advance", action="close", count=9, skip=4)
        with pytest.raises(BrokerError, match="'advance'"):
            Timed(bars=8).run(number, journal)
    with venue(number) as server:
        Timed(bars=8).run(number, journal)
        assert ask_venue(number, {"op": "stats"})["created"] == {}
    with open_store(journal) as store:
        assert store.verify().good


def test_what_a_venue_has_lost_is_adopted_and_the_session_trades_on(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with venue() as server:
        number = server.address[1]
        fault(number, "advance", action="close", count=9, skip=4)
        with pytest.raises(BrokerError, match="'advance'"):
            Timed(bars=12).run(number, journal)
    with open_store(journal) as store:
        store.post(1, "adopt", {})
    with venue(number) as server:
        durable = Timed(bars=12).run(number, journal)
        created = ask_venue(number, {"op": "stats"})["created"]
        theirs = {fields["symbol"]: held for fields, held in ask_venue(number, {"op": "positions"})}
    assert created
    assert durable.path is not None
    assert durable.path.differences == {}
    assert {one.symbol: held for one, held in durable.path.quantities().items()} == pytest.approx(theirs)
    assert "no order was sent from bar" in "".join(durable.put_off.warnings())
    with open_store(journal) as store:
        assert store.verify().good
