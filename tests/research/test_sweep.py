"""`tradewind.sweep` against running each of its points alone."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import tradewind
from tests.research.conftest import LOOKBACK, TOP_N, TROUBLE
from tradewind.errors import ConfigError, DataError, PluginError, UserError
from tradewind.research.sweep.factors import KeptFactors

GRID = {LOOKBACK: [20, 60], TOP_N: [1, 2]}


def alone(config, parameters):
    return tradewind.run(
        config,
        overrides=[f"{path}={json.dumps(value)}" for path, value in parameters.items()],
        runs_directory=None,
        reports=False,
    )


def figures(result):
    """Return what must not depend on processes: all but the time taken."""
    return result.points.drop(columns="seconds")


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_each_point_is_the_run_of_its_configuration_alone(config, start_method):
    result = tradewind.sweep(config, GRID, sweeps_directory=None, jobs=2, start_method=start_method)
    assert (result.status, result.failed, len(result.points)) == ("complete", 0, 4)
    assert len(set(result.points["decision_hash"])) == 4
    for row in result.points.to_dict("records"):
        run = alone(config, {path: row[path] for path in GRID})
        assert row["decision_hash"] == run.decision_hash
        for name, value in run.metrics.items():
            assert row[name] == value or (math.isnan(value) and math.isnan(row[name])), name


def test_points_are_ordered_by_the_metric_and_less_is_better_where_it_is(config):
    result = tradewind.sweep(config, GRID, sweeps_directory=None)
    assert list(result.points["sharpe"]) == sorted(result.points["sharpe"], reverse=True)
    assert result.best["sharpe"] == result.points["sharpe"].max()
    result = tradewind.sweep(config, GRID, sweeps_directory=None, metric="max_drawdown")
    assert result.best["max_drawdown"] == result.points["max_drawdown"].min()


def test_one_process_and_two_give_the_same_table(config):
    one = tradewind.sweep(config, GRID, sweeps_directory=None, jobs=1)
    two = tradewind.sweep(config, GRID, sweeps_directory=None, jobs=2)
    pd.testing.assert_frame_equal(figures(one), figures(two))


def test_swept_data_are_read_for_each_group_of_points(config):
    grid = {"data.start": ["2007-01-03", "2008-01-02"], TOP_N: [1, 2]}
    result = tradewind.sweep(config, grid, sweeps_directory=None, jobs=2)
    assert result.failed == 0
    for row in result.points.to_dict("records"):
        assert row["decision_hash"] == alone(config, {path: row[path] for path in grid}).decision_hash


def test_the_data_are_read_once_for_all_points(project, config):
    (project / "counted.py").write_text(
        "from pathlib import Path\n"
        "from tradewind_plugins.feeds.sample import Sample\n"
        "class Counted(Sample):\n"
        "    '''Counts how often it is read.'''\n"
        "    def history(self, request):\n"
        f"        with Path({str(project / 'reads')!r}).open('a') as file:\n"
        "            file.write('read\\n')\n"
        "        return super().history(request)\n"
    )
    config.write_text(config.read_text().replace("feed: sample", 'feed: {python: "./counted.py:Counted"}'))
    assert tradewind.sweep(config, GRID, sweeps_directory=None, jobs=2).failed == 0
    assert (project / "reads").read_text() == "read\n"
    assert tradewind.sweep(config, {"seed": [1, 2, 3]}, sweeps_directory=None, jobs=2).failed == 0
    assert (project / "reads").read_text() == "read\n" * 2


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("raise", "told to fail"),
        ("kill", "ended by SIGKILL; the system was perhaps out of memory: try fewer --jobs"),
        ("leave", "ended by itself with exit code 7"),
    ],
)
def test_a_failed_point_is_a_row_with_its_error_and_stops_nothing(config, trouble, message):
    grid = {TROUBLE: ["", trouble], TOP_N: [1, 2, 3]}
    result = tradewind.sweep(config, grid, sweeps_directory=None, jobs=2)
    assert (result.status, result.failed, len(result.points)) == ("complete", 3, 6)
    assert list(result.points["status"]) == ["complete"] * 3 + ["failed"] * 3
    failed = result.points[3:]
    assert set(failed[TROUBLE]) == {trouble}
    assert all(message in error for error in failed["error"])
    assert failed["sharpe"].isna().all()
    good = tradewind.sweep(config, {TROUBLE: [""], TOP_N: [1, 2, 3]}, sweeps_directory=None)
    assert list(good.points["decision_hash"]) == list(result.points["decision_hash"][:3])


def test_a_value_that_the_plugin_refuses_fails_its_points_only(config):
    result = tradewind.sweep(config, {TOP_N: [1, "many", 2]}, sweeps_directory=None)
    assert result.failed == 1
    failed = result.points.iloc[-1]
    assert failed[TOP_N] == "many"
    assert f"--grid {TOP_N}:" in failed["error"]
    assert "expected a whole number; received 'many' (text)" in failed["error"]


def test_data_that_cannot_be_read_fail_their_points_only(config):
    result = tradewind.sweep(config, {"data.start": ["2007-01-03", "2008-12-31"]}, sweeps_directory=None, jobs=1)
    both = tradewind.sweep(config, {"data.symbols": [["KO", "XOM"], ["KO", "NONE"]]}, sweeps_directory=None)
    assert both.failed == 1
    assert "NONE" in both.points.iloc[-1]["error"]
    assert len(result.points) == 2


def test_points_of_which_none_can_run_are_refused_before_the_first_run(config, tmp_path):
    with pytest.raises(ConfigError) as refused:
        tradewind.sweep(config, {"sleeves.0.strategy.params.top_m": [1, 2]}, sweeps_directory=tmp_path / "kept")
    assert "none of the 2 points can run; point 1 (sleeves.0.strategy.params.top_m=1)" in str(refused.value)
    assert "Did you mean 'top_n'?" in str(refused.value)
    with pytest.raises(PluginError, match="Did you mean 'equal_weight'"):
        tradewind.sweep(config, {"sizer": ["equal_wait"]}, sweeps_directory=tmp_path / "kept")
    with pytest.raises(DataError):
        tradewind.sweep(config, GRID, overrides=['data.symbols=["NONE"]'], sweeps_directory=tmp_path / "kept")
    assert not (tmp_path / "kept").exists() or not list((tmp_path / "kept").iterdir())


def test_values_from_python_may_be_of_numpy_and_must_be_plain_and_finite(config):
    result = tradewind.sweep(config, {TOP_N: np.array([1, 2])}, sweeps_directory=None)
    assert sorted(result.points[TOP_N]) == [1, 2]
    with pytest.raises(UserError, match="finite"):
        tradewind.sweep(config, {TOP_N: [float("nan")]})
    with pytest.raises(UserError, match="no plain form"):
        tradewind.sweep(config, {TOP_N: [object()]})
    with pytest.raises(UserError, match="no values"):
        tradewind.sweep(config, {TOP_N: []})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing to vary"),
        ({"grid": {TOP_N: [1]}, "points": [{TOP_N: 1}]}, "both axes and a file of points"),
        ({"points": [{TOP_N: 1}], "random": 3}, "--random draws from --grid"),
        ({"grid": {TOP_N: [1]}, "seed": 4}, "--seed 4: has no effect without --random"),
        ({"grid": {TOP_N: 3}}, r"grid sleeves.*: received 3 \(int\); give a list of values, as \[3\]"),
        ({"grid": {3: [1]}}, r"received the path 3 \(int\)"),
        ({"grid": [1]}, r"grid: received \[1\] \(list\); give a mapping"),
        ({"points": {TOP_N: 1}}, "points: received .* give a list of mappings"),
        ({"points": 3}, r"points: received 3 \(int\)"),
        ({"points": [{TOP_N: 1}, 3]}, r"point 2: received 3 \(int\); a point is a mapping"),
        ({"points": [{TOP_N: 1}, {}]}, r"point 2: received \{\}"),
        ({"grid": {TOP_N: [1]}, "overrides": "account.cash=5"}, r"as \['account\.cash=5'\]"),
        ({"grid": {TOP_N: [1]}, "jobs": 0}, "--jobs 0: out of range"),
        ({"grid": {TOP_N: [1]}, "start_method": "thread"}, "start_method 'thread'"),
        ({"grid": {TOP_N: [1]}, "random": 0}, "--random 0: out of range"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(config, arguments, message):
    with pytest.raises(UserError, match=message):
        tradewind.sweep(config, **arguments)


def test_an_unknown_figure_is_refused_with_the_nearest(config):
    with pytest.raises(ConfigError, match="Did you mean 'sharpe'"):
        tradewind.sweep(config, {TOP_N: [1]}, metric="sharp")


def test_rows_may_set_different_paths_and_those_left_out_are_as_configured(config):
    rows = [{TOP_N: 1}, {LOOKBACK: 20}, {TOP_N: 1}, {TOP_N: 1, LOOKBACK: 20}]
    result = tradewind.sweep(config, points=rows, sweeps_directory=None)
    assert len(result.points) == 3
    assert "1 points repeat others; each runs once" in result.warnings
    by_number = result.points.set_index("point")
    assert by_number.loc[1, "decision_hash"] == alone(config, {TOP_N: 1}).decision_hash
    assert by_number.loc[2, "decision_hash"] == alone(config, {LOOKBACK: 20}).decision_hash
    assert by_number.loc[3, "decision_hash"] == alone(config, rows[3]).decision_hash
    documents = {row["point"]: row["parameters"] for row in result.document()["points"]}
    assert documents == {1: rows[0], 2: rows[1], 3: rows[3]}


def test_a_parameter_with_the_name_of_a_figure_has_a_column_of_its_own(config):
    result = tradewind.sweep(config, {"costs": ["us_equity", None]}, sweeps_directory=None)
    assert result.parameters == ("plan.costs",)
    assert result.best["plan.costs"] is None
    assert result.best["costs"] == 0.0


def test_random_points_run_as_drawn(config):
    drawn = tradewind.sweep(config, {TOP_N: "1..3", LOOKBACK: "10..80"}, random=4, seed=5, sweeps_directory=None)
    again = tradewind.sweep(config, {TOP_N: "1..3", LOOKBACK: "10..80"}, random=4, seed=5, sweeps_directory=None)
    assert len(drawn.points) == 4
    pd.testing.assert_frame_equal(figures(drawn), figures(again))


def test_the_result_is_json_and_shows_itself_in_a_notebook(config):
    result = tradewind.sweep(config, {TROUBLE: ["", "raise"]}, sweeps_directory=None)
    document = json.loads(json.dumps(result.document(), allow_nan=False))
    assert [row["status"] for row in document["points"]] == ["complete", "failed"]
    assert document["points"][1]["metrics"] == {}
    assert document["luck"]["trials"] == 1
    assert "<table" in result._repr_html_()


def test_a_backtrader_strategy_is_swept_too(project):
    (project / "cross.py").write_text(
        "import backtrader as bt\n"
        "class Cross(bt.Strategy):\n"
        "    params = dict(period=10)\n"
        "    def __init__(self):\n"
        "        self.mean = bt.indicators.SMA(period=self.p.period)\n"
        "    def next(self):\n"
        "        self.order_target_percent(target=0.9 if self.data.close[0] > self.mean[0] else 0.0)\n"
    )
    (project / "cross.yaml").write_text(
        "name: cross\ndata: {feed: sample, symbols: [KO], start: 2007-01-03, end: 2008-12-31}\n"
        'strategy: {backtrader: "./cross.py:Cross"}\n'
    )
    grid = {"sleeves.0.strategy.params.period": [10, 30]}
    result = tradewind.sweep(project / "cross.yaml", grid, sweeps_directory=None)
    assert result.failed == 0
    for row in result.points.to_dict("records"):
        run = alone(project / "cross.yaml", {path: row[path] for path in grid})
        assert (row["decision_hash"], row["sharpe"]) == (run.decision_hash, run.metrics["sharpe"])


FACTOR = """
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tradewind import Signals


