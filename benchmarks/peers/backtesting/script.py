"""Job (c) on backtesting.py: indicators as arrays, the stop attached to the open trade."""

from __future__ import annotations

import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from jobs import Answer, Script, Task


def average(values, bars: int) -> pd.Series:
    return pd.Series(values).rolling(bars).mean()


class CrossWithStop(Strategy):
    fast, slow, stop, invested = 50, 200, 0.01, 0.95

    def init(self):
        self.fast_average = self.I(average, self.data.Close, self.fast)
        self.slow_average = self.I(average, self.data.Close, self.slow)

    def next(self):
        if self.trades and self.trades[0].sl is None:
            self.trades[0].sl = self.trades[0].entry_price * (1.0 - self.stop)
        if crossover(self.fast_average, self.slow_average):
            if not self.position:
                self.buy(size=int(self.invested * self.equity / self.data.Close[-1]))
        elif self.position and crossover(self.slow_average, self.fast_average):
            # The stop would otherwise be met before the market order of the same bar.
            self.trades[0].sl = None
            self.position.close()


def cross(task: Task) -> Answer:
    job = task.job
    (frame,) = task.frames.values()
    names = {name: name.capitalize() for name in frame.columns}
    backtest = Backtest(frame.rename(columns=names), CrossWithStop, cash=job.cash, commission=job.commission)
    done = backtest.run(fast=job.fast, slow=job.slow, stop=job.stop, invested=job.invested)
    return Answer((float(done["Equity Final [$]"]),), lambda: 2 * int(done["# Trades"]))


SCRIPTS = {"c": Script(cross, "frames")}
