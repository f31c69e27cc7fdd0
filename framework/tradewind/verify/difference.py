"""The first difference of two runs up to a bar, and whose it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.contracts import OnReference
from tradewind.errors import TradewindError
from tradewind.verify.authors import ORDER, author, owner_title
from tradewind.verify.trace import FactorError, decide, estimates_of, factors_of, owners_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.config.plan import Plan
    from tradewind.engine.assemble import Builder
    from tradewind.engine.panel import FactorCache
    from tradewind.journal import Record
    from tradewind.model import Bars, RegimeEstimate
    from tradewind.model.typing import FloatArray
    from tradewind.verify.trace import Trace

__all__ = ["AN_ERROR", "Baseline", "Difference", "difference_of", "factor_difference", "trace_difference"]

AN_ERROR = "an error"
"""What differs where a plan ends with an error under one future and not under the other."""
_BECAME = "order"
"""Kind of the entry of what became of an order, which names nobody but the order."""
_MOST_ROWS = 3
_WHO = re.compile(r"(.{1,120}?) (?:raised|returned|asked|read|wants) ")
"""The plugin at the beginning of an error's message."""


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
        found = factor_difference(
            builder, bars, base.factors, factors_of(builder, bars, cache), base.cut
        ) or _estimate_difference(plan, base, estimates_of(builder, bars, base.cut, cache))
    except TradewindError as error:
        owner = error.owner if isinstance(error, FactorError) else "regime"
        return Difference(owner_title(plan, owner), AN_ERROR, base.cut, "no error", f"{type(error).__name__}: {error}")
    return found or trace_difference(plan, base.trace, decide(builder, bars, base.cut, cache=cache))


def factor_difference(
    builder: Builder,
    bars: Bars,
    first: Mapping[str, Mapping[str, FloatArray]],
    second: Mapping[str, Mapping[str, FloatArray]],
    last: int,
) -> Difference | None:
    """Return the first bar up to ``last`` on which factors by owner and name differ."""
    found: list[Difference] = []
    declared = owners_of(builder, bars)
    for owner, named in first.items():
        for name, values in named.items():
            known, changed = values[: last + 1], second[owner][name][: last + 1]
            if _same(known, changed):
                continue
            differs = ~((known == changed) | (np.isnan(known) & np.isnan(changed)))
            bar = int(differs.any(axis=1).argmax())
            column = int(differs[bar].argmax())
            factor = declared[owner][name]
            of = f"reference {factor.role}" if isinstance(factor, OnReference) else bars.symbols[column]
            found.append(
                Difference(
                    owner_title(builder.plan, owner),
                    f"factor {name!r} of {of}",
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
            return _record_difference(plan, first, second, one, other)
    shorter, longer = sorted((first, second), key=lambda trace: len(trace.records))
    if first.error != second.error:
        return _error_difference(first, second)
    if len(shorter.records) == len(longer.records):
        return None
    entry = longer.records[len(shorter.records)]
    plugin, what = _author(plan, longer, entry)
    return Difference(plugin, what, entry.bar, *_only(entry, first=longer is first))


def _error_difference(first: Trace, second: Trace) -> Difference:
    """Return the error of the side that has one; its message begins with the plugin."""
    failed = first if first.error else second
    who = _WHO.match(str(failed.raised))
    return Difference(
        who[1] if who else "the run", AN_ERROR, failed.bar, first.error or "no error", second.error or "no error"
    )


def _record_difference(plan: Plan, first: Trace, second: Trace, one: Record, other: Record) -> Difference:
    if (one.bar, one.kind) != (other.bar, other.kind):
        mine = (one.bar, ORDER.index(one.kind)) < (other.bar, ORDER.index(other.kind))
        entry = one if mine else other
        plugin, what = _author(plan, first if mine else second, entry)
        return Difference(plugin, what, entry.bar, *_only(entry, first=mine))
    ours, theirs = json.loads(one.payload), json.loads(other.payload)
    keys = [key for key in dict.fromkeys([*ours, *theirs]) if ours.get(key) != theirs.get(key)]
    plugin, what = _author(plan, first, one, keys)
    return Difference(plugin, what, one.bar, *_narrowed(ours, theirs, keys))


def _author(plan: Plan, trace: Trace, entry: Record, keys: Sequence[str] = ()) -> tuple[str, str]:
    """Return whose an entry of a trace is, and what of it differs; what became of an order is whose order it was."""
    if entry.kind == _BECAME:
        number = json.loads(entry.payload)["id"]
        orders = (one for one in trace.records if one.kind == "intent" and json.loads(one.payload)["id"] == number)
        order = next(orders, None)
        if order is not None:
            return author(plan, order)[0], entry.kind
    return author(plan, entry, keys)


def _narrowed(ours: dict[str, Any], theirs: dict[str, Any], keys: Sequence[str]) -> tuple[str, str]:
    """Return what differs of two entries, and of their tables the first few rows that do."""
    mine: dict[str, Any] = {}
    its: dict[str, Any] = {}
    for key in keys:
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            rows = [row for row in dict.fromkeys([*one, *other]) if one.get(row) != other.get(row)]
            more = {"...": f"{len(rows)} in all"} if len(rows) > _MOST_ROWS else {}
            one, other = ({row: side.get(row) for row in rows[:_MOST_ROWS]} | more for side in (one, other))
        mine[key], its[key] = one, other
    return json.dumps(mine), json.dumps(its)


def _only(entry: Record, *, first: bool) -> tuple[str, str]:
    """Return what both sides have written where only one of them has."""
    return (_shown(entry), "nothing") if first else ("nothing", _shown(entry))


def _shown(record: Record) -> str:
    return f"{record.kind} {record.payload}"
