"""Losses, drawdowns and what of them lies beyond the limit, from accounts made by hand."""

import numpy as np
import pytest

from tests.research.drill.stages import trial_of
from tradewind.research.drill.outcome import actions, beyond_kill, loss_of

TIMES = np.arange("2024-01-01", "2024-02-01", dtype="datetime64[D]").astype("datetime64[ns]")


def test_the_loss_is_of_the_equity_at_the_shock_and_the_drawdown_from_the_highest_before():
    found = loss_of(trial_of([100.0, 125.0, 120.0, 90.0, 96.0], orders=[0, 3, 3]), 2)
    assert found.equity == 120.0
    assert found.loss == pytest.approx(0.2)
    assert found.drawdown == pytest.approx(35.0 / 125.0)
    # A fall that was over before counts for nothing.
    assert loss_of(trial_of([100.0, 20.0, 100.0, 90.0]), 2).drawdown == pytest.approx(0.1)
    assert found.orders == 2


def test_what_was_done_on_ordinary_prices_too_did_not_act_on_the_drill():
    usual = trial_of(
        [1.0] * 9, rulings=[(4, "position_size", "position_size")], standings=[(5, "active", "reduced", "b")]
    )
    drill = trial_of(
        [1.0] * 9,
        rulings=[(4, "position_size", "position_size"), (6, "price_collar", "price_collar"), (6, "standing", "halted")],
        standings=[(5, "active", "reduced", "b"), (6, "reduced", "halted", "c"), (8, "halted", "active", "cool_down")],
    )
    found = actions(drill, usual, 2, TIMES)
    # The breakers look at a bar before its orders are made.
    assert [(one.kind, one.name, one.code, one.bars_after) for one in found] == [
        ("breaker", "c", "halted", 4),
        ("gate", "price_collar", "price_collar", 4),
    ]
    assert (found[0].date, found[0].text) == ("2024-01-07", "c did it")


def test_nothing_before_the_shock_counts():
    drill = trial_of([1.0] * 9, rulings=[(2, "symbol", "symbol")], standings=[(1, "active", "killed", "b")])
    assert actions(drill, trial_of([1.0] * 9), 2, TIMES) == ()


KILLED = [(3, "active", "killed", "drawdown")]


@pytest.mark.parametrize(
    ("equity", "standings", "fills", "expected"),
    [
        # Tripped at 20 %, sold at 26 %: 5 % lost in one bar beyond 15 %, 6 % until the fills.
        ([100, 100, 98, 80, 74, 74], KILLED, [(4, "flatten")], (0.11, 0.05, 0.06, 0.0)),
        # Another breaker tripped at 10 %; the gap went through the limit.
        ([100, 100, 98, 90, 80, 80], KILLED, [(4, "flatten")], (0.05, 0.0, 0.05, 0.0)),
        # Nothing was sold.
        ([100, 100, 98, 84, 80, 70], KILLED, [], (0.15, 0.01, 0.0, 0.14)),
        # Other orders' fills are no reaction.
        ([100, 100, 98, 84, 80, 80], KILLED, [(4, "rebalance")], (0.05, 0.01, 0.0, 0.04)),
        # Nobody acted.
        ([100, 100, 98, 84, 80, 80], [], [], (0.05, 0.0, 0.0, 0.05)),
    ],
)
def test_the_part_beyond_the_kill_limit_is_explained(equity, standings, fills, expected):
    found = beyond_kill(trial_of(equity, standings=standings, fills=fills), 2, 0.15)
    assert (found.excess, found.jump, found.gap, found.rest) == pytest.approx(expected)


def test_a_drawdown_within_the_limit_or_without_one_is_not_beyond_it():
    assert beyond_kill(trial_of([100, 100, 90, 85, 85]), 2, 0.15) is None
    assert beyond_kill(trial_of([100, 100, 90, 10, 10]), 2, None) is None
