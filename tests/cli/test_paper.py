"""Paper sessions as a user meets them: real processes that are stopped, killed, looked at and continued."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.orders.crash.scenario import ask_venue
from tradewind.cli import main
from tradewind.cli.status import shown_time
from tradewind.journal.store import SessionInfo, open_store

STRATEGY = """
import numpy as np
from tradewind import Targets


class Alternate:
    def on_bar(self, market, portfolio):
        return Targets(weights=np.array([0.2 + 0.1 * (market.bar % 3), 0.5 - 0.1 * (market.bar % 4)]))
"""
CONFIG = """
name: alternate
data: {feed: sample, symbols: [KO, XOM], start: 2015-01-02, end: 2015-06-30}
strategy: {python: "./alternate.py:Alternate"}
risk: off
costs: {name: us_equity, params: {impact_coefficient: 0.0, spread_tight_bp: 6.0, spread_wide_bp: 6.0}}
"""
PAPER = "mode: paper\nfeed: {name: replay, params: {bars_per_second: 25}}\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "alternate.py").write_text(STRATEGY)
    (tmp_path / "alternate.yaml").write_text(CONFIG)
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "paper.yaml").write_text(PAPER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process and return exit code, output and errors, words in one line."""

    def run_command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in output.err
        return ended.value.code, output.out, " ".join(output.err.split())

    return run_command


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command in a process of its own; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tradewind", *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=project, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.communicate()


def session(journal: str | Path = "sessions/journal.db") -> SessionInfo | None:
    if not str(journal).startswith("postgresql") and not Path(journal).exists():
        return None
    with open_store(journal) as store:
        known = store.sessions()
    return known[-1] if known else None


def wait_for_bar(process: subprocess.Popen[str], number: int, journal: str | Path = "sessions/journal.db") -> None:
    """Wait until a session's process has made a bar durable and told of it."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        known = session(journal)
        if known and known.pid == process.pid and (known.last_bar or 0) >= number and known.heartbeat.get("positions"):
            return
        time.sleep(0.01)
    raise AssertionError("no bar in a minute")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    return process.returncode, " ".join(errors.split())


def status(run: Run, journal: str = "sessions/journal.db") -> dict[str, Any]:
    code, output, _ = run("status", "--json", "--journal", journal)
    assert code == 0
    (told,) = json.loads(output)
    return dict(told)


def backtest_hash(run: Run) -> str:
    code, output, _ = run("run", "alternate.yaml", "--json", "--no-reports")
    assert code == 0
    return str(json.loads(output)["decision_hash"])


PAPER_RUN = ("run", "alternate.yaml", "--mode", "paper", "--no-reports")


def test_a_session_survives_every_way_to_end_its_process(run: Run, start: Any) -> None:
    process = start(*PAPER_RUN)
    wait_for_bar(process, 5)
    told = status(run)
    assert (told["state"], told["pid"], told["name"], told["mode"]) == ("running", process.pid, "alternate", "paper")
    assert told["positions"].keys() == {"KO", "XOM"}
    code, _, errors = run(*PAPER_RUN)
    assert (code, f"session 1 is being written by process {process.pid}" in errors) == (8, True), errors
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (130, "interrupted: the same command continues the session")
    assert status(run)["state"] == "stopped"

    stopped_at = status(run)["durable_bar"]
    process = start(*PAPER_RUN)
    wait_for_bar(process, stopped_at + 3)
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130

    stopped_at = status(run)["durable_bar"]
    process = start(*PAPER_RUN)
    wait_for_bar(process, stopped_at + 3)
    process.kill()
    process.wait()
    assert status(run)["state"] == "interrupted"
    code, output, _ = run("status")
    assert (code, "alternate session 1 interrupted" in " ".join(output.split())) == (0, True)

    code, output, _ = run(*PAPER_RUN, "--json")
    assert code == 0
    assert json.loads(output)["decision_hash"] == backtest_hash(run)
    assert status(run)["state"] == "finished"
    with open_store("sessions/journal.db") as store:
        assert store.verify().good


DYING = """
    def __init__(self):
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_stop_before_the_first_bar_is_a_stop(run: Run, project: Path) -> None:
    (project / "alternate.py").write_text(STRATEGY + DYING)
    code, _, errors = run(*PAPER_RUN)
    assert (code, errors) == (130, "error: interrupted")
    code, output, errors = run("status", "--json")
    assert (code, json.loads(output)) == (0, [])


