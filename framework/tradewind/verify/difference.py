"""The first difference of two runs up to a bar, and whose it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.errors import TradewindError
from tradewind.verify.trace import FactorError, decide, estimates_of, factors_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.config.plan import Plan
    from tradewind.engine.assemble import Builder
    from tradewind.engine.panel import FactorCache
    from tradewind.journal import Record
    from tradewind.model import Bars, RegimeEstimate
    from tradewind.model.typing import FloatArray
    from tradewind.verify.trace import Trace

__all__ = ["AN_ERROR", "Baseline", "Difference", "difference_of", "owner_title", "trace_difference"]

AN_ERROR = "an error"
"""What differs where a plan ends with an error under one future and not under the other."""
_WEIGHTS = "weights"
"""Key of a ``signals`` entry that the sizer has made; the others are the strategy's."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs first: whose, what of it, at which bar, and both values."""

    plugin: str
    what: str
    bar: int
    first: str
    second: str


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What a plan computes and decides over the true bars, up to a cut."""

    bars: Bars
    cut: int
    factors: Mapping[str, Mapping[str, FloatArray]]
    estimates: Sequence[RegimeEstimate | None]
    trace: Trace

    @classmethod
    def of(cls, builder: Builder, bars: Bars, cut: int) -> Baseline:
        """Compute and decide."""
        cache: FactorCache = {}
        factors = factors_of(builder, bars, cache)
        estimates = estimates_of(builder, bars, cut, cache)
        return cls(bars, cut, factors, estimates, decide(builder, bars, cut, cache=cache))


def difference_of(builder: Builder, base: Baseline, bars: Bars) -> Difference | None:
    """Return the first difference, up to the baseline's cut, of the plan over other bars.

    Factors come first, then the regime, then decisions: whoever reads a leaking factor decides otherwise as well, and
    is not to blame.
    """
    plan = builder.plan
    cache: FactorCache = {}
    try:
        found = _factor_difference(plan, base, factors_of(builder, bars, cache)) or _estimate_difference(
            plan, base, estimates_of(builder, bars, base.cut, cache)
        )
    except TradewindError as error:
        owner = error.owner if isinstance(error, FactorError) else "regime"
        return Difference(owner_title(plan, owner), AN_ERROR, base.cut, "no error", f"{type(error).__name__}: {error}")
    return found or trace_difference(plan, base.trace, decide(builder, bars, base.cut, cache=cache))


def owner_title(plan: Plan, owner: str) -> str:
    """Return who owns a factor, in words: ``strategy momentum of sleeve core``."""
    if owner == "regime":
        return f"regime detector {plan.regime.detector.label}" if plan.regime else "regime detector"
    for sleeve in plan.sleeves:
        if owner == sleeve.name:
            return f"strategy {sleeve.strategy.label} of sleeve {sleeve.name}"
        if owner == f"{sleeve.name}.sizer" and sleeve.sizer:
            return f"sizer {sleeve.sizer.label} of sleeve {sleeve.name}"
        if owner.startswith(f"{sleeve.name}.exit."):
            return f"exit {owner.removeprefix(f'{sleeve.name}.exit.')} of sleeve {sleeve.name}"
    return owner


def _factor_difference(plan: Plan, base: Baseline, others: Mapping[str, Mapping[str, FloatArray]]) -> Difference | None:
    found: list[Difference] = []
    for owner, named in base.factors.items():
        for name, values in named.items():
            known, changed = values[: base.cut + 1], others[owner][name][: base.cut + 1]
            if _same(known, changed):
                continue
            differs = ~((known == changed) | (np.isnan(known) & np.isnan(changed)))
            bar = int(differs.any(axis=1).argmax())
            column = int(differs[bar].argmax())
            symbols = base.bars.symbols
            symbol = symbols[column] if differs.shape[1] == len(symbols) else "reference"
            found.append(
                Difference(
                    owner_title(plan, owner),
                    f"factor {name!r} of {symbol}",
                    bar,
                    repr(float(known[bar, column])),
                    repr(float(changed[bar, column])),
                )
            )
    return min(found, key=lambda one: one.bar, default=None)


def _same(first: FloatArray, second: FloatArray) -> bool:
    return np.array_equal(first, second, equal_nan=True)


def _estimate_difference(plan: Plan, base: Baseline, others: Sequence[RegimeEstimate | None]) -> Difference | None:
    for bar, (one, other) in enumerate(zip(base.estimates, others, strict=True)):
        if one != other:
            return Difference(owner_title(plan, "regime"), "estimate", bar, _estimate(one), _estimate(other))
    return None


def _estimate(one: RegimeEstimate | None) -> str:
    return "none" if one is None else f"{one.label} {dict(one.probabilities)} confidence {one.confidence!r}"


def trace_difference(plan: Plan, first: Trace, second: Trace) -> Difference | None:
    """Return the first journal entry that differs; a run that stops earlier than the other differs there."""
    for one, other in zip(first.records, second.records, strict=False):
        if one != other:
            return _record_difference(plan, one, other)
    shorter, longer = sorted((first, second), key=lambda trace: len(trace.records))
    if len(shorter.records) == len(longer.records):
        return None
    entry = longer.records[len(shorter.records)]
    plugin, _ = _author(plan, entry, None)
    if shorter.error:
        return Difference(plugin, AN_ERROR, entry.bar, _shown(entry), shorter.error)
    ours, theirs = (_shown(entry), "nothing") if longer is first else ("nothing", _shown(entry))
    return Difference(plugin, entry.kind, entry.bar, ours, theirs)


def _record_difference(plan: Plan, one: Record, other: Record) -> Difference:
    earlier = one if one.bar <= other.bar else other
    if (one.bar, one.kind) != (other.bar, other.kind):
        plugin, what = _author(plan, earlier, None)
        return Difference(plugin, what, earlier.bar, _shown(one), _shown(other))
    ours, theirs = json.loads(one.payload), json.loads(other.payload)
    keys = [key for key in dict.fromkeys([*ours, *theirs]) if ours.get(key) != theirs.get(key)]
    plugin, what = _author(plan, one, keys)
    mine, its = (json.dumps({key: side.get(key) for key in keys}) for side in (ours, theirs))
    return Difference(plugin, what, one.bar, mine, its)


def _author(plan: Plan, record: Record, keys: Sequence[str] | None) -> tuple[str, str]:
    """Return who wrote an entry, and what of it differs."""
    payload: dict[str, Any] = json.loads(record.payload)
    sleeve = payload.get("sleeve", "")
    if record.kind == "regime":
        return owner_title(plan, "regime"), "regime"
    if record.kind == "signals" and keys == [_WEIGHTS]:
        return owner_title(plan, f"{sleeve}.sizer"), "weights"
    if record.kind in ("signals", "targets"):
        return owner_title(plan, sleeve), record.kind
    if record.kind == "exit":
        return owner_title(plan, f"{sleeve}.exit.{payload.get('exit', '')}"), "exit"
    if record.kind == "gate":
        return f"gate {payload.get('gate', '')}", "verdict"
    if record.kind == "breaker":
        return f"breaker {payload.get('by', '')}", "standing"
    split = ", ".join(payload.get("split", ()))
    return (f"sleeves {split}" if split else "the run"), record.kind


def _shown(record: Record) -> str:
    return f"{record.kind} {record.payload}"
