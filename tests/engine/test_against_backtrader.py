"""Whole runs against stock Backtrader, driven by hand on the same bars."""

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from tests.engine.helpers import equity_of, fills_of, run
from tradewind.testing import make_bars


def random_walk(bars: int, symbols: int, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(generator.normal(0.0003, 0.02, (bars, symbols)), axis=0))
    open_ = close * np.exp(generator.normal(0, 0.01, (bars, symbols)))
    high = np.maximum(open_, close) * (1 + generator.uniform(0, 0.01, (bars, symbols)))
    low = np.minimum(open_, close) * (1 - generator.uniform(0, 0.01, (bars, symbols)))
    volume = generator.integers(1_000, 9_000, (bars, symbols)).astype(float)
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume}


def late(fields: dict[str, np.ndarray], column: int, first: int) -> None:
    for values in fields.values():
        values[:first, column] = np.nan


class MonthlyEqualWeight(bt.Strategy):
    """The oracle: stock Backtrader, late starters included because `prenext` calls `next`."""

    def __init__(self):
        self.month = None
        self.values = []
        self.executions = []

    def prenext(self):
        self.next()

    def next(self):
        today = self.datas[0].datetime.date(0)
        live = [data for data in self.datas if len(data) and data.datetime.date(0) == today]
        value = self.broker.getvalue()
        if (today.year, today.month) != self.month:
            self.month = (today.year, today.month)
            changes = {}
            for data in self.datas:
                if data in live:
                    weight = 0.9 / len(live)
                    wanted = weight * value / data.close[0]
                    changes[data] = wanted - self.getposition(data).size
            for data, change in changes.items():
                if change < 0:
                    self.sell(data=data, size=-change)
            for data, change in changes.items():
                if change > 0:
                    self.buy(data=data, size=change)
        self.values.append(value)

    def notify_order(self, order):
        if order.status == order.Completed:
            bar = len(self.datas[0]) - 1
            self.executions.append((bar, order.data._name, order.executed.size, order.executed.price))


def stock_run(bars, cash: float):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(cash)
    index = pd.DatetimeIndex(bars.timestamps)
    for column, symbol in enumerate(bars.symbols):
        fields = {
            name: bars.fields.get(name, bars.fields["close"])[:, column] for name in ("open", "high", "low", "close")
        }
        frame = pd.DataFrame({**fields, "volume": 0.0}, index=index).dropna()
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name=symbol)
    cerebro.addstrategy(MonthlyEqualWeight)
    return cerebro.run()[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("close_only", [False, True])
def test_a_monthly_portfolio_with_a_late_starter_equals_stock_backtrader(stream, close_only):
    fields = random_walk(400, 5, seed=3)
    late(fields, column=3, first=150)
    if close_only:
        fields = {"close": fields["close"]}
    bars = make_bars(**fields)
    oracle = stock_run(bars, cash=100_000.0)
    sleeves = [{"strategy": "hold_all", "sizer": "ninety"}]
    session = run(bars, sleeves, stream=stream, account={"cash": 100_000.0, "cash_buffer": 0.0})
    assert len(oracle.executions) > 60
    assert [fill[:2] for fill in fills_of(session)] == [execution[:2] for execution in oracle.executions]
    np.testing.assert_allclose(
        [fill[2:] for fill in fills_of(session)], [execution[2:] for execution in oracle.executions], rtol=1e-12
    )
    np.testing.assert_allclose(equity_of(session), oracle.values, rtol=1e-12)


def test_a_late_starter_trades_from_its_first_month_and_holds_nobody_back():
    fields = random_walk(120, 3, seed=5)
    late(fields, column=1, first=70)
    session = run(make_bars(**fields), [{"strategy": "hold_all", "sizer": "ninety"}])
    first = {}
    for bar, symbol, _, _ in fills_of(session):
        first.setdefault(symbol, bar)
    assert first["S0"] == first["S2"] == 1
    months = pd.DatetimeIndex(session.panel.timestamps).to_period("M")
    expected = next(bar for bar in range(70, 120) if months[bar] != months[bar - 1]) + 1
    assert first["S1"] == expected
