"""A venue of the test's own: takes, loses and refuses messages as a script says, and keeps its own account."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tradewind.contracts import Account, BrokerCapabilities, BrokerOrder, Outcome, Replacement, Response
from tradewind.errors import BrokerError
from tradewind.journal import Record, encode
from tradewind.model import (
    Activity,
    ActivityKind,
    ExecutionReport,
    Fill,
    Instrument,
    OrderIntent,
    OrderState,
    Quote,
    ReportKind,
)
from tradewind.orders.account import OwnAccount
from tradewind.orders.courier import Courier, Retries
from tradewind.orders.path import OrderPath
from tradewind.orders.talks import Recorded

CASH = 100_000.0
PRICE = 10.0


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0.0
        self.now += seconds
        if seconds:
            self.waits.append(seconds)


class ScriptedBroker:
    """A venue without prices: the test says what is filled, and what becomes of each message.

    Words of the script, one a message: ``taken``; ``refused``; ``not_sent``; ``busy`` (not sent, come back in seven
    seconds); ``lost`` (it arrived, the answer did not); ``vanished`` (it did not arrive, and nobody knows).
    """

    def __init__(self, clock: Clock | None = None, **capabilities: Any) -> None:
        self.capabilities = BrokerCapabilities(**capabilities)
        self.clock = clock or Clock()
        self.script: deque[str] = deque()
        self.cancel_script: deque[str] = deque()
        self.reachable = True
        self.calls: list[tuple[float, str, tuple[str, ...]]] = []
        self.created: Counter[str] = Counter()
        self.orders: dict[str, BrokerOrder] = {}
        self.cash = CASH
        self.held: dict[Instrument, float] = {}
        self.done: list[ExecutionReport] = []
        self.queue: list[ExecutionReport] = []
        self.happened: list[Activity] = []
        self._numbers = itertools.count(1)

    def connect(self) -> None:
        self._note("connect")
        self.queue = []

    def close(self) -> None:
        self._note("close")

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        self.calls.append((self.clock.now, "submit", tuple(one.order_id for one in intents)))
        return [self._take(intent) for intent in intents]

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        self.calls.append((self.clock.now, "cancel", tuple(order_ids)))
        return [self._cancel(order_id) for order_id in order_ids]

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        raise NotImplementedError

    def poll(self) -> Sequence[ExecutionReport]:
        if not self.reachable:
            return []
        heard, self.queue = self.queue, []
        return heard

    def account(self) -> Account:
        self._note("account")
        return Account(cash=self.cash, equity=self.cash, buying_power=self.cash)

    def positions(self) -> dict[Instrument, float]:
        self._note("positions")
        return {one: quantity for one, quantity in self.held.items() if quantity}

    def open_orders(self) -> list[BrokerOrder]:
        self._note("open_orders")
        return [one for one in self.orders.values() if one.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)]

    def order(self, order_id: str) -> BrokerOrder | None:
        self._note("order", order_id)
        return self.orders.get(order_id)

    def executions(self, since: str = "") -> list[ExecutionReport]:
        self._note("executions", since)
        return [one for one in self.done if not since or int(one.execution_id) > int(since)]

    def activities(self, since: str = "") -> list[Activity]:
        self._note("activities", since)
        return [one for one in self.happened if not since or int(one.activity_id) > int(since)]

    def happens(self, kind: ActivityKind, cash: float = 0.0, **terms: Any) -> None:
        """Change the account without an order."""
        activity = Activity(str(next(self._numbers)), kind, cash, **terms)
        self.cash += cash
        if activity.instrument is not None:
            self.held[activity.instrument] = self.held.get(activity.instrument, 0.0) + activity.quantity
        self.happened.append(activity)

    def fill(self, order_id: str, quantity: float | None = None, price: float = PRICE, *, bar: int = 0) -> None:
        """Execute an order, or part of it, and report that."""
        order = self.orders[order_id]
        quantity = order.quantity - order.filled if quantity is None else quantity
        filled = order.filled + quantity
        ended = order.state in (OrderState.CANCELLED, OrderState.EXPIRED)
        state = OrderState.FILLED if math.isclose(filled, order.quantity) else OrderState.PARTIALLY_FILLED
        self.orders[order_id] = dataclasses.replace(order, filled=filled, state=order.state if ended else state)
        self.held[order.instrument] = self.held.get(order.instrument, 0.0) + quantity
        self.cash -= quantity * price * order.instrument.multiplier
        execution = ExecutionReport(
            order_id,
            ReportKind.TRADE,
            execution_id=str(next(self._numbers)),
            fill=Fill(order_id, bar, order.instrument, quantity, price),
        )
        self.done.append(execution)
        self.queue.append(execution)

    def ends(self, order_id: str, state: OrderState, kind: ReportKind) -> None:
        """End an order by itself."""
        self.orders[order_id] = dataclasses.replace(self.orders[order_id], state=state)
        self.queue.append(ExecutionReport(order_id, kind))

    def calls_of(self, operation: str) -> list[tuple[str, ...]]:
        return [ids for _, name, ids in self.calls if name == operation]

    def _note(self, operation: str, *ids: str) -> None:
        self.calls.append((self.clock.now, operation, ids))
        if not self.reachable:
            raise BrokerError("the venue does not answer")

    def _take(self, intent: OrderIntent) -> Response:
        word = self.script.popleft() if self.script else "taken"
        name = intent.order_id
        if not self.reachable or word in ("not_sent", "busy"):
            wait = 7.0 if word == "busy" else 0.0
            return Response(order_id=name, outcome=Outcome.NOT_SENT, reason="no line", retry_after_seconds=wait)
        if word == "refused":
            return Response(order_id=name, outcome=Outcome.REFUSED, reason="not today")
        if word in ("taken", "lost") and name not in self.orders:
            self.created[name] += 1
            self.orders[name] = BrokerOrder(
                order_id=name,
                venue_order_id=f"v{len(self.orders) + 1}",
                instrument=intent.instrument,
                quantity=intent.quantity,
                filled=0.0,
                average_price=math.nan,
                state=OrderState.ACCEPTED,
            )
            self.queue.append(ExecutionReport(name, ReportKind.ACCEPTED))
        return Response(order_id=name, outcome=Outcome.TAKEN if word == "taken" else Outcome.UNCERTAIN, reason=word)

    def _cancel(self, order_id: str) -> Response:
        word = self.cancel_script.popleft() if self.cancel_script else "taken"
        if word == "not_sent":
            return Response(order_id=order_id, outcome=Outcome.NOT_SENT, reason="no line")
        if word == "refused":
            return Response(order_id=order_id, outcome=Outcome.REFUSED, reason="too late")
        at_work = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
        known = self.orders.get(order_id)
        if word in ("taken", "lost") and known is not None and known.state in at_work:
            self.ends(order_id, OrderState.CANCELLED, ReportKind.CANCELLED)
        elif word == "taken":
            return Response(order_id=order_id, outcome=Outcome.REFUSED, reason="not at work")
        return Response(order_id=order_id, outcome=Outcome.TAKEN if word == "taken" else Outcome.UNCERTAIN, reason=word)


class Log:
    """A journal in memory; what was not committed dies with the process."""

    def __init__(self, before: Iterable[Record] = ()) -> None:
        self.durable = list(before)
        self._rows: list[Record] = []

    def note(self, bar: int, kind: str, payload: Any) -> None:
        self._rows.append(Record(bar, kind, encode(payload)))

    def commit(self) -> None:
        self.durable += self._rows
        self._rows = []


class Prices:
    """One price for everything."""

    def quote(self, instrument: Instrument) -> Quote | None:
        return Quote(PRICE, PRICE, PRICE, PRICE)

    def mark(self, instrument: Instrument) -> float:
        return PRICE


def courier(broker: ScriptedBroker, **retries: Any) -> Courier:
    return Courier(broker, Retries(**retries), sleep=broker.clock.sleep, clock=broker.clock)


def path_of(broker: ScriptedBroker, log: Log | None = None, **retries: Any) -> OrderPath:
    """Return the path of a new process, with what the log has of earlier ones."""
    log = log or Log()
    return OrderPath(
        courier=courier(broker, **retries),
        log=log,
        account=OwnAccount(CASH),
        instruments=(),
        tag="t",
        recorded=Recorded.of(log.durable),
    )


def intent(order_id: str, quantity: float = 10.0, symbol: str = "ABC", **terms: Any) -> OrderIntent:
    return OrderIntent(order_id=order_id, bar=0, instrument=Instrument(symbol=symbol), quantity=quantity, **terms)


Step = Callable[[OrderPath], None]


def bar_of(path: OrderPath, number: int, act: Step = lambda _: None, *, compare: bool = False) -> list[Any]:
    """Live through one bar and return its events."""
    path.process(number, Prices())
    events = list(path.poll())
    act(path)
    events += path.poll()
    path.end_bar(compare=compare)
    events += path.idle()
    return events


def kinds(events: list[Any]) -> list[tuple[str, str, str]]:
    return [(event.order_id, event.kind.value, event.reason) for event in events]


def sends(*intents: Any) -> Step:
    return lambda path: path.submit(list(intents))


def require_agreement(path: OrderPath, broker: ScriptedBroker) -> None:
    """Require of a path that account and orders are the venue's."""
    ours, theirs = path.quantities(), broker.positions()
    assert {one.symbol: round(held, 9) for one, held in ours.items()} == {
        one.symbol: round(held, 9) for one, held in theirs.items()
    }
    assert math.isclose(path.cash, broker.cash, abs_tol=1e-6)
    for order_id, order in broker.orders.items():
        assert math.isclose(path.orders[order_id].filled, order.filled, abs_tol=1e-9)
        assert path.orders[order_id].ended == (order.state not in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED))
