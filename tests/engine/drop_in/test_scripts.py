"""Timers, signals, writers, optimisation and other parts of a script do what they do on stock Backtrader."""

import datetime as dt
import io

import backtrader as bt
import numpy as np
import pytest

from tests.engine.drop_in.helpers import assert_same, lines_of, outcome, prices, watched
from tests.engine.drop_in.test_cerebro import Mixed, aligned, unaligned, universe
from tradewind.engine import Cerebro


class Peeking(Mixed):
    """Notes what it can see whenever it is called."""

    def __init__(self):
        super().__init__()
        self.mean = bt.ind.SMA(self.data, period=3)

    def see(self, when):
        seen = [len(self), len(self.mean), len(self.data), self.broker.getvalue(), self.data.datetime.datetime(0)]
        seen += [self.mean[0] if len(self.mean) else None, len(self.stats), getattr(self.data, "tick_close", None)]
        if len(self.stats.broker):
            seen += [len(self.stats.broker), self.stats.broker.value[0], self.stats.broker.cash[0]]
        self.told.append((when, *seen))

    def prenext(self):
        self.see("prenext")

    def next(self):
        self.see("next")
        super().next()

    def notify_timer(self, timer, when, *args, **kwargs):
        self.see(("timer", when))

    def prenext_open(self):
        self.see("prenext_open")

    def next_open(self):
        self.see("next_open")

    def notify_cashvalue(self, cash, value):
        self.told.append((cash, value))

    def stop(self):
        self.see("stop")


@pytest.mark.parametrize("cheat", [False, True])
@pytest.mark.parametrize("feeds", [aligned, unaligned])
def test_timers(feeds, cheat):
    def build(cerebro):
        feeds(cerebro)
        cerebro.addstrategy(watched(Peeking))
        cerebro.add_timer(bt.timer.SESSION_START, monthdays=[1, 15], strats=True, cheat=cheat)
        cerebro.add_timer(bt.timer.SESSION_END, weekdays=[2], strats=True)

    assert_same(build)


@pytest.mark.parametrize(
    "arguments", [{"quicknotify": True}, {"cheat_on_open": True}, {"tradehistory": True}, {"tz": 0}]
)
def test_what_a_strategy_sees_when(arguments):
    def build(cerebro):
        unaligned(cerebro)
        cerebro.addstrategy(watched(Peeking))

    assert_same(build, **arguments)


def test_two_strategies_share_an_account():
    def build(cerebro):
        aligned(cerebro)
        cerebro.addstrategy(watched(Mixed))
        cerebro.addstrategy(watched(Peeking))

    assert_same(build)


def test_signals():
    class Above(bt.Indicator):
        lines = ("signal",)

        def __init__(self):
            self.lines.signal = self.data - bt.ind.SMA(self.data, period=9)

    def build(cerebro):
        universe(cerebro, [prices(90, 5)])
        cerebro.add_signal(bt.SIGNAL_LONGSHORT, Above)
        cerebro.addsizer(bt.sizers.PercentSizer, percents=50)

    assert_same(build)


def test_writers():
    texts = []

    def build(cerebro):
        universe(cerebro, [prices(50, 5), prices(50, 6)])
        cerebro.addstrategy(Mixed)
        cerebro.addanalyzer(bt.analyzers.DrawDown)
        texts.append(io.StringIO())
        cerebro.addwriter(bt.WriterFile, csv=True, out=texts[-1])

    assert_same(build)
    ours, stock = (text.getvalue() for text in texts)
    assert len(ours) > 10_000
    assert ours == stock


def test_a_run_that_is_stopped():
    class Stopping(Mixed):
        def next(self):
            super().next()
            if len(self) == 31:
                self.env.runstop()

    def build(cerebro):
        aligned(cerebro)
        cerebro.addstrategy(watched(Stopping))

    assert_same(build)


def test_a_second_run_of_the_same_cerebro():
    def twice(kind):
        _, cerebro = outcome(kind, lambda cerebro: (aligned(cerebro), cerebro.addstrategy(watched(Mixed))))
        (again,) = cerebro.run()
        return again.told, [lines_of(data) for data in cerebro.datas], cerebro.broker.getvalue()

    first, second = twice(Cerebro), twice(bt.Cerebro)
    assert len(first[0]) == len(second[0]) > 100
    np.testing.assert_equal(first[1:], second[1:])


@pytest.mark.parametrize("processes", [1, 2])
def test_optimisation(processes):
    def best(kind):
        cerebro = kind(maxcpus=processes)
        aligned(cerebro)
        cerebro.optstrategy(Crossing, period=range(4, 9))
        cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)
        cerebro.addanalyzer(bt.analyzers.TimeReturn)
        done = []
        cerebro.optcallback(done.append)
        runs = cerebro.run()
        return [(run[0].p.period, [analyzer.get_analysis() for analyzer in run[0].analyzers]) for run in runs], len(
            done
        )

    ours, stock = best(Cerebro), best(bt.Cerebro)
    assert ours[1] == 5
    np.testing.assert_equal(ours, stock)


class Crossing(bt.Strategy):
    """Follows an average of a length."""

    params = (("period", 5),)

    def __init__(self):
        self.above = [data.close > bt.ind.EMA(data, period=self.p.period) for data in self.datas]

    def next(self):
        for data, above in zip(self.datas, self.above, strict=True):
            self.order_target_size(data, target=10 if above[0] else 0)


def test_moving_a_line_by_hand_is_refused_with_what_to_do():
    class Mover(bt.Strategy):
        def next(self):
            self.data.rewind()

    cerebro = Cerebro()
    universe(cerebro, [prices(20, 1)])
    cerebro.addstrategy(Mover)
    with pytest.raises(Exception, match=r"moved by hand .*run\(runonce=False\)"):
        cerebro.run()


def test_the_time_of_a_position_is_that_of_the_bar():
    def build(cerebro):
        universe(cerebro, [prices(20, 1)])

        class Holder(bt.Strategy):
            def next(self):
                self.buy(size=1)

        cerebro.addstrategy(watched(Holder))

    cerebro = assert_same(build)
    assert cerebro.broker.getposition(cerebro.datas[0]).datetime == dt.datetime.fromisoformat("2020-01-28")


def test_stock_cerebro_is_left_as_it_is():
    def build(cerebro):
        aligned(cerebro)
        cerebro.addstrategy(watched(Mixed))

    before, _ = outcome(bt.Cerebro, build)
    outcome(Cerebro, build)
    after, cerebro = outcome(bt.Cerebro, build)
    np.testing.assert_equal(before, after)
    assert type(cerebro.broker) is bt.brokers.BackBroker
    assert {type(line) for line in cerebro.datas[0].lines} == {bt.LineBuffer}
