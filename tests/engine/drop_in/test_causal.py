"""A `bt.Strategy` of a configuration decides the same loaded in advance and row by row."""

import pytest

import tradewind
from tradewind.errors import PluginError

CONFIG = """\
data: {feed: sample, symbols: [AAPL, XOM, MSFT], start: 2015-01-02, end: 2016-12-30}
strategy: {backtrader: "./mine.py:Mine"}
"""

PARTS = '''
import backtrader as bt


class Slope(bt.Indicator):
    lines = ("slope",)

    def next(self):
        self.lines.slope[0] = self.data[0] - self.data[-1] if len(self) > 1 else 0.0


class Mine(bt.Strategy):
    """Reads parts of indicators, an indicator over an indicator, and bars before the first."""

    def __init__(self):
        self.macds = [bt.ind.MACD(data) for data in self.datas]
        self.slopes = [Slope(bt.ind.EMA(data, period=5)) for data in self.datas]

    def next(self):
        for data, macd, slope in zip(self.datas, self.macds, self.slopes):
            size = self.getposition(data).size
            if not size and macd.lines.macd[0] > 0 and slope[0] > 0 and macd.data.close[-3] < data.close[0]:
                self.buy(data=data, size=int(1 + 10 * abs(slope[0])))
            elif size and slope[0] < 0:
                self.close(data=data)
'''

TOMORROW = """
import backtrader as bt


class Mine(bt.Strategy):
    def next(self):
        if self.data.close[1] > self.data.close[0]:
            self.buy()
"""


def run(folder, source, mode):
    (folder / "mine.py").write_text(source)
    (folder / "config.yaml").write_text(CONFIG)
    return tradewind.run(folder / "config.yaml", mode, runs_directory=None)


def test_backtest_and_paper_decide_the_same(tmp_path):
    backtest, paper = (run(tmp_path, PARTS, mode) for mode in ("backtest", "paper"))
    assert len(backtest.fills) > 20
    assert backtest.decision_hash == paper.decision_hash
    assert backtest.equity.equals(paper.equity)
    assert not any("own loop" in stamp for stamp in backtest.stamps)
    assert paper.stamps[-1] == "Backtrader's own loop: rows arrive one at a time."


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_tomorrow_is_not_there(tmp_path, mode):
    with pytest.raises(PluginError, match=r"strategy Mine raised IndexError"):
        run(tmp_path, TOMORROW, mode)


def test_a_run_on_the_other_loop_says_why(tmp_path):
    source = PARTS.replace(
        "class Mine", 'class Forced(bt.Indicator):\n    lines = ("x",)\n    _nextforce = True\n\n\nclass Mine'
    ).replace("        self.macds", "        Forced()\n        self.macds")
    result = run(tmp_path, source, "backtest")
    assert result.stamps[-1] == "Backtrader's own loop: Forced needs runonce to be off."
