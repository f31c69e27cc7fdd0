"""The stress of a kept run: what it is made from, and what it says when that has changed."""

import json

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

import tradewind
from tests.research.stress.portfolios import scenario
from tradewind.errors import ConfigError
from tradewind.registry import Registry
from tradewind.research.stress.api import Settings, stress
from tradewind.research.stress.loader import load_scenarios
from tradewind.runs.capsule import load_result

FEED = '''
from pathlib import Path

import pandas as pd
from tradewind import Signals
from tradewind.errors import DataError
from tradewind.runs.frames import bars_from


class Feed:
    def history(self, request):
        path = Path(__file__).parent / "prices.csv"
        if not path.exists():
            raise DataError("prices.csv: no such file")
        table = pd.read_csv(path, index_col=0, parse_dates=True)
        return bars_from(table[["A", "B"]], references={"benchmark": table["M"]})


class Late:
    """Hold both from bar 100 on."""

    warmup = 100

    def on_bar(self, market, portfolio):
        return Signals(scores=market.tradable.astype(float))
'''
CONFIG = """
name: late
data: {feed: {python: "./own.py:Feed"}, references: {benchmark: M}}
strategy: {python: "./own.py:Late"}
sizer: equal_weight
"""
QUICK = Settings(paths=100)


@pytest.fixture
def project(tmp_path):
    """A folder with a kept run over prices that A doubles and B mirrors, and the table of prices."""
    moves = np.random.default_rng(9).normal(0.0, 0.01, 400)
    days = exchange_calendars.get_calendar("XNYS").sessions_window("2020-01-02", 400).tz_localize(None)
    table = pd.DataFrame(
        {name: np.cumprod(1.0 + beta * moves) for name, beta in {"A": 2, "B": -1, "M": 1}.items()}, days
    )
    (table * 100.0).to_csv(tmp_path / "prices.csv")
    (tmp_path / "own.py").write_text(FEED)
    (tmp_path / "late.yaml").write_text(CONFIG)
    tradewind.run(tmp_path / "late.yaml", runs_directory=tmp_path / "runs", reports=False)
    return tmp_path


def stressed(project, scenarios=None, settings=QUICK):
    (capsule,) = (project / "runs").iterdir()
    return stress(capsule, Registry.load(), scenarios or load_scenarios(["covid_2020"]), settings)


def test_betas_come_from_the_feed_and_the_loss_from_the_last_positions(project):
    report = stressed(project)
    (capsule,) = (project / "runs").iterdir()
    weights = load_result(capsule).weights.iloc[-1]
    assert report.notes == ()
    assert report.impacts[0].loss == pytest.approx(0.339 * (2.0 * weights["A"] - weights["B"]), rel=1e-6)
    assert report.held == ("A", "B")


def test_waiting_in_cash_is_no_history(project):
    report = stressed(project)
    (capsule,) = (project / "runs").iterdir()
    result = load_result(capsule)
    first = int(np.flatnonzero(result.weights.to_numpy().any(axis=1))[0])
    assert first > 99
    assert report.returns == 400 - first


def test_prices_that_have_changed_since_are_told(project):
    table = pd.read_csv(project / "prices.csv", index_col=0)
    table.loc[table.index[10], "A"] *= 1.5
    table.to_csv(project / "prices.csv")
    report = stressed(project)
    assert report.notes == ("the feed's prices have changed since the run; betas are estimated from today's",)


def test_later_prices_are_no_change(project):
    table = pd.read_csv(project / "prices.csv", index_col=0)
    table.loc["2023-01-03"] = 1.0
    table.to_csv(project / "prices.csv")
    assert stressed(project).notes == ()


def test_a_feed_that_lost_bars_or_its_file_is_told_and_betas_are_one(project):
    table = pd.read_csv(project / "prices.csv", index_col=0)
    table.drop(table.index[200]).to_csv(project / "prices.csv")
    lost = stressed(project)
    assert lost.notes == ("the feed no longer has all bars of the run; betas are 1 and sectors unknown",)
    assert [one.shock for one in lost.impacts[0].positions] == [-0.339, -0.339]
    (project / "prices.csv").unlink()
    (note,) = stressed(project).notes
    assert "prices.csv: no such file" in note
    assert "betas are 1" in note


def test_the_block_length_is_the_one_asked_for_or_chosen(project):
    assert stressed(project, settings=Settings(paths=100, mean_block_bars=7.0)).mean_block_bars == 7.0
    assert 1.0 <= stressed(project).mean_block_bars <= 60.0


def test_horizons_are_years_of_the_runs_own_bars(project):
    report = stressed(project, settings=Settings(paths=100, years=(0.5, 2.0), drawdowns=(0.1, 0.2)))
    assert report.bars_per_year == 252.0
    assert [one.horizon_bars for one in report.survival] == [126, 504, 126, 504]


def test_the_report_is_plain_data(project):
    guess = scenario(market=-0.1, path={"returns": [-0.05, -0.0526316]})
    data = json.loads(json.dumps(stressed(project, [guess]).as_data(), allow_nan=False))
    assert data["impacts"][0]["path"]["breach_drawdown"] is None
    assert data["scenarios"] == [{"name": "made_up", "source": "a test", "market": -0.1}]
    assert data["time"] == "2021-08-03T00:00:00"
    endless = stressed(project, [guess], Settings(paths=100, mean_block_bars=float("inf"))).as_data()
    assert endless["mean_block_bars"] == "infinite"


def test_figures_that_reach_nothing_are_told_or_refused(project):
    own = scenario(market=-0.2, symbols={"A": -0.5, "ZZZ": -0.5})
    assert "made_up: not in this run, so not applied: ZZZ" in stressed(project, [own]).notes
    with pytest.raises(ConfigError, match="'a' is not in this run"):
        stressed(project, [scenario(market=-0.2, symbols={"a": -0.5})])
    assert not [note for note in stressed(project, load_scenarios(["rates_2022"])).notes if "TLT" in note]
