"""What `commit` returned for survives kill -9, and the session goes on."""

import json
import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from tests.journal.store import killed_writer
from tests.journal.store.killed_writer import record_commands
from tradewind.errors import JournalError
from tradewind.journal.store import open_store


def write_until_killed(url, session, lines, during=lambda: None):
    """Run a writer, kill it right after it told of some commits, and return all that it told."""
    with subprocess.Popen(
        [sys.executable, killed_writer.__file__, url, str(session)], stdout=subprocess.PIPE, text=True
    ) as process:
        told = [process.stdout.readline() for _ in range(lines)]
        during()
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line.strip() for line in told if line.endswith("\n")]


def kill_often(url, rounds):
    chance = random.Random(rounds)
    expected_commands = []
    taken = []
    committed = 0
    with open_store(url) as store:
        for number in range(rounds):

            def post():
                expected_commands.append(store.post(1, "note", {"n": len(expected_commands)}))

            told = write_until_killed(
                url, int(number > 0), chance.randrange(1, 12), post if number % 2 else lambda: None
            )
            assert told[0] == "session 1"
            taken += [int(line.split()[1]) for line in told if line.startswith("took")]
            durable = [entry.sequence for entry in store.entries(1)]
            assert durable == list(range(1, len(durable) + 1))
            committed = max([committed, *(int(line) for line in told if line.isdigit())])
            assert len(durable) >= committed
            verdict = store.verify()
            assert verdict.good, verdict.problem
        with store.resume(1) as writer:
            record_commands(store, writer)
        recorded = [json.loads(entry.payload)["id"] for entry in store.entries(1, kinds=["command"])]
        assert recorded == expected_commands
        assert set(taken) <= set(recorded)
        assert len(taken) == len(set(taken))


def test_nothing_committed_is_lost_when_the_writer_is_killed(url):
    kill_often(url, 12)


@pytest.mark.soak
def test_nothing_committed_is_lost_when_the_writer_is_killed_often(url):
    kill_often(url, 500)


def test_a_living_process_keeps_others_out_until_it_is_killed(url):
    with open_store(url) as store:

        def refused():
            pid = store.sessions()[0].pid
            with pytest.raises(JournalError, match=f"session 1 is being written by process {pid}"):
                store.resume(1)

        write_until_killed(url, 0, 2, refused)
        store.resume(1).close()


def test_stores_opened_at_once_make_one_journal(url):
    barrier = threading.Barrier(4)
    sessions, errors = [], []

    def work():
        barrier.wait()
        try:
            with open_store(url) as store, store.begin("many", {}) as writer:
                writer.append(0, "x", "{}")
                writer.commit()
                sessions.append(writer.session)
        except BaseException as error:  # noqa: BLE001 - told by the thread that asserts
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(sessions) == [1, 2, 3, 4]
    with open_store(url) as store:
        assert store.verify().entries == 4
