"""Whether a warm-up is long enough: factors and estimates after it, with and without a longer history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tradewind.contracts import OnReference
from tradewind.verify.difference import owner_title
from tradewind.verify.finding import Finding
from tradewind.verify.trace import estimates_of, factors_of, owners_of

if TYPE_CHECKING:
    from tradewind.engine.assemble import Builder
    from tradewind.model import Bars, RegimeEstimate
    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["Warmed", "after_warmup"]

_MOST_LATER = 0.5
"""Part of the history after which the shorter history begins, at the latest."""
_REMEDY = (
    "Lengthen `warmup` to all bars that it looks back on; or, where it remembers its whole past or "
    "sums round otherwise, declare `warmup_tolerance`."
)


@dataclass
class Warmed:
    """What comparing with a longer history has brought."""

    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    compared: int = 0
    extent: str = ""


def after_warmup(builder: Builder, bars: Bars) -> Warmed:
    """Compare a plan's factors and estimates with those of a history that begins later, after the owner's warm-up.

    A factor or detector whose optional attribute ``warmup_tolerance`` is infinite remembers its whole past, is restored
    and not warmed up again, and is named instead of compared. Other numbers are the relative difference that is
    allowed; 0, the default, allows none.
    """
    warmed = Warmed()
    warmups = _warmups(builder, bars)
    later = min(int(len(bars) * _MOST_LATER), len(bars) - max(warmups.values(), default=0) - 2)
    if later < 1:
        warmed.not_checked.append("Warm-up: the history is no longer than it.")
        return warmed
    shorter = bars.between(later, len(bars))
    _compare_factors(builder, bars, shorter, later, warmups, warmed)
    _compare_estimates(builder, bars, shorter, later, warmups, warmed)
    warmed.extent = f"{warmed.compared} factors and detectors, from bar {later} on and from bar 0 on"
    return warmed


def _warmups(builder: Builder, bars: Bars) -> dict[str, int]:
    """Return the warm-up of each owner of factors; that of sizers and exits is their strategy's."""
    warmups = {"regime": int(getattr(builder.detector(), "warmup", 0))}
    for sleeve in builder.sleeves(bars.instruments):
        own = int(getattr(sleeve.strategy, "warmup", 0))
        warmups[sleeve.name] = warmups[f"{sleeve.name}.sizer"] = own
        warmups |= {f"{sleeve.name}.exit.{name}": own for name, _ in sleeve.exits}
    return warmups


def _compare_factors(
    builder: Builder, bars: Bars, shorter: Bars, later: int, warmups: dict[str, int], warmed: Warmed
) -> None:
    declared = owners_of(builder, bars)
    long, short = factors_of(builder, bars), factors_of(builder, shorter)
    for owner, named in long.items():
        for name, values in named.items():
            factor = declared[owner][name]
            tolerance = _tolerance(factor.factor if isinstance(factor, OnReference) else factor)
            title = owner_title(builder.plan, owner)
            if np.isinf(tolerance):
                warmed.not_checked.append(f"Warm-up of factor {name!r} of {title}: it remembers its whole past.")
                continue
            warmed.compared += 1
            beyond = _beyond(values[later:], short[owner][name], tolerance)
            beyond[: warmups[owner]] = False
            if beyond.any():
                bar = int(beyond.any(axis=1).argmax())
                column = int(beyond[bar].argmax())
                one, other = float(values[later + bar, column]), float(short[owner][name][bar, column])
                text = f"{one!r} with the whole history, {other!r} with the one from bar {later} on"
                warmed.findings.append(_finding(title, f"factor {name!r}", bars, later + bar, text, warmups[owner]))


def _beyond(first: FloatArray, second: FloatArray, tolerance: float) -> BoolArray:
    """Return where two arrays differ by more than a part of their size."""
    with np.errstate(invalid="ignore"):
        near = abs(first - second) <= tolerance * np.maximum(abs(first), abs(second))
    beyond: BoolArray = ~(near | (first == second) | (np.isnan(first) & np.isnan(second)))
    return beyond


def _compare_estimates(
    builder: Builder, bars: Bars, shorter: Bars, later: int, warmups: dict[str, int], warmed: Warmed
) -> None:
    long = estimates_of(builder, bars, len(bars) - 1)
    if not long:
        return
    title = owner_title(builder.plan, "regime")
    tolerance = _tolerance(builder.detector())
    if np.isinf(tolerance):
        warmed.not_checked.append(f"Warm-up of {title}: it remembers its whole past.")
        return
    warmed.compared += 1
    for bar, short in enumerate(estimates_of(builder, shorter, len(shorter) - 1)):
        whole = long[later + bar]
        if bar >= warmups["regime"] and not _near(whole, short, tolerance):
            text = f"{_shown(whole)} with the whole history, {_shown(short)} with the one from bar {later} on"
            warmed.findings.append(_finding(title, "estimate", bars, later + bar, text, warmups["regime"]))
            return


def _near(first: RegimeEstimate | None, second: RegimeEstimate | None, tolerance: float) -> bool:
    if first is None or second is None:
        return first is second
    if set(first.probabilities) != set(second.probabilities):
        return False
    pairs = [(first.probabilities[label], second.probabilities[label]) for label in first.probabilities]
    return all(abs(one - other) <= tolerance for one, other in (*pairs, (first.confidence, second.confidence)))


def _shown(estimate: RegimeEstimate | None) -> str:
    return "none" if estimate is None else f"{estimate.label} ({dict(estimate.probabilities)})"


def _tolerance(plugin: object) -> float:
    return float(getattr(plugin, "warmup_tolerance", 0.0))


def _finding(title: str, what: str, bars: Bars, bar: int, text: str, warmup: int) -> Finding:
    return Finding(
        rule="warmup_too_short",
        plugin=title,
        what=what,
        bar=bar,
        time=bars.timestamps[bar],
        text=f"{text}, after a warm-up of {warmup} bars",
        remedy=_REMEDY,
    )
