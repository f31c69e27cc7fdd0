"""Conformance of breakers."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tradewind.contracts import Breaker, BreakerPath, Reading
from tradewind.model import Standing
from tradewind.risk.standing import StandingBoard
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.breaker_scenes import (
    calm_walk,
    catastrophe,
    path_of,
    quiet_walk,
    slow_fall,
    view_of,
    wild_walk,
)
from tradewind.testing.kits.failure import fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.contracts import BreakerView

__all__ = ["BreakerKit"]

_SEEDS = range(8)
_LONGEST = 300
_FIELDS = tuple(one.name for one in fields(BreakerPath) if one.name not in ("bar", "references"))


class BreakerKit(PluginKit):
    """What every breaker keeps: it trips where it should, says why, and stands where it stood after a restart."""

    kind = "breaker"

    def test_each_bar_gets_a_reading(self) -> None:
        """`observe` returns a `Reading` on every bar, with a `Standing`: ``Reading()`` where all is well."""
        for scene, views in self._walks():
            breaker = self._create()
            for view in views:
                reading = breaker.observe(view)
                if not isinstance(reading, Reading) or not isinstance(reading.standing, Standing):
                    remedy = "Return Reading(), or Reading(Standing.HALTED, 'why')."
                    self._fail(scene, view.bar, "observe returns no reading", reading, remedy)

    def test_what_trips_says_why_and_what_does_not_says_nothing(self) -> None:
        """A reading has a text where its standing is not ACTIVE: rule and numbers, for whoever is woken by it."""
        for scene, views in self._walks():
            breaker = self._create()
            for view in views:
                standing, text = breaker.observe(view)
                if not isinstance(text, str) or bool(text.strip()) != (standing is not Standing.ACTIVE):
                    what = f"a reading of {standing.word} has {'no' if not text else 'a'} text"
                    remedy = "Write the rule and the numbers where it trips, and nothing where all is well."
                    self._fail(scene, view.bar, what, (standing, text), remedy)

    def test_it_trips_when_everything_goes_wrong(self) -> None:
        """The account loses 10 % a bar, every order is refused, no price is fresh, the market is wild: something trips.

        A breaker that stays silent then watches nothing: a comparison is the wrong way round, or never reached.
        """
        readings = self._readings(self._create(), catastrophe())
        if all(reading.standing is Standing.ACTIVE for reading in readings):
            remedy = "Check its comparison, or the parameters of the kit."
            self._fail("a catastrophe", 69, "the breaker never trips", readings[-1], remedy)

    def test_it_is_silent_while_all_is_well(self) -> None:
        """The account grows, trades win, the market sleeps: the reading is ACTIVE on every bar, on the first, too."""
        for view, reading in zip(calm_walk(), self._readings(self._create(), calm_walk()), strict=True):
            if reading.standing is not Standing.ACTIVE:
                remedy = "Say nothing until there is something to measure, and nothing without a loss."
                self._fail("a calm market", view.bar, "the breaker trips", reading, remedy)

    def test_the_same_bars_get_the_same_readings(self) -> None:
        """Two breakers that see the same bars say the same, whatever a third sees between: no class state, no clock."""
        for scene, views in self._walks():
            one, other, third = self._create(), self._create(), self._create()
            for number, view in enumerate(views):
                first = one.observe(view)
                third.observe(replace(view, equity=view.equity * (0.5 + 0.4 * (number % 3))))
                second = other.observe(view)
                if first != second:
                    remedy = "Keep all memory in the instance, and use no clock and no randomness."
                    self._fail(scene, view.bar, "two breakers on the same bars differ", (first, second), remedy)
        walks = list(self._walks())
        forward = [self._readings(self._create(), views) for _, views in walks]
        backward = [self._readings(self._create(), views) for _, views in reversed(walks)][::-1]
        for (scene, views), first_all, second_all in zip(walks, forward, backward, strict=True):
            self._require_same(
                scene,
                views,
                first_all,
                second_all,
                "a breaker made later says something else",
                "Keep all memory in the instance, not in the class or the module.",
            )

    def test_the_state_is_plain_json(self) -> None:
        """`state` returns what JSON gives back unchanged: str keys, lists, no tuples, no NaN; None for the unknown."""
        for scene, views in self._walks():
            breaker = self._create()
            for view in views[:40]:
                breaker.observe(view)
                state = breaker.state()
                try:
                    plain = isinstance(state, dict) and json.loads(json.dumps(state, allow_nan=False)) == state
                except (TypeError, ValueError):
                    plain = False
                if not plain:
                    remedy = "Return a dict of str, float, int, bool, None, lists and dicts; None instead of NaN."
                    self._fail(scene, view.bar, "the state is no plain JSON", state, remedy)

    def test_a_restored_breaker_goes_on_as_the_first(self) -> None:
        """`restore` of what `state` returned gives the same readings ever after: all memory is in the state."""
        for scene, views in self._walks():
            breaker = self._create()
            expected, states = [], []
            for view in views:
                expected.append(breaker.observe(view))
                states.append(json.dumps(breaker.state()))
            for cut in (1, 7, 20, 41, 66):
                restored = self._create()
                restored.restore(json.loads(states[cut - 1]))
                received = self._readings(restored, views[cut:])
                self._require_same(
                    f"{scene}, restored after bar {cut - 1}",
                    views[cut:],
                    expected[cut:],
                    received,
                    "a restored breaker says something else",
                    "Put all that observe remembers into state, and take all of it back in restore.",
                )

    def test_a_state_that_was_given_away_does_not_change(self) -> None:
        """What `state` returned stays as it was while the breaker goes on, and what was restored is copied."""
        for scene, views in self._walks():
            breaker = self._create()
            self._readings(breaker, views[:30])
            state = breaker.state()
            before = copy.deepcopy(state)
            other = self._create()
            other.restore(state)
            for view in views[30:60]:
                breaker.observe(view)
                other.observe(view)
                if repr(state) != repr(before):
                    remedy = "Return a copy of lists and dicts from state, and copy them in restore."
                    self._fail(scene, view.bar, "a state that was given away has changed", state, remedy)

    def test_quiet_bars_are_quiet(self) -> None:
        """`quiet` never counts a bar on which `observe` would trip: the backtest jumps over them."""
        for scene, past, views, path in self._jumps():
            breaker = self._create()
            self._readings(breaker, past)
            quiet = breaker.quiet(path)  # type: ignore[attr-defined]  # there is one where there are jumps
            if not 0 <= int(quiet) <= len(views):
                self._fail(scene, path.bar, f"of {len(views)} bars {quiet} are quiet", quiet, "Count bars of the path.")
            for view, reading in zip(views[: int(quiet)], self._readings(breaker, views[: int(quiet)]), strict=True):
                if reading.standing is not Standing.ACTIVE:
                    remedy = "Compare in quiet exactly as in observe, to the last digit."
                    self._fail(scene, view.bar, "a bar that is said to be quiet trips", reading, remedy)

    def test_quiet_changes_nothing(self) -> None:
        """`quiet` looks ahead: it must not remember what it sees, nor change the path."""
        for scene, past, views, path in self._jumps():
            breaker, other = self._create(), self._create()
            self._readings(breaker, past)
            self._readings(other, past)
            columns = {name: getattr(path, name).copy() for name in _FIELDS}
            breaker.quiet(path)  # type: ignore[attr-defined]  # there is one where there are jumps
            for name, column in columns.items():
                if not np.array_equal(column, getattr(path, name), equal_nan=True):
                    self._fail(scene, path.bar, f"quiet has changed path.{name}", name, "Work on a copy.")
            self._require_same(
                scene,
                views,
                self._readings(other, views),
                self._readings(breaker, views),
                "after quiet the readings are others",
                "Change no attribute in quiet.",
            )

    def test_bars_passed_over_are_remembered(self) -> None:
        """After `pass_over` a breaker stands where `observe` of each bar would have brought it."""
        for scene, past, views, path in self._jumps():
            jumped, walked = self._create(), self._create()
            self._readings(jumped, past)
            self._readings(walked, past)
            quiet = int(jumped.quiet(path))  # type: ignore[attr-defined]  # there is one where there are jumps
            for bars in (quiet // 2, quiet):
                one, other = copy.deepcopy(jumped), copy.deepcopy(walked)
                one.pass_over(path, bars)  # type: ignore[attr-defined]  # there is one where there are jumps
                self._readings(other, views[:bars])
                rest = views[bars:]
                self._require_same(
                    f"{scene}, {bars} bars passed over",
                    rest,
                    self._readings(other, rest),
                    self._readings(one, rest),
                    "after the jump the readings are others than bar by bar",
                    "Remember in pass_over what observe would have of each of the bars, and of no more.",
                )

    def test_who_can_say_what_is_quiet_can_pass_it_over(self) -> None:
        """`quiet` and `pass_over` come together, or neither does."""
        breaker = self._create()
        both = [callable(getattr(breaker, name, None)) for name in ("quiet", "pass_over")]
        if both[0] != both[1]:
            fail(
                self.subject().title,
                "it has one of quiet and pass_over",
                received=dict(zip(("quiet", "pass_over"), both, strict=True)),
                remedy="Write both, or leave both out: every bar is then visited.",
            )

    def test_a_kill_that_was_rearmed_is_over(self) -> None:
        """After `rearm` all is measured from that bar: another past with the same bar of re-arming says the same."""
        views = catastrophe()
        readings = self._readings(self._create(), views)
        killed = next((at for at, reading in enumerate(readings) if reading.standing is Standing.KILLED), None)
        if killed is None:
            pytest.skip("the breaker never kills")
        one, other = self._create(), self._create()
        self._readings(one, views[: killed + 1])
        self._readings(other, calm_walk(25))
        begin = view_of(100, equity=views[killed].equity)
        one.rearm(begin)
        other.rearm(begin)
        first = one.observe(replace(begin, bar=101, day=begin.day + 1))
        if first.standing is Standing.KILLED:
            remedy = "Let rearm forget the peak, or whatever the loss was measured from."
            self._fail("re-armed after a kill", 101, "the breaker kills again at once", first, remedy)
        other.observe(replace(begin, bar=101, day=begin.day + 1))
        rest = [view_of(102 + at, equity=begin.equity * 0.985**at) for at in range(40)]
        self._require_same(
            "re-armed after a kill",
            rest,
            self._readings(other, rest),
            self._readings(one, rest),
            "what was before the re-arming still counts",
            "Let rearm set all that observe remembers of the account.",
        )

    def test_after_a_cool_down_a_halt_is_measured_anew_and_a_kill_is_not(self) -> None:
        """`cooled` ends the reason of a halt; a kill stays where it was, or halt by halt an account bleeds to death."""
        if not hasattr(self._create(), "cooled"):
            pytest.skip("the breaker has no `cooled`")
        views = slow_fall()
        plain = [reading.standing for reading in self._readings(self._create(), views)]
        breaker = self._create()
        cooled: list[Standing] = []
        for at, view in enumerate(views):
            if cooled and cooled[-1] is Standing.HALTED:
                breaker.cooled(views[at - 1])  # type: ignore[attr-defined]  # asked above
                again = copy.deepcopy(breaker).observe(replace(views[at - 1], bar=view.bar, day=view.day))
                if again.standing is Standing.HALTED:
                    self._fail("a slow fall", view.bar, "it halts again at once after the cool-down", again,
                               "Measure what halts from the bar of `cooled`.")  # fmt: skip
            cooled.append(breaker.observe(view).standing)
        first = [standings.index(Standing.KILLED) if Standing.KILLED in standings else None
                 for standings in (plain, cooled)]  # fmt: skip
        if first[0] != first[1]:
            remedy = "Measure what kills from the peak of before, whatever was cooled."
            self._fail("a slow fall", first[0] or 0, f"the kill comes at bar {first[1]}", first[1], remedy)

    def test_an_unknown_number_does_not_blind_it(self) -> None:
        """One bar with an unknown equity, reference or confidence: what trips after it trips as without it.

        A NaN that enters a peak or a sum makes every later comparison false: the breaker sleeps for ever.
        """
        for name in ("equity", "confidence", "fresh", "references"):
            views = catastrophe()
            value: Any = {"vix": np.nan, "benchmark": np.nan} if name == "references" else np.nan
            views[15] = replace(views[15], **{name: value})
            expected = self._readings(self._create(), catastrophe())
            received = self._readings(self._create(), views)
            for view, before, after in zip(views[40:], expected[40:], received[40:], strict=True):
                if after.standing < before.standing:
                    remedy = "Leave an unknown number out of what is remembered, or let it trip."
                    self._fail(f"{name} NaN at bar 15", view.bar,
                               f"it should be {before.standing.word}", after, remedy)  # fmt: skip

    def test_an_account_without_money_ends_in_no_error(self) -> None:
        """Equity may be 0, negative or NaN, on the first bar, too: a breaker answers all the same."""
        for start in (0.0, -5.0, float("nan"), 100.0):
            breaker = self._create()
            for bar, equity in enumerate((start, 0.0, -1.0, float("nan"), 50.0, 0.0)):
                reading = breaker.observe(view_of(bar, equity=equity, confidence=float("nan"), references={}))
                if reading.standing is not Standing.ACTIVE and not reading.text:
                    remedy = "Say what is wrong, with the number as it is."
                    self._fail(f"an equity of {equity}", bar, "it trips in silence", reading, remedy)

    def test_a_restart_finds_the_account_where_it_stood(self) -> None:
        """On a restart all bars are gone through again: the standing of the account is the same on every one of them.

        It is asked through `StandingBoard`, with cool-downs and a re-arming by itself.
        """
        for scene, views in self._walks():
            standings = self._board_standings(views)
            for cut in range(10, len(views), 30):
                again = self._board_standings(views[:cut])
                if again != standings[:cut]:
                    at = next(at for at in range(cut) if again[at] != standings[at])
                    remedy = "Let readings depend on the bars observed and the parameters only."
                    self._fail(scene, at, "after a restart the account stands elsewhere",
                               (standings[at], again[at]), remedy)  # fmt: skip

    def _create(self) -> Breaker:
        breaker: Breaker = self.subject().create()
        return breaker

    @staticmethod
    def _readings(breaker: Breaker, views: Sequence[BreakerView]) -> list[Reading]:
        return [breaker.observe(view) for view in views]

    @staticmethod
    def _walks() -> Iterator[tuple[str, list[BreakerView]]]:
        for seed in _SEEDS:
            yield f"random bars {seed}", wild_walk(seed)
        yield "a catastrophe", catastrophe()
        yield "a slow fall", slow_fall(_LONGEST)

    def _jumps(self) -> Iterator[tuple[str, list[BreakerView], list[BreakerView], BreakerPath]]:
        """Yield a name, the bars before, and bars on which nothing is traded, one by one and as columns."""
        breaker = self._create()
        if not hasattr(breaker, "quiet"):
            pytest.skip("the breaker lets no bars be passed over")
        for seed in range(24):
            past = wild_walk(seed)[: 5 + 4 * seed] if seed % 2 else calm_walk(3 + 3 * seed)
            views = quiet_walk(seed, past) if seed else []
            yield f"path {seed}", past, views, path_of(views, tuple(past[-1].references))

    def _board_standings(self, views: Sequence[BreakerView]) -> list[Standing]:
        board = StandingBoard([("examined", self._create())], cool_down_bars=5, rearm_after_bars=15)
        standings = []
        for view in views:
            board.observe(view)
            standings.append(board.standing)
        return standings

    def _require_same(
        self,
        scene: str,
        views: Sequence[BreakerView],
        expected: Sequence[Reading],
        received: Sequence[Reading],
        what: str,
        remedy: str,
    ) -> None:
        for view, one, other in zip(views, expected, received, strict=True):
            if one != other:
                self._fail(scene, view.bar, f"{what}, expected is {one!r}", other, remedy)

    def _fail(self, scene: str, bar: int, what: str, received: Any, remedy: str) -> None:
        fail(f"{self.subject().title}, {scene}, bar {bar}", what, received=received, remedy=remedy)
