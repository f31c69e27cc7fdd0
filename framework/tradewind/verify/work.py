"""The checks of one verdict, made one after the other."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from tradewind.verify.afresh import stream_afresh, stream_of
from tradewind.verify.authors import owner_title
from tradewind.verify.cuts import Cut, decision_bars, draw_cuts, longest_warmup, of_sleeve
from tradewind.verify.difference import AN_ERROR, Difference, factor_difference, trace_difference
from tradewind.verify.finding import Check, Finding, Verdict
from tradewind.verify.look_ahead import Looked, look_ahead
from tradewind.verify.trace import DECIDED, FactorError, factors_of
from tradewind.verify.warmup import after_warmup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tradewind.engine.assemble import Builder
    from tradewind.journal import Record
    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray
    from tradewind.verify.afresh import Stream
    from tradewind.verify.trace import Trace

__all__ = ["Work", "silent"]


_MOST_FINDINGS = 5
_NUMBER = re.compile(r"\d+")
"""What differs between the refusals of two windows for the same reason."""
_STEPS = (
    "Write the recurrence once for both forms: `compute` over the history and `step` bar by bar must agree to the "
    "last bit."
)
_STREAMED: Mapping[str, str] = MappingProxyType(
    {
        "standing": "A breaker changes on another bar when bars arrive one by one: `quiet` passes over a bar on which "
        "`observe` would act, or judges a bar by those behind it. Let it judge each bar as `observe` does.",
        "": "The plan decides otherwise when bars arrive one by one: `next_event` passes over a bar on which something "
        "happens, or something is read that is not there yet.",
    }
)
"""What to do, by what differs."""
_KEPT = (
    "Bar by bar it is the same in the process that knows the history already, and another in a fresh one: what a class "
    "or a module keeps from one run to the next hides what is read ahead, or the order of a set decides. Keep state in "
    "the instance, and sort what comes of a set."
)
_MEMORY = "What a class or a module remembers from one run to the next: in one process it can hide what is read ahead."
_ELSEWHERE = (
    "What plugins read elsewhere than from the market (files, other data), if it is the same in every run.",
    "The data themselves: instruments chosen because they survived, figures that were published or adjusted later.",
    "Whether parameters were chosen on the history on which they are tested.",
)


def silent(*_: object) -> None:
    """Tell nobody."""


@dataclass
class Work:
    """The checks made so far of a plan over a history."""

    builder: Builder
    bars: Bars
    seed: int
    short: bool
    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_checked: dict[str, None] = field(default_factory=dict)
    cuts: int = 0
    decisions: int = 0
    streamed: int = 0
    by_sleeve: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[str]] = field(default_factory=dict)
    skipped: str = ""
    interrupted: bool = False
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)
        self.warmup = longest_warmup(self.builder, self.bars)
        self.by_sleeve.update({sleeve.name: 0 for sleeve in self.builder.plan.sleeves})

    def compare(self, name: str, rule: str, first: Trace, second: Trace, remedy: str) -> None:
        """Compare two traces of the same bars."""
        found = trace_difference(self.builder.plan, first, second)
        self._conclude(name, rule, f"{len(first.records):,} journal entries", 1, found, remedy)

    def stream(self, true: Trace, *, afresh: bool) -> None:
        """Compare factors and decisions with those made bar by bar, in a fresh process or in this one.

        What differs in a fresh process alone rests on what this one remembers.
        """
        stream = (stream_afresh if afresh else stream_of)(self.builder, self.bars)
        batch = factors_of(self.builder, self.bars)
        count = sum(len(named) for named in batch.values())
        place = ", in a fresh process" if afresh else ""
        found = self._stepped(batch, stream)
        if count:
            hidden = found is not None and afresh and self._stepped(batch, stream_of(self.builder, self.bars)) is None
            self._conclude(
                "step forms", "stream_differs", f"{_counted(count, 'factor')}{place}", count, found,
                _KEPT if hidden else _STEPS,
            )  # fmt: skip
        if found is not None:
            return
        found = trace_difference(self.builder.plan, true, stream.trace)
        remedy = _STREAMED[""] if found is None else _STREAMED.get(found.what, _STREAMED[""])
        if found is not None and afresh:
            here = trace_difference(self.builder.plan, true, stream_of(self.builder, self.bars).trace)
            remedy = _KEPT if here is None else remedy
        extent = f"{len(true.records):,} journal entries{place}"
        self._conclude("streamed", "stream_differs", extent, 1, found, remedy)
        if found is None:
            self.streamed = len({record.bar for record in true.records if record.kind in DECIDED})
        if not afresh:
            self.not_checked[_MEMORY] = None

    def _stepped(self, batch: Mapping[str, Mapping[str, FloatArray]], stream: Stream) -> Difference | None:
        """Return the first difference of factors made for all bars at once and of those made bar by bar."""
        if isinstance(stream.factors, FactorError):
            owner = owner_title(self.builder.plan, stream.factors.owner)
            return Difference(owner, AN_ERROR, 0, "no error in its batch form", str(stream.factors))
        return factor_difference(self.builder, self.bars, batch, stream.factors, len(self.bars) - 1)

    def draws(self, records: Sequence[Record], *, whole: bool = False, ahead: int | None = None) -> Iterator[Cut]:
        """Yield cuts without end, most of them on bars on which a run with these records has decided.

        Sleeves take turns: one that decides each day would leave few cuts to one that decides each month.
        """
        exits = any(sleeve.exits for sleeve in self.builder.plan.sleeves)
        names = [sleeve.name for sleeve in self.builder.plan.sleeves]
        by_sleeve = [of_sleeve(records, name) for name in names] if len(names) > 1 else [records]
        decided = dict.fromkeys(tuple(decision_bars(own, whole=whole)) for own in by_sleeve)
        drawn = [
            draw_cuts(len(self.bars), bars, self.warmup, self.generator, whole=whole, ahead=ahead, exits=exits)
            for bars in [one for one in decided if one] or [()]
        ]
        for own in itertools.cycle(drawn):
            yield next(own)

    def cut(
        self,
        name: str,
        count: int,
        drawn: Iterator[Cut],
        futures: Sequence[str],
        *,
        tell: Callable[[str, int, int], None] = silent,
        goes_on: Callable[[float], bool] = lambda _: True,
    ) -> None:
        """Look behind cuts while ``goes_on``, which is given the longest processor time of one, in seconds."""
        done = failed = decided = differing = 0
        longest = 0.0
        while done + failed < count and len(self.findings) < _MOST_FINDINGS and (not done + failed or goes_on(longest)):
            tell(name, done, count)
            started = time.process_time()
            looked = self._look(next(drawn), futures)
            failed += bool(looked.failed)
            decided += bool(looked.decided)
            known = self.by_sleeve.keys()
            self.by_sleeve.update(known if looked.decided and len(known) == 1 else looked.decided & known)
            differing += looked.differs
            done += not looked.failed
            longest = max(longest, time.process_time() - started)
        if done:
            self.cuts += done
            self.decisions += decided
            extent = f"{_counted(done, 'cut')}, {decided} on decisions, {_counted(len(futures), 'future')} each"
            self.checks.append(Check(name=name, extent=extent, compared=done, passed=not differing))
            self.skipped = ""
        elif failed and not self.cuts:
            self.skipped = "the plan cannot be run over parts of its history"

    def warm_up(self) -> None:
        """Compare factors and estimates after the warm-up with those of a longer history."""
        warmed = after_warmup(self.builder, self.bars)
        known = self._found_out
        self.findings.extend(one for one in warmed.findings if one.plugin not in known)
        self.not_checked.update(dict.fromkeys(warmed.not_checked))
        again = sorted({one.plugin for one in warmed.findings} & known)
        extent = f"{warmed.extent}; {', '.join(again)} as found above" if again else warmed.extent
        if warmed.compared:
            self.checks.append(
                Check(name="warm-up", extent=extent, compared=warmed.compared, passed=not warmed.findings)
            )

    def verdict(self, *not_checked: str) -> Verdict:
        """Return what was found; ``not_checked`` comes before what no verdict speaks of."""
        return Verdict(
            name=self.builder.plan.name,
            short=self.short,
            checks=tuple(self.checks),
            findings=tuple(self.findings),
            cuts=self.cuts,
            decisions=self.decisions,
            by_sleeve=dict(self.by_sleeve),
            streamed=self.streamed,
            not_checked=(*self._refused_windows(), *self.not_checked, *not_checked, *_ELSEWHERE),
            skipped=self.skipped,
            interrupted=self.interrupted,
            seed=self.seed,
            seconds=time.monotonic() - self.begun,
        )

    def _look(self, cut: Cut, futures: Sequence[str]) -> Looked:
        known = self._found_out
        found = look_ahead(self.builder, self.bars, cut, futures, self.generator, shrinks=not self.short, known=known)
        if found.failed:
            told = f"Bars {cut.start} to {cut.last}: the plan cannot be run over them: {found.failed}"
            self.refused.setdefault(_NUMBER.sub("0", found.failed), []).append(told)
        if found.finding is not None:
            self.findings.append(found.finding)
        return found

    def _refused_windows(self) -> Iterator[str]:
        """Yield the windows over which the plan cannot be run: of each reason the first, and how many more."""
        for first, *more in self.refused.values():
            yield f"{first} ({_counted(len(more), 'more window')} for the same reason)" if more else first

    @property
    def _found_out(self) -> set[str]:
        """Plugins of which something is known already; that they read the future shows in other checks as well."""
        return {one.plugin for one in self.findings}

    def _conclude(
        self, name: str, rule: str, extent: str, compared: int, found: Difference | None, remedy: str
    ) -> None:
        self.checks.append(Check(name=name, extent=extent, compared=compared, passed=found is None))
        if found is not None and found.plugin not in self._found_out:
            self.findings.append(self._finding(rule, found, remedy))

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


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
