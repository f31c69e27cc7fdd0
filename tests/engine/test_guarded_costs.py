"""A cost model that fails, or knows no cost, stops the run and is named: nothing is left unbought in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.config.loader import load_plan
from tradewind.engine.assemble import Builder
from tradewind.errors import DataError, PluginError
from tradewind.registry import Registry
from tradewind.runs.launch import run
from tradewind.runs.rebalance import Holdings, preview

DATES = pd.bdate_range("2024-01-01", periods=40)
PRICES = pd.DataFrame({"AA": np.linspace(10.0, 20.0, 40), "BB": np.linspace(20.0, 21.0, 40)}, index=DATES)
MODEL = """import sys
import numpy as np
from tradewind.contracts import Costs
from tradewind.errors import DataError
class Mine:
    uses_liquidity = False
    def costs(self, trades):
        none = np.zeros(len(trades.prices))
        {line}
        return Costs(commission=none, spread=none, slippage=none, impact=none)
"""
UNKNOWN = "none = np.array([np.nan if one.symbol == 'BB' else 0.0 for one in trades.instruments])"
STRATEGY = """import numpy as np
from tradewind import Targets
class Hold:
    schedule = "every_bar"
    def on_bar(self, market, portfolio):
        return Targets(weights=np.full(len(market.symbols), 0.4))
"""
TRADER = """import backtrader as bt
class Mine(bt.Strategy):
    def next(self):
        if not self.position:
            self.buy(size=10)
"""
IDEA = """
name: costly
data: {feed: sample, symbols: [AAPL, KO], start: 2008-01-02, end: 2008-02-29}
strategy: {python: './hold.py:Hold'}
costs: {python: './cost.py:Mine'}
"""


def written(folder: Path, line: str) -> Path:
    (folder / "cost.py").write_text(MODEL.format(line=line))
    (folder / "hold.py").write_text(STRATEGY)
    return folder


def message_of(folder: Path, line: str) -> str:
    written(folder, line)
    idea = {
        "strategy": {"python": f"{folder}/hold.py:Hold"},
        "costs": {"python": f"{folder}/cost.py:Mine"},
    }
    with pytest.raises(PluginError) as caught:
        tradewind.backtest(idea, PRICES)
    return str(caught.value)


def test_a_cost_that_is_not_known_before_buying_stops_the_run(tmp_path: Path) -> None:
    text = message_of(tmp_path, UNKNOWN)
    assert f"cost model '{tmp_path}/cost.py:Mine' at bar 0" in text
    assert "commission of" in text
    assert "BB at 20 must be finite" in text
    assert "received nan" in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("none = none - 1.0", "received -1.0"),
        ("none = none + np.inf", "received inf"),
        ("none = np.zeros(1)", "must have shape (2,)"),
        ("none = np.full(len(none), 'free')", "received free"),
        ("none = np.array([None, {}])[: len(none)]", "received "),
    ],
)
def test_an_estimate_is_checked_as_a_charge_is(tmp_path: Path, line: str, told: str) -> None:
    text = message_of(tmp_path, line)
    assert "at bar 0" in text
    assert told in text


@pytest.mark.parametrize("line", ["1 / 0", "sys.exit(0)", "raise KeyError('spread')"])
def test_a_cost_model_that_raises_is_told_with_bar_file_and_line(tmp_path: Path, line: str) -> None:
    text = message_of(tmp_path, line)
    assert "Mine.costs raised" in text
    assert "at bar 0" in text
    assert f"(cost.py:9 in `{line}`)" in text


def test_an_answer_that_is_no_costs_is_told(tmp_path: Path) -> None:
    assert "Mine.costs returned None at bar 0; return tradewind.contracts.Costs(" in message_of(tmp_path, "return None")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("uses_liquidity = property(lambda self: 1 / 0)", "Mine.uses_liquidity raised ZeroDivisionError"),
        ("def stamps(self, adjusted, has_volume): return 'closes only'", "Mine.stamps returned 'closes only' (str)"),
        ("def stamps(self, adjusted, has_volume): return (b'x',)", "Mine.stamps returned (b'x',) (tuple)"),
        ("def stamps(self, adjusted, has_volume): return None", "Mine.stamps returned None"),
    ],
)
def test_what_else_a_cost_model_is_asked_is_checked(tmp_path: Path, part: str, told: str) -> None:
    written(tmp_path, "pass")
    model = (tmp_path / "cost.py").read_text().replace("uses_liquidity = False", part)
    (tmp_path / "cost.py").write_text(model)
    (tmp_path / "idea.yaml").write_text(IDEA)
    with pytest.raises(PluginError) as caught:
        run([tmp_path / "idea.yaml"], runs_directory=None)
    assert told in str(caught.value)


def test_an_error_of_tradewind_passes_as_it_is(tmp_path: Path) -> None:
    written(tmp_path, "raise DataError('no tariff for BB')")
    idea = {"strategy": {"python": f"{tmp_path}/hold.py:Hold"}, "costs": {"python": f"{tmp_path}/cost.py:Mine"}}
    with pytest.raises(DataError, match=r"^no tariff for BB$"):
        tradewind.backtest(idea, PRICES)


@pytest.mark.parametrize(
    ("line", "told"),
    [("1 / 0", "Mine.costs raised ZeroDivisionError in Backtrader's run"), (UNKNOWN, "commission of 10 BB")],
)
def test_a_backtrader_strategy_is_charged_no_unknown_cost(tmp_path: Path, line: str, told: str) -> None:
    written(tmp_path, line)
    (tmp_path / "trader.py").write_text(TRADER)
    idea = {"strategy": {"backtrader": f"{tmp_path}/trader.py:Mine"}, "costs": {"python": f"{tmp_path}/cost.py:Mine"}}
    with pytest.raises(PluginError) as caught:
        tradewind.backtest(idea, PRICES[["BB"]])
    assert told in str(caught.value)


@pytest.fixture
def costly(tmp_path: Path) -> Path:
    """A configuration on sample prices whose cost model does not know what KO costs."""
    written(tmp_path, UNKNOWN.replace("BB", "KO"))
    (tmp_path / "costly.yaml").write_text(IDEA)
    return tmp_path / "costly.yaml"


def test_paper_stops_too(costly: Path) -> None:
    with pytest.raises(PluginError, match=r"cost model '\./cost\.py:Mine' at bar 0: commission of .* KO"):
        run(costly, mode="paper", runs_directory=None)


def test_a_preview_of_the_orders_stops_too(costly: Path) -> None:
    loaded = load_plan([costly], mode="backtest")
    with pytest.raises(PluginError, match=r"cost model '\./cost\.py:Mine' at bar 0: commission of .* KO"):
        preview(Builder(loaded.plan, Registry.load(), loaded.directory), Holdings(1_000.0, {}, "test"))
