"""Strategies as people write them for Backtrader, with nothing in them that the doctor should mind."""

# ruff: noqa: C408, ICN001, RUF012, T201 - written as users write, not as this project does

import datetime
import math

import backtrader as bt
import backtrader.indicators as btind
import numpy as np


class SmaCross(bt.Strategy):
    params = {"fast": 10, "slow": 30}

    def __init__(self):
        self.crossover = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))

    def next(self):
        if not self.position and self.crossover > 0:
            self.buy(size=10)
        elif self.position and self.crossover < 0:
            self.close()


class QuickStart(bt.Strategy):
    """Backtrader's quick-start strategy, with its first bars waited for."""

    params = (("exitbars", 5), ("printlog", False))

    def log(self, text, dt=None):
        dt = dt or self.datas[0].datetime.date(0)
        print(f"{dt.isoformat()}, {text}")

    def __init__(self):
        self.dataclose = self.datas[0].close
        self.order = None

    def notify_order(self, order):
        if order.status in [order.Completed]:
            self.bar_executed = len(self)
        self.order = None

    def notify_trade(self, trade):
        if trade.isclosed:
            self.log(f"profit {trade.pnl:.2f}")

    def next(self):
        if self.order or len(self) < 3:
            return
        if not self.position:
            if self.dataclose[0] < self.dataclose[-1] < self.dataclose[-2]:
                self.order = self.buy()
        elif len(self) >= self.bar_executed + self.p.exitbars:
            self.order = self.sell()


class Brackets(bt.Strategy):
    params = dict(risk=0.02)

    def __init__(self):
        self.atr = bt.ind.ATR(self.data, period=14)
        self.orders = []

    def next(self):
        if not self.position and not any(order.alive() for order in self.orders):
            price = self.data.close[0]
            self.orders = self.buy_bracket(
                price=price, stopprice=price - 2 * self.atr[0], limitprice=price + 3 * self.atr[0], size=10
            )


class TwoTimeframes(bt.Strategy):
    def __init__(self):
        self.short = bt.ind.EMA(self.data0, period=10)
        self.long = bt.ind.EMA(self.data1.close, period=20)

    def next(self):
        self.order_target_percent(target=0.5 if self.short[0] > self.long[0] else 0.0)


class Pairs(bt.Strategy):
    params = (("period", 20), ("upper", 1.0))

    def __init__(self):
        spread = self.data0.close - self.data1.close
        self.zscore = (spread - bt.ind.SMA(spread, period=self.p.period)) / bt.ind.StdDev(spread, period=self.p.period)

    def next(self):
        if self.zscore[0] > self.p.upper:
            self.order_target_size(self.data0, -10)
            self.order_target_size(self.data1, 10)
        elif abs(self.zscore[0]) < 0.2:
            self.close(self.data0)
            self.close(self.data1)


class Rotation(bt.Strategy):
    """Hold the strongest; indicators in a dict of dicts."""

    params = (("lookback", 30), ("top", 1))

    def __init__(self):
        self.inds = {}
        for d in self.datas:
            self.inds[d] = {}
            self.inds[d]["roc"] = bt.ind.ROC(d.close, period=self.p.lookback)
            self.inds[d]["sma"] = bt.ind.SMA(d, period=self.p.lookback)

    def next(self):
        if len(self) % 20:
            return
        ranked = sorted(self.datas, key=lambda d: self.inds[d]["roc"][0], reverse=True)
        for d in ranked[self.p.top :]:
            self.order_target_percent(d, 0.0)
        for d in ranked[: self.p.top]:
            self.order_target_percent(d, 0.9 / self.p.top)


class Monthly(bt.Strategy):
    def __init__(self):
        self.add_timer(bt.timer.SESSION_END, monthdays=[1], monthcarry=True)
        self.turns = 0

    def notify_timer(self, timer, when, *args, **kwargs):
        self.turns += 1
        self.order_target_percent(target=0.5 if self.turns % 2 else 0.1)


class Signals(bt.SignalStrategy):
    def __init__(self):
        cross = bt.ind.CrossOver(self.data.close, bt.ind.SMA(period=15))
        self.signal_add(bt.SIGNAL_LONGSHORT, cross)


class MacdSettings(bt.Strategy):
    params = (("me1", 12), ("me2", 26), ("signal", 9), ("trail", 0.05))

    def __init__(self):
        self.macd = bt.ind.MACD(period_me1=self.p.me1, period_me2=self.p.me2, period_signal=self.p.signal)
        self.cross = bt.ind.CrossOver(self.macd.macd, self.macd.signal)

    def next(self):
        if not self.position and self.cross[0] > 0.0:
            self.buy(size=5)
            self.sell(size=5, exectype=bt.Order.StopTrail, trailpercent=self.p.trail)


class Distance(bt.Indicator):
    """An indicator with a vectorised twin, which is right to use arrays."""

    lines = ("distance",)
    params = (("period", 10),)

    def __init__(self):
        self.addminperiod(self.p.period)

    def next(self):
        self.lines.distance[0] = self.data[0] / max(self.data.get(size=self.p.period)) - 1.0

    def once(self, start, end):
        source, target = self.data.array, self.lines.distance.array
        for i in range(start, end):
            target[i] = source[i] / max(source[i - self.p.period + 1 : i + 1]) - 1.0


class OwnIndicator(bt.Strategy):
    def __init__(self):
        self.distance = Distance(self.data, period=25)

    def next(self):
        self.order_target_size(target=10 if self.distance[0] > -0.03 else 0)


