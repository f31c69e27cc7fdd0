"""Compare a scenario on Backtrader's Cerebro and on ours, exactly."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtrader.recording import Recording, Scenario, record
from tradewind.engine import Cerebro

CASES = {
    "order types": 300,
    "brackets and one-cancels-other": 200,
    "targets and sizers": 250,
    "late starts, halts and ends": 250,
    "other feeds": 200,
    "weeks of days": 100,
    "several strategies": 120,
    "costs": 250,
    "margin and interest": 200,
    "broker rules": 200,
    "ways to run": 250,
    "indicators": 150,
    "reports": 120,
}
SOAK_TIMES = 20
TOO_SHORT = ("IndexError: array index out of range", "IndexError: array assignment index out of range")


def cases(name: str) -> pytest.MarkDecorator:
    """Return the numbers of cases for a test: those of every run, and those of the soak."""
    few = CASES[name]
    return pytest.mark.parametrize(
        "count",
        [
            pytest.param(few, marks=pytest.mark.timeout(900)),  # time to shrink a failure to a readable one
            pytest.param(SOAK_TIMES * few, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
        ],
    )


def check(scenarios: st.SearchStrategy[Scenario], count: int) -> None:
    """Run `count` scenarios on both Cerebros; fail on the first fact that differs.

    Fails also if fewer than `count` were compared.
    """
    compared = 0

    @settings(max_examples=count, suppress_health_check=list(HealthCheck), print_blob=False)
    @given(scenarios)
    def compare(scenario: Scenario) -> None:
        nonlocal compared
        same(scenario)
        compared += 1

    compare()
    assert compared >= count, f"only {compared} of {count} cases ran"


def same(scenario: Scenario) -> None:
    """Fail with the first fact in which the two runs differ."""
    stock, ours = record(bt.Cerebro, scenario), record(Cerebro, scenario)
    found = difference_of(stock, ours)
    assert found is None, found


def difference_of(stock: Recording, ours: Recording) -> str | None:
    """Return where two recordings first differ, or None."""
    for number, (left, right) in enumerate(zip(stock.events, ours.events, strict=False)):
        found = difference(left, right, f"event {number} ({left['event']})")
        if found:
            return found
    return (
        difference(len(stock.events), len(ours.events), "number of events")
        or error_difference(stock.error, ours.error)
        or difference(stock.end, ours.end, "end")
    )


def error_difference(stock: str | None, ours: str | None) -> str | None:
    """Return the difference of two errors; where Backtrader reads past a shorter feed, any error of ours will do."""
    if stock in TOO_SHORT and ours is not None:
        return None
    return difference(stock, ours, "error")


def difference(stock: Any, ours: Any, place: str) -> str | None:
    """Return where two values first differ: types count, NaN equals NaN, nothing is rounded."""
    if type(stock) is not type(ours):
        return f"{place}: {type(stock).__name__} {stock!r} on Backtrader, {type(ours).__name__} {ours!r} on tradewind"
    if isinstance(stock, dict):
        return difference(list(stock), list(ours), f"{place} keys") or first(
            difference(value, ours[key], f"{place} > {key}") for key, value in stock.items()
        )
    if isinstance(stock, list | tuple):
        if len(stock) != len(ours):
            return f"{place}: {len(stock)} items on Backtrader, {len(ours)} on tradewind: {stock!r} | {ours!r}"
        return first(
            difference(left, right, f"{place}[{number}]")
            for number, (left, right) in enumerate(zip(stock, ours, strict=True))
        )
    if stock == ours or (stock != stock and ours != ours):
        return None
    return f"{place}: {stock!r} on Backtrader, {ours!r} on tradewind"


def first(found: Any) -> str | None:
    return next((place for place in found if place), None)