def test_another_configuration_is_refused_and_fresh_gives_up(run: Run, start: Any) -> None:
    process = start(*PAPER_RUN)
    wait_for_bar(process, 2)
    process.send_signal(signal.SIGTERM)
    ended(process)
    code, _, errors = run(*PAPER_RUN, "--set", "account.cash=5000")
    assert code == 1
    assert "begun with another configuration: account.cash was 100000.0 and is 5000.0. A session keeps its" in errors
    fast = ("--set", "mode.feed.params.bars_per_second=0", "--set", "account.cash=5000")
    code, _, errors = run(*PAPER_RUN, "--fresh", *fast)
    assert code == 0, errors
    with open_store("sessions/journal.db") as store:
        assert [info.status for info in store.sessions()] == ["finished", "finished"]


def test_changed_code_stops_and_names_the_entry(run: Run, start: Any, project: Path) -> None:
    process = start(*PAPER_RUN)
    wait_for_bar(process, 4)
    process.kill()
    process.wait()
    (project / "alternate.py").write_text(STRATEGY.replace("0.2 +", "0.25 +"))
    code, _, errors = run(*PAPER_RUN)
    assert code == 8
    assert "recovery: bar 0 decides otherwise than its journal says; journal: bar 0 targets" in errors
    assert "--fresh" in errors


def test_orders_are_explained_from_the_journal(run: Run) -> None:
    code, _, errors = run(*PAPER_RUN, "--set", "mode.feed.params.bars_per_second=0")
    assert code == 0, errors
    code, output, errors = run("orders", "show", "1-0-XOM", "--json")
    assert code == 0, errors
    told = json.loads(output)
    assert (told["order"]["symbol"], told["bar"]["number"], told["who"][0]["sleeve"]) == ("XOM", 1, "main")
    assert told["life"][0]["what"] == "about to submit"
    assert run("orders", "show", "1-0-XOM")[0] == 0
    code, _, errors = run("orders", "show", "1-0-XON")
    assert (code, "Did you mean '" in errors) == (1, True)
    code, _, errors = run("orders", "list")
    assert (code, errors.startswith("session 1:")) == (0, True) or code == 0
    for arguments, reason in [
        (("orders", "sell"), "no action 'sell'"),
        (("orders", "drop"), "name an order"),
        (("orders", "drop", "x"), "has no undelivered order 'x'"),
        (("orders", "adopt"), "knows of no difference: there is nothing to take over"),
        (("orders", "list", "1-0-XOM"), "orders list: takes no order; received '1-0-XOM'"),
        (("orders", "quality", "foo"), "orders quality: takes no order; received 'foo'"),
        (("orders", "list", "--session", 9), "no session 9"),
        (("status", "nobody"), "no session of 'nobody'"),
    ]:
        code, _, errors = run(*arguments)
        assert (code, reason in errors) == (1, True), errors
    code, _, errors = run("status", "--journal", "nowhere.db")
    assert (code, "nowhere.db" in errors) == (8, True)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_manual_trade_at_the_venue_is_shown_adopted_and_kept(run: Run, start: Any, project: Path) -> None:
    venue = start("venue", "alternate.yaml", "--port", "0")
    port = int(venue.stdout.readline().rsplit(":", 1)[1])
    code, _, errors = run("venue", "alternate.yaml", "--port", port)
    assert (code, f"cannot listen on port {port}" in errors, "--port" in errors) == (1, True, True)

    overlay = PAPER.replace("25", "30") + f"broker: {{name: venue, params: {{port: {port}}}}}\n"
    (project / "modes" / "paper.yaml").write_text(overlay)
    process = start(*PAPER_RUN)
    wait_for_bar(process, 3)
    ask_venue(port, {"op": "manual", "bar": 3, "instrument": "KO", "quantity": 5.0})
    wait_until(lambda: bool(status(run)["differences"]))
    assert "KO" in status(run)["differences"]
    output = " ".join(run("status")[1].split())
    assert "difference: KO: we have" in output
    assert "nothing is sent until it is explained" in output
    code, output, _ = run("orders", "adopt")
    assert (code, "is asked to take over" in output) == (0, True)
    wait_until(lambda: not status(run)["differences"])
    process.kill()
    _, errors = process.communicate()
    assert re.search(
        r"warning: bar \d+: no order is sent until this is explained: KO \(we have [\d.]+, the venue", errors
    )
    assert errors.count("no order is sent") == 1

    code, _, errors = run(*PAPER_RUN)
    assert code == 0, errors
    assert re.search(r"warning: no order was sent from bar \d+ to bar \d+: the venue had otherwise .*: KO", errors)
    told = status(run)
    theirs = {fields["symbol"]: held for fields, held in ask_venue(port, {"op": "positions"})}
    assert (told["state"], told["differences"]) == ("finished", {})
    assert told["positions"] == pytest.approx(theirs)
    venue.send_signal(signal.SIGTERM)
    assert ended(venue) == (0, "stopped; its account is gone")


