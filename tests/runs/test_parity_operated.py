"""A session in which an operator acted parts from its backtest by the operator's hand, and parity says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runs.planted import Churn, Planted, holds
from tests.runs.test_parity import assert_sums
from tradewind.cli import main
from tradewind.journal.store import open_store
from tradewind.registry import Registry

PAUSED_AT, RESUMED_AT = 8, 14
"""Bars on which Churn decides nothing: the only entries of the first are the command's own."""


def operated(journal: Path, *commands: tuple[int, str], strategy: type[Any] = Churn) -> Planted:
    """Run a session of which an operator asks on given bars."""
    planted = Planted(strategy=strategy)
    planted.kept_venue = planted.venue()
    for bar, command in commands:
        planted.run(journal, last_bar=bar - 1)
        with open_store(journal) as store:
            store.post(1, command, {"reason": "test"})
    planted.run(journal)
    return planted


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_what_comes_after_a_command_is_the_operator_s(journal: Path) -> None:
    parity = operated(journal, (PAUSED_AT, "pause"), (RESUMED_AT, "resume")).compare(journal)
    assert parity.commands == ((PAUSED_AT, "pause"), (RESUMED_AT, "resume"))
    assert parity.notes[0] == (
        f"An operator acted: pause at bar {PAUSED_AT}, resume at bar {RESUMED_AT}; from then on paper may differ from "
        f"its backtest."
    )
    first = parity.first_difference
    assert first is not None
    assert (first.bar, first.kind, first.backtest) == (PAUSED_AT, "breaker", "")
    assert '"by":"operator"' in first.paper
    assert parity.explained
    assert parity.first_unexplained is None
    assert parity.first_operated is not None
    assert parity.first_operated.bar > PAUSED_AT
    assert parity.parts["data"] == 0.0
    assert_sums(parity)
    told = parity.as_data()
    assert told["commands"][0] == {"bar": PAUSED_AT, "command": "pause"}
    assert told["first_operated"]["bar"] == parity.first_operated.bar


def test_what_differs_before_the_command_is_not(journal: Path) -> None:
    planted = operated(journal, (PAUSED_AT, "pause"))
    planted.strategy = type("Changed", (Churn,), {"seed": 1})
    parity = planted.compare(journal)
    assert not parity.explained
    assert parity.first_unexplained is not None
    assert parity.first_unexplained.bar < PAUSED_AT
    assert parity.first_operated is None


def test_what_paper_left_out_before_the_command_is_not(journal: Path) -> None:
    planted = operated(journal, (PAUSED_AT, "kill"), strategy=holds({2: {0: 100.0}}))
    assert planted.compare(journal).explained
    planted.strategy = holds({2: {0: 100.0}, 5: {0: 80.0}})
    unexplained = planted.compare(journal).first_unexplained
    assert unexplained is not None
    assert unexplained.bar == 5


def test_the_operator_is_named_on_the_terminal(
    journal: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    planted = operated(journal, (PAUSED_AT, "reduce_only"))
    monkeypatch.setattr(Registry, "load", lambda *_, **__: planted.registry)
    with pytest.raises(SystemExit):
        main(["parity", "1", "--journal", str(journal)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith(f"  note: An operator acted: reduce-only at bar {PAUSED_AT}; from then on")
    text = "\n".join(lines)
    assert f"  first difference: bar {PAUSED_AT} " in text
    assert "unexplained" not in text
    assert "the plan's decisions are paper's up to the operator's command" in text
    assert "first decision after it that is not the plan's: bar " in text
