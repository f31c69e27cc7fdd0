"""`tradewind audit`, as a user types it."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tradewind.errors import JournalError
from tradewind.journal.store import open_store
from tradewind.journal.store.export import export_entries

KIND = ("intent", "order", "fill")
TRICKY = 'Zürich, "quoted"\n;=1+1'


@pytest.fixture
def journal(folder, monkeypatch):
    """Two sessions in the place the commands look in; the first has entries of every kind."""
    monkeypatch.delenv("TRADEWIND_JOURNAL", raising=False)
    path = folder / "sessions" / "journal.db"
    with open_store(path) as store:
        with store.begin("paper/main", {"seed": 1}) as writer:
            for number in range(30):
                payload = {"id": f"main-{number // 3}", "reason": TRICKY, "parts": [{"order": f"leg-{number}"}]}
                writer.append(number // 10, KIND[number % 3], json.dumps(payload, ensure_ascii=False))
                if number % 10 == 9:
                    writer.commit()
            writer.finish("finished")
        with store.begin("other", {}) as writer:
            writer.append(5, "bar", "{}")
            writer.commit()
    return path


def change(path, statement):
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(statement)
    connection.close()


def test_verify_says_what_was_proved_and_where_the_chain_ends(run, journal):
    code, out, _ = run("audit", "verify")
    assert code == 0
    assert out[0] == "good: 2 sessions, 4 blocks, 31 entries"
    with open_store(journal) as store:
        assert out[1:] == [f"head of session {info.id}: {info.head_hash}" for info in store.sessions()]
    assert run("audit", "verify", 2)[1][0] == "good: 1 session, 1 block, 1 entry"


def test_verify_names_the_first_bad_entry_and_exits_with_8(run, journal):
    change(journal, "DROP TRIGGER journal_entry_no_update; UPDATE journal_entry SET bar = 7 WHERE sequence = 12")
    code, out, errors = run("audit", "verify")
    assert (code, out) == (8, [])
    assert errors[0].startswith("error: journal: session 1, block 2, entry 12: the entry was changed; expected ")
    code, out, _ = run("audit", "verify", "--json")
    verdict = json.loads("\n".join(out))
    assert (code, verdict["good"], verdict["problem"]["sequence"]) == (8, False, 12)
    assert run("audit", "verify", 2)[0] == 0


def test_sessions_are_listed(run, journal):
    code, out, _ = run("audit", "sessions", "--json", "--zone", "America/New_York")
    sessions = json.loads("\n".join(out))
    assert code == 0
    assert [(one["id"], one["name"], one["status"], one["entries"]) for one in sessions] == [
        (1, "paper/main", "finished", 30),
        (2, "other", "open", 1),
    ]
    started = datetime.fromisoformat(sessions[0]["started_at"])
    assert started.utcoffset() == datetime.now(ZoneInfo("America/New_York")).utcoffset()
    assert abs(datetime.now(UTC) - started) < timedelta(minutes=5)
    table = "\n".join(run("audit", "sessions")[1])
    assert "paper/main" in table
    assert "finished" in table


@pytest.mark.parametrize(
    ("options", "sequences"),
    [
        ([], range(1, 31)),
        (["--kind", "fill"], range(3, 31, 3)),
        (["--kind", "fill", "--kind", "order", "--bar", "0"], [2, 3, 5, 6, 8, 9]),
        (["--order", "main-4"], [13, 14, 15]),
        (["--order", "leg-7"], [8]),
        (["--order", "main"], []),
        (["--last", "2"], [29, 30]),
        (["--kind", "intent", "--last", "2"], [25, 28]),
    ],
)
def test_show_prints_what_was_asked_for(run, journal, options, sequences):
    code, out, _ = run("audit", "show", 1, *options, "--json")
    assert code == 0
    assert [json.loads(line)["sequence"] for line in out] == list(sequences)
    lines = run("audit", "show", 1, *options)[1]
    assert [int(line.split()[0]) for line in lines] == list(sequences)


def test_show_takes_the_latest_session_when_none_is_named(run, journal):
    (line,) = run("audit", "show")[1]
    assert line.split()[2:] == ["bar", "5", "bar", "{}"]


def test_exported_csv_reads_back_with_another_reader(run, journal):
    code, out, _ = run("audit", "export", 1, "--to", "files", "--zone", "Europe/Berlin")
    assert (code, out) == (0, ["files/paper_main-1-001.csv"])
    with Path(out[0]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    with open_store(journal) as store:
        entries = list(store.entries(1))
    assert [(int(row["sequence"]), int(row["bar"]), row["kind"], row["payload"]) for row in rows] == [
        (entry.sequence, entry.bar, entry.kind, entry.payload) for entry in entries
    ]
    for row, entry in zip(rows, entries, strict=True):
        time = datetime.fromisoformat(row["committed_at"])
        assert time == entry.committed_at
        assert time.utcoffset() == entry.committed_at.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_begins_a_new_file_before_one_gets_too_large(run, folder, journal, form):
    limit = 900
    code, out, _ = run("audit", "export", 1, "--format", form, "--to", "files", "--max-mb", limit / 1e6)
    assert code == 0
    assert out == [f"files/paper_main-1-{number:03d}.{form}" for number in range(1, len(out) + 1)]
    assert len(out) > 3
    sequences = []
    for name in out:
        path = folder / name
        assert path.stat().st_size <= limit
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file)) if form == "csv" else [json.loads(line) for line in file]
        assert rows
        sequences += [int(row["sequence"]) for row in rows]
    assert sequences == list(range(1, 31))


def test_an_entry_larger_than_a_file_is_written_whole(run, folder, journal):
    code, out, _ = run("audit", "export", 1, "--format", "jsonl", "--to", "files", "--max-mb", 0.000001)
    assert (code, len(out)) == (0, 30)
    assert all(json.loads((folder / name).read_text())["payload"]["reason"] == TRICKY for name in out)


def test_all_sessions_are_exported_when_none_is_named(run, journal):
    assert run("audit", "export", "--to", "files")[1] == ["files/paper_main-1-001.csv", "files/other-2-001.csv"]


def test_export_overwrites_nothing(run, folder, journal):
    run("audit", "export", 2, "--to", "files")
    before = (folder / "files" / "other-2-001.csv").read_bytes()
    code, _, errors = run("audit", "export", 2, "--to", "files")
    assert code == 1
    assert errors == ["error: files/other-2-001.csv: exists and is not overwritten; name another folder with --to"]
    assert (folder / "files" / "other-2-001.csv").read_bytes() == before


class BrokenOff:
    """Entries whose reading is interrupted."""

    def __init__(self, entries, error):
        self.entries, self.error = entries, error

    def __iter__(self):
        yield from self.entries
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), JournalError("damaged")])
def test_an_export_that_is_interrupted_leaves_nothing_that_looks_complete(journal, tmp_path, error):
    options = {"form": "csv", "max_bytes": 400, "zone": ZoneInfo("UTC")}
    place = tmp_path / "files"
    with open_store(journal) as store:
        with pytest.raises(type(error)):
            export_entries(BrokenOff(store.entries(1), error), 1, "paper", place, **options)
        assert list(place.iterdir()) == []
        (place / "paper-1-001.csv.partial").write_text("of an export that was killed")
        written = export_entries(store.entries(1), 1, "paper", place, **options)
    assert sorted(place.iterdir()) == written
    assert len(written) > 2


def test_an_interrupted_verification_tells_no_traceback(journal):
    """The database's pool logs what an interruption does to a half-read result."""
    code = f"""
import sys
from tradewind.errors import JournalError
from tradewind.journal.store import open_store
from tradewind.journal.store.export import export_entries
store = open_store({str(journal)!r}, create=False)
with store._engine.connect() as connection:
    raw = connection.connection.driver_connection
calls = 0
def text(data):
    global calls
    calls += 1
    if calls > 40:
        raise KeyboardInterrupt
    return data.decode()
raw.text_factory = text
try:
    store.verify()
except KeyboardInterrupt:
    sys.exit(130)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize(
    "options",
    [["--kind", "nope"], ["--bar", "-5"], ["--bar", "9999999"], ["--order", "zzz"], ["--kind", "x", "--json"]],
)
def test_show_says_when_nothing_is_like_that(run, journal, options):
    code, out, errors = run("audit", "show", 1, *options)
    assert (code, out) == (0, [])
    assert errors == ["session 1: no entries like that; it has bars up to 2 and the kinds fill, intent, order"]


def test_reading_commands_write_nothing(run, folder, journal):
    empty = folder / "empty.db"
    empty.touch()
    for arguments in (["status"], ["audit", "verify"], ["orders", "list"], ["parity", "1"]):
        code, _, errors = run(*arguments, "--journal", "empty.db")
        assert (code, errors) == (8, ["error: journal empty.db: holds no journal; name another with --journal"])
    assert empty.stat().st_size == 0
    before = journal.read_bytes()
    journal.chmod(0o400)
    assert run("audit", "verify")[0] == 0
    assert run("audit", "show", 1)[0] == 0
    assert run("status")[0] == 0
    assert journal.read_bytes() == before


def test_a_journal_in_a_folder_one_may_only_read_is_read(run, folder, journal, monkeypatch):
    """Without the right to write, neither the log nor the shared memory of SQLite can be made."""
    asked = []
    monkeypatch.setattr("os.access", lambda path, mode: asked.append(path) or mode != os.W_OK)
    assert run("audit", "verify")[0] == 0
    assert asked
    assert sorted(one.name for one in journal.parent.iterdir()) == ["journal.db"]


def test_prune_drops_and_tells(run, journal):
    assert run("audit", "prune", "--keep-days", 30)[1] == ["0 sessions dropped"]
    code, out, _ = run("audit", "prune", "--keep-days", 0)
    assert code == 0
    assert out[0].startswith("dropped session 1 paper/main: 30 entries, head ")
    assert run("audit", "verify")[0] == 0
    listed = json.loads("\n".join(run("audit", "sessions", "--json")[1]))
    assert [one["status"] for one in listed] == ["pruned", "open"]
    code, _, errors = run("audit", "show", 1)
    assert code == 1
    assert "session 1 was pruned on " in errors[0]


def test_the_journal_may_be_named_by_the_environment(run, folder, journal, monkeypatch):
    moved = journal.rename(folder / "elsewhere.db")
    assert run("audit", "verify")[0] == 8
    monkeypatch.setenv("TRADEWIND_JOURNAL", str(moved))
    assert run("audit", "verify")[0] == 0
    assert run("audit", "verify", "--journal", f"sqlite:///{moved}")[0] == 0
    assert run("audit", "verify", "--journal", "none.db")[0] == 8


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["verify", 9], 1, "no session 9; it holds 1 to 2"),
        (["show", 9], 1, "no session 9; known: 1, 2"),
        (
            ["verify", "--journal", "none.db"],
            8,
            "journal none.db: there is no such file; as a rule no paper session has run in this folder yet: start one "
            "with `tradewind run CONFIG --mode paper`, or name its journal with --journal",
        ),
        (["verify", "--journal", "toys.py"], 8, "toys.py: not a SQLite database"),
        (["verify", "one"], 1, "Invalid value for 'SESSION': Input should be a valid integer"),
        (["verify", "one"], 1, "; received 'one'"),
        (["show", "--last", 0], 1, "greater than or equal to 1; received '0'"),
        (["export", "--format", "cvs"], 1, "--format: received 'cvs'; known: csv, jsonl. Did you mean 'csv'?"),
        (["export", "--max-mb", 0], 1, "--max-mb: received 0.0; give a size above 0"),
        (["export", "--max-mb", "nan"], 1, "--max-mb: received nan"),
        (
            ["export", "--zone", "Europe/Berlim"],
            1,
            "no time zone 'Europe/Berlim'; write it as Europe/Berlin or UTC. Did you mean 'Europe/Berlin'?",
        ),
        (["export", "--zone", "../../etc/passwd"], 1, "no time zone '../../etc/passwd'"),
        (["export", "--to", "toys.py"], 1, "error: --to toys.py: cannot write there"),
        (["export", "--to", ""], 1, "--to: received an empty name; name a folder"),
        (["prune", "--keep-days", -1], 1, "--keep-days: received -1; give 0 or more days"),
        (["prune", "--keep-days", "nan"], 1, "--keep-days: received nan"),
        (["verify", "--journal", ""], 8, "journal: received an empty name"),
        (
            ["verfy"],
            1,
            "audit: no command 'verfy'; known: export, prune, sessions, show, verify. Did you mean 'verify'?",
        ),
    ],
)
def test_mistakes_are_explained(run, journal, arguments, code, message):
    ended, _, errors = run("audit", *arguments)
    assert ended == code
    assert message in "\n".join(errors)
    assert "Traceback" not in "\n".join(errors)


def test_a_journal_without_sessions_says_so(run, folder):
    open_store(folder / "empty.db").close()
    assert run("audit", "verify", "--journal", "empty.db")[1] == ["good: 0 sessions, 0 blocks, 0 entries"]
    code, _, errors = run("audit", "show", "--journal", "empty.db")
    assert code == 8
    assert "holds no session yet" in errors[0]


def test_the_other_commands_do_not_import_the_database():
    code = (
        "import sys; from tradewind.cli.app import build_app; import tradewind.journal; "
        "build_app()(['--help'], standalone_mode=False); "
        "print([name for name in ('sqlalchemy', 'alembic', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "audit" in done.stdout
