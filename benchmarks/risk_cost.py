"""Measure what gates and breakers cost a backtest: `python benchmarks/risk_cost.py [--repeats 5] [--job a]`.

The jobs (a) and (b) of `jobs.md`, with every default gate and breaker on and none switched off, but no breaker near its
level, against `risk: off`. Processor time, the lowest of the repeats, turn about; decisions must be equal.

On a machine that others use, time says little; instructions say more. `--only off,on` runs just these, one after the
other: what `off,off` and `off,on` execute beyond `off`, under `valgrind --tool=cachegrind --cache-sim=no`, is the cost.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "peers" / "tradewind")]

from jobs import JOBS, load_task, write_prices  # noqa: E402 the path comes first

import tradewind  # noqa: E402

FAR = {
    "gates": [
        {"name": "price_collar", "params": {"jump": 10.0}},
        {"name": "total_allocation", "params": {"maximum": 2.0}},
    ],
    "breakers": [
        {"name": "drawdown", "params": {"warn": 0.97, "halt": 0.98, "kill": 0.99}},
        {"name": "daily_loss", "params": {"warn": 0.97, "halt": 0.98, "kill": 0.99}},
        {"name": "losing_streak", "params": {"trades": 1_000_000}},
    ],
}


def idea(job: Any, risk: object) -> dict[str, Any]:
    free = dict.fromkeys(("spread_tight_bp", "spread_wide_bp", "slippage_bp", "impact_coefficient"), 0.0)
    return {
        "account": {"cash": job.cash, "cash_buffer": 0.0},
        "rebalance": {"drift_threshold": job.drift_threshold},
        "costs": {"name": "us_equity", "params": {"commission_bp": job.commission * 1e4, **free}},
        "sleeves": [
            {
                "strategy": {
                    "name": "high_52w",
                    "params": {"top_n": job.top, "lookback_bars": job.window, "schedule": job.schedule},
                },
                "sizer": {"name": "equal_weight", "params": {"budget": job.invested}},
            }
        ],
        "risk": risk,
    }


def measured(job: Any, prices: Any, risk: object) -> tuple[float, Any]:
    begun = time.process_time()
    result = tradewind.backtest(idea(job, risk), prices)
    _ = result.final_equity
    return time.process_time() - begun, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--job", choices=["a", "b"], action="append")
    parser.add_argument("--only", default="", help="measure nothing, run these: off,on")
    chosen = parser.parse_args()
    for name in chosen.job or ["a", "b"]:
        job = JOBS[name]
        with tempfile.TemporaryDirectory() as folder:
            write_prices(Path(folder), job, job.full)
            prices = load_task(Path(folder), job, "wide", ()).wide
        for word in filter(None, chosen.only.split(",")):
            measured(job, prices, FAR if word == "on" else False)
        if chosen.only:
            continue
        times: dict[str, list[float]] = {"off": [], "on": []}
        results = {}
        for _ in range(chosen.repeats):
            for word, risk in (("off", False), ("on", FAR)):
                seconds, results[word] = measured(job, prices, risk)
                times[word].append(seconds)
        off, on = min(times["off"]), min(times["on"])
        middle = statistics.median(one / other for other, one in zip(times["off"], times["on"], strict=True))
        equal = results["off"].decision_hash == results["on"].decision_hash
        orders = len(results["off"].orders)
        print(
            f"({name}) off {off:.3f} s, on {on:.3f} s: {100.0 * (on / off - 1.0):+.1f} %, "
            f"median of neighbours {100.0 * (middle - 1.0):+.1f} %, "
            f"{1e6 * (on - off) / orders:.2f} us an order of {orders:,}; decisions {'equal' if equal else 'DIFFER'}"
        )
        print(results["on"].warnings)


if __name__ == "__main__":
    main()
