"""Positions at their worst, against every way in which orders under way can end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tradewind.engine.worst import worst_of


@pytest.mark.parametrize(
    ("held", "now", "ending", "worst"),
    [
        (10.0, 10.0, [], 10.0),
        (10.0, 4.0, [], 10.0),
        (4.0, 10.0, [], 10.0),
        (4.0, 4.0, [6.0], 10.0),
        (10.0, 10.0, [-6.0], 10.0),
        (4.0, 4.0, [-6.0], -4.0),
        (-4.0, -4.0, [6.0], -4.0),
        (4.0, 4.0, [3.0, 3.0], 10.0),
        (4.0, 4.0, [-3.0, 3.0], 7.0),
        (0.0, 10.0, [5.0], 15.0),
    ],
)
def test_a_position_counts_as_the_larger_of_what_it_may_become(held, now, ending, worst):
    assert worst_of(np.array([held]), np.array([now]), [(0, one) for one in ending]).tolist() == [worst]


@pytest.mark.parametrize("seed", range(50))
def test_nothing_that_can_happen_is_larger(seed):
    rng = np.random.default_rng(seed)
    held, now = rng.integers(-9, 10, (2, 4)).astype(float)
    ending = [(int(rng.integers(4)), float(rng.integers(-9, 10))) for _ in range(rng.integers(5))]
    worst = worst_of(held, now, ending)
    for filled in itertools.product([False, True], repeat=len(ending)):
        for base in (held, now):
            possible = base.copy()
            for (column, coming), happens in zip(ending, filled, strict=True):
                possible[column] += coming * happens
            assert (abs(possible) <= abs(worst)).all()
            assert (worst[possible < 0.0] <= 0.0).all()
