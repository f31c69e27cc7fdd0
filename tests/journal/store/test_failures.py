"""Where the journal cannot be trusted it stops, and says why."""

import os
import shutil
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, event, make_url

from tradewind.errors import JournalError
from tradewind.journal.store import database, open_store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def change(path, statement):
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(statement)
    connection.close()


def test_a_full_disk_fails_the_commit_and_the_writer(path):
    with open_store(path) as store:
        writer = store.begin("paper", {})
        writer.append(0, "kept", "{}")
        writer.commit()
        raw = writer._connection.connection.driver_connection
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages}")
        for _ in range(50):
            writer.append(1, "lost", '"' + "x" * 1000 + '"')
        with pytest.raises(
            JournalError, match=r"cannot commit block 2 of session 1: .*full; free some space"
        ) as failed:
            writer.commit()
        assert str(path) in str(failed.value)
        for use in (
            writer.commit,
            writer.pending,
            lambda: writer.done([1]),
            lambda: writer.append(1, "x", "{}"),
            lambda: writer.beat({}),
        ):
            with pytest.raises(JournalError, match=r"refused: an earlier step failed .*50 entries .*resume session 1"):
                use()
        writer.close()
        with store.resume(1) as again:
            assert again.append(1, "next", "{}") == 2
            again.commit()
        assert [entry.kind for entry in store.entries(1)] == ["kept", "next"]
        assert store.verify().good


def test_a_read_only_database_fails_the_commit(path):
    with open_store(path) as store:
        writer = store.begin("paper", {})
        writer._connection.connection.driver_connection.execute("PRAGMA query_only=ON")
        writer.append(0, "x", "{}")
        with pytest.raises(JournalError, match=r"cannot commit block 1 .*readonly.*; give this user the right"):
            writer.commit()
        writer.close()


