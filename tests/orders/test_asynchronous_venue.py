"""An asynchronous venue: cancels that take time, doubts that stay, fills in the venue's own terms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orders.scripted import Log, Prices, ScriptedBroker, bar_of, intent, kinds, path_of, require_agreement, sends
from tradewind.contracts import Outcome, Response
from tradewind.errors import JournalError
from tradewind.model import ExecutionReport, Fill, Instrument, OrderState, ReportKind

ABC = Instrument(symbol="ABC")


class SlowCancels(ScriptedBroker):
    """A venue that takes a cancel at once and cancels when the test says so."""

    def _cancel(self, order_id: str) -> Response:
        return Response(order_id=order_id, outcome=Outcome.TAKEN)


def cancels_and_sends(order_id: str, *intents: Any) -> Any:
    def act(path: Any) -> None:
        path.cancel_orders([order_id])
        path.submit(intents)

    return act


def test_a_replacement_waits_until_its_predecessor_is_cancelled() -> None:
    broker = SlowCancels()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 100.0)))
    bar_of(path, 1, cancels_and_sends("1", intent("2", 60.0)))
    assert path.orders["t-1"].state is OrderState.CANCEL_PENDING
    broker.clock.now += 10_000.0
    bar_of(path, 2)
    assert set(broker.created) == {"t-1"}
    broker.ends("t-1", OrderState.CANCELLED, ReportKind.CANCELLED)
    bar_of(path, 3)
    assert set(broker.created) == {"t-1", "t-2"}


def test_a_replacement_whose_predecessor_filled_meanwhile_is_decided_anew() -> None:
    broker = SlowCancels()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 100.0)))
    bar_of(path, 1, cancels_and_sends("1", intent("2", 100.0)))
    broker.fill("t-1", 100.0)
    events = bar_of(path, 2)
    assert ("2", "rejected", "overtaken") in kinds(events)
    assert broker.held == {ABC: 100.0}
    require_agreement(path, broker)


@pytest.mark.parametrize("first", ["cancel", "sale"])
@pytest.mark.parametrize("sold", [True, False])
def test_a_replacement_that_buys_waits_for_the_sales_beside_it_too(first: str, sold: bool) -> None:
    broker = SlowCancels(waits_for_sells=True)
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 100.0), intent("2", 50.0, symbol="DEF")))
    broker.fill("t-2")

    def act(path: Any) -> None:
        path.cancel_orders(["1"])
        path.submit([intent("3", -50.0, symbol="DEF"), intent("4", 50.0)])

    def ends(what: str) -> None:
        if what == "cancel":
            broker.ends("t-1", OrderState.CANCELLED, ReportKind.CANCELLED)
        elif sold:
            broker.fill("t-3")
        else:
            broker.ends("t-3", OrderState.REJECTED, ReportKind.REJECTED)
        events.extend([*path.idle(), *path.idle()])

    events: list[Any] = []
    bar_of(path, 1, act)
    ends(first)
    assert set(broker.created) == {"t-1", "t-2", "t-3"}
    ends("sale" if first == "cancel" else "cancel")
    assert ("t-4" in broker.created) is sold
    assert (("4", "rejected", "overtaken") in kinds(events)) is not sold


@pytest.mark.parametrize("word", ["not_sent", "refused"])
def test_a_cancel_that_fails_does_not_lift_the_doubt_of_an_order(word: str) -> None:
    broker = ScriptedBroker()
    broker.script.extend(["vanished"] * 4)
    path = path_of(broker)

    def doubts(path: Any) -> None:
        broker.reachable = False
        broker.submit = lambda intents: [  # type: ignore[method-assign,assignment]
            Response(order_id=one.order_id, outcome=Outcome.UNCERTAIN) for one in intents
        ]
        path.submit([intent("1", 100.0)])
        broker.cancel_script.extend([word] * 4)
        path.cancel_orders(["1"])

    path.process(0, _Prices())
    path.poll()
    assert path.accepts()
    doubts(path)
    assert path.undelivered["t-1"].outcome is Outcome.UNCERTAIN
    assert path.orders["t-1"].standing is OrderState.UNKNOWN


def test_an_order_in_doubt_blocks_the_next_bar_until_the_venue_is_asked() -> None:
    broker = ScriptedBroker()
    path = path_of(broker, attempts=1)
    broker.script.append("lost")
    path.process(0, _Prices())
    path.poll()
    assert path.accepts()
    path.submit([intent("1", 100.0)])
    assert path.undelivered["t-1"].outcome is Outcome.UNCERTAIN
    assert not path.accepts()
    path.end_bar(compare=True)
    path.process(1, _Prices())
    path.poll()
    assert path.accepts()


def test_a_manual_trade_is_noticed_before_the_next_batch() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 100.0)))
    broker.fill("t-1")
    bar_of(path, 1)
    broker.held[ABC] -= 40.0
    broker.clock.now += 60.0
    path.process(2, _Prices())
    path.poll()
    assert not path.accepts()
    assert path.differences["ABC"] == (100.0, 60.0)


def test_fills_are_booked_on_our_instrument_and_bar() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    path.process(0, _Prices())
    path.poll()
    ours = Instrument(symbol="ABC", sector="Energy", lot_size=0.0, tick_size=0.0)
    path.submit([_changed(intent("1", 5.0), ours)])
    path.end_bar(compare=False)
    broker.queue.append(ExecutionReport("t-1", ReportKind.TRADE, "1", Fill("t-1", 0, ABC, 5.0, 10.0)))
    path.process(8, _Prices())
    events = [event for event in path.poll() if event.fill is not None]
    assert [(event.fill.bar, event.fill.instrument) for event in events if event.fill] == [(8, ours)]
    assert path.quantities() == {ours: 5.0}


def test_adopting_cash_moves_no_position_that_agrees() -> None:
    broker = ScriptedBroker()
    ours = Instrument(symbol="ABC", sector="Energy")
    path = path_of(broker)
    path._instruments = (ours,)
    bar_of(path, 0, sends(_changed(intent("1", 10.0), ours)))
    broker.orders["t-1"] = _changed(broker.orders["t-1"], ABC)
    broker.fill("t-1")
    bar_of(path, 1)
    broker.cash -= 0.05
    bar_of(path, 2, compare=True)
    assert set(path.differences) == {"cash"}
    events = bar_of(path, 3, lambda path: path.adopt(), compare=True)
    assert [event for event in events if event.fill is not None] == []
    assert (path.quantities(), path.differences) == ({ours: 10.0}, {})


def test_adopting_ends_orders_whose_fills_the_venue_lists_no_more() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 10.0)))
    broker.fill("t-1")
    broker.queue.clear()
    broker.done.clear()
    bar_of(path, 1, compare=True)
    assert "t-1" in path.open_orders
    bar_of(path, 2, lambda path: path.adopt(), compare=True)
    assert path.open_orders == {}
    assert path.quantities() == {ABC: 10.0}


def test_a_refused_cancel_needs_no_name_of_ours() -> None:
    broker = SlowCancels()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 10.0)))
    bar_of(path, 1, lambda path: path.cancel_orders(["1"]))
    broker.queue.append(ExecutionReport("t-1", ReportKind.CANCEL_REJECTED, "the venue's own", reason="too late"))
    path.process(2, Prices())
    path.poll()
    assert path.orders["t-1"].state is OrderState.ACCEPTED


def test_a_replaced_order_is_told() -> None:
    broker = ScriptedBroker()
    path = path_of(broker)
    bar_of(path, 0, sends(intent("1", 10.0)))
    broker.ends("t-1", OrderState.REPLACED, ReportKind.REPLACED)
    assert ("1", "replaced", "") in kinds(bar_of(path, 1))


class _Prices:
    def quote(self, instrument: Instrument) -> None:
        return None

    def mark(self, instrument: Instrument) -> float:
        return 10.0


def _changed(value: Any, instrument: Instrument) -> Any:
    import dataclasses

    return dataclasses.replace(value, instrument=instrument)


def test_a_record_of_a_cancel_that_nobody_wants_any_more_is_refused() -> None:
    broker, log = SlowCancels(), Log()
    path = path_of(broker, log)
    bar_of(path, 0, sends(intent("1")))
    path.cancel_orders(["1"])
    path.commit()
    with pytest.raises(JournalError, match=r"recovery: at bar 0 .* its journal has: cancel t-1"):
        bar_of(path_of(broker, log), 0, sends(intent("1")))
