"""The checks of one verdict, made one after the other."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tradewind.verify.authors import owner_title
from tradewind.verify.cuts import Cut, decision_bars, draw_cuts, longest_warmup
from tradewind.verify.difference import AN_ERROR, Difference, factor_difference, trace_difference
from tradewind.verify.finding import Check, Finding, Verdict
from tradewind.verify.look_ahead import Looked, look_ahead
from tradewind.verify.trace import FactorError, factors_of, stepped_factors_of
from tradewind.verify.warmup import after_warmup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tradewind.engine.assemble import Builder
    from tradewind.journal import Record
    from tradewind.model import Bars
    from tradewind.verify.trace import Trace

__all__ = ["Work", "silent"]


_MOST_FINDINGS = 5
_STEPS = (
    "Write the recurrence once for both forms: `compute` over the history and `step` bar by bar must agree to the "
    "last bit."
)
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
    skipped: str = ""
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)
        self.warmup = longest_warmup(self.builder, self.bars)

    def compare(self, name: str, rule: str, first: Trace, second: Trace, remedy: str) -> None:
        """Compare two traces of the same bars."""
        found = trace_difference(self.builder.plan, first, second)
        self._conclude(name, rule, f"{len(first.records):,} journal entries", 1, found, remedy)

    def step_forms(self) -> bool:
        """Compare the batch form of every factor with its step form; return whether they agree."""
        batch = factors_of(self.builder, self.bars)
        count = sum(len(named) for named in batch.values())
        try:
            stepped = stepped_factors_of(self.builder, self.bars)
        except FactorError as error:
            owner = owner_title(self.builder.plan, error.owner)
            found: Difference | None = Difference(owner, AN_ERROR, 0, "no error in its batch form", str(error))
        else:
            found = factor_difference(self.builder, self.bars, batch, stepped, len(self.bars) - 1)
        if count:
            self._conclude("step forms", "stream_differs", _counted(count, "factor"), count, found, _STEPS)
        return found is None

    def draws(self, records: Sequence[Record], *, whole: bool = False, ahead: int | None = None) -> Iterator[Cut]:
        """Return cuts without end, most of them on bars on which a run with these records has decided."""
        decided = decision_bars(records, whole=whole)
        exits = any(sleeve.exits for sleeve in self.builder.plan.sleeves)
        return draw_cuts(len(self.bars), decided, self.warmup, self.generator, whole=whole, ahead=ahead, exits=exits)

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
            decided += looked.decided
            differing += looked.differs
            done += not looked.failed
            longest = max(longest, time.process_time() - started)
        if done:
            self.cuts += done
            self.decisions += decided
            extent = f"{_counted(done, 'cut')}, {decided} on decisions, {_counted(len(futures), 'future')} each"
            self.checks.append(Check(name=name, extent=extent, compared=done, passed=not differing))
        elif failed:
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
            not_checked=(*self.not_checked, *not_checked, *_ELSEWHERE),
            skipped=self.skipped,
            seed=self.seed,
            seconds=time.monotonic() - self.begun,
        )

    def _look(self, cut: Cut, futures: Sequence[str]) -> Looked:
        known = self._found_out
        found = look_ahead(self.builder, self.bars, cut, futures, self.generator, shrinks=not self.short, known=known)
        if found.failed:
            self.not_checked[f"Bars {cut.start} to {cut.last}: the plan cannot be run over them: {found.failed}"] = None
        if found.finding is not None:
            self.findings.append(found.finding)
        return found

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
