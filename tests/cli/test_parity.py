"""`tradewind parity`: exit codes, JSON, and what it says to a wrong request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tradewind.cli.parity import OUTSIDE_BAND

CONFIG = """
name: hold
account: {cash: 50_000}
data: {feed: sample, symbols: [AAPL, KO], start: 2009-01-05, end: 2009-04-30}
strategy: {python: "./hold.py:Hold"}
sizer: equal_weight
"""
STRATEGY = """
import numpy as np
from tradewind import Signals


class Hold:
    schedule = "monthly"

    def on_bar(self, market, portfolio):
        return Signals(scores=np.ones(len(market.instruments)))
"""


@pytest.fixture
def paper(folder: Path, run: Any) -> Path:
    (folder / "hold.yaml").write_text(CONFIG)
    (folder / "hold.py").write_text(STRATEGY)
    code, _, errors = run("run", "hold.yaml", "--mode", "paper", "--mode-file", _mode(folder), "--no-reports")
    assert code == 0, errors
    return folder


def _mode(folder: Path) -> str:
    (folder / "mode.yaml").write_text("mode: paper\nfeed: {name: replay}\n")
    return "mode.yaml"


def _kept(folder: Path, mode: str) -> str:
    """Return the only run of a mode; two runs of one second are in no order."""
    (name,) = [path.parent.name for path in folder.glob("runs/*/result.json") if f'"{mode}"' in path.read_text()]
    return name


def test_paper_is_within_the_band_of_its_own_backtest(paper: Path, run: Any) -> None:
    code, lines, _ = run("parity", "latest", "--json")
    told = json.loads("\n".join(lines))
    assert code == 0
    assert (told["session"], told["within_band"], told["same_decisions"], told["difference"]) == (1, True, True, 0.0)
    assert set(told["parts"].values()) == {0.0}
    code, lines, _ = run("parity", "1")
    assert code == 0
    assert lines[0].startswith("hold  session 1 (finished)")
    assert any("decisions: the same to the last digit" in line for line in lines)


def test_a_run_outside_the_band_ends_with_its_own_code(paper: Path, run: Any) -> None:
    assert run("run", "hold.yaml", "--set", "account.cash=100_000", "--no-reports")[0] == 0
    backtest = _kept(paper, "backtest")
    code, lines, _ = run("parity", "1", backtest)
    assert code == OUTSIDE_BAND
    assert lines[-1].startswith("outside the band of ±20%")
    assert run("parity", "1", backtest, "--band", "0.6")[0] == 0


def test_a_kept_backtest_over_another_time_is_cut_to_the_session_s(paper: Path, run: Any) -> None:
    assert run("run", "hold.yaml", "--end", "2009-06-30", "--no-reports")[0] == 0
    code, lines, _ = run("parity", "1", _kept(paper, "backtest"), "--json")
    told = json.loads("\n".join(lines))
    assert (code, told["difference"]) == (0, pytest.approx(0.0, abs=1e-6))
    assert any("goes on after the session" in note for note in told["notes"])


def test_wrong_requests_say_what_there_is(paper: Path, run: Any) -> None:
    code, _, errors = run("parity", "7")
    assert (code, "no session 7" in errors[0], "1 (hold)" in errors[0]) == (1, True, True)
    code, _, errors = run("parity", "nothing")
    assert (code, "no run 'nothing'" in " ".join(errors)) == (1, True)
    assert run("run", "hold.yaml", "--no-reports")[0] == 0
    code, _, errors = run("parity", _kept(paper, "backtest"))
    assert (code, "is a backtest run without a session" in " ".join(errors)) == (1, True)
    code, _, errors = run("parity", "1", _kept(paper, "paper"))
    assert (code, "is a paper run; name a backtest" in " ".join(errors)) == (1, True)
    code, _, errors = run("parity", "1", "--journal", "elsewhere.db")
    assert (code, "elsewhere.db" in " ".join(errors)) == (8, True)


def test_a_backtest_at_another_time_is_refused(paper: Path, run: Any) -> None:
    assert run("run", "hold.yaml", "--start", "2010-01-04", "--end", "2010-03-01", "--no-reports")[0] == 0
    code, _, errors = run("parity", "1", _kept(paper, "backtest"))
    assert (code, "has no bar between" in " ".join(errors)) == (1, True)
