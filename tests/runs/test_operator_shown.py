"""What an operator has forbidden is told where a breaker stands before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.planted import Churn, Planted
from tradewind.cli import main
from tradewind.journal.store import open_store

HALTS = {"breakers": [{"name": "drawdown", "params": {"warn": 0.0001, "halt": 0.0002, "kill": 0.9}}]}


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """Return the journal of a session that a breaker has halted, and to which an operator said `reduce-only`."""
    planted = Planted(strategy=Churn, plan={"risk": {**HALTS, "cool_down_bars": 100}})
    planted.kept_venue = planted.venue()
    path = tmp_path / "journal.db"
    planted.run(path, last_bar=10)
    with open_store(path) as store:
        store.post(1, "reduce_only", {"reason": "lunch"})
    planted.run(path, last_bar=14)
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_what_a_breaker_covers_is_in_the_status(
    journal: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    (one,) = json.loads(told(capsys, "status", "--journal", journal, "--json"))
    assert (one["standing"], one["standing_by"], one["operator_standing"]) == ("halted", "drawdown", "reduce_only")
    assert one["operator_text"].startswith("reduce only at ")
    lines = told(capsys, "status", "--journal", journal).splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("  halted by drawdown: ")]
    assert lines[place + 1].startswith("  also reduce only by operator: reduce only at ")
    assert lines[place + 1].endswith(": lunch")


def test_what_a_breaker_covers_is_in_the_answer(
    journal: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.orders.kill_switch.ask", lambda *_, **__: True)
    answer = told(capsys, "reduce-only", "planted", "--journal", journal)
    assert "the session is halted by drawdown, also reduce only by operator, and holds" in answer
