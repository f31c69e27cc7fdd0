"""A PostgreSQL server that its administrator has set up otherwise, and what stands between it and a writer."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import psycopg
import pytest
from sqlalchemy import make_url

from tradewind.errors import JournalError
from tradewind.journal.store import database, locks, open_store


def set_up(url, setting):
    """Give the sessions of a database a setting that they begin with."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {make_url(url).database} SET {setting}")


def test_a_writer_whose_lock_a_pooler_gave_to_others_says_so(new_postgres):
    with open_store(new_postgres()) as store, store.begin("paper", {}) as writer:
        writer.require_lock()
        writer._connection.connection.driver_connection.execute("SELECT pg_advisory_unlock_all()")
        with pytest.raises(JournalError, match=r"session 1 is no longer this process's.*Connect to the server itself"):
            writer.require_lock()


def test_a_writers_own_lock_is_held(store):
    with store.begin("paper", {}) as writer:
        writer.append(0, "x", "{}")
        writer.require_lock()
        writer.commit()
        assert (writer.last_block, store.is_written(1)) == (1, True)


def test_two_writers_on_one_connection_of_the_server_are_refused(new_postgres):
    """A pooler lends one connection of the server to many processes, and its locks with it."""
    with open_store(new_postgres()) as store, store._engine.connect() as shared:
        lock = locks.take_lock(store._url, shared, 1)
        assert lock is not None
        with pytest.raises(JournalError, match=r"session 1.*through a pooler.*Connect to the server itself"):
            locks.take_lock(store._url, shared, 1)
        lock.release()
        locks.take_lock(store._url, shared, 1).release()


def test_an_idle_writer_keeps_its_connection(new_postgres):
    url = new_postgres()
    set_up(url, "idle_session_timeout = '100ms'")
    with open_store(url) as store, store.begin("paper", {}) as writer:
        with psycopg.connect(url, autocommit=True) as other, contextlib.suppress(psycopg.OperationalError):
            deadline = time.monotonic() + 30.0
            while time.monotonic() < deadline:
                # The notice of its end arrives without a question.
                list(other.notifies(timeout=0.5))
            pytest.fail("the server has ended no idle connection in half a minute")
        writer.append(0, "x", "{}")
        writer.commit()
        assert store.is_written(1)


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_a_database_that_isolates_more_refuses_no_command(new_postgres, level):
    url = new_postgres()
    set_up(url, f"default_transaction_isolation = '{level}'")
    with open_store(url) as store, store.begin("paper", {}), store._reading("look") as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"


def test_a_server_that_does_not_answer_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/journal"
        began = time.monotonic()
        with pytest.raises(JournalError, match=r"cannot open it: .*timeout.*see that the server runs and is reachable"):
            open_store(url)
    assert time.monotonic() - began < 60.0


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("default_transaction_read_only = on", "name the server that takes writes, not a standby"),
        ("search_path = 'elsewhere'", "set a search_path with a schema that is there"),
        ("statement_timeout = '1ms'", "give this user a longer statement_timeout"),
    ],
)
def test_what_a_servers_settings_forbid_is_told_with_what_helps(new_postgres, setting, advice):
    url = new_postgres()
    set_up(url, setting)
    with pytest.raises(JournalError, match=f"cannot open it: .*; {advice}"):
        open_store(url)


def test_a_user_without_rights_is_told_which(new_postgres):
    url = new_postgres()
    open_store(url).close()
    user = f"guest_of_{make_url(url).database}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN")
    with pytest.raises(JournalError, match=r"permission denied for table .*; grant this user the rights on it"):
        open_store(make_url(url).set(username=user).render_as_string(hide_password=False))


REFUSED = """
import sys
import psycopg
from tradewind.errors import JournalError
from tradewind.journal.store import open_store

try:
    with open_store(sys.argv[1]) as store, store.begin("paper", {}) as writer:
        with psycopg.connect(sys.argv[1], autocommit=True) as other:
            other.execute("ALTER TABLE journal_entry ADD CHECK (bar < 0)")
        for bar in range(300):
            writer.append(bar, "x", "{}")
        writer.commit()
except JournalError as error:
    print(error)
"""


def test_a_refused_commit_is_told_once(new_postgres):
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, new_postgres()], capture_output=True, text=True, timeout=60, check=True
    )
    assert "cannot commit block 1 of session 1: new row" in done.stdout
    assert done.stderr == ""
