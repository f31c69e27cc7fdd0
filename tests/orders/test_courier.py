"""Orders are sent again only where that is safe, patiently, and never faster than the venue allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orders.scripted import Clock, ScriptedBroker, courier, intent
from tradewind.contracts import Response
from tradewind.errors import BrokerError, JournalError
from tradewind.model import OrderIntent


def outcomes(responses: list[Response]) -> list[str]:
    return [response.outcome.value for response in responses]


def test_what_was_certainly_not_sent_is_sent_again_after_growing_jittered_waits() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"] * 4)
    sent = courier(broker, attempts=5, first_wait_seconds=1.0, longest_wait_seconds=3.0, jitter=0.25).deliver(
        [intent("1")], again=False
    )
    assert outcomes(sent) == ["taken"]
    assert broker.calls_of("submit") == [("1",)] * 5
    assert broker.calls_of("order") == []
    for bare, wait in zip((1.0, 2.0, 3.0, 3.0), broker.clock.waits, strict=True):
        assert bare * 0.75 <= wait <= bare * 1.25
    assert all(wait != round(wait) for wait in broker.clock.waits)


def test_clients_do_not_come_back_together() -> None:
    firsts = set()
    for _ in range(8):
        broker = ScriptedBroker()
        broker.script.append("not_sent")
        courier(broker).deliver([intent("1")], again=False)
        firsts.add(broker.clock.waits[0])
    assert len(firsts) == 8


def test_the_wait_that_the_venue_asks_for_is_granted() -> None:
    broker = ScriptedBroker()
    broker.script.append("busy")
    courier(broker, first_wait_seconds=0.1).deliver([intent("1")], again=False)
    assert broker.clock.waits == [7.0]


def test_only_what_was_not_sent_is_sent_again() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["taken", "not_sent", "refused"])
    sent = courier(broker).deliver([intent("1"), intent("2"), intent("3")], again=False)
    assert outcomes(sent) == ["taken", "taken", "refused"]
    assert broker.calls_of("submit") == [("1", "2", "3"), ("2",)]


def test_what_the_venue_has_is_never_sent_again() -> None:
    broker = ScriptedBroker()
    broker.script.append("lost")
    sent = courier(broker).deliver([intent("1")], again=False)
    assert outcomes(sent) == ["taken"]
    assert (broker.calls_of("submit"), broker.calls_of("order"), broker.created["1"]) == ([("1",)], [("1",)], 1)


def test_what_the_venue_has_never_had_is_sent_again_under_its_name() -> None:
    broker = ScriptedBroker()
    broker.script.append("vanished")
    sent = courier(broker).deliver([intent("1")], again=False)
    assert outcomes(sent) == ["taken"]
    assert [name for _, name, _ in broker.calls] == ["submit", "order", "submit"]
    assert broker.created == {"1": 1}


def test_after_a_restart_the_venue_is_asked_first() -> None:
    broker = ScriptedBroker()
    courier(broker).deliver([intent("1")], again=False)
    broker.calls.clear()
    sent = courier(broker).deliver([intent("1"), intent("2")], again=True)
    assert outcomes(sent) == ["taken", "taken"]
    assert [call[1:] for call in broker.calls] == [("order", ("1",)), ("order", ("2",)), ("submit", ("2",))]


def test_what_cannot_be_asked_is_not_sent() -> None:
    broker = ScriptedBroker()
    broker.reachable = False
    sent = courier(broker, attempts=3).deliver([intent("1"), intent("2")], again=True)
    assert outcomes(sent) == ["uncertain", "uncertain"]
    assert broker.calls_of("submit") == []
    assert "does not answer" in sent[0].reason


def test_used_up_attempts_leave_what_is_known() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"] * 3)
    assert outcomes(courier(broker, attempts=3).deliver([intent("1")], again=False)) == ["not_sent"]
    assert len(broker.calls_of("submit")) == 3


def test_an_order_the_broker_says_nothing_of_is_asked_for_and_not_sent_again() -> None:
    class Forgetful(ScriptedBroker):
        def submit(self, intents: list[OrderIntent]) -> list[Response]:
            return list(super().submit(intents))[1:]

    broker = Forgetful()
    sent = courier(broker).deliver([intent("1"), intent("2")], again=False)
    assert outcomes(sent) == ["taken", "taken"]
    assert broker.calls_of("submit") == [("1", "2")]
    assert broker.calls_of("order") == [("1",)]


def test_connecting_is_patient_and_then_gives_up() -> None:
    broker = ScriptedBroker()
    broker.reachable = False
    with pytest.raises(BrokerError, match="does not answer"):
        courier(broker, attempts=3).connect()
    assert len(broker.calls_of("connect")) == 3
    assert len(broker.clock.waits) == 2


def test_a_cancel_that_did_not_arrive_is_sent_again() -> None:
    broker = ScriptedBroker()
    made = courier(broker)
    made.deliver([intent("1"), intent("2")], again=False)
    broker.cancel_script.extend(["not_sent", "lost", "taken"])
    assert outcomes(made.cancel(["1", "2"])) == ["taken", "taken"]
    assert broker.open_orders() == []


def test_a_cancel_whose_answer_was_lost_is_found_out() -> None:
    broker = ScriptedBroker()
    made = courier(broker)
    made.deliver([intent("1")], again=False)
    broker.cancel_script.append("lost")
    assert outcomes(made.cancel(["1"])) == ["taken"]


def most_in_a_minute(times: list[float]) -> int:
    return max((sum(start <= other < start + 60.0 - 1e-6 for other in times) for start in times), default=0)


@given(
    limit=st.integers(1, 7),
    steps=st.lists(st.tuples(st.integers(1, 12), st.floats(0.0, 90.0), st.booleans()), min_size=1, max_size=12),
)
def test_no_minute_has_more_messages_than_the_venue_takes(limit: int, steps: list[tuple[int, float, bool]]) -> None:
    clock = Clock()
    broker = ScriptedBroker(clock, messages_per_minute=limit)
    made = courier(broker)
    number = 0
    for count, pause, cancels in steps:
        names = [str(number + offset) for offset in range(count)]
        number += count
        made.deliver([intent(name) for name in names], again=False)
        if cancels:
            made.cancel(names)
        clock.sleep(pause)
    told = ("submit", "cancel", "order")
    times = [when for when, name, ids in broker.calls if name in told for _ in ids]
    assert len(times) >= number
    assert most_in_a_minute(times) <= limit
    assert len(broker.created) == number


def test_a_pause_is_no_longer_than_the_limit_asks_for() -> None:
    clock = Clock()
    broker = ScriptedBroker(clock, messages_per_minute=3)
    made = courier(broker)
    made.deliver([intent(str(number)) for number in range(3)], again=False)
    assert clock.now == 0.0
    made.deliver([intent("3")], again=False)
    assert clock.now == pytest.approx(60.0)


def test_every_lot_is_sent_only_where_it_may_be() -> None:
    broker = ScriptedBroker()
    broker.script.extend(["not_sent"])
    sender, asked = courier(broker), []

    def may_send() -> None:
        asked.append(len(broker.calls_of("submit")))
        if len(asked) == 2:
            raise JournalError("another process has the session")

    sender.before_sending = may_send
    with pytest.raises(JournalError, match="another process has the session"):
        sender.deliver([intent("1")], again=False)
    assert asked == [0, 1]
    assert broker.calls_of("submit") == [("1",)]
