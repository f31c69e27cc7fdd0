"""A supervisor starts a process again, and knows when not to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tradewind.runs.supervisor import Restarts, supervise

COUNTING = """
import os, signal, sys
from pathlib import Path
counter = Path(sys.argv[1])
life = int(counter.read_text()) + 1 if counter.exists() else 1
counter.write_text(str(life))
end = sys.argv[min(life + 1, len(sys.argv) - 1)]
if end.startswith("SIG"):
    os.kill(os.getpid(), signal.Signals[end])
sys.exit(int(end))
"""


def lives(tmp_path: Path, *ends: str, **rules: float) -> tuple[int, int, list[float], list[str]]:
    """Run a process that ends in these ways; return the exit code, the number of lives, waits and lines told."""
    counter, waits, told = tmp_path / "lives", [], []
    code = supervise(
        [sys.executable, "-c", COUNTING, str(counter), *ends],
        restarts=Restarts(**rules),  # type: ignore[arg-type]
        tell=told.append,
        sleep=waits.append,
    )
    return code, int(counter.read_text()), waits, told


def test_a_killed_session_is_started_again_until_it_ends_well(tmp_path: Path) -> None:
    code, count, waits, told = lives(tmp_path, "SIGKILL", "70", "7", "0")
    assert (code, count, waits) == (0, 4, [1.0, 2.0, 4.0])
    assert told[0] == "supervisor: the session ended with signal SIGKILL; starting it again in 1 s"


@pytest.mark.parametrize("end", ["1", "2", "3", "4", "5", "6", "8", "13", "130"])
def test_what_a_person_must_mend_is_not_tried_again(tmp_path: Path, end: str) -> None:
    assert lives(tmp_path, end)[:2] == (int(end), 1)


def test_a_session_that_a_kill_switch_still_holds_is_tried_again(tmp_path: Path) -> None:
    assert lives(tmp_path, "SIGKILL", "8", "0")[:2] == (0, 3)


def test_it_gives_up_after_too_many_restarts(tmp_path: Path) -> None:
    code, count, waits, told = lives(tmp_path, "SIGKILL", most=3, longest_wait_seconds=2.0)
    assert (code, count, waits) == (-signal.SIGKILL, 4, [1.0, 2.0, 2.0])
    assert told[-1] == "supervisor: 3 restarts in 600 s did not help; giving up"


def test_old_restarts_are_forgotten(tmp_path: Path) -> None:
    now = iter([0.0, 1.0, 1000.0, 1001.0, 1002.0])
    waits: list[float] = []
    code = supervise(
        [sys.executable, "-c", COUNTING, str(tmp_path / "lives"), "7", "7", "7", "7", "0"],
        restarts=Restarts(most=2),
        sleep=waits.append,
        clock=lambda: next(now),
    )
    assert (code, waits) == (0, [1.0, 2.0, 1.0, 2.0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_ends_the_supervision(tmp_path: Path, number: signal.Signals) -> None:
    script = f"""
import signal, sys, time
from pathlib import Path
signal.signal({int(number)}, lambda *_: sys.exit(130))
Path({str(tmp_path / "there")!r}).touch()
while True:
    time.sleep(0.01)
"""
    supervisor = f"""
import sys
from tradewind.runs.supervisor import supervise
sys.exit(supervise([sys.executable, "-c", {script!r}]))
"""
    process = subprocess.Popen([sys.executable, "-c", supervisor])
    deadline = time.monotonic() + 20.0
    while not (tmp_path / "there").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        threading.Event().wait(0.01)
    os.kill(process.pid, number)
    assert process.wait(20.0) == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_between_two_processes_at_once(number: signal.Signals) -> None:
    supervisor = """
import sys
from tradewind.runs.supervisor import Restarts, supervise
rules = Restarts(first_wait_seconds=600.0, longest_wait_seconds=600.0)
command = [sys.executable, "-c", "raise SystemExit(7)"]
sys.exit(supervise(command, restarts=rules, tell=lambda line: print(line, flush=True)))
"""
    process = subprocess.Popen([sys.executable, "-c", supervisor], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "starting it again in 600 s" in process.stdout.readline()
    os.kill(process.pid, number)
    assert process.wait(20.0) == 130
    process.stdout.close()