class ListsAndDicts(bt.Strategy):
    """Positive indices of things that are no lines."""

    params = (("weights", (0.5, 0.3, 0.2)), ("levels", {1: 0.1, 2: 0.2}))

    def __init__(self):
        self.history = []
        self.table = {1: "a", 2: "b"}
        self.averages = [bt.ind.SMA(self.data, period=n) for n in (5, 10, 20)]
        self.lookup = {n: bt.ind.EMA(self.data, period=n) for n in (1, 2)}

    def next(self):
        close = [1.0, 2.0, self.data.close[0]]
        data = list(self.data.close.get(size=5))
        self.history.append(self.data.close[0])
        fast, slow = self.averages[0], self.averages[2]
        total = close[1] + data[3] + self.p.weights[1] + self.p.levels[2] + len(self.table[1])
        total += self.history[1] if len(self.history) > 1 else 0.0
        if total and fast[0] > slow[0] and self.lookup[2][0] > self.averages[1][0]:
            self.order_target_size(target=10)
        else:
            self.order_target_size(target=0)

    def stop(self):
        self.summary = sorted(self.history)[1:3]


class OwnSizer(bt.Sizer):
    params = (("share", 0.2),)

    def _getsizing(self, comminfo, cash, data, isbuy):
        position = self.broker.getposition(data)
        return math.floor(cash * self.p.share / data.close[0]) if isbuy else abs(position.size)


class SizedBreakout(bt.Strategy):
    params = dict(period=20, since=datetime.date(2010, 1, 1), name=None)

    def __init__(self):
        self.setsizer(OwnSizer())
        self.highest = btind.Highest(self.data.high(-1), period=self.p.period)
        self.lowest = btind.Lowest(self.data.low(-1), period=self.p.period)

    def next(self):
        if self.data.datetime.date(0) < self.p.since:
            return
        if not self.position and self.data.close[0] > self.highest[0]:
            self.buy()
        elif self.position and self.data.close[0] < self.lowest[0]:
            self.sell()


class LateStarters(bt.Strategy):
    """Feeds that have no bar yet are passed over in prenext."""

    def __init__(self):
        self.smas = {d._name: bt.ind.SMA(d, period=8) for d in self.datas}

    def prenext(self):
        self.next()

    def next(self):
        for i, d in enumerate(self.datas):
            if len(d) < 9 + i:
                continue
            above = d.close[0] > self.smas[d._name][0] and d.close[0] > d.close[-1]
            self.order_target_percent(d, 0.2 if above else 0.0)


class StopsByHand(bt.Strategy):
    params = (("loss", 0.04),)

    def __init__(self):
        self.rsi = bt.ind.RSI(period=14, safediv=True)
        self.stop_order = None
        self.trades = 0

    def notify_order(self, order):
        if order.status == order.Completed and order.isbuy():
            price = order.executed.price * (1.0 - self.p.loss)
            self.stop_order = self.sell(exectype=bt.Order.Stop, price=price, size=order.executed.size)

    def next(self):
        if not self.position and self.rsi[0] < 45:
            self.buy(size=3)
        elif self.position and self.rsi[0] > 60:
            self.cancel(self.stop_order)
            self.close()


class ConditionLines(bt.Strategy):
    """Conditions as lines, Bollinger bands and a delayed line."""

    def __init__(self):
        bands = bt.ind.BollingerBands(self.data, period=20)
        low = self.data.close < bands.lines.bot
        was_low = bt.And(low(-1), self.data.close > self.data.open)
        self.enter, self.leave = was_low, self.data.close > bands.mid

    def next(self):
        if self.enter[0]:
            self.buy(size=4, exectype=bt.Order.Limit, price=self.data.close[0], valid=datetime.timedelta(days=3))
        elif self.leave[0] and self.position:
            self.close()


class WeightsByName(bt.Strategy):
    def __init__(self):
        self.stock, self.bond = self.getdatabyname("SPY"), self.getdatabyname("TLT")
        self.vol = bt.ind.StdDev(bt.ind.PctChange(self.stock, period=1), period=20)

    def next(self):
        if len(self) % 5 == 0:
            self.order_target_value(self.stock, 40_000.0 if self.vol[0] < 0.03 else 10_000.0)
            self.order_target_value(self.bond, 20_000.0)


class Base(bt.Strategy):
    params = (("period", 12),)

    def __init__(self):
        self.average = self.make_average()

    def make_average(self):
        return bt.ind.SMA(period=self.p.period)

    def wanted(self):
        return self.data.close[0] > self.average[0]

    def next(self):
        self.order_target_size(target=7 if self.wanted() else 0)


class Derived(Base):
    def make_average(self):
        return bt.ind.WMA(period=self.p.period)


class Clouds(bt.Strategy):
    """Ichimoku without its lagging span."""

    def __init__(self):
        self.ichimoku = bt.ind.Ichimoku()

    def next(self):
        cloud = max(self.ichimoku.senkou_span_a[0], self.ichimoku.l.senkou_span_b[0])
        above = self.ichimoku.tenkan_sen[0] > self.ichimoku.kijun_sen[0] and self.data.close[0] > cloud
        self.order_target_size(target=10 if above else 0)


class Grid(bt.Strategy):
    """Resting orders, one cancelling the other, and numpy on a copy of the past."""

    params = (("window", 30),)

    def next(self):
        if (
            len(self.data) < self.p.window
            or self.position
            or any(order.alive() for order in self.broker.get_orders_open())
        ):
            return
        past = np.array(self.data.close.get(size=self.p.window))
        middle, width = past.mean(), past.std()
        first = self.buy(size=2, exectype=bt.Order.Limit, price=middle - width, valid=bt.date2num(self.tomorrow()))
        self.buy(size=2, exectype=bt.Order.Stop, price=past[1:].max(), oco=first)

    def tomorrow(self):
        return self.data.datetime.datetime(0) + datetime.timedelta(days=1)

    def stop(self):
        print(f"end value {self.broker.getvalue():.2f}")
