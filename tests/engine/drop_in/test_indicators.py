"""Indicators hold the same values to the last bit as on stock Backtrader."""

import itertools

import backtrader as bt
import numpy as np
import pytest

from tests.engine.drop_in.helpers import assert_same, lines_of, outcome, prices
from tradewind.engine import Cerebro


class Ratio(bt.Indicator):
    """Knows only `next`, and looks at its bars one by one before it starts."""

    lines = ("ratio", "count")
    params = (("period", 4),)

    def __init__(self):
        self.mean = bt.ind.SMA(self.data, period=self.p.period)
        self.waited = 0

    def prenext(self):
        self.waited += 1

    def next(self):
        self.lines.ratio[0] = self.data[0] / self.mean[0] - self.data[-1]
        self.lines.count[0] = len(self) + self.waited


class Spread(bt.Indicator):
    """Knows only `next` and has two inputs."""

    lines = ("spread",)

    def next(self):
        self.lines.spread[0] = self.data0[0] - self.data1[0]


INDICATORS = {
    "averages": lambda data: [
        kind(data, period=period)
        for kind, period in itertools.product((bt.ind.SMA, bt.ind.EMA, bt.ind.SMMA, bt.ind.WMA, bt.ind.DEMA), (1, 2, 9))
    ],
    "extremes": lambda data: [
        kind(data.high, period=period)
        for kind, period in itertools.product((bt.ind.Highest, bt.ind.Lowest, bt.ind.SumN), (1, 2, 7, 16))
    ],
    "oscillators": lambda data: [
        bt.ind.RSI(data, safediv=True), bt.ind.MACDHisto(data), bt.ind.Stochastic(data, safediv=True),
        bt.ind.ROC(data, period=3), bt.ind.Momentum(data), bt.ind.CCI(data, period=5),
    ],
    "ranges": lambda data: [bt.ind.ATR(data, period=5), bt.ind.TrueRange(data), bt.ind.BollingerBands(data, period=6)],
    "crossings": lambda data: [
        bt.ind.CrossOver(data.close, bt.ind.SMA(data, period=3)), bt.ind.CrossUp(data.close, data.open),
        bt.ind.CrossDown(data.close(-1), bt.ind.EMA(data, period=4)),
    ],
    "operations": lambda data: [
        bt.And(data.close > data.open, data.close(-1) < 100.0), bt.Or(data.close > 100, data.open == data.close),
        bt.If(data.close > data.open, data.high, data.low), bt.If(data.close > data.open, data.high, 0.0),
        bt.Max(data.close, data.open, 99.0), bt.Min(data.close, data.open), abs(data.close - 100.0),
        -data.close, 3 * data.close / (data.high + 1), 5.0 - data.low, data.high // 3, data.close**2,
        data.close != data.close(-1), data.close >= data.close(-2), bt.DivByZero(data.close, data.volume),
    ],
    "of its own": lambda data: [
        Ratio(data), Ratio(data.open), Ratio(bt.ind.SMA(data, period=3)), Ratio(bt.ind.SMA(data, period=3).sma),
        Ratio(data.close - data.open), Spread(data, bt.ind.SMA(data)), Spread(bt.ind.SMA(data), data),
        Spread(data.close, data.open),
    ],
}  # fmt: skip


def coarse(bars, seed):
    """Return prices with many equal values, zeros of both signs and gaps."""
    frame = prices(bars, seed).round(0)
    random = np.random.default_rng(seed)
    for name in ("open", "high", "low", "close", "volume"):
        frame[name] = frame[name].astype(float)
        frame.loc[random.random(bars) < 0.04, name] = np.nan
        frame.loc[random.random(bars) < 0.04, name] = random.choice([0.0, -0.0])
    return frame


def script(make, frame):
    class Holder(bt.Strategy):
        def __init__(self):
            self.held = make(self.data)
            self.told = []

        def prenext(self):
            self.next()

        def next(self):
            self.told.append([float(indicator[0]) if len(indicator) else None for indicator in self.held])

    def build(cerebro):
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name="a")
        cerebro.addstrategy(Holder)

    return build


@pytest.mark.parametrize("name", INDICATORS)
@pytest.mark.parametrize("bars", [45, 46])
def test_indicators_on_smooth_prices(name, bars):
    assert_same(script(INDICATORS[name], prices(bars, bars)))


@pytest.mark.parametrize("name", ["averages", "extremes", "crossings"])
@pytest.mark.parametrize("seed", range(4))
def test_indicators_on_gaps_zeros_and_equal_values(name, seed):
    assert_same(script(INDICATORS[name], coarse(60, seed)))


def test_a_division_by_zero_raises_as_it_does():
    frame = prices(30, 1)
    frame.iloc[20, frame.columns.get_loc("volume")] = 0
    for kind in (bt.Cerebro, Cerebro):
        with pytest.raises(ZeroDivisionError):
            outcome(kind, script(lambda data: [data.close / data.volume], frame))


def test_a_history_too_short_fails_as_it_does():
    for kind in (bt.Cerebro, Cerebro):
        with pytest.raises(IndexError):
            outcome(kind, script(lambda data: [bt.ind.SMA(data, period=50)], prices(20, 1)))


def test_lines_of_different_lengths_fail_as_they_do():
    class Two(bt.Strategy):
        def __init__(self):
            self.highest = bt.Max(self.datas[0].close, self.datas[1].close)

    def build(cerebro):
        for bars in (40, 30):
            cerebro.adddata(bt.feeds.PandasData(dataname=prices(bars, bars)))
        cerebro.addstrategy(Two)

    for kind in (bt.Cerebro, Cerebro):
        with pytest.raises(IndexError, match="array index out of range"):
            outcome(kind, build)


@pytest.mark.parametrize("name", INDICATORS)
def test_causal_lines_hold_what_they_hold_bar_by_bar(name):
    class Causal(Cerebro):
        causal = True

    build = script(INDICATORS[name], prices(45, 7))
    _, loaded = outcome(Causal, build)
    _, stepped = outcome(bt.Cerebro, build, runonce=False)
    assert loaded.path.fast
    (ours,), (theirs,) = loaded.runstrats[0], stepped.runstrats[0]
    np.testing.assert_equal(ours.told, theirs.told)
    for one, other in zip(ours.getindicators(), theirs.getindicators(), strict=True):
        np.testing.assert_equal(lines_of(one), lines_of(other))
