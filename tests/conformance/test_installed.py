"""Every kit over every installed plugin, the built-in ones included: each must be found sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind.registry import Registry
from tradewind.testing.installed import KITS, kit_of, kit_of_installed

_MORE: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("strategy", "momentum", {"short_leg": True, "top_n": 2}),
    ("strategy", "moving_average_cross", {"fast_bars": 5, "slow_bars": 20, "weight": 0.1}),
    ("strategy", "high_52w", {"lookback_bars": 60, "schedule": "weekly", "top_n": 2}),
    ("strategy", "low_correlation", {"lookback_bars": 40, "schedule": "daily", "correlation_cap": 1.0}),
    ("regime", "composite", {"extra_labels": ["volatile", "sideways"], "fast_days": 10, "slow_days": 40}),
    ("regime", "threshold", {"average_days": 20}),
    ("sizer", "fixed_risk", {"atr_multiple": 2.0}),
    ("sizer", "kelly", {"estimate_bars": 20, "floor": 0.0}),
    ("sizer", "volatility_target", {"lookback_bars": 10, "max_weight": 0.2, "budget": 0.5}),
    ("exit", "atr_stop", {"anchor": "best_close", "multiple": 1.0}),
    ("exit", "stop_loss", {"resting": True}),
    ("exit", "take_profit", {"resting": True}),
    ("exit", "trailing_stop", {"resting": True, "fraction": 0.02}),
    ("exit", "trailing_stop", {"fraction": 0.02}),
    ("exit", "time_stop", {"bars": 3}),
    ("factor", "sma", {"bars": 3, "field": "volume"}),
    ("factor", "ema", {"bars": 1}),
    ("factor", "macd", {"output": "signal"}),
    ("factor", "rolling_high", {"bars": 5, "field": "high"}),
)
"""Further parameters of the built-in plugins."""


def _kits() -> dict[str, type]:
    registry = Registry.load()
    made = [kit_of_installed(registry, one) for one in registry.plugins()]
    made += [
        kit_of(kind, name, params, f"Test{kind.title()}{name.title().replace('_', '')}Variant{number}")
        for number, (kind, name, params) in enumerate(_MORE)
    ]
    made.append(
        kit_of(
            "sizer",
            "kelly",
            {"joint": True, "estimate_bars": 60},
            "TestSizerKellyJoint",
            refuses={"crowd": "Score fewer, raise it, or set joint: false"},
        )
    )
    return {kit.__name__: kit for kit in made}


globals().update(_kits())


def test_every_kind_with_a_kit_has_an_installed_plugin() -> None:
    registry = Registry.load()
    assert {one.kind for one in registry.plugins()} >= set(KITS)
    assert not registry.broken
