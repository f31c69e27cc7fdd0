"""What looking for look-ahead beside a backtest costs: processor time with and without, in turns.

Usage: python benchmarks/verify_cost.py [REPEATS]
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from main_job import ROOT, measure

CONFIGS = ("quickstart", "high_52w", "regime_adaptive", "my_strategy", "backtrader_sma")
WIDE_FEED = '''
import dataclasses

import exchange_calendars
import numpy as np
from tradewind.testing import make_bars


class Wide:
    """500 symbols, 2,520 daily bars."""

    def history(self, request):
        steps = np.random.default_rng(1).normal(0.0003, 0.02, (2520, 500))
        close = 50.0 * np.exp(np.cumsum(steps, axis=0))
        bars = make_bars(close, open=close * 0.999, high=close * 1.01, low=close * 0.99, volume=close * 1e5)
        sessions = exchange_calendars.get_calendar("XNYS").sessions_in_range("2010-01-04", "2020-12-31")[:2520]
        return dataclasses.replace(bars, timestamps=sessions.to_numpy(dtype="datetime64[ns]"))
'''
WIDE = """
name: wide
data: {feed: {python: "./wide.py:Wide"}}
strategy: {name: momentum, params: {top_n: 10}}
sizer: equal_weight
costs: us_equity
"""


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, lowest of {repeats}\n")
    print("| configuration | without, s | with, s | more | cuts | on decisions |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "wide.py").write_text(WIDE_FEED)
        (folder / "wide.yaml").write_text(WIDE)
        paths = [ROOT / "configs" / f"{name}.yaml" for name in CONFIGS]
        for path in (*paths, folder / "wide.yaml"):
            shown(path, folder / "runs" / path.stem, repeats)


def shown(path: Path, runs: Path, repeats: int) -> None:
    times: dict[str, list[float]] = {"--no-verify": [], "--verify": []}
    for _ in range(repeats):
        for option, taken in times.items():
            taken.append(measure(["run", str(path), "--no-reports", option], str(runs))["cpu"])
    without, looked = (min(taken) for taken in times.values())
    verdicts = [json.loads(file.read_text())["verification"] for file in runs.glob("*/result.json")]
    cuts, decisions = (statistics.median(one[key] for one in verdicts if one) for key in ("cuts", "decisions"))
    row = f"{without:.2f} | {looked:.2f} | {looked / without - 1.0:+.1%} | {cuts:g} | {decisions:g}"
    print(f"| {path.stem} | {row} |", flush=True)


if __name__ == "__main__":
    main()
