"""What a session leaves in its journal when it cannot begin, and what it continues with."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.test_venue import venue
from tradewind.config.loader import load_plan
from tradewind.engine.assemble import Builder
from tradewind.errors import BrokerError, DataError, JournalError, TradewindError, UserError
from tradewind.exchange import ExchangeRules
from tradewind.journal.store import SessionInfo, open_store
from tradewind.model import Result
from tradewind.registry import Registry
from tradewind.runs.execute import execute
from tradewind.runs.paper import run_session_of
from tradewind.runs.parity import read_session
from tradewind.runs.session import open_run
from tradewind.runs.stopping import Stop

CONFIGS = Path(__file__).parents[2] / "configs"
START, END = "1991-01-02", "1991-03-28"


class Sessions:
    """Runs `quickstart` as a session in a journal of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal.db"

    def load(
        self, mode: str = "paper", *, start: str = START, end: str = END, overrides: Any = (), **options: Any
    ) -> Any:
        overrides = ("strategy={name: high_52w, params: {top_n: 2, lookback_bars: 5}}", *overrides)
        files = [CONFIGS / "quickstart.yaml"]
        return load_plan(files, mode=mode, start=start, end=end, overrides=overrides, **options)

    def run(self, mode: str = "paper", *, fresh: bool = False, **options: Any) -> Result:
        loaded = self.load(mode, **options)
        return run_session_of(loaded, Registry.load(), journal=self.journal, runs_directory=None, fresh=fresh)

    def stop_after(self, bars: int, **options: Any) -> None:
        loaded, stop = self.load(**options), Stop()
        builder = Builder(loaded.plan, Registry.load(), CONFIGS)
        with open_store(self.journal) as store, open_run(store, builder, CONFIGS, stop=stop) as durable:
            execute(loaded.plan, Registry.load(), directory=CONFIGS, durable=durable, last_bar=bars - 1)
            durable.end("stopped")

    def known(self) -> list[SessionInfo]:
        if not self.journal.exists():
            return []
        with open_store(self.journal) as store:
            return store.sessions()

    def damage(self, statement: str) -> None:
        connection = sqlite3.connect(self.journal)
        with connection:
            for table in ("entry", "block"):
                for event in ("update", "delete"):
                    connection.execute(f"DROP TRIGGER IF EXISTS journal_{table}_no_{event}")
            connection.execute(statement)
        connection.close()

    def mode_file(self, port: int) -> Path:
        path = self.folder / "venue.yaml"
        path.write_text(f"mode: paper\nfeed: replay\nbroker: {{name: venue, params: {{port: {port}}}}}\n")
        return path


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path)


def test_a_mode_that_cannot_run_is_refused_before_the_journal_is_opened(sessions: Sessions) -> None:
    with pytest.raises(UserError, match="--mode live"):
        sessions.run("live")
    assert not sessions.journal.exists()
    sessions.stop_after(30)
    with pytest.raises(UserError, match="--mode live"):
        sessions.run("live", fresh=True)
    assert [info.status for info in sessions.known()] == ["stopped"]


def test_a_run_that_fails_before_its_first_bar_leaves_no_session(sessions: Sessions) -> None:
    with pytest.raises(DataError):
        sessions.run(start="2150-01-02", end="2150-02-02")
    with pytest.raises(BrokerError, match="nothing answers on port 1"):
        sessions.run(mode_file=sessions.mode_file(1))
    assert sessions.known() == []
    assert sessions.run().status == "complete"
    assert [info.status for info in sessions.known()] == ["finished"]


def test_fresh_gives_a_session_up_only_when_the_new_one_can_begin(sessions: Sessions) -> None:
    with venue(cash=100_000.0, rules=ExchangeRules()) as server:
        mode_file = sessions.mode_file(server.address[1])
        sessions.stop_after(40, mode_file=mode_file)
        with pytest.raises(BrokerError, match=r"needs an account without positions|was shown to it"):
            sessions.run(mode_file=mode_file, fresh=True)
        assert [info.status for info in sessions.known()] == ["stopped"]
        assert sessions.run(mode_file=mode_file).status == "complete"


def test_a_session_that_never_had_an_entry_does_not_bind(sessions: Sessions) -> None:
    with open_store(sessions.journal) as store:
        store.begin("quickstart", {"config": {"data": {"feed": "another"}}}).close()
    assert sessions.run().status == "complete"
    assert [(info.id, info.status) for info in sessions.known()] == [(1, "finished"), (2, "finished")]


