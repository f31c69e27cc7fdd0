"""From DataFrames to a finished run: the doors of tradewind that the jobs go through."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import memory_feed
import pandas as pd
import yaml
from jobs import Answer

from tradewind import backtest, sweep
from tradewind.model import Bars, Instrument


def finished(
    config: Mapping[str, Any], prices: Mapping[str, pd.DataFrame], *, instruments: Sequence[Instrument] = ()
) -> Answer:
    """Run a configuration with its journal on, and take the account's value on every bar."""
    done = backtest(config, prices, instruments=instruments)
    equity, _ = done.equity, done.decision_hash
    return Answer((float(equity.iloc[-1]),), lambda: len(done.fills))


def sweep_values(
    config: Mapping[str, Any], points: Sequence[Mapping[str, Any]], wide: Mapping[str, pd.DataFrame], *, cash: float
) -> list[float]:
    """Run a sweep as `tradewind sweep --jobs 2` does, its folder kept; return the end values in the points' order."""
    close = wide["close"]
    memory_feed.BARS = Bars(
        timestamps=close.index.to_numpy(),
        instruments=tuple(Instrument(symbol=name, lot_size=0.0, calendar="24/5") for name in close.columns),
        fields={name: frame.to_numpy() for name, frame in wide.items()},
    )
    feed = {"python": f"{memory_feed.__file__}:MemoryFeed"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sweep.yaml")
        path.write_text(yaml.safe_dump({**config, "data": {"feed": feed}}), encoding="utf-8")
        table = sweep(path, points=points, jobs=2, sweeps_directory=Path(folder, "sweeps")).points
    return (cash * (1.0 + table.sort_values("point")["total_return"])).tolist()
