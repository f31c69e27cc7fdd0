"""End values of the jobs calculated plainly, to check every peer against: no peer's library, no speed."""

from __future__ import annotations

import numpy as np
from jobs import Answer, Fills, Job, decision_bars, nearest_to_high


def reference(
    job: Job, prices: dict[str, np.ndarray], timestamps: np.ndarray, fills: Fills, points: tuple[tuple[int, int], ...]
) -> Answer:
    """Return what a peer of that fill convention must end with."""
    if job.rule == "cross":
        return cross(job, *(prices[name][:, 0].tolist() for name in ("open", "low", "close")))
    if job.rule == "trend":
        return trend(job, prices["open"], prices["close"])
    answers = [
        portfolio(job, prices["open"], prices["close"], timestamps, fills, top, window)
        for top, window in points or ((job.top, job.window),)
    ]
    return Answer(tuple(answer.values[0] for answer in answers), answers[0].orders if len(answers) == 1 else None)


def portfolio(
    job: Job, opened: np.ndarray, close: np.ndarray, timestamps: np.ndarray, fills: Fills, top: int, window: int
) -> Answer:
    """Hold the `top` nearest to their high, weighted equally, sized and filled by the convention."""
    quantities, cash, orders = np.zeros(close.shape[1]), job.cash, 0
    weights = np.zeros(close.shape[1])
    for bar in decision_bars(timestamps, job.schedule, window - 1).tolist():
        after = bar if fills == "same_close" else bar + 1
        if after == len(close):
            break
        scores = close[bar] / close[bar + 1 - window : bar + 1].max(axis=0)
        weights[:] = 0.0
        weights[nearest_to_high(scores, top)] = job.invested / top
        price = close[after] if fills.endswith("close") else opened[after]
        marks = opened[after] if fills == "next_open_by_open" else close[bar]
        equity = cash + float((quantities * marks).sum())
        changes = weights * equity / marks - quantities
        small = np.abs(changes) * marks < max(job.drift_threshold, 1e-9) * equity
        changes[small & (weights > 0.0)] = 0.0
        if fills == "next_open_by_open":
            # `bt` makes the change of value what is paid, commission included; leaving is by quantity.
            changes = np.where(weights > 0.0, changes / (1.0 + job.commission * np.sign(changes)), changes)
        orders += int(np.count_nonzero(changes))
        quantities += changes
        cash -= float((changes * price).sum() + job.commission * (np.abs(changes) * price).sum())
    return Answer((cash + float((quantities * close[-1]).sum()),), orders)


def cross(job: Job, opened: list[float], low: list[float], close: list[float]) -> Answer:
    """Be long while the fast average is above the slow one, until a stop below the entry price is met."""
    fast, slow = (_averages(np.array(close), bars) for bars in (job.fast, job.slow))
    above = (fast > slow).tolist()
    cash, units, orders, pending, stop = job.cash, 0.0, 0, 0.0, 0.0
    for bar in range(job.slow, len(close)):
        if pending:
            cash -= pending * opened[bar] + abs(pending) * opened[bar] * job.commission
            units += pending
            stop = 0.0
            orders += 1
        elif units and stop and low[bar] <= stop:
            price = min(opened[bar], stop)
            cash += units * price * (1.0 - job.commission)
            units, orders = 0.0, orders + 1
        if pending > 0.0:
            stop = opened[bar] * (1.0 - job.stop)
        pending = 0.0
        if above[bar] and not above[bar - 1] and not units:
            pending = float(int(job.invested * cash / close[bar]))
        elif above[bar - 1] and not above[bar] and units:
            pending = -units
    return Answer((cash + units * close[-1],), orders)


def trend(job: Job, opened: np.ndarray, close: np.ndarray) -> Answer:
    """Hold an equal part of each symbol that closes above its average."""
    average = _averages(close, job.slow)
    count = close.shape[1]
    quantities, cash, orders = np.zeros(count), job.cash, 0
    for bar in range(job.slow - 1, len(close) - 1):
        equity = cash + float((quantities * close[bar]).sum())
        enter = (close[bar] > average[bar]) & (quantities == 0.0)
        leave = (close[bar] < average[bar]) & (quantities != 0.0)
        changes = np.where(enter, job.invested / count * equity / close[bar], 0.0) - np.where(leave, quantities, 0.0)
        orders += int(np.count_nonzero(changes))
        quantities += changes
        price = opened[bar + 1]
        cash -= float((changes * price).sum() + job.commission * (np.abs(changes) * price).sum())
    return Answer((cash + float((quantities * close[-1]).sum()),), orders)


def _averages(close: np.ndarray, bars: int) -> np.ndarray:
    sums = np.cumsum(np.insert(close, 0, 0.0, axis=0), axis=0)
    averages = np.full(close.shape, np.nan)
    averages[bars - 1 :] = (sums[bars:] - sums[:-bars]) / bars
    return averages
