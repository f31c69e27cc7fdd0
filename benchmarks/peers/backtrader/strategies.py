"""The jobs as Backtrader users write them; stock Backtrader and tradewind's Cerebro run these very classes."""

from __future__ import annotations

import backtrader as bt


class FractionalCommission(bt.CommInfoBase):
    """Commission by value and fractional sizes, as Backtrader's documentation shows it."""

    params = (("commission", 0.0), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True), ("stocklike", True))

    def getsize(self, price, cash):
        return self.p.leverage * (cash / price)


class CountingStrategy(bt.Strategy):
    def __init__(self):
        self.filled = 0

    def notify_order(self, order):
        if order.status == order.Completed:
            self.filled += 1


class NearestToHigh(CountingStrategy):
    """Hold the symbols nearest to their rolling high, weighted equally."""

    params = (("top", 10), ("window", 252), ("schedule", "monthly"), ("invested", 0.99), ("drift_threshold", 0.0))

    def __init__(self):
        super().__init__()
        self.highs = [bt.ind.Highest(data.close, period=self.p.window) for data in self.datas]
        self.period = None

    def next(self):
        today = self.datetime.date()
        period = (today.year, today.month) if self.p.schedule == "monthly" else today
        if period == self.period:
            return
        self.period = period
        scores = [data.close[0] / high[0] for data, high in zip(self.datas, self.highs, strict=True)]
        ranked = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        chosen = {self.datas[number] for number in ranked[: self.p.top]}
        for data, position in self.broker.positions.items():
            if position.size and data not in chosen:
                self.close(data)
        self.rebalance([self.datas[number] for number in sorted(ranked[: self.p.top])])

    def rebalance(self, chosen):
        weight = self.p.invested / self.p.top
        equity = self.broker.getvalue()
        changes = {data: weight * equity - self.getposition(data).size * data.close[0] for data in chosen}
        least = max(self.p.drift_threshold, 1e-9) * equity
        for data in sorted(chosen, key=lambda data: changes[data] > 0.0):  # sells first
            if abs(changes[data]) >= least:
                self.order_target_percent(data, weight)


class CrossWithStop(CountingStrategy):
    """Long while the fast average is above the slow one, with a stop resting below the entry price."""

    params = (("fast", 50), ("slow", 200), ("stop", 0.01), ("invested", 0.95))

    def __init__(self):
        super().__init__()
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))
        self.stop_order = None

    def next(self):
        if not self.position:
            self.stop_order = None
            if self.cross > 0:
                self.buy(size=int(self.p.invested * self.broker.getvalue() / self.data.close[0]))
        elif self.cross < 0:
            if self.stop_order:
                self.cancel(self.stop_order)
            self.close()
        elif not self.stop_order:
            # Not in notify_order: Backtrader cannot cancel on the bar on which an order was sent.
            price = self.position.price * (1.0 - self.p.stop)
            self.stop_order = self.sell(size=self.position.size, exectype=bt.Order.Stop, price=price)


class TrendOfEach(CountingStrategy):
    """Hold an equal part of each symbol that closes above its average."""

    params = (("slow", 50), ("invested", 0.99))

    def __init__(self):
        super().__init__()
        self.averages = [bt.ind.SMA(data.close, period=self.p.slow) for data in self.datas]

    def next(self):
        weight = self.p.invested / len(self.datas)
        for data, average in zip(self.datas, self.averages, strict=True):
            held = self.getposition(data).size
            if held and data.close[0] < average[0]:
                self.close(data)
            elif not held and data.close[0] > average[0]:
                self.order_target_percent(data, weight)
