"""Jobs on tradewind: configurations over built-in plugins, and one strategy with factors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from entry import finished, sweep_values
from jobs import Answer, Job, Script, Task

from tradewind.model import Instrument

STRATEGIES = Path(__file__).resolve().parents[2] / "tradewind_jobs" / "cross_with_stop.py"


def commission(job: Job) -> dict[str, Any]:
    free = dict.fromkeys(("spread_tight_bp", "spread_wide_bp", "slippage_bp", "impact_coefficient"), 0.0)
    return {"name": "us_equity", "params": {"commission_bp": job.commission * 1e4, **free}}


def nearest_to_high(job: Job) -> dict[str, Any]:
    return {
        "account": {"cash": job.cash, "cash_buffer": 0.0},
        "risk": False,
        "rebalance": {"drift_threshold": job.drift_threshold},
        "costs": commission(job),
        "sleeves": [
            {
                "strategy": {
                    "name": "high_52w",
                    "params": {"top_n": job.top, "lookback_bars": job.window, "schedule": job.schedule},
                },
                "sizer": {"name": "equal_weight", "params": {"budget": job.invested}},
            }
        ],
    }


def cross_with_stop(job: Job) -> dict[str, Any]:
    return {
        "account": {"cash": job.cash, "cash_buffer": 0.0},
        "risk": False,
        "costs": commission(job),
        "sleeves": [
            {
                "strategy": {
                    "python": f"{STRATEGIES}:CrossWithStop",
                    "params": {"fast": job.fast, "slow": job.slow, "invested": job.invested},
                },
                "exits": [{"python": f"{STRATEGIES}:StopBelowEntry", "params": {"fraction": job.stop}}],
            }
        ],
    }


def nearest(task: Task) -> Answer:
    return finished(nearest_to_high(task.job), task.wide)


def cross(task: Task) -> Answer:
    whole_units = [Instrument(symbol=symbol) for symbol in task.frames]
    return finished(cross_with_stop(task.job), task.frames, instruments=whole_units)


def sweep(task: Task) -> Answer:
    params = "sleeves.0.strategy.params."
    points = [{f"{params}top_n": top, f"{params}lookback_bars": window} for top, window in task.points]
    values = sweep_values(nearest_to_high(task.job), points, task.wide, cash=task.job.cash)
    return Answer(tuple(np.asarray(values, dtype=float).tolist()))


SCRIPTS = {
    "a": Script(nearest, "wide"),
    "b": Script(nearest, "wide"),
    "c": Script(cross, "frames"),
    "d": Script(nearest, "wide"),
    "e": Script(sweep, "wide"),
}
