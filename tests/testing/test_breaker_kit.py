"""The kit for breakers: what is built in passes, and each planted fault is caught by its test."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.testing.examining import examine, test_names
from tests.testing.mutants_breaker import MUTANTS, Plain, Sound
from tradewind.testing import BreakerKit
from tradewind.testing.kits.failure import KitFailureError


class TestDrawdown(BreakerKit):
    plugin = "drawdown"


class TestDailyLoss(BreakerKit):
    plugin = "daily_loss"


class TestVolatilitySpike(BreakerKit):
    plugin = "volatility_spike"


class TestRealisedVolatility(BreakerKit):
    plugin = "volatility_spike"
    params = {"role": "vxn", "warn": 20.0}  # noqa: RUF012 as authors write it


class TestLosingStreak(BreakerKit):
    plugin = "losing_streak"


class TestErrorRate(BreakerKit):
    plugin = "error_rate"
    params = {"minimum_orders": 5, "orders": 8}  # noqa: RUF012 as authors write it


class TestStaleData(BreakerKit):
    plugin = "stale_data"


class TestConfidenceFloor(BreakerKit):
    plugin = "confidence_floor"


@pytest.mark.parametrize("name", test_names(BreakerKit))
@pytest.mark.parametrize("breaker", [Sound, Plain])
def test_a_class_without_a_fault_passes(breaker: type[Any], name: str) -> None:
    if breaker is Plain and ("quiet" in name or "passed_over" in name or "kill" in name):
        with pytest.raises(pytest.skip.Exception) if "who_can_say" not in name else contextlib.nullcontext():
            examine(BreakerKit, breaker, name)
        return
    examine(BreakerKit, breaker, name)


@pytest.mark.parametrize(("mutant", "test", "message"), MUTANTS, ids=[mutant.__name__ for mutant, *_ in MUTANTS])
def test_a_planted_fault_is_caught(mutant: type[Any], test: str, message: str) -> None:
    with pytest.raises(KitFailureError, match=message):
        examine(BreakerKit, mutant, test)
