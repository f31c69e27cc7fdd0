"""Positions that a kill switch closes for a session: once, whatever goes wrong, and booked by the next process."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.orders.crash.scenario import ask_venue
from tests.runs import hanging
from tests.runs.test_kill_switch import SYMBOLS, asked, continued, created, hang, held, reached
from tradewind.cli import main
from tradewind.contracts import Outcome, Response
from tradewind.errors import BrokerError, JournalError, PluginError, UserError
from tradewind.journal.store import JournalStore, SessionInfo, open_store
from tradewind.model import OrderIntent
from tradewind.orders.courier import Courier
from tradewind.orders.kill_switch import ask, stop_session
from tradewind.orders.watchdog import watch
from tradewind.runs.session import DurableRun
from tradewind_plugins.brokers.venue import VenueBroker


class Hung:
    """A session that hangs with a stop at work for each symbol that it holds."""

    def __init__(self, folder: Path, port: int, store: JournalStore, process: Any) -> None:
        self.port, self.store, self.process = port, store, process
        self.journal, self.file = folder / "journal.db", folder / "hang"

    def flatten(self, command: str = "kill") -> Any:
        info = hanging.info_of(self.journal)
        return stop_session(self.store, info, lambda _: hanging.registry(), command=command, flatten=True)

    def go_on(self) -> list[str]:
        """Run the session to its end in another process's place; return the orders that the venue took meanwhile."""
        before = set(ask_venue(self.port, {"op": "stats"})["created"])
        continued(self.port, self.journal, self.file)
        return sorted(set(ask_venue(self.port, {"op": "stats"})["created"]) - before)


@pytest.fixture
def hung(tmp_path: Path, port: int) -> Iterator[Hung]:
    file = hang(tmp_path)
    with hanging.started(port, tmp_path / "journal.db", file, SYMBOLS) as process:
        hanging.wait_for(lambda: reached(file), process)
        with open_store(tmp_path / "journal.db") as store:
            yield Hung(tmp_path, port, store, process)


@pytest.mark.parametrize("command", ["kill", "pause"])
def test_the_next_process_books_what_was_closed(hung: Hung, command: str) -> None:
    done = hung.flatten(command)
    assert len(done.closing) == SYMBOLS
    assert hung.go_on() == []
    assert held(hung.port) == {}
    status = hanging.info_of(hung.journal).heartbeat
    assert (status["positions"], status["differences"], status["open_orders"]) == ({}, {}, [])
    assert status["cash"] == pytest.approx(ask_venue(hung.port, {"op": "account"})["cash"], abs=0.01)
    assert hung.store.verify().good


