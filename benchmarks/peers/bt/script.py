"""Jobs on bt (pmorissette): rankings from closes, prices are the next opens.

bt knows one price a bar and trades at it. It gets the opens, the weights decided on the close before, and a last row of
closes to value the end. Weights are fractions of the account at the opens, where other engines use the closes before.
"""

from __future__ import annotations

import bt
import numpy as np
import pandas as pd
from jobs import Answer, Job, Script, Task, decision_bars, nearest_to_high


class LeaveSmallDrifts(bt.Algo):
    """Keep the present weight of what would change by less than a part of the account."""

    def __init__(self, least: float) -> None:
        super().__init__()
        self.least = least

    def __call__(self, target) -> bool:
        weights = target.temp["weights"]
        for name in list(weights):
            child = target.children.get(name)
            if child is not None and abs(weights[name] - child.weight) < self.least:
                weights[name] = child.weight
        return True


class WeighChosen(bt.Algo):
    """Weights known beforehand, by date."""

    def __init__(self, weights: dict[pd.Timestamp, dict[str, float]]) -> None:
        super().__init__()
        self.weights = weights

    def __call__(self, target) -> bool:
        chosen = self.weights.get(target.now)
        if chosen is not None:
            target.temp["weights"] = dict(chosen)
        return chosen is not None


def target_weights(job: Job, close: pd.DataFrame) -> dict[pd.Timestamp, dict[str, float]]:
    scores = (close / close.rolling(job.window).max()).to_numpy()
    weights = {}
    for bar in decision_bars(close.index.to_numpy(), job.schedule, job.window - 1).tolist():
        if bar + 1 < len(close):
            chosen = close.columns[nearest_to_high(scores[bar], job.top)]
            weights[close.index[bar + 1]] = dict.fromkeys(chosen, job.invested / job.top)
    return weights


def nearest(task: Task) -> Answer:
    job, close = task.job, task.wide["close"]
    prices = pd.concat([task.wide["open"], close.iloc[-1:].set_axis([close.index[-1] + pd.Timedelta(hours=1)])])
    algos = [WeighChosen(target_weights(job, close))]
    if job.drift_threshold:
        algos.append(LeaveSmallDrifts(job.drift_threshold))
    strategy = bt.Strategy(job.title, [*algos, bt.algos.Rebalance()])
    done = bt.Backtest(
        strategy,
        prices,
        initial_capital=job.cash,
        commissions=lambda quantity, price: abs(quantity) * price * job.commission,
        integer_positions=False,
    )
    done.run()
    return Answer((float(done.strategy.value),), lambda: trades_of(done.strategy))


def trades_of(strategy: bt.Strategy) -> int:
    return sum(int(np.count_nonzero(np.diff(one.positions, prepend=0.0))) for one in strategy.securities)


SCRIPTS = {name: Script(nearest, "wide", "next_open_by_open") for name in ("a", "b")}
