"""A session's lock in PostgreSQL goes with its connection: its process, which may be about to send, does not."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest

from tests.orders.crash.scenario import ask_venue
from tests.runs import hanging
from tradewind.errors import JournalError
from tradewind.journal.store import open_store
from tradewind.orders import kill_switch
from tradewind.orders.kill_switch import stop_session

SYMBOLS = 5


def end_connections(url: str) -> None:
    """End the others' connections, and return when their locks are gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def about_to_send(
    port: int, url: str, folder: Path, hangs: Literal["before_delivery", "before_submit"] = "before_submit"
) -> Iterator[Any]:
    """Run a session in a process of its own that stands still just before it sends, while ``folder/hang`` is there."""
    file = folder / "hang"
    file.touch()
    with hanging.started(port, url, file, SYMBOLS, hangs=hangs) as process:
        hanging.wait_for(lambda: Path(f"{file}.reached").exists(), process)
        yield process


def test_a_process_that_lost_its_lock_just_before_it_sends_is_ended(
    tmp_path: Path, port: int, new_postgres: Callable[[], str]
) -> None:
    url = new_postgres()
    with about_to_send(port, url, tmp_path) as process:
        end_connections(url)
        with open_store(url) as store:
            assert not store.is_written(1)
            done = stop_session(store, hanging.info_of(url), lambda _: hanging.registry())
        assert (done.heard, done.ended_process) == (False, process.pid)
        assert process.wait(10.0) == -signal.SIGKILL
    assert ask_venue(port, {"op": "stats"})["created"] == {}


def test_nothing_is_ended_where_the_process_is_gone(tmp_path: Path, port: int, new_postgres: Callable[[], str]) -> None:
    url = new_postgres()
    with about_to_send(port, url, tmp_path) as process:
        process.kill()
        # Not waited for: its number is still taken, by a process that has ended.
        with open_store(url) as store:
            hanging.wait_for(lambda: not store.is_written(1))
            done = stop_session(store, hanging.info_of(url), lambda _: hanging.registry())
    assert (done.heard, done.ended_process) == (False, 0)


def test_a_process_that_lost_its_lock_sends_nothing_more(
    tmp_path: Path, port: int, new_postgres: Callable[[], str]
) -> None:
    url = new_postgres()
    with about_to_send(port, url, tmp_path, "before_delivery") as process:
        end_connections(url)
        (tmp_path / "hang").unlink()
        _, errors = process.communicate(timeout=60.0)
    assert "cannot see whether session 1 is still this process's" in errors.decode()
    assert ask_venue(port, {"op": "stats"})["created"] == {}


def test_a_kill_that_lost_its_lock_closes_nothing_beside_another(
    tmp_path: Path, port: int, new_postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, file = new_postgres(), tmp_path / "hang"
    file.touch()
    close = kill_switch._close

    def after_a_cut(*arguments: Any) -> str:
        end_connections(url)
        return close(*arguments)

    monkeypatch.setattr(kill_switch, "_close", after_a_cut)
    with hanging.started(port, url, file, SYMBOLS) as process, open_store(url) as store:
        hanging.wait_for(lambda: Path(f"{file}.reached").exists(), process)
        with pytest.raises(JournalError, match="cannot see whether session 1 is still kept away from others"):
            stop_session(store, hanging.info_of(url), lambda _: hanging.registry(), flatten=True)
        assert hanging.at_work(port) == 0
        monkeypatch.undo()
        done = stop_session(store, hanging.info_of(url), lambda _: hanging.registry(), flatten=True)
    assert len(done.closing) == hanging.at_work(port) == SYMBOLS
