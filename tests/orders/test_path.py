"""The order path against a scripted venue: doubt, dead letters, order of messages, and what a venue may say wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orders.scripted import (
    CASH,
    PRICE,
    Log,
    ScriptedBroker,
    bar_of,
    intent,
    kinds,
    path_of,
    require_agreement,
    sends,
)
from tradewind.model import Instrument, OrderState, OrderType, TimeInForce
from tradewind.orders.path import OrderPath
from tradewind.orders.status import path_status

ABC = Instrument(symbol="ABC")


def test_a_filled_order_moves_the_account_as_it_moves_the_venues() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    broker.fill("t-1", 4.0)
    broker.fill("t-1", 6.0, 11.0)
    events = bar_of(path, 1, compare=True)
    assert kinds(events) == [("1", "fill", ""), ("1", "fill", "")]
    require_agreement(path, broker)
    assert path.cash == CASH - 4.0 * PRICE - 6.0 * 11.0
    assert path.open_orders == {}


def test_what_the_broker_cannot_do_is_refused_before_it_is_sent() -> None:
    broker = ScriptedBroker(
        order_types={OrderType.MARKET, OrderType.LIMIT},
        times_in_force={TimeInForce.DAY},
        fractional=False,
        links=False,
        shorts=False,
        waits_for_sells=False,
    )
    path = path_of(broker)
    day = {"time_in_force": TimeInForce.DAY}
    events = bar_of(
        path,
        0,
        sends(
            intent("1", order_type=OrderType.STOP, stop_price=9.0, **day),
            intent("2"),
            intent("3", 1.5, **day),
            intent("4", parent_id="1", **day),
            intent("5", oca_group="pair", **day),
            intent("6", -1.0, **day),
            intent("7", **day),
        ),
    )
    refused = {order_id: reason for order_id, kind, reason in kinds(events) if kind == "rejected"}
    assert refused == {
        "1": "unsupported: stop orders",
        "2": "unsupported: time in force gtc",
        "3": "unsupported: fractional quantities",
        "4": "unsupported: linked orders",
        "5": "unsupported: linked orders",
        "6": "unsupported: short sales",
    }
    assert broker.calls_of("submit") == [("t-7",)]


def test_sells_of_what_is_held_are_no_short_sales() -> None:
    broker = ScriptedBroker(shorts=False, waits_for_sells=False)
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 10.0)))
    broker.fill("t-1")
    events = bar_of(path, 1, sends(intent("2", -12.0), intent("3", -10.0)))
    assert [one for one in kinds(events) if one[1] == "rejected"] == [("2", "rejected", "unsupported: short sales")]
    assert broker.calls_of("submit")[1:] == [("t-3",)]


@pytest.mark.parametrize("longest", [12, 17, 20, 48])
def test_client_order_ids_fit_and_stay_unique(longest: int) -> None:
    broker = ScriptedBroker(order_id_length=longest)
    path = path_of(broker)
    names = [f"{bar}-{number}-SOME.LONG/SYMBOL" for bar in range(20) for number in range(5)]
    bar_of(path, 0, sends(*(intent(name) for name in names)))
    sent = [name for call in broker.calls_of("submit") for name in call]
    assert len(set(sent)) == len(names)
    assert max(map(len, sent)) <= longest
    assert [path.remaining(name) for name in names] == [10.0] * len(names)


def test_linked_orders_name_each_other_as_the_venue_knows_them() -> None:
    sent: list[Any] = []

    class Listening(ScriptedBroker):
        def submit(self, intents: Any) -> Any:
            sent.extend(intents)
            return super().submit(intents)

    path = path_of(Listening(waits_for_sells=False))
    bar_of(path, 0, sends(intent("1"), intent("2", -10.0, parent_id="1", oca_group="pair")))
    assert [(one.order_id, one.parent_id, one.oca_group) for one in sent] == [("t-1", "", ""), ("t-2", "t-1", "t-pair")]


def test_what_cannot_be_delivered_is_shown_and_replayed_by_the_operator() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"] * 4)
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    letter = path_status(path)["undelivered"]["t-1"]
    assert (letter["symbol"], letter["quantity"], letter["outcome"]) == ("ABC", 10.0, "not_sent")
    assert letter["problem"] == "no line"
    bar_of(path, 1, lambda one: one.deliver_again("t-1"))
    assert (path_status(path)["undelivered"], broker.created) == ({}, {"t-1": 1})
    broker.fill("t-1")
    bar_of(path, 2, compare=True)
    require_agreement(path, broker)


def test_what_cannot_be_delivered_can_be_dropped() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"] * 4)
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    events = bar_of(path, 1, lambda one: one.drop("t-1", "dropped by the operator"))
    assert kinds(events) == [("1", "cancelled", "dropped by the operator")]
    assert (path.undelivered, path.open_orders, broker.created) == ({}, {}, {})


def test_a_dead_letter_outlives_its_process() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"] * 4)
    log = Log()
    bar_of(path_of(broker, log), 0, sends(intent("1")))
    path = path_of(broker, log)
    events = bar_of(path, 0, sends(intent("1")))
    assert (list(path.undelivered), events, broker.created) == (["t-1"], [], {})
    bar_of(path, 1, lambda one: one.deliver_again("t-1"))
    assert broker.created == {"t-1": 1}
    third = path_of(broker, log)
    bar_of(third, 0, sends(intent("1")))
    bar_of(third, 1, lambda one: one.deliver_again("t-1"))
    assert (third.undelivered, broker.created) == ({}, {"t-1": 1})


def in_doubt(broker: ScriptedBroker, path: OrderPath, word: str) -> None:
    """Leave order 1 in doubt: nobody answers after it was sent."""
    broker.script.append(word)

    def go_silent(*_: Any) -> None:
        broker.reachable = False

    broker.clock.sleep = lambda seconds: None  # type: ignore[method-assign]
    submit = broker.submit

    def submit_and_fall_silent(intents: Any) -> Any:
        responses = submit(intents)
        go_silent()
        return responses

    broker.submit = submit_and_fall_silent  # type: ignore[method-assign]
    bar_of(path, 0, sends(intent("1")))
    broker.submit = submit  # type: ignore[method-assign]
    assert path.undelivered["t-1"].outcome == "uncertain"


def test_an_order_in_doubt_blocks_new_ones_until_the_venue_has_answered() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    in_doubt(broker, path, "lost")
    events = bar_of(path, 1, sends(intent("2")))
    assert ("2", "rejected", "unexplained") in kinds(events)
    assert broker.calls_of("submit") == [("t-1",)]
    broker.reachable = True
    bar_of(path, 2)
    assert path.undelivered == {}
    bar_of(path, 3, sends(intent("3")))
    assert broker.created == {"t-1": 1, "t-3": 1}


def test_an_order_in_doubt_cannot_be_dropped() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    in_doubt(broker, path, "lost")
    path.drop("t-1", "dropped by the operator")
    assert path.orders["t-1"].state is OrderState.UNKNOWN
    assert "t-1" in path.undelivered


def test_an_order_in_doubt_that_never_arrived_becomes_a_dead_letter() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    in_doubt(broker, path, "vanished")
    broker.reachable = True
    bar_of(path, 1)
    assert path.undelivered["t-1"].outcome == "not_sent"
    assert path.orders["t-1"].state is OrderState.INTENDED
    bar_of(path, 2, lambda one: one.deliver_again("t-1"))
    assert broker.created == {"t-1": 1}
    assert path.orders["t-1"].state is OrderState.ACCEPTED


def test_a_report_settles_the_doubt() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    in_doubt(broker, path, "lost")
    broker.reachable = True
    broker.fill("t-1")
    path.idle()
    assert (path.undelivered, path.orders["t-1"].state) == ({}, OrderState.FILLED)


def test_a_replay_waits_for_the_explanation_of_a_difference() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"] * 4)
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    broker.held[ABC] = 3.0
    bar_of(path, 1, compare=True)
    bar_of(path, 2, lambda one: one.deliver_again("t-1"))
    assert (broker.created, path.undelivered["t-1"].outcome) == ({}, "not_sent")
    assert path.undelivered["t-1"].reason == "unexplained"


def test_sells_go_first_and_buys_when_the_sells_have_ended() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 10.0)))
    broker.fill("t-1")
    bar_of(path, 1, sends(intent("2", 5.0, "XYZ"), intent("3", -10.0)))
    assert broker.calls_of("submit") == [("t-1",), ("t-3",)]
    broker.fill("t-3", -4.0)
    path.idle()
    assert broker.calls_of("submit")[2:] == []
    broker.fill("t-3")
    path.idle()
    path.idle()
    assert broker.calls_of("submit")[2:] == [("t-2",)]


def test_buys_go_when_the_sells_take_too_long() -> None:
    broker = ScriptedBroker()
    path = path_of(broker, longest_wait_for_sells_seconds=30.0)
    bar_of(path, 0, sends(intent("1", -10.0), intent("2", 5.0, "XYZ")))
    broker.clock.now += 29.9
    path.idle()
    assert broker.calls_of("submit") == [("t-1",)]
    broker.clock.now += 0.2
    path.idle()
    assert broker.calls_of("submit") == [("t-1",), ("t-2",)]


def test_waiting_buys_wait_across_a_restart() -> None:
    broker, log = ScriptedBroker(), Log()
    batch = sends(intent("1", -10.0), intent("2", 5.0, "XYZ"))
    bar_of(path_of(broker, log), 0, batch)
    broker.fill("t-1")
    path = path_of(broker, log)
    bar_of(path, 0, batch)
    assert broker.calls_of("submit") == [("t-1",)]
    bar_of(path, 1)
    path.idle()
    assert broker.calls_of("submit") == [("t-1",), ("t-2",)]
    third = path_of(broker, log)
    bar_of(third, 0, batch)
    bar_of(third, 1)
    third.idle()
    assert broker.calls_of("submit") == [("t-1",), ("t-2",)]


def test_a_waiting_buy_that_is_cancelled_is_never_sent() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", -10.0), intent("2", 5.0, "XYZ")))
    events = bar_of(path, 1, lambda one: one.cancel_orders(["2"]))
    assert ("2", "cancelled", "cancelled") in kinds(events)
    broker.fill("t-1")
    path.idle()
    path.idle()
    assert broker.calls_of("submit") == [("t-1",)]
