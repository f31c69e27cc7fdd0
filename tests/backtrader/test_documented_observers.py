"""Observers, signals, timers and writers do what their documentation says, on both Cerebros."""

import datetime as dt
import io
import math

import backtrader as bt
import pytest

from tests.backtrader.known import CLOSES, Orders, feed, make
from tests.backtrader.zoo import OBSERVERS

nan = float("nan")


def observed(cerebro_class, observer, **settings):
    cerebro = make(cerebro_class, stdstats=False)
    cerebro.addstrategy(Orders, orders={1: 50, 3: -50})
    cerebro.addobserver(observer, **settings)
    shown = cerebro.run()[0].observers[0]
    return [list(line.get(size=len(shown))) for line in shown.lines]


# 50 pieces bought at 11 on the second bar and sold at 11 on the fourth.
VALUES = [1000.0, 1000.0, 1050.0, 1000.0, 1000.0]
CASHES = [1000.0, 450.0, 450.0, 1000.0, 1000.0]
EXPECTED = {
    "Broker": [CASHES, VALUES],
    "Cash": [CASHES],
    "Value": [VALUES],
    "BuySell": [[nan, 11.0 * 0.985, nan, nan, nan], [nan, nan, nan, 11.0 * 1.015, nan]],
    "Trades": [[nan, nan, nan, 0.0, nan], [nan] * 5],
    "DrawDown": [[0.0, 0.0, 0.0, 100 * 50 / 1050, 100 * 50 / 1050], [0.0, 0.0, 0.0, 100 * 50 / 1050, 100 * 50 / 1050]],
    "DrawDownLength": [[0.0, 0.0, 0.0, 1.0, 2.0], [0.0, 0.0, 0.0, 1.0, 2.0]],
    "TimeReturn": [[0.0, 0.0, 0.05, 1000 / 1050 - 1, 0.0]],
    "LogReturns": [[0.0, math.log(11 / 10), math.log(12 / 11), math.log(11 / 12), math.log(13 / 11)]],  # of the feed
    "FundValue": [[value / 10 for value in VALUES]],
    "FundShares": [[10.0] * 5],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_observer_shows_what_the_hand_says(cerebro_class, name):
    observer, settings = OBSERVERS[name]
    lines = observed(cerebro_class, observer, **settings)
    for line, expected in zip(lines, EXPECTED[name], strict=True):
        assert line == pytest.approx(expected, nan_ok=True)


def test_the_benchmark_observer_follows_a_feed(cerebro_class):
    cerebro = make(cerebro_class, stdstats=False)
    cerebro.addstrategy(Orders, orders={})
    cerebro.addobserver(bt.observers.Benchmark, data=cerebro.datas[0], timeframe=bt.TimeFrame.Days)
    benchmark = cerebro.run()[0].observers[0].lines.benchmark
    assert list(benchmark.get(size=4)) == pytest.approx([0.1, 1 / 11, -1 / 12, 2 / 11])


def test_a_strategy_reads_its_observers_while_it_runs(cerebro_class):
    class Reads(Orders):
        def __init__(self):
            super().__init__()
            self.read = []

        def next(self):
            super().next()
            self.read.append(self.stats.broker.value[0])

    cerebro = make(cerebro_class)
    cerebro.addstrategy(Reads, orders={1: 50})
    # An observer looks after the strategy: on a bar it still shows the one before.
    assert cerebro.run()[0].read[3] == 1050.0


class Side(bt.Indicator):
    """+1 on days the price is above 11, -1 below, 0 at it."""

    lines = ("signal",)

    def next(self):
        self.lines.signal[0] = (self.data.close[0] > 11.0) - (self.data.close[0] < 11.0)


SIGNAL_PRICES = (11.0, 12.0, 12.0, 11.0, 10.0, 10.0, 12.0, 11.0, 11.0)
# Position after each bar: what the signal of the bar before asked for.
POSITIONS = {
    bt.SIGNAL_LONGSHORT: [0, 0, 1, 1, 1, -1, -1, 1, 1],
    bt.SIGNAL_LONG: [0, 0, 1, 1, 1, 0, 0, 1, 1],
    bt.SIGNAL_LONG_INV: [0, 0, 0, 0, 0, 1, 1, 0, 0],
    bt.SIGNAL_SHORT: [0, 0, 0, 0, 0, -1, -1, 0, 0],
    bt.SIGNAL_SHORT_INV: [0, 0, -1, -1, -1, 0, 0, -1, -1],
}


class Holds(bt.Analyzer):
    """Notes the position after every bar."""

    def start(self):
        self.held = []

    def next(self):
        self.held.append(self.strategy.position.size)


def positions(cerebro_class, *signals, **switches):
    cerebro = make(cerebro_class, feed(SIGNAL_PRICES))
    for signal in signals:
        cerebro.add_signal(signal, Side)
    if switches:
        cerebro.signal_accumulate(switches.get("accumulate", False))
        cerebro.signal_concurrent(switches.get("concurrent", False))
    cerebro.addanalyzer(Holds, _name="holds")
    return cerebro.run()[0].analyzers.holds.held


@pytest.mark.parametrize("signal", POSITIONS)
def test_a_signal_takes_the_position_it_stands_for(cerebro_class, signal):
    assert positions(cerebro_class, signal) == POSITIONS[signal]


@pytest.mark.parametrize(
    "pair",
    [
        (bt.SIGNAL_LONG_ANY,),
        (bt.SIGNAL_SHORT_ANY,),
        (bt.SIGNAL_LONG, bt.SIGNAL_LONGEXIT),
        (bt.SIGNAL_LONG, bt.SIGNAL_LONGEXIT_INV),
        (bt.SIGNAL_LONG, bt.SIGNAL_LONGEXIT_ANY),
        (bt.SIGNAL_SHORT, bt.SIGNAL_SHORTEXIT),
        (bt.SIGNAL_SHORT, bt.SIGNAL_SHORTEXIT_INV),
        (bt.SIGNAL_SHORT, bt.SIGNAL_SHORTEXIT_ANY),
        (bt.SIGNAL_LONGSHORT, bt.SIGNAL_LONGEXIT_ANY),
    ],
)
def test_exits_and_signals_of_any_sign_act_alike(pair):
    from tradewind.engine import Cerebro

    assert positions(Cerebro, *pair) == positions(bt.Cerebro, *pair)


def test_accumulating_signals_add_to_the_position(cerebro_class):
    assert positions(cerebro_class, bt.SIGNAL_LONG, accumulate=True)[:4] == [0, 0, 1, 2]


def test_timers_ring_at_session_start_and_on_the_days_asked_for(cerebro_class):
    class Rings(bt.Strategy):
        def __init__(self):
            self.rung = []
            self.add_timer(bt.timer.SESSION_START, weekdays=[1], marker="Mondays")
            self.add_timer(bt.timer.SESSION_START, monthdays=[15], monthcarry=True, marker="mid-month")

        def notify_timer(self, timer, when, *args, **kwargs):
            self.rung.append((kwargs["marker"], when.date()))

    cerebro = make(cerebro_class, feed([10.0] * 20, start="2021-03-01", every="B"))
    cerebro.addstrategy(Rings)
    mondays = [("Mondays", dt.date(2021, 3, day)) for day in (1, 8, 15, 22)]
    assert sorted(cerebro.run()[0].rung) == [*mondays, ("mid-month", dt.date(2021, 3, 15))]


@pytest.mark.parametrize(("cheat", "fill"), [(False, (2, 1, 11.0)), (True, (1, 1, 10.0))])
def test_a_cheating_timer_rings_before_the_broker_acts(cerebro_class, cheat, fill):
    class Buys(Orders):
        def __init__(self):
            super().__init__()
            self.sent = False
            self.add_timer(bt.timer.SESSION_START, cheat=cheat)

        def notify_timer(self, timer, when, *args, **kwargs):
            if not self.sent:
                self.sent = True
                self.buy()

    cerebro = make(cerebro_class, cheat_on_open=True)
    cerebro.addstrategy(Buys, orders={})
    assert cerebro.run()[0].fills == [fill]


def test_timers_of_cerebro_reach_its_own_hook(cerebro_class):
    rung = []

    class Hears(cerebro_class):
        def notify_timer(self, timer, when, *args, **kwargs):
            rung.append(when.date())

    cerebro = make(Hears)
    cerebro.addstrategy(Orders, orders={})
    cerebro.add_timer(bt.timer.SESSION_START)
    cerebro.run()
    assert rung == [dt.date(2021, 3, day) for day in range(1, 6)]


def test_a_writer_writes_prices_indicators_and_the_account(cerebro_class):
    class Measures(Orders):
        def __init__(self):
            super().__init__()
            bt.ind.SMA(period=2).csv = True

    cerebro = make(cerebro_class)
    cerebro.addstrategy(Measures, orders={2: 50})
    text = io.StringIO()
    cerebro.addwriter(bt.WriterFile, csv=True, out=text, rounding=2, close_out=False)
    cerebro.run()
    rows = [line.split(",") for line in text.getvalue().splitlines() if line.startswith(("Id,", "1,", "2,", "5,"))]
    header, first, second, last = rows
    assert header[:8] == ["Id", "S0", "len", "datetime", "open", "high", "low", "close"]
    assert first[header.index("close")] == "10.0"
    assert second[header.index("sma")] == "10.5"
    assert last[header.index("value")] == f"{1000 + 50 * (CLOSES[4] - CLOSES[2])}"


def test_writers_write_the_same_text():
    from tradewind.engine import Cerebro

    def text_of(cerebro_class):
        cerebro = make(cerebro_class)
        cerebro.addstrategy(Orders, orders={1: 50, 3: -50})
        cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)
        cerebro.addwriter(bt.WriterStringIO, csv=True)
        cerebro.run()
        return cerebro.runwriters[0].out.getvalue()

    stock, ours = text_of(bt.Cerebro), text_of(Cerebro)
    assert "pnl" in stock
    assert ours == stock
