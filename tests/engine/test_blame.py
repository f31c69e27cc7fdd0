"""An error in a strategy is told with the line of the user's file that led to it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.engine.blame import blamed
from tradewind.errors import PluginError

PRICES = pd.DataFrame({"AA": np.linspace(10.0, 20.0, 40)}, index=pd.bdate_range("2024-01-01", periods=40))


def message_of(folder: Path, kind: str, body: str) -> str:
    (folder / "mine.py").write_text(body)
    with pytest.raises(PluginError) as caught:
        tradewind.backtest({"strategy": {kind: f"{folder / 'mine.py'}:Mine"}}, PRICES)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("if self.data.close: self.buy(price=self.nothing)", "nothing"),
        ("self.buy(data='BB')", "self.buy(data='BB')"),
        ("bt.ind.SMA(self.data, period='x')", "period='x'"),
        ("self.data.close[-10**9]", "self.data.close[-10**9]"),
        ("self.order_target_percent(target='all')", "target='all'"),
        ("import pandas; pandas.Timestamp('never')", "never"),
        ("import json; json.loads('{')", "json.loads"),
    ],
)
def test_a_failing_backtrader_strategy_is_told_with_its_own_line(tmp_path, line, shown):
    body = f"import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    def next(self):\n        {line}\n"
    text = message_of(tmp_path, "backtrader", body)
    assert "mine.py:6 in `" in text
    assert shown in text


def test_the_constructor_counts_too(tmp_path):
    body = (
        "import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    def __init__(self):\n"
        "        self.cross = bt.ind.CrossOver(self.data.close, self.data.nothing)\n"
    )
    assert "mine.py:6 in `self.cross" in message_of(tmp_path, "backtrader", body)


def test_a_failing_strategy_is_told_with_its_own_line(tmp_path):
    body = (
        "import numpy as np\nclass Mine:\n    def on_bar(self, market, portfolio):\n"
        "        return np.concatenate([np.zeros(3), np.zeros((2, 2))])\n"
    )
    text = message_of(tmp_path, "python", body)
    assert "Mine.on_bar raised ValueError at bar 0" in text
    assert "mine.py:4 in `return np.concatenate" in text


def test_what_is_no_exception_is_told_too(tmp_path):
    body = (
        "class Panic(BaseException): ...\n\n\nclass Mine:\n    def on_bar(self, market, portfolio):\n"
        "        raise Panic('a Rust extension')\n"
    )
    text = message_of(tmp_path, "python", body)
    assert "Mine.on_bar raised Panic at bar 0: a Rust extension (mine.py:6 in `raise Panic" in text


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
def test_an_interruption_is_nobodys_fault(error):
    with pytest.raises(error), blamed("a plugin", "at bar 0"):
        raise error
