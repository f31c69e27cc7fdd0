"""Verify a whole plan: that it reads no future, and decides the same again, bar by bar and with a longer history."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError
from tradewind.verify.cuts import Cut, decision_bars, draw_cuts, longest_warmup
from tradewind.verify.difference import trace_difference
from tradewind.verify.finding import Check, Finding, Verdict
from tradewind.verify.futures import FUTURES
from tradewind.verify.look_ahead import look_ahead
from tradewind.verify.trace import Trace, decide
from tradewind.verify.warmup import after_warmup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradewind.engine.assemble import Builder
    from tradewind.journal import Record
    from tradewind.model import Bars
    from tradewind.verify.difference import Difference

__all__ = ["FEWEST_BARS", "verify", "verify_shortly"]

FEWEST_BARS = 10
_MOST_FINDINGS = 5
_ELSEWHERE = (
    "What plugins read elsewhere than from the market (files, other data), if it is the same in every run.",
    "The data themselves: instruments chosen because they survived, figures that were published or adjusted later.",
    "Whether parameters were chosen on the history on which they are tested.",
)
_SHORT = (
    "Only windows of the history and a few futures; not run twice, not streamed, warm-up not compared: "
    "`tradewind verify` does.",
)


def verify(
    builder: Builder,
    bars: Bars,
    *,
    cuts: int = 40,
    whole_cuts: int = 4,
    seed: int = 0,
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> Verdict:
    """Return the full verdict on a plan over a history.

    Parameters
    ----------
    builder, bars
        The plan and its history.
    cuts
        Cuts of windows of the history.
    whole_cuts
        Cuts of the history from its beginning: each costs some runs of the plan up to the cut.
    seed
        Draws cuts and futures.
    tell
        Told of progress: what is done, how much of it, of how much.

    Raises
    ------
    DataError
        If the history has less than `FEWEST_BARS` bars.
    TradewindError
        Whatever stands in the way of a run over the true history.
    """
    _require_bars(bars)
    work = _Work(builder, bars, seed, short=False)
    tell("repeat", 0, 0)
    true = decide(builder, bars, len(bars) - 1)
    work.compare("repeated", "not_repeatable", true, decide(builder, bars, len(bars) - 1), _AGAIN)
    tell("stream", 0, 0)
    streamed = decide(builder, bars.between(0, 0), len(bars) - 1, rows=bars.rows())
    work.compare("streamed", "stream_differs", true, streamed, _STREAMED)
    work.cut("decisions", cuts, true.records, tuple(FUTURES), tell, whole=work.has_backtrader)
    work.cut("whole history", whole_cuts, true.records, tuple(FUTURES), tell, whole=True)
    tell("warm-up", 0, 0)
    work.warm_up()
    return work.verdict()


def verify_shortly(builder: Builder, bars: Bars, records: Sequence[Record], *, seconds: float, seed: int) -> Verdict:
    """Return a short verdict beside a finished run: as many cuts of windows as fit into the time, at least one.

    ``records`` are the run's, which tell where it has decided.
    """
    _require_bars(bars)
    work = _Work(builder, bars, seed, short=True)
    work.cut("decisions", _MOST_SHORT_CUTS, records, ("resampled", "shortened"), lambda *_: None, seconds=seconds)
    return work.verdict()


_MOST_SHORT_CUTS = 12
_AGAIN = (
    "Two runs over the same bars in one process differ: draw random numbers from a `Seed`, keep state in the "
    "instance and not in the class, and read no clock."
)
_STREAMED = (
    "The plan decides otherwise when bars arrive one by one: a factor's step form differs from its batch form, or "
    "`next_event` passes over a bar on which something happens."
)


def _require_bars(bars: Bars) -> None:
    if len(bars) < FEWEST_BARS:
        raise DataError(
            f"verify: the history has {len(bars)} bars; at least {FEWEST_BARS} are needed to put a future behind one. "
            f"Choose an earlier start or a later end"
        )


@dataclass
class _Work:
    """The checks made so far."""

    builder: Builder
    bars: Bars
    seed: int
    short: bool
    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    cuts: int = 0
    decisions: int = 0
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)
        self.warmup = longest_warmup(self.builder, self.bars)

    @property
    def has_backtrader(self) -> bool:
        return any(sleeve.strategy.backtrader for sleeve in self.builder.plan.sleeves)

    def compare(self, name: str, rule: str, first: Trace, second: Trace, remedy: str) -> None:
        """Compare two traces of the same bars."""
        found = trace_difference(self.builder.plan, first, second)
        self.checks.append(
            Check(name=name, extent=f"{len(first.records):,} journal entries", compared=1, passed=found is None)
        )
        if found is not None:
            self.findings.append(self._finding(rule, found, remedy))

    def cut(
        self,
        name: str,
        count: int,
        records: Sequence[Record],
        futures: Sequence[str],
        tell: Callable[[str, int, int], None],
        *,
        whole: bool = False,
        seconds: float = float("inf"),
    ) -> None:
        """Look behind cuts, until the time is over."""
        done = decided = 0
        before = len(self.findings)
        limit = time.monotonic() + seconds
        drawn = draw_cuts(len(self.bars), decision_bars(records), self.warmup, self.generator, whole=whole)
        longest = 0.0
        while done < count and len(self.findings) < _MOST_FINDINGS:
            tell(name, done, count)
            started = time.monotonic()
            if done and started + longest > limit:
                break
            decided += self._look(next(drawn), futures)
            done += 1
            longest = max(longest, time.monotonic() - started)
        self.cuts += done
        self.decisions += decided
        extent = f"{done} cuts, {decided} of them on decisions, {len(futures)} futures each"
        self.checks.append(Check(name=name, extent=extent, compared=done, passed=len(self.findings) == before))

    def _look(self, cut: Cut, futures: Sequence[str]) -> bool:
        found = look_ahead(self.builder, self.bars, cut, futures, self.generator, shrinks=not self.short)
        known = {(one.plugin, one.what) for one in self.findings}
        if found.finding is not None and (found.finding.plugin, found.finding.what) not in known:
            self.findings.append(found.finding)
        return found.decided

    def warm_up(self) -> None:
        """Compare factors and estimates after the warm-up with those of a longer history."""
        if self.has_backtrader:
            self.not_checked.append("Warm-up: a Backtrader strategy declares none.")
            return
        warmed = after_warmup(self.builder, self.bars)
        self.findings.extend(warmed.findings)
        self.not_checked.extend(warmed.not_checked)
        self.checks.append(
            Check(name="warm-up", extent=warmed.extent, compared=warmed.compared, passed=not warmed.findings)
        )

    def verdict(self) -> Verdict:
        """Return what was found."""
        return Verdict(
            name=self.builder.plan.name,
            short=self.short,
            checks=tuple(self.checks),
            findings=tuple(self.findings),
            cuts=self.cuts,
            decisions=self.decisions,
            not_checked=(*self.not_checked, *(_SHORT if self.short else ()), *_ELSEWHERE),
            seed=self.seed,
            seconds=time.monotonic() - self.begun,
        )

    def _finding(self, rule: str, found: Difference, remedy: str) -> Finding:
        return Finding(
            rule=rule,
            plugin=found.plugin,
            what=found.what,
            bar=found.bar,
            time=self.bars.timestamps[found.bar],
            text=f"once {found.first}, once {found.second}",
            remedy=remedy,
        )
