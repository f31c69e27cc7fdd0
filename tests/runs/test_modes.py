"""Backtest and paper of the same configuration: the same decisions, fills and equity, to the last digit."""

from pathlib import Path

import pandas as pd
import pytest

import tradewind
from tradewind.errors import UserError
from tradewind.runs.capsule import load_result

CONFIGS = sorted(Path(__file__).parents[2].joinpath("configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_backtest_and_paper_decide_fill_and_earn_the_same(path):
    period = {"start": "2006-06-01", "end": "2010-03-31", "runs_directory": None}
    backtest = tradewind.run(path, "backtest", **period)
    paper = tradewind.run(path, "paper", **period)
    assert (backtest.mode, paper.mode) == ("backtest", "paper")
    assert len(backtest.fills) > 5
    assert paper.decision_hash == backtest.decision_hash
    assert paper.data_hash == backtest.data_hash
    for name in ("equity", "fills", "orders", "weights", "regimes", "sleeves"):
        pd.testing.assert_frame_equal(getattr(paper, name), getattr(backtest, name), check_exact=True)


def test_live_is_refused_with_what_is_missing(config):
    with pytest.raises(
        UserError, match="refused before anything was sent, because this version lacks a plugin of a real broker"
    ):
        tradewind.run(config, "live", runs_directory=None)


def test_a_paper_run_is_kept_like_a_backtest(config, project):
    result = tradewind.run(config, "paper", runs_directory=project / "runs")
    assert load_result(result.directory).mode == "paper"
