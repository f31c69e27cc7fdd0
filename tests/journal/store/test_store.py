"""Sessions, their entries and their writers, the same on SQLite and PostgreSQL."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from tradewind.errors import JournalError, UserError
from tradewind.journal.store import open_store, retention, tables
from tradewind.journal.store.database import database_url

PAYLOADS = ['{"a":1}', '{"text":"Zürich 東京 \\u0000 \\" ,"}', "{}", json.dumps({"long": "x" * 10_000})]


def written(entries):
    return [(entry.sequence, entry.block, entry.bar, entry.kind, entry.payload) for entry in entries]


def raw(url):
    """An engine that knows nothing of the store."""
    return create_engine(database_url(url))


def test_entries_come_back_as_they_were_appended(store):
    before = datetime.now(UTC)
    with store.begin("paper", {"seed": 7}) as writer:
        assert [writer.append(bar, "intent", payload) for bar, payload in enumerate(PAYLOADS)] == [1, 2, 3, 4]
        writer.commit()
        assert writer.append(9, "fill", "{}") == 5
        writer.commit()
    entries = list(store.entries(1))
    assert written(entries) == [
        *((number, 1, number - 1, "intent", payload) for number, payload in enumerate(PAYLOADS, 1)),
        (5, 2, 9, "fill", "{}"),
    ]
    assert all(before <= entry.committed_at <= datetime.now(UTC) for entry in entries)


def test_entries_can_be_chosen_by_sequence_and_kind(store):
    with store.begin("paper", {}) as writer:
        for number in range(5001):
            writer.append(number, "intent" if number % 2 else "fill", "{}")
            if number % 700 == 0:
                writer.commit()
        writer.commit()
    assert [entry.sequence for entry in store.entries(1)] == list(range(1, 5002))
    assert [entry.sequence for entry in store.entries(1, after=4998)] == [4999, 5000, 5001]
    assert [entry.sequence for entry in store.entries(1, after=4990, kinds=["intent", "x"])] == [
        4992,
        4994,
        4996,
        4998,
        5000,
    ]


def test_nothing_appended_is_readable_before_commit(store, url):
    with store.begin("paper", {}) as writer:
        writer.append(0, "intent", "{}")
        with open_store(url) as other:
            assert list(other.entries(1)) == []
            writer.commit()
            assert len(list(other.entries(1))) == 1
            writer.commit()
        assert store.sessions()[0].last_block == 1


def test_a_session_is_listed_with_its_state(store):
    with store.begin("paper", {"seed": 7}) as writer:
        writer.append(3, "bar", "{}")
        writer.append(4, "bar", "{}")
        writer.commit()
        writer.beat({"equity": 1.5})
        (info,) = store.sessions("paper")
        assert (info.id, info.name, info.header, info.status) == (1, "paper", {"seed": 7}, "open")
        assert (info.last_block, info.last_bar, info.entries, info.pid) == (1, 4, 2, os.getpid())
        assert info.heartbeat == {"equity": 1.5}
        assert info.ended_at is None
        assert info.started_at <= info.heartbeat_at <= datetime.now(UTC)
        writer.finish("finished")
    (info,) = store.sessions()
    assert info.status == "finished"
    assert info.ended_at is not None
    assert store.sessions("other") == []


def test_sessions_are_numbered_one_after_the_other(store, url):
    with open_store(url) as other:
        writers = [opened.begin(name, {}) for name, opened in (("a", store), ("b", other), ("a", store))]
        assert [writer.session for writer in writers] == [1, 2, 3]
        for writer in writers:
            writer.close()
    assert [info.id for info in store.sessions("a")] == [1, 3]


def test_a_second_writer_is_refused_with_the_first_ones_process(store, url):
    with store.begin("paper", {}) as writer:
        with (
            open_store(url) as other,
            pytest.raises(JournalError, match=f"session 1 is being written by process {os.getpid()}"),
        ):
            other.resume(1)
        with pytest.raises(JournalError, match="is being written"):
            store.resume(1)
        writer.append(0, "x", "{}")
        writer.commit()
    store.resume(1).close()


def test_who_resumes_a_session_signs_before_it_is_verified(store, url, monkeypatch):
    store.begin("s", {}).close()
    (before,) = store.sessions()
    seen = []

    def verify(self, session):
        seen.extend(self.sessions())

    monkeypatch.setattr(type(store), "require_good", verify)
    store.resume(1).close()
    assert seen[0].heartbeat_at > before.heartbeat_at


def test_a_resumed_session_goes_on_after_its_last_block(store, url):
    with store.begin("paper", {}) as writer:
        writer.append(0, "x", "{}")
        writer.commit()
        writer.finish("stopped")
    assert store.sessions()[0].status == "stopped"
    with open_store(url) as other, other.resume(1) as writer:
        assert other.sessions()[0].status == "open"
        assert other.sessions()[0].ended_at is None
        assert writer.append(1, "y", "{}") == 2
        writer.commit()
    assert written(store.entries(1)) == [(1, 1, 0, "x", "{}"), (2, 2, 1, "y", "{}")]
    assert store.verify().good


def test_a_finished_session_takes_nothing_more(store):
    writer = store.begin("paper", {})
    writer.finish("finished")
    with pytest.raises(JournalError, match="refused: session 1 has finished"):
        writer.append(0, "x", "{}")
    writer.close()
    with pytest.raises(JournalError, match="session 1 has finished; begin a new one"):
        store.resume(1)
    with pytest.raises(JournalError, match="session 1 has finished; nobody would take stop"):
        store.post(1, "stop", {})


def test_finish_commits_what_was_appended(store):
    with store.begin("paper", {}) as writer:
        writer.append(0, "x", "{}")
        writer.finish("stopped")
    assert len(list(store.entries(1))) == 1


def test_close_says_what_was_never_committed(store):
    writer = store.begin("paper", {})
    writer.append(0, "x", "{}")
    with pytest.raises(JournalError, match="closed with 1 entries not committed"):
        writer.close()
    store.resume(1).close()


def test_an_error_in_the_with_block_is_not_hidden(store):
    def fail():
        with store.begin("paper", {}) as writer:
            writer.append(0, "x", "{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    store.resume(1).close()


def test_commands_wait_until_they_are_done(store, url):
    with store.begin("paper", {}) as writer, open_store(url) as operator:
        assert writer.pending() == []
        first = operator.post(1, "drop", {"order": "a-1"})
        second = operator.post(1, "stop", {})
        asked = [(first, "drop", {"order": "a-1"}), (second, "stop", {})]
        assert [(one.id, one.command, one.argument) for one in writer.pending()] == asked
        assert [one.id for one in writer.pending()] == [first, second]
        writer.done([first])
        assert [one.id for one in writer.pending()] == [second]
    with store.resume(1) as writer:
        assert [one.id for one in writer.pending()] == [second]
        writer.done([second])
        assert writer.pending() == []
    assert store.verify().good


def test_a_command_waits_for_a_stopped_session(store):
    with store.begin("paper", {}) as writer:
        writer.finish("stopped")
    store.post(1, "flatten", {"symbols": ["KO"]})
    with store.resume(1) as writer:
        assert [one.command for one in writer.pending()] == ["flatten"]


def exchange(store, instead):
    with store.kept_away(1) as alone:
        if alone:
            with pytest.raises(JournalError, match="is being written"):
                store.resume(1)
        return alone and store.exchange(1, instead)


def test_a_command_is_exchanged_only_where_nobody_can_have_heard_it(store):
    with store.begin("paper", {}) as writer:
        number = store.post(1, "kill", {"flatten": True})
        assert store.is_written(1)
        assert [one.id for one in store.pending(1)] == [number]
        assert not exchange(store, {number: ("kill", {"closed": True})})
        assert [one.id for one in writer.pending()] == [number]
    assert not store.is_written(1)
    assert exchange(store, {number: ("kill", {"closed": True})})
    assert not exchange(store, {number: ("kill", {"closed": True})})
    assert not store.is_written(1)
    with store.resume(1) as writer:
        (instead,) = writer.pending()
        assert instead.argument == {"closed": True}
        writer.append(0, "answer", "{}")
        writer.commit()
        writer.done([instead.id])
    assert not exchange(store, {instead.id: ("kill", {})})
    with store.resume(1) as writer:
        assert writer.pending() == []


def test_an_unknown_session_is_named(store):
    store.begin("paper", {}).close()
    for ask in (
        store.resume,
        lambda number: list(store.entries(number)),
        lambda number: store.post(number, "stop", {}),
    ):
        with pytest.raises(JournalError, match=r"no session 7; known: 1"):
            ask(7)
    with pytest.raises(UserError, match="no session 7"):
        store.verify(7)


@pytest.mark.parametrize(("kind", "payload"), [("intent", '"\0"'), ("int\0ent", "{}"), ("intent", '"\ud800"')])
def test_what_no_database_keeps_is_refused_at_once(store, kind, payload):
    with store.begin("paper", {}) as writer:
        with pytest.raises(JournalError, match="of an entry"):
            writer.append(0, kind, payload)
        writer.append(0, "x", "{}")
        writer.commit()


def test_values_without_json_are_refused(store):
    for header in ({"a": float("nan")}, {"a": object()}):
        with pytest.raises(JournalError, match="give JSON values only"):
            store.begin("paper", header)
    assert store.sessions() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET bar = 9",
        "DELETE FROM journal_entry",
        "UPDATE journal_block SET hash = 'x'",
        "DELETE FROM journal_block",
    ],
)
def test_the_database_itself_refuses_to_change_entries(store, url, statement):
    with store.begin("paper", {}) as writer:
        writer.append(0, "x", "{}")
        writer.commit()
    engine = raw(url)
    with pytest.raises(Exception, match="is append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    assert store.verify().good


def test_the_migrations_make_the_tables_that_the_code_knows(store, url):
    engine = raw(url)
    with engine.connect() as connection:
        options = {"version_table": tables.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_prune_leaves_tombstones_of_old_finished_sessions(store, url):
    for number, status in enumerate(("finished", "stopped", "finished", None), 1):
        with store.begin(f"run-{number}", {}) as writer:
            for bar in range(3):
                writer.append(bar, "x", "{}")
                writer.commit()
            if status:
                writer.finish(status)
    heads = {info.id: info.head_hash for info in store.sessions()}
    assert store.prune(keep_days=1) == []
    assert [info.id for info in store.prune(keep_days=0)] == [1, 3]
    assert [info.id for info in store.sessions()] == [2, 4]
    assert [(stone.id, stone.name, stone.entries, stone.head_hash) for stone in store.tombstones()] == [
        (1, "run-1", 3, heads[1]),
        (3, "run-3", 3, heads[3]),
    ]
    verdict = store.verify()
    assert verdict.good
    assert (verdict.sessions, verdict.entries) == (4, 6)
    engine = raw(url)
    with engine.begin() as connection:
        for table in ("entry", "block"):
            rows = connection.exec_driver_sql(f"SELECT DISTINCT session FROM journal_{table} ORDER BY 1")
            assert [row[0] for row in rows] == [2, 4]
    engine.dispose()
    assert store.begin("next", {}).session == 5


def test_an_interrupted_prune_is_found_and_completed(store, monkeypatch):
    with store.begin("run", {}) as writer:
        for number in range(5100):
            writer.append(number, "x", "{}")
        writer.finish("finished")
    delete_chunk = retention.delete_chunk

    def interrupt(connection):
        delete_chunk(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(retention, "delete_chunk", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.prune(keep_days=0)
    monkeypatch.undo()
    assert "tradewind audit prune was interrupted" in str(store.verify().problem)
    assert store.prune(keep_days=0) == []
    assert store.verify().good


def test_prune_measures_age_from_the_end(store):
    with store.begin("run", {}) as writer:
        writer.finish("finished")
    ended = store.sessions()[0].ended_at
    assert store.prune(keep_days=1 / 24) == []
    while datetime.now(UTC) - ended < timedelta(milliseconds=20):
        time.sleep(0)
    assert len(store.prune(keep_days=0.02 / 86_400)) == 1


@pytest.mark.parametrize("days", [-1, float("nan")])
def test_prune_refuses_an_impossible_age(store, days):
    with pytest.raises(JournalError, match="keep_days must be 0 or more"):
        store.prune(keep_days=days)


@pytest.mark.parametrize(("given", "used"), [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
def test_a_server_that_does_not_wait_for_its_disk_is_made_to(new_postgres, given, used):
    url = new_postgres()
    engine = raw(url)
    with engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = {given}")
    engine.dispose()
    with open_store(url) as store, store.begin("paper", {}) as writer, writer._connection.begin():
        assert writer._connection.exec_driver_sql("SHOW synchronous_commit").scalar() == used


def test_the_journal_is_durable_by_its_settings(store, url):
    with store.begin("paper", {}) as writer:
        connection = writer._connection
        if url.startswith("sqlite"):
            wanted = {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2}
        else:
            wanted = {"SHOW synchronous_commit": "on"}
        for _ in range(2):
            with connection.begin():
                assert {ask: connection.exec_driver_sql(ask).scalar() for ask in wanted} == wanted
            writer.beat({})
