"""A strategy written for Backtrader, unchanged: buy when the fast average crosses above the slow one."""

import backtrader as bt


class SmaCross(bt.Strategy):
    """Moving-average cross over one feed, as in Backtrader's quick-start guide."""

    params = (("fast", 10), ("slow", 30), ("stake", 500))

    def __init__(self):
        fast = bt.indicators.SMA(period=self.p.fast)
        slow = bt.indicators.SMA(period=self.p.slow)
        self.crossover = bt.indicators.CrossOver(fast, slow)

    def next(self):
        """Hold `stake` shares while the fast average is above the slow one."""
        if not self.position:
            if self.crossover > 0:
                self.buy(size=self.p.stake)
        elif self.crossover < 0:
            self.close()
