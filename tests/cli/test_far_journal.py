"""A journal that several machines use, and one that cannot be reached."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tradewind.cli import main
from tradewind.journal.store import open_store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command and return exit code, output and errors, words in one line."""

    def run_command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, " ".join(output.out.split()), " ".join(output.err.split())

    return run_command


def say_process(path: Path, pid: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE journal_heartbeat SET pid = ?", (pid,))
    connection.close()


def test_the_process_of_another_machine_is_not_looked_for_on_this_one(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "journal.db"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with open_store(path) as store:
        writer = store.begin("paper", {})
        writer.beat({"host": "elsewhere"})
        say_process(path, gone.pid)
        _, told, _ = run("status", "--journal", path)
        assert "session 1 running" in told
        assert f"process {gone.pid} on elsewhere" in told
        writer.close()
        say_process(path, os.getpid())
        assert "session 1 interrupted" in run("status", "--journal", path)[1]


def test_a_kill_without_its_journal_says_what_is_left_to_do(tmp_path: Path, run: Run) -> None:
    code, _, errors = run("kill", "paper", "--journal", f"postgresql://me:secret@/journal?host={tmp_path}")
    assert (code, "secret" in errors) == (8, False)
    assert "see that the server runs and is reachable, then give the same command again" in errors
    assert "end the session's process, and cancel its orders at the broker by hand" in errors


def test_a_kill_of_what_never_ran_tells_no_more_than_that(tmp_path: Path, run: Run) -> None:
    code, _, errors = run("kill", "paper", "--journal", tmp_path / "journal.db")
    assert (code, "there is no such file" in errors, "by hand" in errors) == (8, True, False)
