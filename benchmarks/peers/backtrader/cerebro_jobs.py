"""The jobs for any class that behaves as `bt.Cerebro`."""

from __future__ import annotations

import backtrader as bt
from jobs import Answer, Script, Task

from strategies import CrossWithStop, FractionalCommission, NearestToHigh, TrendOfEach


def scripts(cerebro_class) -> dict[str, Script]:
    def run(task: Task, strategy: type, **parameters) -> Answer:
        cerebro = cerebro_class(stdstats=False)
        for symbol, frame in task.frames.items():
            cerebro.adddata(bt.feeds.PandasData(dataname=frame), name=symbol)
        cerebro.broker.setcash(task.job.cash)
        cerebro.broker.addcommissioninfo(FractionalCommission(commission=task.job.commission))
        cerebro.addstrategy(strategy, **parameters)
        done = cerebro.run()[0]
        return Answer((done.broker.getvalue(),), done.filled)

    def nearest(task: Task) -> Answer:
        job = task.job
        return run(
            task,
            NearestToHigh,
            top=job.top,
            window=job.window,
            schedule=job.schedule,
            invested=job.invested,
            drift_threshold=job.drift_threshold,
        )

    def cross(task: Task) -> Answer:
        job = task.job
        return run(task, CrossWithStop, fast=job.fast, slow=job.slow, stop=job.stop, invested=job.invested)

    def trend(task: Task) -> Answer:
        return run(task, TrendOfEach, slow=task.job.slow, invested=task.job.invested)

    return {
        "a": Script(nearest, "frames"),
        "b": Script(nearest, "frames"),
        "c": Script(cross, "frames"),
        "d": Script(nearest, "frames"),
        "h": Script(trend, "frames"),
    }
