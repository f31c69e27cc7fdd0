"""The kit for cost models: what is built in passes, and each planted fault is caught by its test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.examining import examine, run_kit
from tests.testing.mutants_cost import MUTANTS, Sound
from tradewind.testing import CostKit
from tradewind.testing.kits.failure import KitFailureError


class TestUsEquity(CostKit):
    plugin = "us_equity"


class TestPerShare(CostKit):
    plugin = "us_equity"
    params = {"commission": "per_share"}  # noqa: RUF012 as authors write it


class TestPerOrder(CostKit):
    plugin = "us_equity"
    params = {"commission": "per_order", "impact_coefficient": 0.0}  # noqa: RUF012 as authors write it


class TestFree(CostKit):
    plugin = "us_equity"
    params = dict.fromkeys(
        ("commission_bp", "spread_tight_bp", "spread_wide_bp", "slippage_bp", "impact_coefficient"), 0.0
    )


def test_a_class_without_a_fault_passes() -> None:
    assert len(run_kit(CostKit, Sound)) >= 15


@pytest.mark.parametrize(("mutant", "test", "message"), MUTANTS, ids=[mutant.__name__ for mutant, *_ in MUTANTS])
def test_a_planted_fault_is_caught(mutant: type[Any], test: str, message: str) -> None:
    with pytest.raises(KitFailureError, match=message):
        examine(CostKit, mutant, test)
