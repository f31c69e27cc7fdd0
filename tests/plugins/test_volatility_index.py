"""A volatility index that has died: the benchmark is looked at instead."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.test_breakers import ACTIVE, HALTED, NAN, REDUCE_ONLY, path_of, view, views_of
from tradewind.contracts import Reading
from tradewind.model.typing import FloatArray
from tradewind_plugins.breakers import VolatilitySpike

WILD = 100.0 * np.cumprod(1.0 + 0.08 * np.where(np.arange(60) % 2, 1.0, -1.0))
CALM = 100.0 + np.arange(60) % 2


def readings(vix: FloatArray, benchmark: FloatArray | None = None, bars_a_day: int = 1) -> list[Reading]:
    breaker = VolatilitySpike()
    closes = {} if benchmark is None else {"benchmark": benchmark}
    seen = []
    for bar in range(len(vix)):
        now = {role: float(values[bar]) for role, values in {"vix": vix, **closes}.items()}
        seen.append(breaker.observe(view(bar, day=bar // bars_a_day, references=now)))
    return seen


def test_an_index_without_a_value_leaves_it_to_the_benchmark() -> None:
    seen = readings(np.full(60, NAN), WILD)
    assert [one.standing for one in seen] == [ACTIVE] * 20 + [HALTED] * 40
    assert seen[-1].text.startswith("volatility of the benchmark 130")


def test_an_index_that_stands_still_for_five_days_is_dead_until_it_moves() -> None:
    vix = np.linspace(15.0, 16.0, 60)
    vix[30:40] = vix[30]
    assert [bar for bar, one in enumerate(readings(vix, WILD)) if one.standing is not ACTIVE] == [35, 36, 37, 38, 39]


def test_a_dead_index_that_was_high_does_not_hold_the_account() -> None:
    vix = np.append(np.linspace(44.0, 45.0, 30), np.full(30, 45.0))
    standings = [one.standing for one in readings(vix, CALM)]
    assert standings == [REDUCE_ONLY] * 34 + [ACTIVE] * 26


def test_the_last_value_stands_where_there_is_no_benchmark() -> None:
    assert {one.standing for one in readings(np.full(30, 45.0))} == {REDUCE_ONLY}


def test_an_index_of_days_is_not_dead_because_bars_are_of_minutes() -> None:
    vix = np.repeat([31.0, 32.0, 33.0], 20)
    assert all("vix" in one.text for one in readings(vix, CALM, bars_a_day=20))


@given(
    values=st.lists(st.sampled_from([NAN, 20.0, 29.0, 31.0]), min_size=1, max_size=8),
    lengths=st.lists(st.integers(1, 9), min_size=8, max_size=8),
    seed=st.integers(0, 999),
    bars_a_day=st.integers(1, 3),
    before=st.integers(0, 40),
    scale=st.sampled_from([0.002, 0.017, 0.02]),
)
def test_bars_ahead_are_judged_as_they_are_one_by_one(
    values: list[float], lengths: list[int], seed: int, bars_a_day: int, before: int, scale: float
) -> None:
    vix = np.concatenate([np.full(length, value) for value, length in zip(values, lengths, strict=False)])
    vix = np.append(np.full(before, 20.0), vix)
    closes = 100.0 * np.cumprod(1.0 + np.random.default_rng(seed).normal(0.0, scale, len(vix)))
    breaker = VolatilitySpike()
    whole = path_of(start=-1, days=np.arange(len(vix)) // bars_a_day, references={"vix": vix, "benchmark": closes})
    for one in views_of(whole)[:before]:
        breaker.observe(one)
    rest: dict[str, Any] = {role: column[before:] for role, column in whole.references.items()}
    path = path_of(start=before - 1, days=whole.days[before:], references=rest)
    stepped, quiet = copy.deepcopy(breaker), 0
    for one in views_of(path):
        if stepped.observe(one).standing is not ACTIVE:
            break
        quiet += 1
    assert breaker.quiet(path) == quiet
    for bars in (quiet, quiet // 2):
        jumped, stepped = copy.deepcopy(breaker), copy.deepcopy(breaker)
        jumped.pass_over(path, bars)
        for one in views_of(path)[:bars]:
            stepped.observe(one)
        assert jumped.state() == stepped.state()
        restored = VolatilitySpike()
        restored.restore(jumped.state())
        assert restored.quiet(path) == jumped.quiet(path)


@pytest.mark.parametrize("role", ["vix", "vxn"])
def test_its_index_may_have_another_name(role: str) -> None:
    breaker = VolatilitySpike(role=role)
    assert breaker.observe(view(references={role: 45.0})).text.startswith(f"{role} 45")
