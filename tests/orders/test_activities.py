"""What happens to an account without an order: booked once, through any restart, and never a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.orders.scripted import PRICE, Log, Prices, ScriptedBroker, bar_of, intent, path_of, require_agreement, sends
from tradewind.engine.outside import attribute
from tradewind.model import Activity, ActivityKind, Instrument
from tradewind.model.wire import activity_from, activity_to
from tradewind.orders.path import OrderPath
from tradewind.portfolio.books import SleeveBooks

ABC = Instrument(symbol="ABC")


def holding(broker: ScriptedBroker, log: Log | None = None) -> OrderPath:
    """Return a path that holds ten of ABC."""
    path = path_of(broker, log)
    bar_of(path, 0, sends(intent("1")))
    broker.fill("t-1")
    bar_of(path, 1, compare=True)
    return path


@pytest.mark.parametrize(
    ("kind", "cash", "terms"),
    [
        (ActivityKind.DIVIDEND, 4.2, {"instrument": ABC}),
        (ActivityKind.FEE, -1.0, {}),
        (ActivityKind.SPLIT, 0.0, {"instrument": ABC, "quantity": 10.0}),
        (ActivityKind.ASSIGNMENT, -500.0, {"instrument": ABC, "quantity": 50.0, "price": 10.0}),
        (ActivityKind.CORRECTION, 10.0 * PRICE, {"instrument": ABC, "quantity": -10.0, "price": PRICE}),
    ],
)
def test_an_activity_is_booked_once_through_a_restart(kind: ActivityKind, cash: float, terms: dict[str, Any]) -> None:
    broker, log = ScriptedBroker(), Log()
    path = holding(broker, log)
    broker.happens(kind, cash, **terms)
    bar_of(path, 2, compare=True)
    assert path.differences == {}
    assert [(one.kind, one.cash, one.quantity) for one in path.activities()] == [
        (kind, cash, terms.get("quantity", 0.0))
    ]
    require_agreement(path, broker)
    bar_of(path, 3, compare=True)
    assert path.activities() == []
    again = path_of(broker, log)
    bar_of(again, 0, sends(intent("1")))
    for bar in range(1, 5):
        bar_of(again, bar, compare=True)
    require_agreement(again, broker)
    assert [one.kind for one in again.activities()] == [kind]


def test_an_activity_is_known_before_the_next_order_is_sent() -> None:
    broker = ScriptedBroker()
    path = holding(broker)
    broker.happens(ActivityKind.DIVIDEND, 4.2, instrument=ABC)
    broker.clock.sleep(60.0)
    path.process(2, Prices())
    assert path.accepts()
    path.submit([intent("2")])
    assert broker.created["t-2"] == 1
    require_agreement_of_cash(path, broker)


def require_agreement_of_cash(path: OrderPath, broker: ScriptedBroker) -> None:
    assert path.cash == pytest.approx(broker.cash)


def test_activities_before_a_crash_are_booked_after_it() -> None:
    broker, log = ScriptedBroker(), Log()
    holding(broker, log)
    broker.happens(ActivityKind.FEE, -3.0)
    broker.happens(ActivityKind.INTEREST, 1.5)
    path = path_of(broker, log)
    bar_of(path, 0, sends(intent("1")))
    bar_of(path, 1, compare=True)
    bar_of(path, 2, compare=True)
    assert path.differences == {}
    require_agreement(path, broker)
    told = [json.loads(one.payload) for one in log.durable if one.kind == "answer"]
    assert [len(one["answer"]) for one in told if one["operation"] == "activities"] == [2]


@pytest.mark.parametrize(("tolerance", "differs"), [(0.01, True), (0.5, False)])
def test_a_broker_says_how_exact_its_cash_is(tolerance: float, differs: bool) -> None:
    broker = ScriptedBroker(cash_tolerance=tolerance)
    path = holding(broker)
    broker.cash += 0.3
    bar_of(path, 2, compare=True)
    assert bool(path.differences) is differs


def test_late_cash_is_no_difference_until_it_is_too_late() -> None:
    broker = ScriptedBroker(cash_lag_seconds=30.0)
    path = holding(broker)
    broker.cash += 25.0
    bar_of(path, 2, compare=True)
    assert path.differences == {}
    broker.clock.sleep(29.0)
    bar_of(path, 3, compare=True)
    assert path.differences == {}
    broker.clock.sleep(2.0)
    bar_of(path, 4, compare=True)
    assert set(path.differences) == {"cash"}
    broker.cash -= 25.0
    bar_of(path, 5, compare=True)
    assert path.differences == {}


def test_late_cash_excuses_no_position() -> None:
    broker = ScriptedBroker(cash_lag_seconds=30.0)
    path = holding(broker)
    broker.held[ABC] += 1.0
    broker.cash += 25.0
    bar_of(path, 2, compare=True)
    assert set(path.differences) == {"ABC"}


def test_a_dividend_goes_to_the_sleeves_that_hold_the_share() -> None:
    books = SleeveBooks(["a", "b", "c"], [ABC])
    books.cross(ABC, "a", "b", 3.0, 10.0, 0)
    books.cross(ABC, "a", "b", -4.0, 10.0, 0)
    before = {name: book.cash_flow for name, book in books.books.items()}
    attribute(Activity("1", ActivityKind.DIVIDEND, 8.0, ABC), books, 1)
    assert {name: book.cash_flow - before[name] for name, book in books.books.items()} == {"a": 4.0, "b": 4.0, "c": 0.0}
    attribute(Activity("2", ActivityKind.FEE, -3.0), books, 1)
    assert {name: book.cash_flow - before[name] for name, book in books.books.items()} == {"a": 3.0, "b": 3.0, "c": -1}


def test_a_split_changes_no_cash_of_a_sleeve() -> None:
    books = SleeveBooks(["a", "b"], [ABC])
    books.cross(ABC, "a", "b", 3.0, 10.0, 0)
    before = {name: book.cash_flow for name, book in books.books.items()}
    attribute(Activity("1", ActivityKind.SPLIT, 0.0, ABC, quantity=0.0), books, 1)
    books.cross(ABC, "b", "a", -3.0, 10.0, 0)
    attribute(Activity("2", ActivityKind.ASSIGNMENT, -100.0, ABC, quantity=10.0, price=10.0), books, 1)
    assert books.holding("a", ABC) + books.holding("b", ABC) == 10.0
    flows = {name: book.cash_flow - before[name] for name, book in books.books.items()}
    assert sum(flows.values()) == -100.0


def test_an_activity_survives_the_wire() -> None:
    full = Activity("7", ActivityKind.SPLIT, 1.5, ABC, 3.0, 2.0, "2:1", "2026-01-05T09:30:00-05:00")
    bare = Activity("8", ActivityKind.FEE)
    for activity in (full, bare):
        assert activity_from(json.loads(json.dumps(activity_to(activity)))) == activity
