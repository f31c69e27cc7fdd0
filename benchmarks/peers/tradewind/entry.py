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

import tradewind
from tradewind.config.plan import Plan
from tradewind.engine.assemble import Builder
from tradewind.model import Bars, Instrument
from tradewind.registry import Registry
from tradewind.runs.execute import run_over


def bars_of(wide: Mapping[str, pd.DataFrame], lot_size: float) -> Bars:
    close = wide["close"]
    return Bars(
        timestamps=close.index.to_numpy(),
        instruments=tuple(Instrument(symbol=symbol, lot_size=lot_size, calendar="24/5") for symbol in close.columns),
        fields={name: frame.to_numpy() for name, frame in wide.items()},
    )


def backtest(config: Mapping[str, Any], wide: Mapping[str, pd.DataFrame], *, lot_size: float, directory: Path) -> Any:
    plan = Plan.model_validate({"data": {"feed": "sample"}, **config})
    return run_over(Builder(plan, Registry.load(), directory), bars_of(wide, lot_size))


def account_value(session: Any) -> Answer:
    tables = session.ledger.recorder.tables(session.panel.timestamps, None)
    session.ledger.journal.decision_hash  # noqa: B018 the journal is on
    return Answer((float(tables["equity"]["equity"].iloc[-1]),), lambda: len(tables["fills"]))


def sweep_values(
    config: Mapping[str, Any], points: Sequence[Mapping[str, Any]], wide: Mapping[str, pd.DataFrame], *, cash: float
) -> list[float]:
    memory_feed.BARS = bars_of(wide, 0.0)
    feed = {"python": f"{memory_feed.__file__}:MemoryFeed"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sweep.yaml")
        path.write_text(yaml.safe_dump({**config, "data": {"feed": feed}}), encoding="utf-8")
        table = tradewind.sweep(path, points=points, jobs=2, sweeps_directory=None).points
    return (cash * (1.0 + table.sort_values("point")["total_return"])).tolist()
