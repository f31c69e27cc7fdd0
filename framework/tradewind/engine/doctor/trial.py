"""Run a strategy on made-up markets and compare what it decides."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from tradewind.engine.doctor.effects import RefusedError
from tradewind.engine.doctor.scenes import Kind, another_future, scene
from tradewind.engine.doctor.usercode import Place
from tradewind.engine.doctor.watch import WatchedFeed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.engine.doctor.scenes import Scene
    from tradewind.engine.doctor.usercode import UserCode
    from tradewind.engine.doctor.watch import FoundAt

__all__ = ["Patient", "Trials"]

BARS = 300
MORE_BARS = 1200
"""Bars of the second attempt, for strategies whose indicators need more than the first had."""

_KINDS: dict[Kind, str] = {
    "rising": " (while prices rise)",
    "falling": " (while prices fall)",
    "gappy": " (with late starts, missing days and jumps)",
}

CASH = 1_000_000.0
MOST_TEXT = 200

Decision = tuple[float, str, str, float, float, int]
"""Bar (Backtrader's days), feed, side, size, price and order type."""


@dataclass(frozen=True, slots=True)
class Patient:
    """The strategy under trial.

    Parameters
    ----------
    strategy
        The `bt.Strategy`.
    parameters
        What it is given.
    names
        Names of its feeds.
    place
        Where its class stands.
    """

    strategy: Any
    parameters: Mapping[str, Any]
    names: tuple[str, ...]
    place: Place


@dataclass(slots=True)
class _Outcome:
    decisions: list[Decision] = field(default_factory=list)
    bars: int = 0
    error: BaseException | None = None


class _Broker(bt.brokers.BackBroker):
    """Backtrader's broker, which notes the orders it is given."""

    def __init__(self, outcome: _Outcome) -> None:
        super().__init__()
        self.outcome = outcome

    def submit(self, order: Any, check: bool = True) -> Any:
        """Note an order and take it."""
        created = order.created
        self.outcome.decisions.append(
            (
                float(order.data.datetime[0]),
                order.data._name,  # noqa: SLF001  # Backtrader's name of a feed
                "buy" if order.isbuy() else "sell",
                round(float(created.size), 6),
                round(float(created.price or 0.0), 6),
                int(order.exectype),
            )
        )
        return super().submit(order, check=check)


class _Bars(bt.Analyzer):
    """Counts the bars on which next was called."""

    params = (("outcome", None),)

    def prenext(self) -> None:
        """Count nothing: an analyzer's next would be called by default."""

    def next(self) -> None:
        """Count a bar."""
        self.p.outcome.bars += 1


@dataclass(slots=True)
class Trials:
    """The trial runs of one strategy.

    Parameters
    ----------
    patient
        The strategy.
    user
        Tells whose code a line is.
    report
        Takes findings.
    completed
        Runs that came to their end.
    """

    patient: Patient
    user: UserCode
    report: FoundAt
    completed: int = 0

    def run_all(self) -> None:
        """Run all trials; the first that fails is the last."""
        market, first = self._begin()
        if first is None or first.error is not None:
            return
        if not first.bars:
            self._say("never-starts", f"next was not called in {MORE_BARS} bars")
            return
        if self._repeats(market, first):
            self._future(market, first)
            self._streamed(market, first)
        bars = len(next(iter(market.values())))
        for kind in _KINDS:
            if self._run(scene(kind, self.patient.names, bars), preload=False, where=_KINDS[kind]) is None:
                return

    def _begin(self) -> tuple[Scene, _Outcome | None]:
        """Run on as many bars as it takes; an error within Backtrader may only mean that there are too few."""
        market: Scene = {}
        for bars in (BARS, MORE_BARS):
            market = scene("waves", self.patient.names, bars)
            outcome = self._attempt(market)
            if outcome.bars and outcome.error is None:
                self.completed += 1
                return market, outcome
            if outcome.error is not None and self.user.raised(outcome.error.__traceback__):
                self._failed(outcome.error)
                return market, None
        streamed = self._run(market, preload=False)
        if streamed is not None and streamed.bars and outcome.error is not None:
            text = f"a preloaded history fails with {describe(outcome.error)}, and bars one by one do not"
            self._say("depends-on-loop", text)
            return market, None
        return market, streamed

    def _repeats(self, market: Scene, first: _Outcome) -> bool:
        again = self._run(market)
        if again is None:
            return False
        if again.decisions != first.decisions:
            self._say("not-repeatable", f"two equal runs decide differently{_first_difference(first, again)}")
            return False
        reseeded = self._run(market, seed=2)
        if reseeded is not None and reseeded.decisions != first.decisions:
            text = "another state of the shared random generators decides differently"
            self._say("unseeded-random", f"{text}{_first_difference(first, reseeded)}")
            return False
        return reseeded is not None

    def _future(self, market: Scene, first: _Outcome) -> None:
        some = next(iter(market.values()))
        for share in (0.5, 0.8):
            bar = int(share * len(some))
            changed = self._run(another_future(market, bar))
            if changed is None:
                return
            last = float(bt.date2num(some.index[bar].to_pydatetime())) + 0.5
            before, after = _until(first, last), _until(changed, last)
            if before.decisions != after.decisions:
                text = f"other bars after {some.index[bar]:%Y-%m-%d} change a decision before"
                self._say("future-decides", f"{text}{_first_difference(before, after)}")
                return

    def _streamed(self, market: Scene, first: _Outcome) -> None:
        streamed = self._run(market, preload=False)
        if streamed is not None and streamed.decisions != first.decisions:
            text = "bars delivered one by one lead to other orders than a preloaded history"
            self._say("depends-on-loop", f"{text}{_first_difference(first, streamed)}")

    def _say(self, rule: str, text: str) -> None:
        self.report(rule, self.patient.place, text)

    def _run(self, market: Scene, *, seed: int = 1, preload: bool = True, where: str = "") -> _Outcome | None:
        """Run once; None if the strategy failed, which is reported."""
        outcome = self._attempt(market, seed=seed, preload=preload)
        if outcome.error is not None:
            self._failed(outcome.error, where)
            return None
        self.completed += 1
        return outcome

    def _attempt(self, market: Scene, *, seed: int = 1, preload: bool = True) -> _Outcome:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002  # the generator that a strategy may use without seeding it
        outcome = _Outcome()
        cerebro = bt.Cerebro(stdstats=False, preload=preload, runonce=preload)
        cerebro.broker = _Broker(outcome)
        cerebro.broker.setcash(CASH)
        for name, frame in market.items():
            cerebro.adddata(WatchedFeed(dataname=frame), name=name)
        cerebro.addstrategy(self.patient.strategy, **self.patient.parameters)
        cerebro.addanalyzer(_Bars, outcome=outcome)
        try:
            cerebro.run()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a strategy raises is a finding
            outcome.error = error
        return outcome

    def _failed(self, error: BaseException, where: str = "") -> None:
        if is_refusal(error):
            return
        place = self.user.raised(error.__traceback__) or self.patient.place
        self.report("raised", place, f"{describe(error)}{where}")


def is_refusal(error: BaseException | None) -> bool:
    """Tell whether an error comes from something that the trial refused."""
    while error is not None:
        if isinstance(error, RefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False


def describe(error: BaseException) -> str:
    """Return an error's class and message, on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:MOST_TEXT]}" if text else type(error).__name__


def _until(outcome: _Outcome, last: float) -> _Outcome:
    return _Outcome([decision for decision in outcome.decisions if decision[0] <= last], outcome.bars)


def _first_difference(one: _Outcome, other: _Outcome) -> str:
    """Return `` (first: …)`` for the first decision that differs."""
    for number in range(max(len(one.decisions), len(other.decisions))):
        shown = [_shown(outcome, number) for outcome in (one, other)]
        if shown[0] != shown[1]:
            return f" (first: {shown[0]} against {shown[1]})"
    return ""


def _shown(outcome: _Outcome, number: int) -> str:
    if number >= len(outcome.decisions):
        return "no order"
    when, feed, side, size, price, _ = outcome.decisions[number]
    at = f" at {price:g}" if price else ""
    return f"{bt.num2date(when):%Y-%m-%d} {side} {abs(size):g} {feed}{at}"