@dataclass(frozen=True)
class Past:
    bars_back: int
    needs = ("close",)

    def compute(self, bars):
        with Path(__file__).with_name("computed").open("a") as file:
            file.write(f"{self.bars_back}\\n")
        close = bars.fields["close"]
        past = np.full_like(close, np.nan)
        past[self.bars_back :] = close[: -self.bars_back]
        return past

    def start(self, symbols):
        raise NotImplementedError


class Above:
    schedule = "monthly"

    def __init__(self, bars_back: int = 20, top_n: int = 1) -> None:
        self.top_n = top_n
        self.warmup = bars_back
        self.factors = {"past": Past(bars_back)}

    def on_bar(self, market, portfolio):
        gain = market.window("close", 1)[-1] / market.factor("past")
        scores = np.zeros(len(gain))
        scores[np.argsort(-gain, kind="stable")[: self.top_n]] = 1.0
        return Signals(scores=scores)
"""


def test_a_factor_is_computed_once_for_all_points_of_a_worker(project, config):
    (project / "above.py").write_text(FACTOR)
    config.write_text(config.read_text().replace("./rotate.py:Rotate", "./above.py:Above"))
    grid = {TOP_N: [1, 2, 3], "sleeves.0.strategy.params.bars_back": [20, 60]}
    result = tradewind.sweep(config, grid, sweeps_directory=None, jobs=1)
    assert result.failed == 0, result.points["error"].iloc[-1]
    assert sorted((project / "computed").read_text().split()) == ["20", "60"]
    for row in result.points.to_dict("records"):
        assert row["decision_hash"] == alone(config, {path: row[path] for path in grid}).decision_hash


def test_factors_are_kept_within_a_limit_and_the_longest_unused_goes_first():
    kept = KeptFactors(limit_bytes=250)
    for name in "abc":
        kept["", name] = np.zeros(10)
    assert list(kept) == [("", "a"), ("", "b"), ("", "c")]
    assert kept["", "a"] is kept["", "a"]
    kept["", "d"] = np.zeros(10)
    assert set(kept) == {("", "a"), ("", "c"), ("", "d")}
    kept["", "a"] = np.zeros(20)
    assert set(kept) == {("", "a"), ("", "d")}
    kept["", "large"] = np.zeros(1000)
    assert list(kept) == [("", "large")]
    with pytest.raises(KeyError):
        kept["", "a"]
