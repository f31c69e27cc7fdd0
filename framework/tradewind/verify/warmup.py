"""Whether a warm-up is long enough: factors and estimates after it, with and without a longer history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tradewind.contracts import OnReference
from tradewind.errors import TradewindError
from tradewind.verify.authors import owner_title
from tradewind.verify.finding import Finding
from tradewind.verify.trace import estimates_of, factors_of, owners_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.contracts import Factor
    from tradewind.engine.assemble import Builder
    from tradewind.model import Bars, RegimeEstimate
    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["Warmed", "after_warmup"]

_LATEST = 0.5
"""Part of the history after which the shorter history begins, at the latest."""
_REMEDY = (
    "Lengthen `warmup` to all bars that it looks back on; or, where it remembers its whole past or "
    "sums round otherwise, declare `warmup_tolerance`."
)
_NOT_FACTORS = "Whether what a strategy computes without factors looks back further than its warm-up."


@dataclass
class Warmed:
    """What comparing with a longer history has brought."""

    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    compared: int = 0
    extent: str = ""


def after_warmup(builder: Builder, bars: Bars) -> Warmed:
    """Compare a plan's factors and estimates with those of a history that begins later, after the owner's warm-up.

    Of a symbol its own bars are counted, as factors count them. Sizers and exits have no warm-up of their own: what
    they do not know yet is not compared. A factor or detector whose optional attribute ``warmup_tolerance`` is infinite
    remembers its whole past, is restored and not warmed up again, and is named instead of compared.
    """
    pair = _Pair.of(builder, bars)
    if pair is None:
        return Warmed(not_checked=["Warm-up: the history is no longer than it.", _NOT_FACTORS])
    warmed = Warmed(not_checked=[_NOT_FACTORS])
    try:
        pair.compare_factors(warmed)
        pair.compare_estimates(warmed)
    except TradewindError as error:
        warmed.not_checked.append(f"Warm-up: the plan cannot be run from bar {pair.later} on: {error}")
    unit = "factor or detector" if warmed.compared == 1 else "factors and detectors"
    warmed.extent = f"{warmed.compared} {unit}, from bar {pair.later} on and from bar 0 on"
    return warmed


@dataclass(frozen=True)
class _Pair:
    """A history, and the same from bar ``later`` on."""

    builder: Builder
    bars: Bars
    shorter: Bars
    later: int
    warmups: Mapping[str, int]

    @classmethod
    def of(cls, builder: Builder, bars: Bars) -> _Pair | None:
        """Cut the shorter history; None where it would hold no bar after the warm-up."""
        warmups = _warmups(builder, bars)
        latest = min(int(len(bars) * _LATEST), len(bars) - max(warmups.values(), default=0) - 2)
        if latest < 1:
            return None
        later = _later(bars, latest)
        return cls(builder, bars, bars.between(later, len(bars)), later, warmups)

    def compare_factors(self, warmed: Warmed) -> None:
        declared = owners_of(self.builder, self.bars)
        long, short = factors_of(self.builder, self.bars), factors_of(self.builder, self.shorter)
        for owner, named in long.items():
            for name, values in named.items():
                factor = declared[owner][name]
                tolerance = _tolerance(factor.factor if isinstance(factor, OnReference) else factor)
                title = owner_title(self.builder.plan, owner)
                if np.isinf(tolerance):
                    warmed.not_checked.append(f"Warm-up of factor {name!r} of {title}: it remembers its whole past.")
                    continue
                warmed.compared += 1
                beyond = _beyond(values[self.later :], short[owner][name], tolerance)
                beyond &= self._warm(factor, self.warmups[owner])
                if "." in owner:
                    beyond &= np.isfinite(short[owner][name])
                if beyond.any():
                    bar = int(beyond.any(axis=1).argmax())
                    column = int(beyond[bar].argmax())
                    one, other = float(values[self.later + bar, column]), float(short[owner][name][bar, column])
                    of = "" if isinstance(factor, OnReference) else f" of {self.bars.symbols[column]}"
                    warmed.findings.append(
                        self._finding(title, f"factor {name!r}{of}", bar, repr(one), repr(other), self.warmups[owner])
                    )

    def compare_estimates(self, warmed: Warmed) -> None:
        long = estimates_of(self.builder, self.bars, len(self.bars) - 1)
        if not long:
            return
        title, warmup = owner_title(self.builder.plan, "regime"), self.warmups["regime"]
        tolerance = _tolerance(self.builder.detector())
        if np.isinf(tolerance):
            warmed.not_checked.append(f"Warm-up of {title}: it remembers its whole past.")
            return
        warmed.compared += 1
        for bar, short in enumerate(estimates_of(self.builder, self.shorter, len(self.shorter) - 1)):
            whole = long[self.later + bar]
            if bar >= warmup and not _near(whole, short, tolerance):
                warmed.findings.append(self._finding(title, "estimate", bar, _shown(whole), _shown(short), warmup))
                return

    def _warm(self, factor: Factor | OnReference, warmup: int) -> BoolArray:
        """Return on which bars of the shorter history each column has more own bars than the warm-up."""
        source = self.shorter.references[factor.role] if isinstance(factor, OnReference) else self.shorter
        needs = (factor.factor if isinstance(factor, OnReference) else factor).needs
        present = np.logical_and.reduce([np.isfinite(source.fields[need]) for need in needs])
        warm: BoolArray = np.cumsum(present, axis=0) > warmup
        return warm

    def _finding(self, title: str, what: str, bar: int, long: str, short: str, warmup: int) -> Finding:
        return Finding(
            rule="warmup_too_short",
            plugin=title,
            what=what,
            bar=self.later + bar,
            time=self.shorter.timestamps[bar],
            text=f"{long} with the whole history, {short} with the one from bar {self.later} on, after a warm-up of "
            f"{warmup} bars",
            remedy=_REMEDY,
        )


def _later(bars: Bars, latest: int) -> int:
    """Return the last bar up to ``latest`` on which all that goes on has a price; ``latest`` without one.

    A symbol that is halted there knows its price of before in the longer history and has none in the shorter.
    """
    good = np.ones(len(bars), dtype=np.bool_)
    for source in (bars, *bars.references.values()):
        present = np.isfinite(source.fields["close"])
        before = np.logical_or.accumulate(present, axis=0)
        after = np.logical_or.accumulate(present[::-1], axis=0)[::-1]
        good &= (present | ~before | ~after).all(axis=1)
    found = np.flatnonzero(good[1 : latest + 1])
    return int(found[-1]) + 1 if found.size else latest


def _warmups(builder: Builder, bars: Bars) -> dict[str, int]:
    """Return the warm-up of each owner of factors; that of sizers and exits is their strategy's."""
    warmups = {"regime": int(getattr(builder.detector(), "warmup", 0))}
    for sleeve in builder.sleeves(bars.instruments):
        own = int(getattr(sleeve.strategy, "warmup", 0))
        warmups[sleeve.name] = warmups[f"{sleeve.name}.sizer"] = own
        warmups |= {f"{sleeve.name}.exit.{name}": own for name, _ in sleeve.exits}
    return warmups


def _beyond(first: FloatArray, second: FloatArray, tolerance: float) -> BoolArray:
    """Return where two arrays differ by more than a tolerance, times their size where that is above 1."""
    with np.errstate(invalid="ignore"):
        near = abs(first - second) <= tolerance * np.maximum(1.0, np.maximum(abs(first), abs(second)))
    beyond: BoolArray = ~(near | (first == second) | (np.isnan(first) & np.isnan(second)))
    return beyond


def _near(first: RegimeEstimate | None, second: RegimeEstimate | None, tolerance: float) -> bool:
    if first is None or second is None:
        return first is second
    if set(first.probabilities) != set(second.probabilities):
        return False
    pairs = [(first.probabilities[label], second.probabilities[label]) for label in first.probabilities]
    # Of labels as likely as each other either may be named.
    pairs.append((first.probabilities[first.label], first.probabilities[second.label]))
    return all(abs(one - other) <= tolerance for one, other in (*pairs, (first.confidence, second.confidence)))


def _shown(estimate: RegimeEstimate | None) -> str:
    return "none" if estimate is None else f"{estimate.label} ({dict(estimate.probabilities)})"


def _tolerance(plugin: object) -> float:
    return float(getattr(plugin, "warmup_tolerance", 0.0))