def test_a_session_in_postgresql_is_killed_and_continued(run: Run, start: Any, new_postgres: Callable[[], str]) -> None:
    url = new_postgres()
    process = start(*PAPER_RUN, "--journal", url)
    wait_for_bar(process, 5, url)
    assert status(run, url)["state"] == "running"
    code, _, errors = run(*PAPER_RUN, "--journal", url)
    assert (code, "is being written by" in errors) == (8, True)
    process.kill()
    process.wait()
    code, output, errors = run(*PAPER_RUN, "--journal", url, "--json")
    assert code == 0, errors
    assert json.loads(output)["decision_hash"] == backtest_hash(run)
    assert status(run, url)["state"] == "finished"


@pytest.mark.parametrize("option", [["--fresh"], ["--supervise"], ["--journal", "/nonexistent/x.db"]])
def test_options_of_sessions_are_refused_in_a_backtest(run: Run, option: list[str]) -> None:
    code, _, errors = run("run", "alternate.yaml", *option)
    assert (code, f"{option[0]} is for sessions" in errors) == (1, True)


def test_a_journal_named_by_the_environment_is_no_fault_of_a_backtest(run: Run, monkeypatch: Any) -> None:
    monkeypatch.setenv("TRADEWIND_JOURNAL", "other.db")
    assert run("run", "alternate.yaml", "--no-reports")[0] == 0
    code, _, errors = run(*PAPER_RUN, "--journal", "")
    assert (code, "journal: received an empty name" in errors) == (8, True), errors


def test_a_venue_that_is_not_there_leaves_no_session(run: Run, project: Path) -> None:
    (project / "nobody.yaml").write_text("mode: paper\nfeed: replay\nbroker: {name: venue, params: {port: 1}}\n")
    code, _, _ = run("run", "alternate.yaml", "--mode", "paper", "--mode-file", "nobody.yaml")
    assert code == 7
    code, _, errors = run("status")
    assert (code, errors) == (0, "no sessions in sessions/journal.db")


def test_an_empty_overlay_of_a_mode_is_told_what_to_have(run: Run, project: Path) -> None:
    (project / "empty.yaml").touch()
    code, _, errors = run(*PAPER_RUN, "--mode-file", "empty.yaml")
    assert (code, errors) == (2, "error: empty.yaml:1:1: the file is empty; write at least `mode: paper`")


def test_a_session_without_a_bar_says_so(run: Run) -> None:
    with open_store("sessions/journal.db") as store:
        store.begin("alternate", {}).close()
    code, output, _ = run("status")
    assert (code, "no bar yet" in output, "None" in output) == (0, True, False)
    with sqlite3.connect("sessions/journal.db") as connection:
        connection.execute("UPDATE journal_session SET status = 'weird'")
    connection.close()
    code, output, _ = run("status")
    assert (code, "session 1 damaged" in " ".join(output.split()), "audit verify" in output) == (0, True, True)


def test_a_session_is_shown_as_people_read_it(run: Run) -> None:
    code, _, errors = run(*PAPER_RUN, "--set", "mode.feed.params.bars_per_second=0")
    assert code == 0, errors
    lines = run("status")[1].splitlines()
    assert re.fullmatch(r"  bar \d+ \(2015-06-30\), finished at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[1])
    assert "XNYS" not in "".join(lines)
    with sqlite3.connect("sessions/journal.db") as connection:
        connection.execute("""UPDATE journal_heartbeat SET status = json_set(status, '$.bar', 7)""")
    connection.close()
    last = status(run)["durable_bar"]
    assert f"bar 7 (2015-06-30), durable up to bar {last}, finished at" in run("status")[1]
    assert shown_time("2015-06-30T14:31:00.000000000") == "2015-06-30 14:31:00"


@pytest.mark.parametrize("speed", ["1e-300", "-1", "0.0000001"])
def test_a_replay_too_slow_to_wait_for_is_refused(run: Run, speed: str) -> None:
    code, _, errors = run(*PAPER_RUN, "--set", f"mode.feed.params.bars_per_second={speed}")
    assert (code, "mode.feed.params.bars_per_second" in errors) == (2, True), errors