def test_a_database_locked_by_another_fails_the_commit(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with open_store(path) as store:
        writer = store.begin("paper", {})
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writer.append(0, "x", "{}")
        with pytest.raises(JournalError, match=r"locked; another process holds the journal"):
            writer.commit()
        other.close()
        writer.close()


@pytest.mark.parametrize("step", ["INTO journal_entry", "INTO journal_block", "UPDATE journal_session", "COMMIT"])
def test_a_failure_at_any_step_of_a_commit_leaves_nothing_of_it(url, step):
    def fail(connection, cursor=None, statement="COMMIT", *others):
        if step in statement:
            raise OSError(5, "Input/output error")

    with open_store(url) as store:
        writer = store.begin("paper", {})
        writer.append(0, "kept", "{}")
        writer.commit()
        writer.append(1, "lost", "{}")
        event.listen(store._engine, "before_cursor_execute", fail)
        event.listen(store._engine, "commit", fail)
        with pytest.raises(JournalError, match="Input/output error"):
            writer.commit()
        with pytest.raises(JournalError, match="refused: an earlier step failed"):
            writer.commit()
        writer.close()
    with open_store(url) as store:
        assert [entry.kind for entry in store.entries(1)] == ["kept"]
        assert store.verify().good
        store.resume(1).close()


def test_a_writer_whose_connection_the_server_ended_is_refused(new_postgres):
    url = new_postgres()
    with open_store(url) as store:
        writer = store.begin("paper", {})
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        writer.append(0, "x", "{}")
        with pytest.raises(
            JournalError, match="see that the server runs and is reachable, then give the same command again"
        ):
            writer.commit()
        writer.close()
        with store.resume(1) as again:
            assert again.append(0, "x", "{}") == 1
            again.commit()


def test_a_session_written_by_somebody_else_is_noticed(path):
    """A lock can fail on a network disk; the row's seal does not."""
    with open_store(path) as store:
        writer = store.begin("paper", {})
        writer.append(0, "x", "{}")
        writer.commit()
        change(path, "UPDATE journal_session SET seal = 'other'")
        writer.append(0, "x", "{}")
        with pytest.raises(JournalError, match="session 1 is no longer as this writer left it"):
            writer.commit()
        writer.close()


def test_a_session_that_was_cut_off_is_not_resumed(path):
    with open_store(path) as store:
        with store.begin("paper", {}) as writer:
            for bar in range(2):
                writer.append(bar, "x", "{}")
                writer.commit()
        change(path, "DROP TRIGGER journal_entry_no_delete; DELETE FROM journal_entry WHERE sequence = 2")
        with pytest.raises(JournalError, match="session 1, block 2, entry 2: the entry is missing"):
            store.resume(1)
        change(path, "UPDATE journal_session SET status = 'stopped'")
        with pytest.raises(JournalError, match="the row of session 1 was changed from outside"):
            store.resume(1)


def test_the_count_of_sessions_is_verified_with_each_of_them(path):
    with open_store(path) as store:
        store.begin("paper", {}).close()
        assert store.verify(1).good
        change(path, "DELETE FROM journal_ledger")
        assert "the ledger that counts the sessions was changed" in str(store.verify(1).problem)
        change(path, "INSERT INTO journal_ledger VALUES (1, 0)")
        assert "the session was inserted" in str(store.verify(1).problem)


def test_a_row_changed_from_outside_is_not_taken_for_intact(path):
    with open_store(path) as store:
        store.begin("paper", {}).close()
        assert store.sessions()[0].intact
        change(path, "UPDATE journal_session SET status = 'weird'")
        assert not store.sessions()[0].intact


def test_a_session_that_was_changed_is_not_pruned(path):
    with open_store(path) as store:
        with store.begin("paper", {}) as writer:
            writer.append(0, "x", "{}")
            writer.finish("finished")
        change(path, "DROP TRIGGER journal_entry_no_update; UPDATE journal_entry SET payload = '[]'")
        with pytest.raises(JournalError, match="not pruned, as it was changed: session 1, block 1, entry 1"):
            store.prune(keep_days=0)
        assert len(store.sessions()) == 1


def test_text_damaged_on_the_disk_is_named(path):
    with open_store(path) as store:
        with store.begin("paper", {}) as writer:
            for bar in range(3):
                writer.append(bar, "x", '{"a":1}')
            writer.commit()
        statement = "UPDATE journal_entry SET payload = CAST(x'7bff7d' AS TEXT) WHERE sequence = 2"
        change(path, f"DROP TRIGGER journal_entry_no_update; {statement}")
        problem = store.verify().problem
        assert (problem.session, problem.block, problem.sequence) == (1, 1, 2)
        assert "{\\udcff}" in str(problem)
        with pytest.raises(JournalError, match="cannot read session 1"):
            list(store.entries(1))
        assert store.sessions()[0].name == "paper"


def test_damaged_pages_are_an_error_not_a_verdict(path):
    with open_store(path) as store, store.begin("paper", {}) as writer:
        for bar in range(2000):
            writer.append(bar, "x", '{"a":1}')
        writer.commit()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    with open_store(path) as store, pytest.raises(JournalError, match=r"cannot verify it: .*malformed; restore it"):
        store.verify()


def test_what_is_no_journal_is_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all, but long enough to be one")
    with pytest.raises(JournalError, match=r"notes\.txt: not a SQLite database; name another file"):
        open_store(text)
    assert text.read_text().startswith("not a database")
    foreign = tmp_path / "other.db"
    change(foreign, "CREATE TABLE songs (id INTEGER)")
    with pytest.raises(JournalError, match=r"other\.db: holds tables of something else \(songs\)"):
        open_store(foreign)
    with pytest.raises(JournalError, match="Is a directory"):
        open_store(tmp_path)


def test_a_journal_of_a_newer_tradewind_is_refused(url):
    open_store(url).close()
    engine = create_engine(database.database_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal_version SET version_num = '0099'")
    engine.dispose()
    with pytest.raises(JournalError, match=r"its tables are of version 0099, this tradewind knows 0001"):
        open_store(url)


def test_tables_that_were_altered_are_an_error(path):
    open_store(path).close()
    change(path, "ALTER TABLE journal_session DROP COLUMN name")
    with open_store(path) as store, pytest.raises(JournalError, match="its tables are not those of tradewind"):
        store.begin("paper", {})


def test_a_missing_journal_is_not_made_when_it_is_only_read(tmp_path, new_postgres):
    with pytest.raises(JournalError, match=r"there is no such file; .*name its journal with --journal"):
        open_store(tmp_path / "none" / "journal.db", create=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(JournalError, match="holds no journal"):
        open_store(new_postgres(), create=False)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sqlite://", "not a file, so nothing would be durable"),
        ("sqlite:///:memory:", "not a file"),
        ("mysql://me@here/db", "received a mysql URL; known: postgresql, sqlite"),
        ("postgres://me@here/db", "Did you mean 'postgresql'"),
        ("://", "the URL cannot be read"),
    ],
)
def test_other_urls_are_explained(source, message):
    with pytest.raises(JournalError, match=message):
        open_store(source)


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path):
    url = f"postgresql://me:secret@/journal?host={tmp_path}"
    with pytest.raises(JournalError, match="see that the server runs and is reachable") as failed:
        open_store(url)
    assert "secret" not in str(failed.value)


def test_a_database_that_is_not_there_is_told_and_nothing_else(new_postgres):
    url = make_url(new_postgres()).set(database="absent")
    with pytest.raises(JournalError, match='database "absent" does not exist; create the database') as failed:
        open_store(url.render_as_string(hide_password=False))
    assert "tables" not in str(failed.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere: run the tests as another user")
def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="give this user the right"):
        open_store(tmp_path / "journal.db")


def test_a_copy_of_the_file_is_a_whole_journal(path, tmp_path):
    with open_store(path) as store, store.begin("paper", {}) as writer:
        writer.append(0, "x", "{}")
        writer.commit()
    copy = Path(shutil.copy(path, tmp_path / "copy.db"))
    with open_store(copy) as store:
        assert store.verify().entries == 1
