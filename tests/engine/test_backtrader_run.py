"""A `bt.Strategy` through the configuration: the fills of stock Backtrader."""

from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.contracts import DataRequest
from tradewind.errors import ConfigError, PluginError
from tradewind_plugins.feeds import Sample

CONFIGS = Path(__file__).parents[2] / "configs"

DOCUMENTED = '''
import backtrader as bt


class Brackets(bt.Strategy):
    """Orders of several kinds over two feeds, with an indicator and a sizer of its own."""

    params = dict(period=15)

    def __init__(self):
        self.signals = [bt.ind.CrossOver(data.close, bt.ind.EMA(data, period=self.p.period)) for data in self.datas]

    def next(self):
        for data, signal in zip(self.datas, self.signals):
            position = self.getposition(data)
            if not position and signal > 0:
                self.buy_bracket(data=data, size=10, price=data.close[0] * 0.99, stopprice=data.close[0] * 0.93,
                                 limitprice=data.close[0] * 1.06)
            elif position and signal < 0 and len(self) % 2:
                self.order_target_percent(data=data, target=0.0)
            if len(self) % 50 == 0:
                self.sell(data=data, size=3, exectype=bt.Order.StopTrail, trailpercent=0.04)
'''


def stock_fills(strategy, symbols, start, end, cash, **params):
    bars = Sample().history(DataRequest(start=start, end=end, symbols=symbols))
    index = pd.DatetimeIndex(bars.timestamps)
    fills, values = [], []

    class Recorded(strategy):
        def notify_order(self, order):
            super().notify_order(order)
            if order.status == order.Completed:
                (bit,) = order.executed.exbits
                fills.append((bt.num2date(bit.dt), order.data._name, bit.size, bit.price))

    class Values(bt.Analyzer):
        def next(self):
            values.append(self.strategy.broker.getvalue())

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(cash)
    for column, symbol in enumerate(symbols):
        close = bars.fields["close"][:, column]
        frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close, "volume": 0.0}, index=index)
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name=symbol)
    cerebro.addstrategy(Recorded, **params)
    cerebro.addanalyzer(Values)
    cerebro.run()
    return fills, values


def compare(result, fills, values):
    ours = [(row.timestamp.to_pydatetime(), row.symbol, row.quantity, row.price) for row in result.fills.itertuples()]
    assert len(fills) > 10
    assert ours == fills
    np.testing.assert_array_equal(result.equity["equity"].to_numpy()[-len(values) :], values)


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_the_moving_average_cross_of_the_quick_start_fills_as_in_stock_backtrader(mode):
    from tradewind.registry import load_class

    strategy = load_class("./sma_cross.py:SmaCross", CONFIGS)
    start, end = pd.Timestamp("2005-01-03").date(), pd.Timestamp("2012-12-31").date()
    fills, values = stock_fills(strategy, ("MSFT",), start, end, 100_000.0, fast=10, slow=30)
    result = tradewind.run(CONFIGS / "backtrader_sma.yaml", mode, start=start, end=end, runs_directory=None)
    compare(result, fills, values)


def test_brackets_trails_and_targets_over_two_feeds_fill_as_in_stock_backtrader(tmp_path):
    from tradewind.registry import load_class

    (tmp_path / "brackets.py").write_text(DOCUMENTED)
    (tmp_path / "brackets.yaml").write_text(
        "account: {cash: 5000}\ndata: {feed: sample, symbols: [AAPL, XOM], start: 2015-01-02, end: 2018-12-31}\n"
        'strategy: {backtrader: "./brackets.py:Brackets", params: {period: 20}}\n'
    )
    strategy = load_class("./brackets.py:Brackets", tmp_path)
    start, end = pd.Timestamp("2015-01-02").date(), pd.Timestamp("2018-12-31").date()
    fills, values = stock_fills(strategy, ("AAPL", "XOM"), start, end, 5000.0, period=20)
    compare(tradewind.run(tmp_path / "brackets.yaml", runs_directory=None), fills, values)


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(ConfigError, match=r"SmaCross has no parameter 'fst'; .*Did you mean 'fast'"):
        tradewind.run(
            CONFIGS / "backtrader_sma.yaml", overrides=["sleeves.0.strategy.params.fst=3"], runs_directory=None
        )


def test_a_class_that_is_no_backtrader_strategy_is_refused(tmp_path):
    (tmp_path / "no.py").write_text("class No:\n    pass\n")
    (tmp_path / "no.yaml").write_text('data: {feed: sample}\nstrategy: {backtrader: "./no.py:No"}\n')
    with pytest.raises(PluginError, match=r"is not a bt\.Strategy; name a class that derives from it"):
        tradewind.run(tmp_path / "no.yaml", runs_directory=None)


BROKEN = '''
import math
import backtrader as bt


class Broken(bt.Strategy):
    """Orders that are none, and one that is."""

    def __init__(self):
        self.heard = []

    def notify_order(self, order):
        self.heard.append(order.getstatusname())
        if order.status == order.Completed:
            print("heard", self.heard)

    def next(self):
        if len(self) == 5:
            self.buy(size=math.nan)
            self.sell(size=math.inf)
            self.buy(size=1, exectype=bt.Order.Limit, price=math.nan)
            self.buy(size=1, exectype=bt.Order.Stop, price=-3.0)
            self.buy(size=7)
'''


def test_orders_without_structure_are_rejected_and_the_rest_goes_on(tmp_path, capsys):
    (tmp_path / "broken.py").write_text(BROKEN)
    config = tmp_path / "broken.yaml"
    config.write_text(
        "data: {feed: sample, symbols: [MSFT], start: 2010-01-04, end: 2010-03-31}\n"
        "strategy: {backtrader: './broken.py:Broken'}\n"
    )
    result = tradewind.run(config, runs_directory=None)
    assert result.fills["quantity"].tolist() == [7.0]
    assert len(result.orders) == 1
    rejected = [warning for warning in result.warnings if "was rejected" in warning]
    assert len(rejected) == 4
    assert "an order for MSFT was rejected: the size is nan; a finite one other than 0 is needed" in rejected
    assert "an order for MSFT was rejected: a Stop order needs a price above 0; received -3.0" in rejected
    assert "heard ['Rejected', 'Rejected', 'Rejected', 'Rejected', 'Submitted', 'Accepted', 'Completed']" in (
        capsys.readouterr().out
    )


def test_gates_that_would_not_act_are_refused(tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    config = tmp_path / "broken.yaml"
    config.write_text(
        "data: {feed: sample, symbols: [MSFT]}\nstrategy: {backtrader: './broken.py:Broken'}\n"
        "risk: {gates: [{name: position_size, params: {maximum: 0.2}}]}\n"
    )
    with pytest.raises(ConfigError, match=r"risk\.gates: position_size has no effect on a Backtrader strategy"):
        tradewind.run(config, runs_directory=None)
