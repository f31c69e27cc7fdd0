"""Execution quality of sessions: what the venue did shows, in the benchmark that can see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.runs.planted import Planted, holds
from tradewind.cli import main
from tradewind.exchange import ExchangeRules
from tradewind.journal.store import open_store
from tradewind.report.quality import execution_quality, executions_of
from tradewind.runs.quality import session_quality

ORDERS = {2: {0: 100.0}, 4: {1: 50.0}, 6: {0: 60.0}}
TRADES = ((2, 0, 100.0), (4, 1, 50.0), (6, 0, -40.0))


def quality(planted: Planted, journal: Path) -> tuple[Any, pd.DataFrame]:
    result, _ = planted.run(journal)
    with open_store(journal) as store:
        return result, session_quality(store, store.sessions()[0], planted.registry, Path.cwd())


def test_slippage_shows_against_arrival_and_seconds_are_known(tmp_path: Path) -> None:
    planted = Planted(strategy=holds(ORDERS), rules=ExchangeRules(slip_percent=0.001, slip_open=True))
    _, table = quality(planted, tmp_path / "journal.db")
    row = table.loc["sleeve only"]
    assert (row["orders"], row["filled_orders"], row["fill_rate"]) == (3, 3, 1.0)
    assert row["arrival_bp"] == pytest.approx(10.0)
    open_, close = planted.bars.fields["open"], planted.bars.fields["close"]
    worse = sum(
        quantity * (open_[bar + 1, column] - close[bar, column]) + abs(quantity) * open_[bar + 1, column] * 0.001
        for bar, column, quantity in TRADES
    )
    decided = sum(abs(quantity) * close[bar, column] for bar, column, quantity in TRADES)
    assert row["decision_bp"] == pytest.approx(worse / decided * 1e4)
    assert row["shortfall_bp"] == pytest.approx(row["decision_bp"])
    assert row["bars_to_fill"] == 1.0
    assert 0.0 < row["seconds_to_fill"] < 60.0


def test_a_refused_order_is_a_shortfall_until_its_refusal(tmp_path: Path) -> None:
    planted = Planted(strategy=holds(ORDERS), refuses=lambda intent: intent.instrument.symbol == "S1")
    _, table = quality(planted, tmp_path / "journal.db")
    row = table.loc["market orders"]
    close = planted.bars.fields["close"]
    decided = [abs(quantity) * close[bar, column] for bar, column, quantity in TRADES]
    assert (row["orders"], row["filled_orders"]) == (3, 2)
    assert row["fill_rate"] == pytest.approx(1.0 - decided[1] / sum(decided))
    assert row["opportunity_bp"] == 0.0  # refused at once, at the price of the decision


def test_a_session_s_quality_is_that_of_its_result_but_for_the_seconds(tmp_path: Path) -> None:
    planted = Planted(strategy=holds(ORDERS), late=True)
    result, table = quality(planted, tmp_path / "journal.db")
    same = execution_quality(executions_of(result.orders, result.fills), planted.bars)
    pd.testing.assert_frame_equal(table.drop(columns="seconds_to_fill"), same.drop(columns="seconds_to_fill"))
    assert table.loc["market orders", "bars_to_fill"] == 2.0


CONFIG = """
name: hold
data: {feed: sample, symbols: [AAPL, KO], start: 2009-01-05, end: 2009-02-27}
strategy: {name: high_52w, params: {lookback_bars: 5, top_n: 1}}
sizer: equal_weight
"""


def test_the_command_prints_a_table_and_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hold.yaml").write_text(CONFIG)
    Path("mode.yaml").write_text("mode: paper\nfeed: {name: replay}\n")
    for arguments in (
        ["run", "hold.yaml", "--mode", "paper", "--mode-file", "mode.yaml", "--no-reports"],
        ["orders", "quality"],
        ["orders", "quality", "--json"],
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0, capsys.readouterr().err
        if arguments == ["orders", "quality"]:
            printed = capsys.readouterr().out
            assert "implementation shortfall" in printed
            assert "sleeve main" in printed
    told = json.loads(capsys.readouterr().out)
    assert told["market orders"]["orders"] == told["sleeve main"]["orders"] >= 1
