"""The ladder: what breakers ask for lasts as long as it must, and a kill until somebody re-arms it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tradewind.contracts import BreakerPath, BreakerView, Reading
from tradewind.model import Standing
from tradewind.risk.standing import StandingBoard

A, R, RO, H, K = Standing


class Script:
    """Reads what the test wrote for each bar, and notes when it began anew."""

    def __init__(self, readings: Mapping[int, Standing], *, quiet_bars: int = 0) -> None:
        self.readings = readings
        self.rearmed: list[int] = []
        self.cool: list[int] = []
        self.quiet_bars = quiet_bars
        self.passed = 0

    def observe(self, view: BreakerView) -> Reading:
        standing = self.readings.get(view.bar, A)
        return Reading(standing, f"{standing.word} at {view.bar}" if standing else "")

    def rearm(self, view: BreakerView) -> None:
        self.rearmed.append(view.bar)

    def cooled(self, view: BreakerView) -> None:
        self.cool.append(view.bar)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        pass

    def quiet(self, path: BreakerPath) -> int:
        return min(self.quiet_bars, len(path.equity))

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        self.passed += bars


def view(bar: int) -> BreakerView:
    return BreakerView(
        bar=bar,
        time=np.datetime64("2024-01-02", "ns"),
        day=bar,
        equity=100.0,
        closed_trades=(),
        orders=0,
        refused=0,
        fresh=1.0,
        confidence=float("nan"),
        references={},
    )


def path(bars: int) -> BreakerPath:
    nothing = np.full(bars, np.nan)
    return BreakerPath(
        bar=0, days=np.arange(bars), equity=np.full(bars, 100.0), fresh=nothing, confidence=nothing, references={}
    )


def standings(board: StandingBoard, bars: int) -> list[Standing]:
    seen = []
    for bar in range(bars):
        board.observe(view(bar))
        seen.append(board.standing)
    return seen


def test_smaller_sizes_last_as_long_as_they_are_asked_for() -> None:
    board = StandingBoard([("a", Script({1: R, 2: RO, 3: R}))])
    assert standings(board, 5) == [A, R, RO, R, A]


def test_the_strictest_breaker_counts() -> None:
    board = StandingBoard([("mild", Script({0: R, 1: R})), ("strict", Script({1: RO}))])
    assert standings(board, 2) == [R, RO]
    assert (board.by, board.text) == ("strict", "reduce_only at 1")


def test_a_halt_lasts_its_cool_down_and_the_breakers_are_told() -> None:
    script = Script({2: H})
    board = StandingBoard([("a", script)], cool_down_bars=3)
    assert standings(board, 7) == [A, A, H, H, H, A, A]
    assert (script.cool, script.rearmed) == ([5], [])


def test_a_halt_whose_cause_lasts_is_renewed_without_a_gap() -> None:
    board = StandingBoard([("a", Script(dict.fromkeys(range(2, 9), H)))], cool_down_bars=3)
    assert standings(board, 12) == [A, A, *[H] * 9, A]


def test_a_kill_lasts_for_ever() -> None:
    script = Script({1: K})
    board = StandingBoard([("a", script)], cool_down_bars=2)
    assert standings(board, 40) == [A, *[K] * 39]
    assert script.rearmed == []
    assert board.by == "a"


def test_a_backtest_re_arms_a_kill() -> None:
    script = Script({1: K, 2: H})
    board = StandingBoard([("a", script)], cool_down_bars=2, rearm_after_bars=5)
    assert standings(board, 8) == [A, *[K] * 5, A, A]
    assert (script.cool, script.rearmed) == ([], [6])


def test_a_kill_outweighs_a_halt_that_ends() -> None:
    board = StandingBoard([("a", Script({1: H, 2: K}))], cool_down_bars=2)
    assert standings(board, 9) == [A, H, *[K] * 7]


def test_a_kill_by_an_operator_never_ends_by_itself() -> None:
    board = StandingBoard([("a", Script({}))], rearm_after_bars=2)
    board.observe(view(0))
    change = board.command(K, 0, "enough")
    assert change is not None
    assert (change.before, change.after, change.by, change.text) == (A, K, "operator", "enough")
    assert [board.observe(view(bar)) for bar in range(1, 30)] == [None] * 29
    assert board.standing is K


@pytest.mark.parametrize("rearm", [False, True])
def test_resuming_ends_a_pause_and_only_re_arming_ends_a_kill(rearm: bool) -> None:
    script = Script({1: K})
    board = StandingBoard([("a", script)])
    board.command(H, 0, "lunch")
    assert standings(board, 3) == [H, K, K]
    board.resume(rearm=rearm)
    assert board.standing is (A if rearm else K)
    board.observe(view(3))
    assert board.standing is (A if rearm else K)
    assert script.rearmed == ([3] if rearm else [])


def test_an_operators_pause_stays_beside_what_breakers_ask() -> None:
    board = StandingBoard([("a", Script({1: R}))])
    board.command(RO, 0, "careful")
    assert standings(board, 3) == [RO, RO, RO]
    board.resume(rearm=False)
    assert board.standing is A


def test_each_change_is_told_once_with_its_cause() -> None:
    board = StandingBoard([("a", Script({1: R, 2: R, 3: H}))], cool_down_bars=2)
    changes = [board.observe(view(bar)) for bar in range(7)]
    told = [(one.before, one.after, one.by) for one in changes if one is not None]
    assert told == [(A, R, "a"), (R, H, "a"), (H, A, "a")]


@pytest.mark.parametrize(("first", "second", "quiet"), [(5, 9, 5), (9, 9, 6), (0, 9, 0)])
def test_bars_are_passed_over_as_far_as_every_breaker_allows(first: int, second: int, quiet: int) -> None:
    scripts = [Script({}, quiet_bars=first), Script({}, quiet_bars=second)]
    board = StandingBoard([(str(number), script) for number, script in enumerate(scripts)])
    assert board.quiet(path(6)) == quiet
    assert [one.passed for one in scripts] == [0, 0]
    board.pass_over(path(6), quiet)
    assert [one.passed for one in scripts] == [quiet, quiet]


def test_nothing_is_passed_over_while_the_account_is_not_active() -> None:
    board = StandingBoard([("a", Script({0: R}, quiet_bars=9))])
    board.observe(view(0))
    assert board.quiet(path(6)) == 0
    board.observe(view(1))
    assert board.quiet(path(6)) == 6
    board.command(RO, 1, "")
    assert board.quiet(path(6)) == 0


def test_a_breaker_that_cannot_look_ahead_makes_every_bar_visited() -> None:
    class Plain:
        def observe(self, view: BreakerView) -> Reading:
            return Reading()

        def rearm(self, view: BreakerView) -> None: ...

        def state(self) -> dict[str, Any]:
            return {}

        def restore(self, state: Mapping[str, Any]) -> None: ...

    breakers: Sequence[tuple[str, Any]] = [("plain", Plain()), ("a", Script({}, quiet_bars=9))]
    assert StandingBoard(breakers).quiet(path(6)) == 0


def test_what_a_breaker_and_the_operator_both_want_is_told_in_the_name_of_who_holds_it() -> None:
    board = StandingBoard([("spike", Script({1: RO}))])
    assert board.observe(view(0)) is None
    assert board.observe(view(1)) == (A, RO, "spike", "reduce_only at 1")
    assert board.command(RO, 1, "holiday") is None
    assert board.observe(view(2)) == (RO, RO, "operator", "holiday")
    assert board.resume(rearm=False, text="back") == (RO, A, "operator", "back")


def test_what_re_arms_by_itself_says_so() -> None:
    board = StandingBoard([("loss", Script({0: K}))], rearm_after_bars=2)
    board.observe(view(0))
    assert board.observe(view(1)) is None
    assert board.observe(view(2)) == (K, A, "loss", "re-armed after 2 bars")


def test_what_the_operator_forbids_is_known_whoever_else_stands_before_it() -> None:
    board = StandingBoard([("spike", Script({1: H}))], cool_down_bars=2)
    assert board.forbidden == (A, "")
    board.command(RO, 0, "holiday")
    board.observe(view(1))
    assert (board.standing, board.by, board.forbidden) == (H, "spike", (RO, "holiday"))
    board.command(K, 2, "enough")
    assert board.forbidden == (K, "enough")
    board.resume(rearm=False)
    assert board.forbidden == (K, "enough")
    board.resume(rearm=True)
    assert board.forbidden == (A, "")
    board.command(K, 3, "the equity is gone", by="equity")
    assert board.forbidden == (A, "")
