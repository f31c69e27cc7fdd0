"""Jumping to the next event and visiting every bar give equal results, and so does a stream of the same bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.config.plan import Plan
from tradewind.engine.assemble import Builder, run_session
from tradewind.engine.session import Session
from tradewind.errors import PluginError
from tradewind.model import Bars, Signals
from tradewind.registry import Registry
from tradewind.testing import make_bars

REGISTRY = Registry.load()

STRATEGIES: list[Any] = [
    {"name": "moving_average_cross", "params": {"fast_bars": 2, "slow_bars": 5}},
    {"name": "moving_average_cross", "params": {"fast_bars": 3, "slow_bars": 9, "weight": 0.3}},
    {"name": "buy_and_hold"},
    {"name": "high_52w", "params": {"top_n": 2, "lookback_bars": 6, "schedule": "weekly"}},
    {"name": "high_52w", "params": {"top_n": 1, "lookback_bars": 4, "schedule": "monthly"}},
    {"name": "momentum", "params": {"top_n": 2}},
]
EXITS: list[Any] = [
    {"name": "stop_loss", "params": {"fraction": 0.03}},
    {"name": "stop_loss", "params": {"fraction": 0.05, "resting": True}},
    {"name": "trailing_stop", "params": {"fraction": 0.06}},
    {"name": "trailing_stop", "params": {"fraction": 0.08, "resting": True}},
    {"name": "take_profit", "params": {"fraction": 0.04}},
    {"name": "take_profit", "params": {"fraction": 0.07, "resting": True}},
    {"name": "time_stop", "params": {"bars": 7}},
    {"name": "atr_stop", "params": {"multiple": 1.5, "bars": 4}},
    {"name": "atr_stop", "params": {"multiple": 2.0, "bars": 3, "anchor": "best_close"}},
]


class Universe(NamedTuple):
    """One to four symbols with late starts, halts and early ends; a failing example prints as short as this."""

    seed: int
    bars: int
    starts: tuple[int, ...]
    """First bar of each symbol."""
    ends: tuple[int, ...]
    """Bars missing at the end of each symbol."""
    halted: float
    """Part of the bars on which a symbol is halted."""

    def make(self) -> Bars:
        generator = np.random.default_rng(self.seed)
        shape = (self.bars, len(self.starts))
        close = 50.0 * np.exp(np.cumsum(generator.normal(0.0, 0.025, shape), axis=0))
        open_ = close * np.exp(generator.normal(0.0, 0.01, shape))
        high = np.maximum(open_, close) * np.exp(np.abs(generator.normal(0.0, 0.01, shape)))
        low = np.minimum(open_, close) * np.exp(-np.abs(generator.normal(0.0, 0.01, shape)))
        missing = generator.random(shape) < self.halted
        for column, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            missing[:start, column] = True
            missing[self.bars - end :, column] = True
        fields = {"open": open_, "high": high, "low": low, "volume": generator.uniform(1e4, 1e6, shape)}
        for values in (close, *fields.values()):
            values[missing] = np.nan
        return make_bars(close, **fields)


@st.composite
def universes(draw: st.DrawFn) -> Universe:
    """Draw a universe whose first symbol is always there."""
    bars, others = draw(st.integers(20, 90)), draw(st.integers(0, 3))
    return Universe(
        seed=draw(st.integers(0, 2**32 - 1)),
        bars=bars,
        starts=(0, *(draw(st.integers(0, bars // 2)) for _ in range(others))),
        ends=(0, *(draw(st.integers(0, bars // 3)) for _ in range(others))),
        halted=draw(st.sampled_from([0.0, 0.0, 0.05])),
    )


NERVOUS = {
    "breakers": [
        {"name": "drawdown", "params": {"warn": 0.01, "halt": 0.02, "kill": 0.04}},
        {"name": "daily_loss", "params": {"warn": 0.005, "halt": 0.01, "kill": 0.05}},
    ],
    "cool_down_bars": 3,
    "rearm_after_bars": 5,
    "on_kill": "flatten",
}
RISKS: tuple[Any, ...] = (False, {}, NERVOUS)


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    sleeves = []
    for number in range(draw(st.integers(1, 2))):
        strategy = draw(st.sampled_from(STRATEGIES))
        exits = draw(st.lists(st.sampled_from(EXITS), max_size=2, unique_by=lambda one: one["name"]))
        if sum(one["params"].get("resting", False) for one in exits) > 1:
            exits = exits[:1]
        sleeve: dict[str, Any] = {"name": f"s{number}", "strategy": strategy, "exits": exits, "share": 0.5}
        if strategy["name"] != "moving_average_cross":
            sleeve["sizer"] = {"name": "equal_weight"}
        sleeves.append(sleeve)
    plan: dict[str, Any] = {"data": {"feed": "sample"}, "account": {"cash": 10_000.0}, "sleeves": sleeves}
    plan["risk"] = draw(st.sampled_from(RISKS))
    if draw(st.booleans()):
        plan["costs"] = "us_equity"
    if draw(st.booleans()):
        plan["exchange"] = {"volume_limit": 0.001}
    if draw(st.integers(0, 3)) == 0:
        plan["regime"] = {"detector": {"name": "threshold", "params": {}}, "confirmation_days": 2}
        for sleeve in sleeves:
            sleeve["share"] = {"bull": 0.5, "bear": 0.2, "crash": 0.0, "neutral": 0.4}
    return plan


def executed(plan: dict[str, Any], bars: Bars, **options: Any) -> tuple[Session, list[int]]:
    visited: list[int] = []

    def on_bar(bar: int) -> bool:
        visited.append(bar)
        return True

    builder = Builder(Plan.model_validate(plan), REGISTRY, Path())
    return run_session(builder, bars, on_bar=on_bar, **options), visited


def require_equal(one: Session, other: Session) -> None:
    assert one.ledger.journal.records == other.ledger.journal.records
    assert one.ledger.journal.decision_hash == other.ledger.journal.decision_hash
    left, right = (run.ledger.recorder.tables(run.panel.timestamps, None) for run in (one, other))
    for name in left:
        pd.testing.assert_frame_equal(left[name], right[name], check_exact=True)
    assert one.ledger.warnings == other.ledger.warnings


@settings(max_examples=120)
@given(universes(), plans())
def test_jumping_visiting_and_streaming_are_equal(universe: Universe, plan: dict[str, Any]) -> None:
    bars = universe.make()
    if "regime" in plan:
        labels = Builder(Plan.model_validate(plan), REGISTRY, Path()).create(
            "regime", Plan.model_validate(plan).regime.detector, "regime"
        )
        for sleeve in plan["sleeves"]:
            sleeve["share"] = dict(zip(labels.labels, (0.5, 0.2, 0.0, 0.4), strict=False))
    jumping, _ = executed(plan, bars)
    visiting, visited = executed(plan, bars, jumps=False)
    streaming, _ = executed(plan, bars, rows=bars.rows())
    assert visited == list(range(len(bars)))
    require_equal(jumping, visiting)
    require_equal(jumping, streaming)


def rising(bars: int) -> Bars:
    close = 100.0 + np.arange(bars)[:, np.newaxis] / 10.0
    return make_bars(close, open=close, high=close + 0.01, low=close - 0.01)


def test_only_bars_with_events_are_visited() -> None:
    plan = {
        "data": {"feed": "sample"},
        "sleeves": [
            {
                "strategy": {"name": "high_52w", "params": {"top_n": 1, "lookback_bars": 2}},
                "sizer": "equal_weight",
                "exits": [{"name": "stop_loss", "params": {"resting": True}}],
            }
        ],
    }
    session, visited = executed(plan, rising(2_000))
    assert 92 * 1 < len(visited) < 92 * 3  # 92 months, and the bar after each for its fills
    assert session.ledger.recorder.bars == 2_000


def test_a_trailing_stop_is_found_where_it_is_hit_far_ahead() -> None:
    close = np.concatenate([np.linspace(100.0, 300.0, 1_500), np.linspace(300.0, 250.0, 500)])[:, np.newaxis]
    bars = make_bars(close, open=close, high=close, low=close)
    sleeve = {"strategy": "buy_and_hold", "sizer": "equal_weight"}
    sleeve["exits"] = [{"name": "trailing_stop", "params": {"fraction": 0.1}}]
    session, visited = executed({"data": {"feed": "sample"}, "risk": False, "sleeves": [sleeve]}, bars)
    hit = int(np.flatnonzero(close[:, 0] <= 0.9 * np.maximum.accumulate(close[:, 0]))[0])
    sold = session.ledger.recorder.tables(bars.timestamps, None)["fills"].iloc[-1]
    assert (sold["bar"], sold["quantity"] < 0.0) == (hit + 1, True)
    assert hit in visited
    assert len(visited) < 10


class Eager:
    """Foresees nothing that lies ahead."""

    def on_bar(self, market: Any, portfolio: Any) -> Signals | None:
        return None

    def next_event(self, path: Any) -> Any:
        return path.bar


def test_an_event_that_does_not_lie_ahead_names_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry.load()
    monkeypatch.setattr(registry, "create", lambda *_, **__: Eager())
    builder = Builder(
        Plan.model_validate({"data": {"feed": "sample"}, "risk": False, "sleeves": [{"strategy": "buy_and_hold"}]}),
        registry,
        Path(),
    )
    with pytest.raises(
        PluginError, match=r"Eager.next_event returned 0 at bar 0; expected the number of a bar after it"
    ):
        run_session(builder, rising(10))
