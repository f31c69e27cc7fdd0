"""The conformance kit of exits, those that decide on the close and those that rest at the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from tradewind.contracts import Exit, RestingExit
from tradewind.engine.panel import HistoryPanel
from tradewind.model import Path
from tradewind.testing.kits.answers import Answer, same
from tradewind.testing.kits.decisions import DecisionKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.holdings import Holdings
from tradewind.testing.kits.rehearsal import OWNER, PanelRun, next_event
from tradewind.testing.kits.rehearsals import ExitRehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.model import Bars, Market, Portfolio
    from tradewind.model.typing import FloatArray
    from tradewind.testing.kits.rehearsal import Rehearsal

__all__ = ["ExitKit"]

_FORESEEN = ("ordinary", "halts", "gaps", "early_end")


class ExitKit(DecisionKit):
    """Tests that every exit passes."""

    kind: ClassVar[str] = "exit"
    rehearsal: ClassVar[Rehearsal] = ExitRehearsal()

    def check_answer(self, value: Any, where: str, name: str) -> None:
        """Fail unless an answer is a mask, or two arrays of prices, one value a symbol."""
        expected = (len(self.market(name).instruments),)
        closing = isinstance(self.subject().create(), Exit)
        for number, part in enumerate(value):
            mask = closing and number == 0
            what = "closes" if mask else "stop_prices" if number == closing else "limit_prices"
            kinds, kind = ("b", "bool") if mask else ("f", "float64")
            if not isinstance(part, np.ndarray) or part.shape != expected or part.dtype.kind not in kinds:
                shown = f"{part.dtype} {part.shape}" if isinstance(part, np.ndarray) else type(part).__name__
                fail(where, f"{what} returns {kind} of shape {expected}", received=shown, remedy="One value a symbol")

    def test_it_concerns_what_is_held_alone(self) -> None:
        """Only held positions are closed or have prices; a flat symbol gets False, or NaN.

        If this fails, mask the answer with ``portfolio.quantities != 0``.
        """
        for name in self.scenes():
            for market, portfolio, value in self._asked(name):
                flat = portfolio.quantities == 0
                for part in value:
                    wrong = flat & (part if part.dtype == np.bool_ else ~np.isnan(part))
                    if wrong.any():
                        fail(
                            _place(self.subject().title, name, market, wrong),
                            "it closes, or sets a price for, what is not held",
                            received=part[wrong][0],
                            remedy="Mask with portfolio.quantities != 0: False, or NaN, for the rest",
                        )

    def test_resting_prices_can_be_sent(self) -> None:
        """A price that rests is above 0 and finite. On the bar of the entry a stop lies on the side of the loss.

        If this fails, mind the sign: a long's stop is below its entry price and its limit above, a short's the reverse.
        """
        if not isinstance(self.subject().create(), RestingExit):
            return
        for name in self.scenes():
            for market, portfolio, value in self._asked(name):
                stops, limits = value[-2:]
                for part in (stops, limits):
                    wrong = (part <= 0) | np.isinf(part)
                    if wrong.any():
                        fail(
                            _place(self.subject().title, name, market, wrong),
                            "a resting price is above 0 and finite, or NaN where none rests",
                            received=part[wrong][0],
                            remedy="Return NaN where the price is out of reach",
                        )
                new = portfolio.entry_bars == market.bar
                signs, entries = np.sign(portfolio.quantities), portfolio.entry_prices
                for part, side, what in ((stops, 1.0, "stop"), (limits, -1.0, "limit")):
                    wrong = new & ((entries - part) * signs * side <= 0)
                    if wrong.any():
                        good = "below the entry price of a long and above that of a short"
                        fail(
                            _place(self.subject().title, name, market, wrong),
                            f"a {what} lies {good if what == 'stop' else good.replace('below', 'over', 1)}",
                            received=f"{part[wrong][0]} for {portfolio.quantities[wrong][0]:g} units "
                            f"entered at {entries[wrong][0]}",
                            remedy="Multiply the distance by np.sign(portfolio.quantities)",
                        )

    def test_it_acts_at_some_time(self) -> None:
        """In at least one scene it closes a position or sets a price; otherwise nothing here is tested.

        If this fails, give the kit `params` with which it acts within a few weeks.
        """
        for name in self.scenes():
            for answer in self.answers(name):
                if any(np.nan_to_num(part.astype(np.float64)).any() for part in answer.value):
                    return
        fail(
            self.subject().title,
            "it closes nothing and sets no price in any scene",
            received="False or NaN throughout",
            remedy="Give the kit `params` with which it acts within a few weeks",
        )

    def test_bars_that_it_passes_over_hold_no_change(self) -> None:
        """``next_event`` names the first bar on which it closes, or moves a price: jumping loses nothing.

        If this fails, `next_event` looks for less than `closes` does: share one function between both.
        """
        if not hasattr(self.subject().create(), "next_event"):
            return
        for name in self.among(*_FORESEEN):
            self._check_jumps(self.market(name), name)

    def _check_jumps(self, bars: Bars, name: str) -> None:
        where = f"{self.subject().title}, scene {name}"
        answers = {answer.bar: answer.value for answer in self.answers(name)}
        run = cast("PanelRun", self.begin(bars))
        panel = cast("HistoryPanel", run.panel)
        for answer in run:
            self.agree(
                [Answer(answer.bar, answers[answer.bar])],
                [answer],
                bars,
                f"scene {name} with jumps",
                what="being asked for its next event changes what it answers",
                remedy="Keep nothing of the path: it shows bars that are not known yet",
            )
            portfolio = run.holdings.portfolio()
            stop = min(Holdings.next_trade(answer.bar), len(bars))
            if not portfolio.quantities.any() or stop <= answer.bar + 1:
                continue
            path = Path(answer.bar, stop, panel.fields, panel.factors_of(OWNER), portfolio)
            event = next_event(run.actor, path, where)
            for bar in range(answer.bar + 1, event):
                if bar in answers and _acts(answers[bar], answer.value):
                    fail(
                        f"{where}, bar {bar}",
                        f"next_event, asked at bar {answer.bar}, passes over a bar on which it acts",
                        received=f"{event} as the next event",
                        remedy="Return the first bar ahead on which a position closes or a price moves",
                    )

    def _asked(self, name: str) -> Iterator[tuple[Market, Portfolio, tuple[FloatArray, ...]]]:
        self.answers(name)
        run = cast("PanelRun", self.begin(self.market(name)))
        for answer in run:
            yield run.panel.market(OWNER), run.holdings.portfolio(), answer.value


def _acts(value: tuple[Any, ...], before: tuple[Any, ...]) -> bool:
    """Tell whether an exit closes something, or its prices are not those of before."""
    for part, earlier in zip(value, before, strict=True):
        if part.any() if part.dtype == np.bool_ else not same(part, earlier):
            return True
    return False


def _place(title: str, name: str, market: Market, wrong: Any) -> str:
    return f"{title}, scene {name}, bar {market.bar}, {market.symbols[int(wrong.argmax())]}"
