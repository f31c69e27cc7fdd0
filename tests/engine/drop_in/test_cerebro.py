"""The drop-in runs whole scripts exactly as stock Backtrader does."""

import backtrader as bt
import pytest

from tests.engine.drop_in.helpers import assert_same, prices, watched
from tradewind.engine import Cerebro


class Mixed(bt.Strategy):
    """Orders of most kinds on all feeds."""

    def __init__(self):
        self.crosses = {data: bt.ind.CrossOver(data.close, bt.ind.SMA(data, period=7)) for data in self.datas}
        self.open_orders = []

    def next(self):
        for number, data in enumerate(self.datas):
            turn = (len(self) + number) % 17
            size = self.getposition(data).size
            if self.crosses[data] > 0 and not size:
                self.buy(data=data, size=10 + number)
            elif self.crosses[data] < 0 and size:
                self.close(data=data)
            elif turn == 3:
                self.buy_bracket(data=data, size=5, price=data.close[0] * 0.99, stopprice=data.close[0] * 0.95,
                                 limitprice=data.close[0] * 1.05)  # fmt: skip
            elif turn == 7:
                self.sell(data=data, size=4, exectype=bt.Order.StopTrail, trailpercent=0.03)
            elif turn == 11:
                self.order_target_percent(data=data, target=0.1)
            elif turn == 13:
                self.open_orders.append(
                    self.sell(
                        data=data,
                        size=3,
                        exectype=bt.Order.Limit,
                        price=data.close[0] * 1.04,
                        valid=data.datetime[0] % 3,
                    )
                )
            elif turn == 15 and self.open_orders:
                self.cancel(self.open_orders.pop())


def universe(cerebro, frames, **feed):
    for number, frame in enumerate(frames):
        cerebro.adddata(bt.feeds.PandasData(dataname=frame, **feed), name=f"feed{number}")


def aligned(cerebro):
    universe(cerebro, [prices(160, seed) for seed in range(4)])


def unaligned(cerebro):
    frames = [prices(160, seed) for seed in range(4)]
    universe(cerebro, [frames[0].iloc[20:], frames[1].iloc[:90], frames[2].drop(frames[2].index[40:60]), frames[3]])


@pytest.mark.parametrize("feeds", [aligned, unaligned])
@pytest.mark.parametrize("cash", [100_000.0, 900.0])
def test_many_orders_over_several_feeds(feeds, cash):
    def build(cerebro):
        feeds(cerebro)
        cerebro.broker.setcash(cash)
        cerebro.broker.setcommission(commission=0.001)
        cerebro.addstrategy(watched(Mixed))
        cerebro.addanalyzer(bt.analyzers.TradeAnalyzer)
        cerebro.addanalyzer(bt.analyzers.TimeReturn)
        cerebro.addanalyzer(bt.analyzers.DrawDown)

    assert_same(build)


def test_one_feed_has_the_trades_observer():
    def build(cerebro):
        universe(cerebro, [prices(200, 9)])
        cerebro.addstrategy(watched(Mixed))
        cerebro.addobserver(bt.observers.DrawDown)
        cerebro.addobserver(bt.observers.TimeReturn)

    assert_same(build)


@pytest.mark.parametrize(
    "broker",
    [
        {"coc": True},
        {"slip_perc": 0.01},
        {"slip_fixed": 0.3, "slip_out": True},
        {"shortcash": False},
        {"checksubmit": False},
        {"fundmode": True},
        {"filler": bt.broker.fillers.FixedBarPerc(perc=1.0)},
    ],
)
def test_settings_of_the_broker(broker):
    def build(cerebro):
        aligned(cerebro)
        for name, value in broker.items():
            setattr(cerebro.broker.p, name, value)
        cerebro.addstrategy(watched(Mixed))

    assert_same(build)


@pytest.mark.parametrize(
    "commission",
    [
        {"commission": 2.0, "margin": 500.0, "mult": 3.0},
        {"commission": 0.001, "interest": 0.05, "interest_long": True},
        {"commission": 0.001, "leverage": 2.0, "stocklike": True, "commtype": bt.CommInfoBase.COMM_PERC},
    ],
)
def test_kinds_of_commission(commission):
    def build(cerebro):
        unaligned(cerebro)
        cerebro.broker.setcommission(**commission)
        cerebro.addstrategy(watched(Mixed))

    assert_same(build)


def test_cheat_on_open_sees_the_value_of_the_bar_before():
    class Opening(Mixed):
        def next_open(self):
            self.told.append(("open", self.broker.getvalue(), self.data.open[0]))
            if len(self) % 9 == 0:
                self.buy(size=1)

    def build(cerebro):
        aligned(cerebro)
        cerebro.addstrategy(watched(Opening))

    assert_same(build, cheat_on_open=True)


def test_cash_that_comes_and_goes():
    class Saver(Mixed):
        def next(self):
            super().next()
            if len(self) % 20 == 0:
                self.broker.add_cash(500.0)
            if len(self) == 70:
                self.broker.set_cash(3000.0)
            self.told.append((self.broker.getvalue([self.data]), self.broker.fundvalue))

    def build(cerebro):
        aligned(cerebro)
        cerebro.addstrategy(watched(Saver))

    assert_same(build)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"runonce": False}, "runonce is off"),
        ({"preload": False}, "preload is off"),
        ({"exactbars": 1}, "exactbars is 1"),
        ({"oldsync": True}, "oldsync is on"),
        ({"live": True}, "live is on"),
    ],
)
def test_what_the_fast_loop_cannot_serve_takes_the_other_and_says_why(arguments, reason):
    def build(cerebro):
        universe(cerebro, [prices(80, 3)])
        cerebro.addstrategy(watched(Mixed))

    cerebro = assert_same(build, fast=False, **arguments)
    assert cerebro.path.reason == reason


def test_a_resampled_feed_is_named():
    cerebro = Cerebro()
    data = bt.feeds.PandasData(dataname=prices(60, 1))
    cerebro.adddata(data, name="day")
    cerebro.resampledata(data, timeframe=bt.TimeFrame.Weeks, name="week")
    cerebro.run()
    assert str(cerebro.path) == "Backtrader's own loop: feed week is resampled"


def test_a_replayed_feed_is_called_replayed():
    cerebro = Cerebro()
    cerebro.replaydata(bt.feeds.PandasData(dataname=prices(60, 1)), timeframe=bt.TimeFrame.Weeks)
    cerebro.run()
    assert str(cerebro.path) == "Backtrader's own loop: feed without a name is replayed"


class Choosy(bt.Strategy):
    """Asks for Backtrader's own loop where its indicator does."""

    params = (("slow", False),)

    def __init__(self):
        if self.p.slow:
            bt.ind.HeikinAshi()


@pytest.mark.parametrize(
    ("slow", "path"),
    [
        ([False, False], "fast loop"),
        ([True], "Backtrader's own loop: HeikinAshi needs runonce to be off"),
        ([False, True, True], "Backtrader's own loop: HeikinAshi needs runonce to be off (2 of 3 runs)"),
    ],
)
@pytest.mark.parametrize("optreturn", [True, False])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_runs_of_an_optimization_tell_their_loop(slow, path, optreturn):
    cerebro = Cerebro(maxcpus=2, optreturn=optreturn, stdstats=False)
    universe(cerebro, [prices(60, 1)])
    cerebro.optstrategy(Choosy, slow=slow)
    results = cerebro.run()
    assert str(cerebro.path) == path
    assert [[strategy.p.slow for strategy in result] for result in results] == [[one] for one in slow]
    assert not any("path" in name for result in results for name in vars(result[0]))
