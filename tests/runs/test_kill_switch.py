"""The kill switch and the watchdog: from another process, whether or not the session's loop turns."""

from __future__ import annotations

import dataclasses
import json
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.orders.crash.scenario import ask_venue
from tests.runs import hanging
from tradewind.errors import JournalError, UserError
from tradewind.journal.store import JournalStore, open_store
from tradewind.orders.kill_switch import Stopped, ask, stop_session
from tradewind.orders.watchdog import POLICIES, Policy, watch
from tradewind_plugins.brokers.venue import VenueBroker

SYMBOLS = 20


def created(port: int) -> int:
    return len(ask_venue(port, {"op": "stats"})["created"])


def held(port: int) -> dict[str, float]:
    return {fields["symbol"]: quantity for fields, quantity in ask_venue(port, {"op": "positions"}) if quantity}


def hang(folder: Path) -> Path:
    file = folder / "hang"
    file.touch()
    return file


def reached(file: Path) -> bool:
    return Path(f"{file}.reached").exists()


def asked(store: JournalStore, session: int, command: str) -> list[dict[str, Any]]:
    """Return the arguments of a command that the session has heard, as its journal has them."""
    heard = [json.loads(one.payload) for one in store.entries(session, kinds=["answer"])]
    return [
        one["argument"] for told in heard if told["operation"] == "operator" for one in told["answer"]
        if one["command"] == command
    ]  # fmt: skip


def continued(port: int, journal: Path, file: Path) -> None:
    """Let the next process run the session to its end."""
    file.unlink(missing_ok=True)
    hanging.main(port, str(journal), str(file), SYMBOLS)


@pytest.mark.parametrize("flatten", [False, True])
def test_a_session_whose_loop_hangs_is_killed_and_stays_dead(tmp_path: Path, port: int, flatten: bool) -> None:
    journal, file = tmp_path / "journal.db", hang(tmp_path)
    with hanging.started(port, journal, file, SYMBOLS) as process:
        hanging.wait_for(lambda: reached(file), process)
        assert hanging.at_work(port) == SYMBOLS
        with open_store(journal) as store:
            done = stop_session(store, hanging.info_of(journal), lambda _: hanging.registry(), flatten=flatten)
        assert (done.heard, done.ended_process, len(done.cancelled), done.left) == (False, process.pid, SYMBOLS, ())
        assert process.wait(10.0) == -signal.SIGKILL
    assert len(done.closing) == (SYMBOLS if flatten else 0)
    assert hanging.at_work(port) == len(done.closing)
    before = created(port)
    continued(port, journal, file)
    assert created(port) == before
    info = hanging.info_of(journal)
    assert (info.status, info.heartbeat["standing"], info.heartbeat["standing_by"]) == (
        "finished",
        "killed",
        "operator",
    )
    assert hanging.at_work(port) == 0
    assert bool(held(port)) is not flatten
    assert all(quantity > 0.0 for quantity in held(port).values())
    with open_store(journal) as store:
        assert store.verify().good
        (told,) = asked(store, info.id, "stopped_outside")
    assert (told["ended_process"], len(told["cancelled"]), len(told["closing"])) == (
        done.ended_process,
        SYMBOLS,
        len(done.closing),
    )


