"""Breakers with one fault each."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from tradewind.contracts import BreakerPath, BreakerView, Reading
from tradewind.model import Standing
from tradewind_plugins.breakers import Drawdown

__all__ = ["MUTANTS", "Plain", "Sound"]


class Sound(Drawdown):
    """The drawdown with its usual levels: the breaker that the faulty ones change."""

    def __init__(self) -> None:
        super().__init__()


class Plain:
    """A count of losing bars in a row, which cannot be jumped over; without a fault."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.losses: list[float] = []

    def observe(self, view: BreakerView) -> Reading:
        if self.last is not None and view.equity < self.last:
            self.losses = [*self.losses, self.last - view.equity][-5:]
        elif self.last is not None and view.equity >= self.last:
            self.losses = []
        if view.equity == view.equity:
            self.last = view.equity
        if len(self.losses) < 5:
            return Reading()
        return Reading(Standing.HALTED, f"{len(self.losses)} losing bars in a row, halt at 5")

    def rearm(self, view: BreakerView) -> None:
        self.last, self.losses = view.equity, []

    def state(self) -> dict[str, Any]:
        return {"last": self.last, "losses": list(self.losses)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.last, self.losses = state["last"], list(state["losses"])


class BareStanding(Sound):
    """A standing where a reading belongs."""

    def observe(self, view: BreakerView) -> Any:
        return super().observe(view).standing


class NumberStanding(Sound):
    """A number for a standing."""

    def observe(self, view: BreakerView) -> Any:
        reading = super().observe(view)
        return Reading(int(reading.standing), reading.text)  # type: ignore[arg-type]


class Wordless(Sound):
    """Trips and does not say why."""

    def observe(self, view: BreakerView) -> Reading:
        return Reading(super().observe(view).standing)


class Talkative(Sound):
    """Says something on every bar."""

    def observe(self, view: BreakerView) -> Reading:
        standing, text = super().observe(view)
        return Reading(standing, text or "all is well")


class TurnedRound(Sound):
    """Compares the wrong way round."""

    def observe(self, view: BreakerView) -> Reading:
        reading = super().observe(view)
        return Reading() if reading.standing else reading


class Nervous(Sound):
    """Measures the first bar against nothing."""

    def observe(self, view: BreakerView) -> Reading:
        return super().observe(view) if view.bar else Reading(Standing.REDUCED, "100 % below nothing")


class OnePeak(Sound):
    """Keeps the peak in the class."""

    peaks: list[float] = []  # noqa: RUF012 the fault

    def observe(self, view: BreakerView) -> Reading:
        self.peaks.append(view.equity)
        self._peak = max(self.peaks)
        return super().observe(view)


class Drawn(Sound):
    """Trips at random."""

    def observe(self, view: BreakerView) -> Reading:
        reading = super().observe(view)
        return Reading() if random.random() < 0.5 else reading


class ArrayState(Sound):
    """A state of numpy's numbers."""

    def state(self) -> dict[str, Any]:
        return {name: np.float32(value) for name, value in super().state().items()}


class TupleState(Plain):
    """A tuple, which JSON gives back as a list."""

    def state(self) -> dict[str, Any]:
        return {**super().state(), "losses": tuple(self.losses)}


class NanState(Sound):
    """NaN for what is not known."""

    def state(self) -> dict[str, Any]:
        return {**super().state(), "volatility": float("nan")}


class HalfState(Sound):
    """Forgets the second peak."""

    def restore(self, state: Mapping[str, Any]) -> None:
        self._peak = state["peak"]


class LostCount(Plain):
    """Does not save its count."""

    def state(self) -> dict[str, Any]:
        return {"last": self.last, "losses": []}


class SharedState(Plain):
    """Gives its own list away and goes on with it."""

    def observe(self, view: BreakerView) -> Reading:
        kept = self.losses
        reading = super().observe(view)
        kept[:] = self.losses
        self.losses = kept
        return reading

    def state(self) -> dict[str, Any]:
        return {"last": self.last, "losses": self.losses}


class TooQuiet(Sound):
    """Says that all bars are quiet."""

    def quiet(self, path: BreakerPath) -> int:
        return len(path.equity)


class OneMore(Sound):
    """Counts one bar too many."""

    def quiet(self, path: BreakerPath) -> int:
        return min(len(path.equity), super().quiet(path) + 1)


class Peeking(Sound):
    """Remembers the peak of the bars that it was only asked about."""

    def quiet(self, path: BreakerPath) -> int:
        if len(path.equity):
            self._peak = max(self._peak or 0.0, float(path.equity.max()))
        return super().quiet(path)


class Forgetful(Sound):
    """Remembers nothing of what is passed over."""

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        pass


class Greedy(Sound):
    """Remembers the whole path, not the bars passed over."""

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        super().pass_over(path, len(path.equity))


class OnlyQuiet(Plain):
    """Says what is quiet and cannot pass it over."""

    def quiet(self, path: BreakerPath) -> int:
        return 0


class Latched(Sound):
    """Keeps its peak when it is re-armed."""

    def rearm(self, view: BreakerView) -> None:
        pass


class HalfRearmed(Sound):
    """Forgets one of two peaks when it is re-armed."""

    def rearm(self, view: BreakerView) -> None:
        self._peak = view.equity


class Uncooled(Sound):
    """Halts again after each cool-down."""

    def cooled(self, view: BreakerView) -> None:
        pass


class Bleeding(Sound):
    """Forgets what kills with what halts."""

    def cooled(self, view: BreakerView) -> None:
        self.rearm(view)


class Blinded(Sound):
    """Lets NaN into its peak, and compares so that NaN is well."""

    def observe(self, view: BreakerView) -> Reading:
        self._peak = float(np.maximum(view.equity if self._peak is None else self._peak, view.equity))
        loss = 1.0 - view.equity / self._peak
        return Reading(Standing.KILLED, f"drawdown {loss:.3f}") if loss > 0.15 else Reading()


class SilentNan(Sound):
    """Trips at an unknown equity and has no words for it."""

    def observe(self, view: BreakerView) -> Reading:
        reading = super().observe(view)
        return reading if view.equity == view.equity else Reading(Standing.KILLED)


class Restarting(Sound):
    """Counts the breakers that were ever made: a restart is another one."""

    made = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1
        self._number = type(self).made

    def observe(self, view: BreakerView) -> Reading:
        reading = super().observe(view)
        return reading if (self._number + view.bar) % 2 else Reading()


MUTANTS: tuple[tuple[type[Any], str, str], ...] = (
    (BareStanding, "test_each_bar_gets_a_reading", r"bar 0: observe returns no reading; received <Standing\.ACTIVE"),
    (NumberStanding, "test_each_bar_gets_a_reading", r"observe returns no reading; received Reading\(standing=0"),
    (Wordless, "test_what_trips_says_why_and_what_does_not_says_nothing", r"a reading of \w+ has no text"),
    (Talkative, "test_what_trips_says_why_and_what_does_not_says_nothing", r"a reading of active has a text"),
    (TurnedRound, "test_it_trips_when_everything_goes_wrong", r"a catastrophe, bar 69: the breaker never trips"),
    (Nervous, "test_it_is_silent_while_all_is_well", r"a calm market, bar 0: the breaker trips; .*100 % below no"),
    (OnePeak, "test_the_same_bars_get_the_same_readings", r"(two breakers on the same bars differ|made later says)"),
    (Drawn, "test_the_same_bars_get_the_same_readings", r"(two breakers on the same bars differ|made later says)"),
    (ArrayState, "test_the_state_is_plain_json", r"the state is no plain JSON; .* None instead of NaN"),
    (TupleState, "test_the_state_is_plain_json", r"the state is no plain JSON; received .*losses': \("),
    (NanState, "test_the_state_is_plain_json", r"the state is no plain JSON; received .*nan"),
    (HalfState, "test_a_restored_breaker_goes_on_as_the_first", r"restored after bar \d+, bar \d+: a restored breaker"),
    (LostCount, "test_a_restored_breaker_goes_on_as_the_first", r"a restored breaker says something else, expected is"),
    (SharedState, "test_a_state_that_was_given_away_does_not_change", r"a state that was given away has changed"),
    (TooQuiet, "test_quiet_bars_are_quiet", r"a bar that is said to be quiet trips; received Reading"),
    (OneMore, "test_quiet_bars_are_quiet", r"a bar that is said to be quiet trips; .* Compare in quiet exactly as"),
    (Peeking, "test_quiet_changes_nothing", r"after quiet the readings are others, expected is"),
    (Forgetful, "test_bars_passed_over_are_remembered", r"\d+ bars passed over, bar \d+: after the jump the readings"),
    (Greedy, "test_bars_passed_over_are_remembered", r"after the jump the readings are others than bar by bar"),
    (OnlyQuiet, "test_who_can_say_what_is_quiet_can_pass_it_over", r"it has one of quiet and pass_over; .* False"),
    (Latched, "test_a_kill_that_was_rearmed_is_over", r"the breaker kills again at once; .* Let rearm forget the peak"),
    (HalfRearmed, "test_a_kill_that_was_rearmed_is_over", r"what was before the re-arming still counts, expected is"),
    (Uncooled, "test_after_a_cool_down_a_halt_is_measured_anew_and_a_kill_is_not", r"it halts again at once after the"),
    (Bleeding, "test_after_a_cool_down_a_halt_is_measured_anew_and_a_kill_is_not", r"the kill comes at bar None"),
    (Blinded, "test_an_unknown_number_does_not_blind_it", r"equity NaN at bar 15, bar \d+: it should be killed"),
    (SilentNan, "test_an_account_without_money_ends_in_no_error", r"an equity of nan, bar \d: it trips in silence"),
    (Restarting, "test_a_restart_finds_the_account_where_it_stood", r"after a restart the account stands elsewhere"),
)
"""The faulty breaker, the test that must catch it, and what that must say."""