def test_what_the_broker_did_not_take_is_closed_by_the_next_process(
    hung: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = VenueBroker.submit

    names = []

    def all_but_one(self: VenueBroker, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        names.append(intents[0].order_id)
        refused = Response(order_id=intents[0].order_id, outcome=Outcome.REFUSED, reason="no borrow")
        return [refused, *submit(self, intents[1:])]

    with monkeypatch.context() as once:
        once.setattr(VenueBroker, "submit", all_but_one)
        with pytest.raises(BrokerError, match=r"may not have been: .*refused no borrow\. The session closes what is"):
            hung.flatten()
    assert hanging.at_work(hung.port) == SYMBOLS - 1
    assert hung.go_on() == names
    assert held(hung.port) == {}
    (told,) = asked(hung.store, 1, "stopped_outside")
    assert "no borrow" in told["failed"]


@pytest.mark.parametrize("arrives", [False, True])
def test_a_closing_of_which_nobody_knows_whether_it_arrived_is_neither_lost_nor_doubled(
    hung: Hung, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    submit = VenueBroker.submit

    def broken(self: VenueBroker, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        if arrives:
            submit(self, intents)
        raise BrokerError("connection reset")

    with monkeypatch.context() as once:
        once.setattr(VenueBroker, "submit", broken)
        with pytest.raises(BrokerError, match=r"connection reset\. The session closes what is left"):
            hung.flatten()
    new = hung.go_on()
    assert len(new) == (0 if arrives else SYMBOLS)
    assert held(hung.port) == {}


def test_positions_that_cannot_be_asked_for_are_closed_by_the_next_process(
    hung: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: VenueBroker) -> Any:
        raise BrokerError("connection reset")

    with monkeypatch.context() as once:
        once.setattr(VenueBroker, "positions", down)
        with pytest.raises(BrokerError, match="connection reset"):
            hung.flatten()
    assert len(hung.go_on()) == SYMBOLS
    assert held(hung.port) == {}


def test_a_venue_that_takes_a_few_orders_at_a_time_gets_them_all(hung: Hung, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = VenueBroker.submit

    def limited(self: VenueBroker, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        late = [
            Response(order_id=one.order_id, outcome=Outcome.NOT_SENT, reason="rate limit", retry_after_seconds=0.01)
            for one in intents[8:]
        ]
        return [*submit(self, intents[:8]), *late]

    with monkeypatch.context() as once:
        once.setattr(VenueBroker, "submit", limited)
        assert len(hung.flatten().closing) == SYMBOLS
    assert hanging.at_work(hung.port) == SYMBOLS
    assert hung.go_on() == []
    assert held(hung.port) == {}


def test_a_broker_that_cannot_be_made_is_named_before_anything_is_done(hung: Hung) -> None:
    info = hanging.info_of(hung.journal)
    config = dict(info.header["config"])
    config["mode"] = {**config["mode"], "broker": {"python": "./mine.py:Broker"}}
    elsewhere = dataclasses.replace(info, header={**info.header, "config": config, "directory": "/nowhere"})
    with pytest.raises(PluginError, match=r"/nowhere/mine\.py.*Nothing was done from here"):
        stop_session(hung.store, elsewhere, lambda _: hanging.registry())
    assert hung.process.poll() is None
    assert hanging.at_work(hung.port) == SYMBOLS


def test_a_watchdog_that_fails_says_its_command_once(hung: Hung, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def down(self: VenueBroker) -> None:
        raise BrokerError("connection reset")

    def stopped() -> bool:
        nonlocal tries
        tries += 1
        return tries > 20

    hung.process.kill()
    hung.process.wait(10.0)
    with monkeypatch.context() as once:
        once.setattr(VenueBroker, "connect", down)
        watch(
            hung.store, hanging.NAME, hanging.registry(), timeout_seconds=0.0, policy="flatten", stopped=stopped,
            seconds_between_looks=0.0,
        )  # fmt: skip
    assert tries > 20
    assert [one.command for one in hung.store.pending(1)] == ["pause"]


def test_a_session_that_hangs_while_it_sends_its_first_orders_is_killed(tmp_path: Path, port: int) -> None:
    file = hang(tmp_path)
    with hanging.started(port, tmp_path / "journal.db", file, SYMBOLS, hangs="in_submit") as process:
        hanging.wait_for(lambda: reached(file), process)
        with open_store(tmp_path / "journal.db") as store:
            done = stop_session(store, hanging.info_of(tmp_path / "journal.db"), lambda _: hanging.registry())
        assert done.ended_process == process.pid
    assert created(port) == SYMBOLS
    continued(port, tmp_path / "journal.db", file)
    assert created(port) == SYMBOLS
    assert os.getpid() == hanging.info_of(tmp_path / "journal.db").pid


def test_the_next_process_waits_until_the_fate_of_the_closings_is_known(
    hung: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = Courier.deliver
    refused: list[str] = []

    def supervised(self: Courier, intents: Sequence[OrderIntent], *, again: bool) -> list[Response]:
        with pytest.raises(JournalError) as caught:
            hanging.main(hung.port, str(hung.journal), str(hung.file), SYMBOLS)
        refused.append(str(caught.value))
        return deliver(self, intents, again=again)

    with monkeypatch.context() as once:
        once.setattr(Courier, "deliver", supervised)
        assert len(hung.flatten().closing) == SYMBOLS
    assert "is being written" in refused[0]
    assert hung.go_on() == []
    assert held(hung.port) == {}


@pytest.mark.parametrize("flatten", [True, False])
def test_a_second_kill_closes_anew_or_lets_the_closings_go_on(hung: Hung, flatten: bool) -> None:
    assert len(hung.flatten().closing) == SYMBOLS
    again = stop_session(hung.store, hanging.info_of(hung.journal), lambda _: hanging.registry(), flatten=flatten)
    assert len(again.cancelled) == len(again.closing) == (SYMBOLS if flatten else 0)
    assert hanging.at_work(hung.port) == SYMBOLS
    assert hung.go_on() == []
    assert held(hung.port) == {}
    assert hanging.info_of(hung.journal).heartbeat["differences"] == {}


def test_a_kill_after_a_resume_is_the_last_word(hung: Hung) -> None:
    for flatten in (False, False):
        stop_session(hung.store, hanging.info_of(hung.journal), lambda _: hanging.registry(), flatten=flatten)
        ask(hung.store, 1, "resume", {"rearm": True}, patience_seconds=0.0)
    stop_session(hung.store, hanging.info_of(hung.journal), lambda _: hanging.registry())
    assert hung.go_on() == []
    assert hanging.info_of(hung.journal).heartbeat["standing"] == "killed"


@pytest.mark.parametrize("command", ["pause", "reduce_only"])
def test_a_command_that_is_left_while_a_process_recovers_comes_before_what_it_sends(
    hung: Hung, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    hung.process.kill()
    hung.process.wait()
    rows = DurableRun.all_rows

    def meanwhile(self: DurableRun, coming: Any) -> Any:
        hung.store.post(1, command, {"reason": "test"})
        return rows(self, coming)

    with monkeypatch.context() as once:
        once.setattr(DurableRun, "all_rows", meanwhile)
        new = hung.go_on()
    opened = [name for name in new if "stop" not in name]
    assert (opened == []) is (command == "pause")
    assert hanging.info_of(hung.journal).heartbeat["standing"] == ("halted" if command == "pause" else command)


def test_a_command_that_a_hanging_loop_does_not_hear_is_not_called_given(
    hung: Hung, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tradewind.orders.kill_switch.SILENT_SECONDS", 0.0)
    with pytest.raises(SystemExit) as ended:
        main(["flatten", hanging.NAME, "--journal", str(hung.journal)])
    assert ended.value.code == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "hangs: no heartbeat for" in told
    assert "`tradewind kill hanging`, with --flatten" in told


def test_a_living_session_that_has_not_answered_yet_is_not_said_to_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stale(store: JournalStore, *_: object) -> SessionInfo:
        (info,) = store.sessions()
        return dataclasses.replace(info, heartbeat_at=info.heartbeat_at - dt.timedelta(minutes=1))

    monkeypatch.setattr("tradewind.cli.operator._session", stale)
    with open_store(tmp_path / "journal.db") as store, store.begin("busy", {}) as writer:
        writer.beat({})
        with pytest.raises(SystemExit) as ended:
            main(["pause", "busy", "--journal", str(tmp_path / "journal.db"), "--patience", "0"])
    assert ended.value.code == 0
    assert "has not answered yet: pause is done with its next bar" in " ".join(capsys.readouterr().err.split())


def test_two_commands_at_once_do_not_undo_each_other(hung: Hung, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = Courier.deliver
    refused: list[str] = []

    def meanwhile(self: Courier, intents: Sequence[OrderIntent], *, again: bool) -> list[Response]:
        answers = deliver(self, intents, again=again)
        with pytest.raises(UserError) as caught:
            hung.flatten()
        refused.append(str(caught.value))
        return answers

    with monkeypatch.context() as once:
        once.setattr(Courier, "deliver", meanwhile)
        assert len(hung.flatten().closing) == SYMBOLS
    assert refused
    assert hanging.at_work(hung.port) == SYMBOLS
    assert hung.go_on() == []
    assert held(hung.port) == {}
