"""What a venue says twice, late, out of order or not at all: books, account and orders come out as the venue's."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.orders.scripted import (
    CASH,
    PRICE,
    Log,
    Prices,
    ScriptedBroker,
    bar_of,
    intent,
    kinds,
    path_of,
    require_agreement,
    sends,
)
from tradewind.errors import BrokerError, JournalError
from tradewind.model import ExecutionReport, Fill, Instrument, OrderIntent, OrderState, ReportKind
from tradewind.orders.path import OrderPath
from tradewind.orders.status import path_status
from tradewind.portfolio.books import SleeveBooks

ABC = Instrument(symbol="ABC")


def test_a_fill_after_the_cancel_still_moves_the_account() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    bar_of(path, 1, lambda one: one.cancel_orders(["1"]))
    assert path.orders["t-1"].state is OrderState.CANCELLED
    broker.fill("t-1", 3.0)
    events = bar_of(path, 2, compare=True)
    assert [(event.order_id, event.fill.quantity) for event in events] == [("1", 3.0)]
    require_agreement(path, broker)


@pytest.mark.parametrize("word", ["refused", "not_sent"])
def test_a_cancel_that_fails_is_asked_for_again_until_the_order_has_ended(word: str) -> None:
    broker, log = ScriptedBroker(), Log()
    path = path_of(broker, log, attempts=1)
    bar_of(path, 0, sends(intent("1")))
    broker.cancel_script.extend([word] * 3)
    bar_of(path, 1, lambda one: one.cancel_orders(["1"]))
    assert path.orders["t-1"].state is OrderState.ACCEPTED
    assert len(broker.calls_of("cancel")) == 2
    assert path.idle() == []
    assert len(broker.calls_of("cancel")) == 2
    broker.clock.sleep(1.0)
    path.idle()
    assert len(broker.calls_of("cancel")) == 3
    bar_of(path, 2)
    bar_of(path, 3)
    assert path.orders["t-1"].state is OrderState.CANCELLED
    before = len(broker.calls_of("cancel"))
    again = path_of(broker, log, attempts=1)
    bar_of(again, 0, sends(intent("1")))
    bar_of(again, 1, lambda one: one.cancel_orders(["1"]))
    for bar in (2, 3, 4):
        bar_of(again, bar)
    assert again.orders["t-1"].state is OrderState.CANCELLED
    assert len(broker.calls_of("cancel")) == before


def test_an_order_in_doubt_that_was_to_be_cancelled_is_cancelled_when_it_appears() -> None:
    broker = ScriptedBroker()
    path = path_of(broker, attempts=1)
    broker.script.append("lost")
    broker.cancel_script.extend(["not_sent"])
    bar_of(path, 0, sends(intent("1")))
    bar_of(path, 1, lambda one: one.cancel_orders(["1"]))
    for bar in (2, 3):
        bar_of(path, bar)
    assert path.orders["t-1"].state is OrderState.CANCELLED


def test_a_difference_is_shown_and_blocks_until_it_is_gone() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0)
    broker.held[ABC] = 3.0
    broker.cash -= 30.0
    bar_of(path, 1, compare=True)
    assert path_status(path)["differences"] == {"ABC": [0.0, 3.0], "cash": [CASH, CASH - 30.0]}
    assert ("2", "rejected", "unexplained") in kinds(bar_of(path, 2, sends(intent("2"))))
    broker.held.clear()
    broker.cash = CASH
    bar_of(path, 3, sends(intent("3")))
    assert path.differences == {}
    assert broker.created == {"t-3": 1}


def test_a_fill_during_the_comparison_blocks_nothing() -> None:
    class Busy(ScriptedBroker):
        def positions(self) -> dict[Instrument, float]:
            if "t-1" in self.orders and not self.orders["t-1"].filled:
                self.fill("t-1")
            return super().positions()

    broker = Busy()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")), compare=True)
    bar_of(path, 1, sends(intent("2")))
    assert broker.created == {"t-1": 1, "t-2": 1}
    require_agreement(path, broker)


def test_a_lost_execution_is_found_though_a_later_one_was_heard() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1"), intent("2", symbol="XYZ")))
    broker.fill("t-1")
    broker.queue.pop()
    broker.fill("t-2")
    bar_of(path, 1, compare=True)
    bar_of(path, 2, compare=True)
    assert path.differences == {}
    require_agreement(path, broker)


def test_an_end_that_nobody_told_is_found_by_the_next_comparison() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    broker.ends("t-1", OrderState.EXPIRED, ReportKind.EXPIRED)
    broker.queue.clear()
    assert kinds(bar_of(path, 1, compare=True)) == [("1", "expired", "")]
    assert path.open_orders == {}


def test_what_happened_while_the_process_was_down_is_asked_for() -> None:
    broker, log = ScriptedBroker(), Log()
    both = sends(intent("1"), intent("2", symbol="XYZ"), intent("3", symbol="QRS"))
    bar_of(path_of(broker, log), 0, both)
    broker.fill("t-1")
    broker.ends("t-2", OrderState.CANCELLED, ReportKind.CANCELLED)
    broker.ends("t-3", OrderState.EXPIRED, ReportKind.EXPIRED)
    path = path_of(broker, log)
    bar_of(path, 0, both)
    events = bar_of(path, 1, compare=True)
    assert sorted(kinds(events)) == [("1", "fill", ""), ("2", "cancelled", ""), ("3", "expired", "")]
    require_agreement(path, broker)
    before = len(log.durable)
    third = path_of(broker, log)
    bar_of(third, 0, both)
    bar_of(third, 1)
    bar_of(third, 2)
    require_agreement(third, broker)
    assert [record.kind for record in log.durable[before:]] == ["bar_end"]


def test_fills_that_nobody_has_told_yet_do_not_block_a_restart_in_the_middle_of_a_bar() -> None:
    class DiedError(Exception):
        pass

    class Dying(Log):
        def note(self, bar: int, kind: str, payload: Any) -> None:
            if bar == 1 and kind == "call":
                raise DiedError
            super().note(bar, kind, payload)

    broker, log = ScriptedBroker(), Dying()
    bar_of(path := path_of(broker, log), 0, sends(intent("1")))
    path.process(1, Prices())
    with pytest.raises(DiedError):
        path.submit([intent("2")])
    broker.fill("t-1")
    path = path_of(broker, Log(log.durable))
    bar_of(path, 0, sends(intent("1")))
    path.process(1, Prices())
    path.submit([intent("2")])
    assert broker.created == {"t-1": 1, "t-2": 1}


def test_an_order_that_the_venue_has_lost_blocks_until_it_is_adopted() -> None:
    broker, log = ScriptedBroker(), Log()
    bar_of(path_of(broker, log), 0, sends(intent("1")))
    broker.orders.clear()
    path = path_of(broker, log)
    bar_of(path, 0, sends(intent("1")))
    path.process(1, Prices())
    assert not path.accepts()
    assert path.differences == {"order t-1": (10.0, 0.0)}
    path.adopt()
    path.end_bar(compare=True)
    assert path.differences == {}
    assert path.open_orders == {}
    bar_of(path, 2, sends(intent("2")))
    assert broker.created == {"t-1": 1, "t-2": 1}


def test_a_new_session_needs_an_empty_account() -> None:
    broker = ScriptedBroker()
    broker.held[ABC] = 3.0
    with pytest.raises(BrokerError, match=r"without positions and orders; this one holds ABC 3 and has 0 orders"):
        bar_of(path_of(broker), 0)
    assert broker.calls_of("submit") == []


def test_a_manual_trade_is_adopted_and_stays_so_after_a_restart() -> None:
    broker, log = ScriptedBroker(), Log()
    path = path_of(broker, log)
    bar_of(path, 0)
    broker.held[ABC] = 3.0
    broker.cash -= 31.0
    bar_of(path, 1, compare=True)
    events = bar_of(path, 2, OrderPath.adopt, compare=True)
    assert [(one.fill.instrument, one.fill.quantity, one.fill.price) for one in events] == [(ABC, 3.0, PRICE)]
    assert path_status(path)["differences"] == {}
    require_agreement(path, broker)
    bar_of(path, 3, sends(intent("1", -3.0)))
    assert broker.created == {"t-1": 1}
    third = path_of(broker, log)
    for bar, act in enumerate([lambda _: None, lambda _: None, OrderPath.adopt, sends(intent("1", -3.0))]):
        bar_of(third, bar, act)
    bar_of(third, 4, compare=True)
    assert third.differences == {}
    require_agreement(third, broker)


def test_adopting_takes_no_fill_of_ours_twice() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1")))
    broker.fill("t-1")
    broker.queue.clear()
    broker.held[Instrument(symbol="XYZ")] = 2.0
    broker.cash -= 20.0
    path.process(1, Prices())
    path.adopt()
    path.end_bar(compare=True)
    bar_of(path, 2, compare=True)
    assert path.differences == {}
    require_agreement(path, broker)


def test_an_adopted_position_belongs_to_a_sleeve() -> None:
    books = SleeveBooks(["a", "b"], [ABC])
    assert books.apply(Fill("adopt-1-ABC", 1, ABC, 3.0, PRICE)) == {"a": 3.0}
    books.open_order(OrderIntent(order_id="1", bar=1, instrument=ABC, quantity=-3.0, split={"b": -3.0}))
    books.apply(Fill("1", 1, ABC, -3.0, PRICE))
    assert books.apply(Fill("adopt-2-ABC", 2, ABC, 1.0, PRICE)) == {"a": 1.0}
    assert books.holding("a", ABC) + books.holding("b", ABC) == 1.0


def test_changed_code_is_found_before_anything_is_sent() -> None:
    broker, log = ScriptedBroker(), Log()
    bar_of(path_of(broker, log), 0, sends(intent("1")))
    sent = len(broker.calls_of("submit"))
    with pytest.raises(JournalError, match=r"at bar 0 this session wants to submit t-2, .* submit t-1"):
        bar_of(path_of(broker, log), 0, sends(intent("2")))
    assert len(broker.calls_of("submit")) == sent


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), restarts=st.booleans())
def test_duplicate_reordered_and_missing_reports_change_nothing_in_the_end(seed: int, restarts: bool) -> None:
    chance = random.Random(seed)
    broker, log = ScriptedBroker(waits_for_sells=False), Log()
    told: list[ExecutionReport] = []
    steps: list[Any] = []
    bars = 8
    for bar in range(bars):
        batch = [intent(f"{bar}-{n}", chance.choice([-4.0, 5.0, 7.0]), chance.choice("ABC")) for n in range(3)]
        steps.append(sends(*batch) if bar < bars - 2 else lambda _: None)
    path = path_of(broker, log)
    for bar in range(bars):
        if restarts and chance.random() < 0.3:
            path = path_of(broker, log)
            for earlier in range(bar):
                bar_of(path, earlier, steps[earlier])
        bar_of(path, bar, steps[bar], compare=True)
        for name, order in list(broker.orders.items()):
            left = order.quantity - order.filled
            if left and chance.random() < 0.5:
                broker.fill(name, left if chance.random() < 0.6 else left / 2.0, chance.uniform(9.0, 11.0), bar=bar)
            elif left and chance.random() < 0.2 and order.state is OrderState.ACCEPTED:
                broker.ends(name, OrderState.CANCELLED, ReportKind.CANCELLED)
        told += broker.queue
        broker.queue = [one for one in broker.queue if chance.random() > 0.25]
        broker.queue += chance.sample(told, min(len(told), 3))
        chance.shuffle(broker.queue)
    for bar in range(bars, bars + 3):
        bar_of(path, bar, compare=True)
    assert path.differences == {}
    require_agreement(path, broker)
