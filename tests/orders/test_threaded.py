"""An asynchronous client in a thread of its own: reports all arrive, quotes are conflated, silence is uncertainty."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tradewind.contracts import Account, AsyncBroker, Broker, BrokerCapabilities, Outcome, Response
from tradewind.errors import BrokerError
from tradewind.model import Activity, ActivityKind, ExecutionReport, Instrument, OrderIntent, Quote, ReportKind
from tradewind.orders import Inbox, ThreadedBroker

SYMBOLS = [Instrument(symbol=f"S{number}") for number in range(100)]


class Client:
    """A venue in the loop's own thread that answers, stays silent or fails as it is told."""

    capabilities = BrokerCapabilities()

    def __init__(self) -> None:
        self.behaviour = "answers"
        self.thread: threading.Thread | None = None
        self.closed = False

    async def connect(
        self, on_report: Callable[[ExecutionReport], None], on_quote: Callable[[Instrument, Quote], None]
    ) -> None:
        self.thread = threading.current_thread()
        self.on_report, self.on_quote = on_report, on_quote

    async def close(self) -> None:
        self.closed = True

    async def _act(self) -> None:
        if self.behaviour == "silent":
            await asyncio.Event().wait()
        if self.behaviour == "fails":
            raise ConnectionResetError("reset")

    async def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        await self._act()
        for intent in intents:
            self.on_report(ExecutionReport(intent.order_id, ReportKind.ACCEPTED))
        return [Response(order_id=intent.order_id, outcome=Outcome.TAKEN) for intent in intents]

    async def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        await self._act()
        return [Response(order_id=one, outcome=Outcome.TAKEN) for one in order_ids]

    async def replace(self, replacements: Any) -> Sequence[Response]:
        return []

    async def account(self) -> Account:
        await self._act()
        return Account(cash=1.0, equity=2.0, buying_power=3.0)

    async def positions(self) -> dict[Instrument, float]:
        return {SYMBOLS[0]: 5.0}

    async def open_orders(self) -> Sequence[Any]:
        return []

    async def order(self, order_id: str) -> None:
        return None

    async def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        return []

    async def activities(self, since: str = "") -> Sequence[Activity]:
        return [Activity("d1", ActivityKind.DIVIDEND, 2.5)]

    async def stream(self, quotes: int, reports: int) -> None:
        """Send many quotes with reports strewn between them."""
        every = quotes // reports
        for number in range(quotes):
            price = float(number + 1)
            self.on_quote(SYMBOLS[number % len(SYMBOLS)], Quote(price, price, price, price))
            if number % every == every - 1:
                self.on_report(ExecutionReport(f"o{number // every}", ReportKind.ACCEPTED))
            if number % 1000 == 0:
                await asyncio.sleep(0)


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def broker(client: Client) -> Any:
    made = ThreadedBroker(client, timeout_seconds=0.2)
    made.connect()
    yield made
    client.behaviour = "answers"
    made.close()


def intent(name: str) -> OrderIntent:
    return OrderIntent(order_id=name, bar=0, instrument=SYMBOLS[0], quantity=1.0)


def test_it_meets_the_contract(client: Client, broker: ThreadedBroker) -> None:
    assert isinstance(client, AsyncBroker)
    assert isinstance(broker, Broker)
    assert client.thread is not threading.current_thread()
    assert broker.account().cash == 1.0
    assert broker.positions() == {SYMBOLS[0]: 5.0}
    assert broker.order("o1") is None
    assert [one.outcome for one in broker.submit([intent("a"), intent("b")])] == [Outcome.TAKEN, Outcome.TAKEN]
    assert [report.order_id for report in broker.poll()] == ["a", "b"]
    assert broker.poll() == []


@pytest.mark.parametrize(("behaviour", "words"), [("silent", "no answer to"), ("fails", "ConnectionResetError: reset")])
def test_what_is_not_answered_is_uncertain_if_sent_and_an_error_if_asked(
    client: Client, broker: ThreadedBroker, behaviour: str, words: str
) -> None:
    client.behaviour = behaviour
    (response,) = broker.submit([intent("a")])
    assert (response.outcome, words in response.reason) == (Outcome.UNCERTAIN, True)
    assert [one.outcome for one in broker.cancel(["a", "b"])] == [Outcome.UNCERTAIN, Outcome.UNCERTAIN]
    with pytest.raises(BrokerError, match=words):
        broker.account()
    client.behaviour = "answers"
    assert broker.account().cash == 1.0


def test_without_a_connection_nothing_is_sent(client: Client) -> None:
    broker = ThreadedBroker(client)
    assert [one.outcome for one in broker.submit([intent("a")])] == [Outcome.NOT_SENT]
    with pytest.raises(BrokerError, match="before it was connected"):
        broker.account()
    broker.close()
    assert not client.closed


def test_it_can_be_closed_and_connected_again(client: Client, broker: ThreadedBroker) -> None:
    first = client.thread
    broker.close()
    assert (client.closed, first is not None and first.is_alive()) == (True, False)
    broker.connect()
    assert client.thread is not first
    assert broker.account().equity == 2.0


def test_of_many_quotes_the_latest_are_kept_and_of_reports_all(client: Client, broker: ThreadedBroker) -> None:
    assert broker._loop is not None
    future = asyncio.run_coroutine_threadsafe(client.stream(20_000, 500), broker._loop)
    reports: list[ExecutionReport] = []
    latest: dict[Instrument, Quote] = {}
    most = 0
    while not future.done():
        reports += broker.poll()
        taken = broker.quotes()
        most = max(most, len(taken))
        latest |= taken
    future.result()
    reports += broker.poll()
    latest |= broker.quotes()
    assert [report.order_id for report in reports] == [f"o{number}" for number in range(500)]
    assert {symbol: quote.close for symbol, quote in latest.items()} == {
        symbol: float(20_000 - len(SYMBOLS) + number + 1) for number, symbol in enumerate(SYMBOLS)
    }
    assert most <= len(SYMBOLS)


def test_beyond_its_room_the_inbox_forgets_what_was_quiet_longest() -> None:
    inbox = Inbox(most_instruments=2)
    for symbol, price in ((0, 1.0), (1, 2.0), (0, 3.0), (2, 4.0)):
        inbox.put_quote(SYMBOLS[symbol], Quote(price, price, price, price))
    assert {one.symbol: quote.close for one, quote in inbox.take_quotes().items()} == {"S0": 3.0, "S2": 4.0}
    assert (inbox.conflated, inbox.forgotten) == (1, 1)