def test_a_session_begun_meanwhile_by_another_process_is_not_doubled(sessions: Sessions) -> None:
    loaded = sessions.load()
    builder = Builder(loaded.plan, Registry.load(), CONFIGS)
    with open_store(sessions.journal) as store, open_run(store, builder, CONFIGS) as durable:
        sessions.stop_after(5)
        with pytest.raises(JournalError, match="session 1 of 'quickstart' was begun meanwhile by process"):
            execute(loaded.plan, Registry.load(), directory=CONFIGS, durable=durable)
    assert len(sessions.known()) == 1


DAMAGES = [
    "UPDATE journal_entry SET payload = '{}' WHERE kind = 'row' AND bar = 7",
    "UPDATE journal_entry SET payload = 'not json' WHERE kind = 'intent'",
    "DELETE FROM journal_entry WHERE sequence = 50",
    "UPDATE journal_entry SET payload = replace(payload, '1', '2') WHERE kind = 'row' AND bar = 3",
    "UPDATE journal_session SET header = '{'",
    "UPDATE journal_session SET header = '[]'",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_session_is_neither_continued_nor_compared(sessions: Sessions, damage: str) -> None:
    sessions.stop_after(40)
    sessions.damage(damage)
    with open_store(sessions.journal) as store:
        problem = store.verify().problem
        assert problem is not None
        with pytest.raises(JournalError) as caught:
            read_session(store, store.sessions()[0])
    assert str(problem) in str(caught.value)
    entries = sessions.known()[0].entries
    with pytest.raises(JournalError) as caught:
        sessions.run()
    assert str(problem) in str(caught.value)
    assert "--fresh" in str(caught.value)
    (left,) = sessions.known()
    assert (left.status, left.entries) == ("stopped", entries)


def test_fresh_leaves_a_damaged_session_as_it_is(sessions: Sessions) -> None:
    sessions.stop_after(40)
    sessions.damage(DAMAGES[0])
    assert sessions.run(fresh=True).status == "complete"
    with open_store(sessions.journal) as store:
        assert [info.status for info in store.sessions()] == ["stopped", "finished"]
        problem = store.verify(1).problem
        assert problem is not None
        assert "the entry was changed" in problem.what
    assert sessions.run().status == "complete"


def test_what_has_changed_is_named_with_both_values(sessions: Sessions) -> None:
    sessions.stop_after(5)
    with pytest.raises(UserError) as caught:
        sessions.run(end="1991-04-30", overrides=["account.cash=5000"])
    told = str(caught.value)
    assert "account.cash was 100000.0 and is 5000.0" in told
    assert "data.end was 1991-03-28 and is 1991-04-30" in told
    assert "--fresh" in told
    assert "--set name=" in told


def test_the_speed_of_a_replay_may_change_between_processes(sessions: Sessions) -> None:
    sessions.stop_after(5, overrides=["mode.feed={name: replay, params: {bars_per_second: 1000}}"])
    assert sessions.run(overrides=["mode.feed={name: replay, params: {bars_per_second: 0}}"]).status == "complete"
    assert len(sessions.known()) == 1


def test_what_a_session_shows_of_itself_is_never_behind(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.runs.session._SECONDS_PER_BEAT", 0.0)
    sessions.stop_after(13)
    assert sessions.known()[0].heartbeat["bar"] == 12
    sessions.stop_after(40)
    shown = sessions.known()[0].heartbeat
    assert (shown["bar"], shown["recovering"]) == (39, False)

    made = Builder.create

    def create(self: Builder, kind: str, ref: Any, where: str) -> Any:
        plugin = made(self, kind, ref, where)
        if kind == "strategy":
            decide = plugin.on_bar
            plugin.on_bar = lambda market, portfolio: None if market.bar >= 20 else decide(market, portfolio)
        return plugin

    monkeypatch.setattr(Builder, "create", create)
    with pytest.raises(TradewindError, match="recovery"):
        sessions.run()
    left = sessions.known()[0].heartbeat
    assert (left["bar"], left["cash"], left["positions"]) == (39, shown["cash"], shown["positions"])
    monkeypatch.undo()
    result = sessions.run()
    assert sessions.known()[0].heartbeat["bar"] == len(result.equity) - 1