def test_positions_are_left_to_a_process_that_has_taken_the_session_up_by_then(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, file = tmp_path / "journal.db", hang(tmp_path)
    connect = VenueBroker.connect
    with hanging.started(port, journal, file, SYMBOLS) as process, open_store(journal) as store:
        hanging.wait_for(lambda: reached(file), process)
        with ExitStack() as stack:

            def taken_up_meanwhile(self: VenueBroker) -> None:
                writer = stack.enter_context(store.resume(1))
                assert writer.session == 1
                connect(self)

            monkeypatch.setattr(VenueBroker, "connect", taken_up_meanwhile)
            with pytest.raises(UserError, match="was taken up by another process"):
                stop_session(store, hanging.info_of(journal), lambda _: hanging.registry(), flatten=True)
        monkeypatch.undo()
    assert hanging.at_work(port) == SYMBOLS
    before = created(port)
    continued(port, journal, file)
    assert created(port) == before + SYMBOLS
    assert held(port) == {}


def test_a_process_of_another_machine_is_not_ended(tmp_path: Path, port: int) -> None:
    journal, file = tmp_path / "journal.db", hang(tmp_path)
    with hanging.started(port, journal, file, SYMBOLS) as process, open_store(journal) as store:
        hanging.wait_for(lambda: reached(file), process)
        here = hanging.info_of(journal)
        elsewhere = dataclasses.replace(here, heartbeat={**here.heartbeat, "host": "elsewhere"})
        with pytest.raises(UserError, match="its process runs on elsewhere, not on"):
            stop_session(store, elsewhere, lambda _: hanging.registry())
        assert process.poll() is None
        assert hanging.at_work(port) == SYMBOLS


def test_a_session_that_turns_carries_the_kill_out_itself(tmp_path: Path, port: int) -> None:
    journal, file = tmp_path / "journal.db", tmp_path / "nothing"
    with hanging.started(port, journal, file, SYMBOLS, slowly=True) as process:
        hanging.wait_for(lambda: journal.exists() and hanging.at_work(port) == SYMBOLS, process)
        with open_store(journal) as store:
            done = stop_session(store, hanging.info_of(journal), lambda _: hanging.registry(), patience_seconds=30.0)
        assert done == Stopped(heard=True)
        assert hanging.at_work(port) == 0
        before = created(port)
        process.wait(60.0)
    assert created(port) == before
    assert hanging.info_of(journal).heartbeat["standing"] == "killed"


@pytest.mark.parametrize("moment", ["before the kill is heard", "after it"])
def test_a_kill_holds_after_another_kill_of_the_process(tmp_path: Path, port: int, moment: str) -> None:
    journal, file = tmp_path / "journal.db", hang(tmp_path)
    with hanging.started(port, journal, file, SYMBOLS) as process:
        hanging.wait_for(lambda: reached(file), process)
        process.kill()
        process.wait(10.0)
        before = created(port)
        with open_store(journal) as store:
            ask(store, 1, "kill", {}, patience_seconds=0.0)
    if moment == "after it":
        file.unlink()
        with hanging.started(port, journal, file, SYMBOLS, slowly=True) as process:
            hanging.wait_for(lambda: hanging.at_work(port) == 0, process)
            process.kill()
            process.wait(10.0)
    continued(port, journal, file)
    assert created(port) == before
    assert hanging.at_work(port) == 0
    assert hanging.info_of(journal).heartbeat["standing"] == "killed"


def test_resuming_re_arms_and_the_targets_are_ordered_anew(tmp_path: Path, port: int) -> None:
    journal, file = tmp_path / "journal.db", hang(tmp_path)
    with hanging.started(port, journal, file, SYMBOLS) as process:
        hanging.wait_for(lambda: reached(file), process)
        with open_store(journal) as store:
            stop_session(store, hanging.info_of(journal), lambda _: hanging.registry())
            ask(store, 1, "resume", {"rearm": True}, patience_seconds=0.0)
    before = created(port)
    continued(port, journal, file)
    assert created(port) > before
    assert hanging.info_of(journal).heartbeat["standing"] == "active"


@pytest.mark.parametrize("policy", POLICIES)
def test_the_watchdog_acts_on_a_loop_that_hangs(tmp_path: Path, port: int, policy: Policy) -> None:
    journal, file = tmp_path / "journal.db", hang(tmp_path)
    acts: list[tuple[float, Stopped]] = []
    with hanging.started(port, journal, file, SYMBOLS) as process:
        hanging.wait_for(lambda: reached(file), process)
        with open_store(journal) as store:
            watch(
                store,
                hanging.NAME,
                hanging.registry(),
                timeout_seconds=2.0,
                policy=policy,
                stopped=lambda: bool(acts),
                tell=lambda _, silence, done: acts.append((silence, done)),
                seconds_between_looks=0.05,
            )
    ((silence, done),) = acts
    assert silence >= 2.0
    assert (done.ended_process, len(done.cancelled)) == (process.pid, SYMBOLS)
    assert len(done.closing) == (SYMBOLS if policy == "flatten" else 0)
    continued(port, journal, file)
    assert hanging.info_of(journal).heartbeat["standing"] == ("killed" if policy == "kill" else "halted")


def test_the_watchdog_leaves_a_session_that_turns_alone(tmp_path: Path, port: int) -> None:
    journal, file = tmp_path / "journal.db", tmp_path / "nothing"
    acts: list[Stopped] = []
    with hanging.started(port, journal, file, SYMBOLS, slowly=True) as process:
        hanging.wait_for(lambda: journal.exists() and hanging.at_work(port) == SYMBOLS, process)
        with open_store(journal) as store:
            watch(
                store,
                hanging.NAME,
                hanging.registry(),
                timeout_seconds=5.0,
                policy="kill",
                tell=lambda _, __, done: acts.append(done),
                seconds_between_looks=0.05,
            )
        assert process.wait(60.0) == 0
    assert acts == []


def test_a_finished_session_takes_no_command(tmp_path: Path, port: int) -> None:
    journal, file = tmp_path / "journal.db", tmp_path / "nothing"
    hanging.main(port, str(journal), str(file), SYMBOLS)
    with open_store(journal) as store, pytest.raises(JournalError, match="has finished; nobody would take kill"):
        stop_session(store, hanging.info_of(journal), lambda _: hanging.registry())


@pytest.mark.soak
@pytest.mark.parametrize("trial", range(1000))
def test_no_order_is_accepted_after_a_kill_a_thousand_times(tmp_path: Path, port: int, trial: int) -> None:
    test_a_session_whose_loop_hangs_is_killed_and_stays_dead(tmp_path, port, flatten=trial % 2 == 1)


@pytest.mark.soak
@pytest.mark.parametrize("trial", range(100))
def test_the_watchdog_acts_a_hundred_times(tmp_path: Path, port: int, trial: int) -> None:
    test_the_watchdog_acts_on_a_loop_that_hangs(tmp_path, port, POLICIES[trial % len(POLICIES)])
