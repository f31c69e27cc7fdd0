"""Whole runs of the ready strategies on bars made in the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tradewind_strategies
from tests.engine.helpers import TestPlugins
from tradewind.config.plan import Plan
from tradewind.engine.assemble import Builder, run_session
from tradewind.engine.session import Session
from tradewind.model import Bars
from tradewind.registry import Registry


def run(
    strategy: str, bars: Bars, *, sizer: str | None = "ninety", stream: bool = False, plan: Any = None, **params: Any
) -> Session:
    registry = Registry.load(only=("gates", "breakers"))
    registry.register(TestPlugins(bars), "tests")
    registry.register(tradewind_strategies, "strategies")
    assert not registry.broken, registry.broken
    sleeve: dict[str, Any] = {"strategy": {"name": strategy, "params": params}}
    if sizer is not None:
        sleeve["sizer"] = sizer
    made = Plan.model_validate({"data": {"feed": "fixed"}, "risk": False, "sleeves": [sleeve], **(plan or {})})
    return run_session(Builder(made, registry, Path()), bars, rows=bars.rows() if stream else None)


def orders_of(session: Session) -> list[tuple[int, str, float]]:
    tables = session.ledger.recorder.tables(session.panel.timestamps, None)
    return [tuple(row) for row in tables["orders"][["bar", "symbol", "quantity"]].itertuples(index=False)]
