"""Jobs on vectorbt: target weights known beforehand, simulated with shared cash, valued on every bar.

`VECTORBT_ENGINE` chooses between numba, which an ordinary installation has, and its Rust kernels.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
import vectorbt as vbt
from jobs import Answer, Job, Script, Task, decision_bars, nearest_to_high

vbt.settings["engine"] = os.environ.get("VECTORBT_ENGINE", "numba")


def target_weights(job: Job, close: pd.DataFrame, highs: np.ndarray, top: int, window: int) -> np.ndarray:
    """Weights in the row in which they are filled, NaN where nothing is ordered."""
    scores = close.to_numpy() / highs
    weights = np.full(close.shape, np.nan)
    held = np.empty(0, dtype=np.int64)
    for bar in decision_bars(close.index.to_numpy(), job.schedule, window - 1).tolist():
        if bar + 1 == len(close):
            break
        weights[bar + 1, held] = 0.0
        held = nearest_to_high(scores[bar], top)
        weights[bar + 1, held] = job.invested / top
    return weights


def simulate(job: Job, opened: pd.DataFrame, close: pd.DataFrame, weights: np.ndarray) -> vbt.Portfolio:
    return vbt.Portfolio.from_orders(
        close,
        size=weights,
        size_type="targetpercent",
        price=opened,
        val_price=close.vbt.fshift(1),
        fees=job.commission,
        init_cash=job.cash,
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        max_orders=max(int(np.isfinite(weights).sum()), 1),
    )


def nearest(task: Task) -> Answer:
    job, close = task.job, task.wide["close"]
    highs = close.rolling(job.window).max().to_numpy()
    done = simulate(job, task.wide["open"], close, target_weights(job, close, highs, job.top, job.window))
    return Answer((float(done.value().iloc[-1]),), lambda: int(done.orders.count()))


def sweep(task: Task) -> Answer:
    """One window's points a task, so that its high is taken once, on two processes that inherit the prices."""
    windows = list(dict.fromkeys(window for _, window in task.points))
    global _inherited
    _inherited = task
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        values = dict(zip(windows, pool.map(_of_window, windows), strict=True))
    return Answer(tuple(values[window][top] for top, window in task.points))


_inherited: Task | None = None


def _of_window(window: int) -> dict[int, float]:
    task = _inherited
    job, opened, close = task.job, task.wide["open"], task.wide["close"]
    highs = close.rolling(window).max().to_numpy()
    tops = [top for top, other in task.points if other == window]
    run = partial(simulate, job, opened, close)
    return {top: float(run(target_weights(job, close, highs, top, window)).value().iloc[-1]) for top in tops}


SCRIPTS = {"a": Script(nearest, "wide"), "d": Script(nearest, "wide"), "e": Script(sweep, "wide")}
