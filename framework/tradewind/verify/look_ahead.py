"""Replace the future behind a cut, and see whether anything before it changes."""

from __future__ import annotations

import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tradewind.errors import TradewindError
from tradewind.verify.cuts import sleeves_of
from tradewind.verify.difference import AN_ERROR, Baseline, Difference, difference_of
from tradewind.verify.finding import Finding
from tradewind.verify.futures import FUTURES
from tradewind.verify.shrink import smallest_change
from tradewind.verify.trace import DECIDED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np

    from tradewind.engine.assemble import Builder
    from tradewind.model import Bars
    from tradewind.verify.cuts import Cut

__all__ = ["REPEATABLE", "Looked", "look_ahead"]

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "factor": "Make each row of the factor from rows up to its own: no statistics of the whole array, no negative "
        "shift, no centred window.",
        AN_ERROR: "A plugin must not fail, or go on, because of bars that are still to come.",
        "standing": "Let a breaker judge a bar by itself and those before it, in `quiet` as in `observe`.",
        "": "Read the market through `market.current`, `market.window` and `market.history`, which end at this bar.",
    }
)


REPEATABLE = (
    "Two runs over the same bars in one process differ: draw random numbers from a `Seed`, keep state in the "
    "instance and not in the class, and read no clock."
)


class Looked(NamedTuple):
    """What looking behind one cut has brought.

    ``decided``: the sleeves that decided something on it; ``finding``: the difference found; ``failed``: why the plan
    cannot be run over this window of the true bars; ``differs``: whether there was a difference, also one of a plugin
    known before.
    """

    decided: frozenset[str]
    finding: Finding | None
    failed: str = ""
    differs: bool = False


def look_ahead(
    builder: Builder,
    history: Bars,
    cut: Cut,
    futures: Sequence[str],
    generator: np.random.Generator,
    *,
    shrinks: bool = True,
    known: Collection[str] = (),
) -> Looked:
    """Compare a plan over a window of a history with the same under other futures behind the cut.

    Numbers that plugins meet in made-up futures may warn of what no run warns of; such warnings are not shown.

    Parameters
    ----------
    builder, history
        The plan and its bars.
    cut
        The window and its last true bar.
    futures
        Names in `tradewind.verify.futures.FUTURES`, tried in turn until one makes a difference.
    generator
        Draws the futures.
    shrinks
        Whether the smallest change that still makes the difference is looked for; it may take half a minute.
    known
        Plugins that are known to read the future, of which nothing is found again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return _looked(builder, history.between(cut.start, cut.stop), cut, futures, generator, shrinks, known)


def _looked(
    builder: Builder,
    bars: Bars,
    cut: Cut,
    futures: Sequence[str],
    generator: np.random.Generator,
    shrinks: bool,
    known: Collection[str],
) -> Looked:
    try:
        base = Baseline.of(builder, bars, cut.last - cut.start)
    except TradewindError as error:
        return Looked(frozenset(), None, failed=str(error))
    if base.trace.error:
        return Looked(frozenset(), None, failed=base.trace.error)
    on_cut = [record for record in base.trace.records if record.bar == base.cut and record.kind in DECIDED]
    decided = frozenset(name for record in on_cut for name in sleeves_of(record))
    for name in futures:
        other = FUTURES[name](bars, base.cut, generator)
        difference = difference_of(builder, base, other)
        if difference is not None and difference.plugin in known:
            return Looked(decided, None, differs=True)
        if difference is not None:
            again = difference_of(builder, base, bars)
            if again is not None:
                return Looked(decided, _not_repeatable(base, again, cut), differs=True)
            finding = _finding(builder, base, other, difference, cut, name, shrinks=shrinks)
            return Looked(decided, finding, differs=True)
    return Looked(decided, None)


def _not_repeatable(base: Baseline, found: Difference, cut: Cut) -> Finding:
    return Finding(
        rule="not_repeatable",
        plugin=found.plugin,
        what=found.what,
        bar=cut.start + found.bar,
        time=base.bars.timestamps[found.bar],
        text=f"once {found.first}, once {found.second} over the same bars",
        remedy=REPEATABLE,
    )


def _finding(
    builder: Builder, base: Baseline, other: Bars, found: Difference, cut: Cut, future: str, *, shrinks: bool
) -> Finding:
    def differs(bars: Bars) -> bool:
        again = difference_of(builder, base, bars)
        return again is not None and (again.plugin, again.what) == (found.plugin, found.what)

    cause = smallest_change(base.bars, other, base.cut, differs, first=cut.start) if shrinks else ""
    return Finding(
        rule="look_ahead",
        plugin=found.plugin,
        what=found.what,
        bar=cut.start + found.bar,
        time=base.bars.timestamps[found.bar],
        text=f"{found.first} becomes {found.second} when bars after {cut.last} are others ({future})",
        cause=cause,
        remedy=_REMEDIES.get(found.what if found.what == AN_ERROR else found.what.split(" ")[0], _REMEDIES[""]),
    )
