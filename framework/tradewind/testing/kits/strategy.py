"""The conformance kit of strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from tradewind.contracts import SCHEDULES
from tradewind.engine.panel import HistoryPanel
from tradewind.errors import choices
from tradewind.model import Instrument, Path, Signals, Targets
from tradewind.model.signals import SIGNAL_FIELDS
from tradewind.testing.kits.answers import Answer
from tradewind.testing.kits.decisions import DecisionKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.holdings import Holdings
from tradewind.testing.kits.rehearsal import OWNER, PanelRun, next_event
from tradewind.testing.kits.rehearsals import StrategyRehearsal
from tradewind.testing.scenes import with_dead_symbol

if TYPE_CHECKING:
    from tradewind.model import Bars
    from tradewind.testing.kits.rehearsal import Rehearsal

__all__ = ["StrategyKit"]

_FORESEEN = ("ordinary", "halts", "late_start", "gaps", "early_end")


class StrategyKit(DecisionKit):
    """Tests that every strategy passes."""

    kind: ClassVar[str] = "strategy"
    rehearsal: ClassVar[Rehearsal] = StrategyRehearsal()

    def check_answer(self, value: Any, where: str, name: str) -> None:
        """Fail unless an answer is Signals, Targets or None of the right shape, with numbers that can be used."""
        market = self.market(name)
        if isinstance(value, Signals):
            for field in SIGNAL_FIELDS:
                if getattr(value, field) is not None:
                    _check_array(getattr(value, field), where, f"Signals.{field}", market)
        elif isinstance(value, Targets):
            if value.weights is not None:
                _check_array(value.weights, where, "Targets.weights", market)
            for instrument in value.quantities:
                if not isinstance(instrument, Instrument):
                    fail(
                        where,
                        "Targets.quantities has instruments as keys",
                        received=instrument,
                        remedy="Take them from market.instruments",
                    )
        elif value is not None:
            fail(
                where,
                "on_bar returns Signals, Targets or None",
                received=type(value).__name__,
                remedy="Wrap the scores: Signals(scores=...)",
            )

    def test_its_schedule_and_warmup_are_sound(self) -> None:
        """``schedule`` is one of the known ones, ``warmup`` a number of bars.

        If this fails, correct the class attribute, or what `__init__` sets.
        """
        created = self.subject().create()
        schedule, warmup = getattr(created, "schedule", "every_bar"), getattr(created, "warmup", 0)
        if schedule not in SCHEDULES:
            fail(
                self.subject().title,
                f"schedule is unknown; {choices(str(schedule), SCHEDULES)}",
                received=schedule,
                remedy="Choose one of these",
            )
        if isinstance(warmup, bool) or not isinstance(warmup, int | np.integer) or warmup < 0:
            fail(
                self.subject().title,
                "warmup is a number of bars, 0 or more",
                received=warmup,
                remedy="Give the bars that must lie before the first call",
            )

    def test_it_answers_in_one_way(self) -> None:
        """With the same parameters it always gives Signals, or always Targets: only Signals take a sizer.

        If this fails, choose one by a parameter, not by the data.
        """
        kinds: dict[str, str] = {}
        for name in self.scenes():
            for answer in self.answers(name):
                if answer.value is not None:
                    kinds.setdefault(type(answer.value).__name__, f"scene {name}, bar {answer.bar}")
        if len(kinds) > 1:
            fail(
                self.subject().title,
                "it gives Signals here and Targets there, and a sleeve cannot have a sizer for one of them",
                received=kinds,
                remedy="Let a parameter choose",
            )

    def test_it_decides_something(self) -> None:
        """In at least one scene it has an opinion; otherwise nothing here is tested.

        If this fails, give the kit `params` with which it trades on a few hundred bars.
        """
        for name in self.scenes():
            if any(_opinion(answer.value) for answer in self.answers(name)):
                return
        fail(
            self.subject().title,
            "it decides nothing in any scene",
            received=f"{sum(len(self.answers(name)) for name in self.scenes())} calls without an opinion",
            remedy="Give the kit `params` with which it trades on a few hundred bars",
        )

    def test_bars_that_it_passes_over_hold_no_decision(self) -> None:
        """``next_event`` names the first bar on which `on_bar` has something to say: jumping loses nothing.

        If this fails, `next_event` looks for less than `on_bar` does: share one function between both.
        """
        created = self.subject().create()
        if not hasattr(created, "next_event") or getattr(created, "schedule", "every_bar") != "every_bar":
            return
        for name in self.among(*_FORESEEN):
            expected = {answer.bar: answer for answer in self.answers(name)}
            bars = self.market(name)
            visited = _jumping(self.subject().create(), bars, f"{self.subject().title}, scene {name}")
            for answer in visited:
                self.agree(
                    [expected[answer.bar]],
                    [answer],
                    bars,
                    f"scene {name} with jumps",
                    what="visiting fewer bars changes a decision",
                    remedy="State may change only on bars that next_event names",
                )
            passed = [a for bar, a in expected.items() if a.value is not None and bar not in {v.bar for v in visited}]
            if passed:
                fail(
                    f"{self.subject().title}, scene {name}, bar {passed[0].bar}",
                    "next_event passes over a bar with a decision",
                    received=passed[0].value,
                    remedy="Return the first bar ahead on which on_bar would not return None",
                )

    def test_a_symbol_without_data_spoils_no_other(self) -> None:
        """A symbol that never trades does not take the strategy's opinions of the others away.

        If this fails, NaN of one symbol spreads: rank and average only what is finite.
        """
        self.skip_where_refused("late_start")
        bars = self.market("ordinary")
        before = {answer.bar for answer in self.answers("ordinary") if _opinion(answer.value)}
        after = self.play(with_dead_symbol(bars), "scene ordinary with a symbol that never trades")
        kept = {answer.bar for answer in after if _opinion(answer.value)}
        if before and not kept:
            fail(
                f"{self.subject().title}, a symbol that never trades",
                "a symbol without data leaves no opinion of any other",
                received=f"opinions on {len(before)} bars without it, on none with it",
                remedy="Leave out what is NaN: nanmean, nanmedian, or a mask",
            )


def _check_array(values: Any, where: str, what: str, market: Bars) -> None:
    expected = (len(market.instruments),)
    if not isinstance(values, np.ndarray) or values.shape != expected or values.dtype.kind not in "fiub":
        shown = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
        fail(where, f"{what} is an array of numbers of shape {expected}", received=shown, remedy="One value a symbol")
    if np.isinf(values).any():
        fail(
            f"{where}, {market.symbols[int(np.isinf(values).argmax())]}",
            f"{what} is infinite",
            received=values[np.isinf(values)][0],
            remedy="Use NaN where there is no opinion",
        )


def _opinion(value: Any) -> bool:
    if isinstance(value, Signals):
        return bool((np.nan_to_num(value.scores) != 0).any())
    return isinstance(value, Targets) and (bool(value.quantities) or _weighs(value))


def _weighs(value: Targets) -> bool:
    return value.weights is not None and bool(np.isfinite(value.weights).any())


def _jumping(created: Any, bars: Bars, where: str) -> list[Answer]:
    """Return the answers on the bars that next_event names, and on those on which holdings change."""
    run = cast("PanelRun", StrategyRehearsal().begin(created, bars))
    panel = cast("HistoryPanel", run.panel)
    answers: list[Answer] = []
    wanted = 0
    while _advance(run, wanted):
        answer = Answer(panel.bar, run.ask())
        answers.append(answer)
        stop = min(Holdings.next_trade(answer.bar), len(panel))
        if stop <= answer.bar + 1:
            wanted = answer.bar + 1
            continue
        path = Path(answer.bar, stop, panel.fields, panel.factors_of(OWNER), run.holdings.portfolio())
        wanted = next_event(created, path, where)
    return answers


def _advance(run: PanelRun, wanted: int) -> bool:
    """Go to the first bar that is wanted and after the warm-up; the holdings see every bar."""
    while run.panel.advance():
        bar = run.panel.bar
        run.holdings.mark(bar, run.bars.fields["close"][bar])
        if bar >= max(run.first, wanted):
            return True
    return False
