"""Where a history is cut: windows of it, and the last bar that stays true in each."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradewind.verify.trace import DECIDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.engine.assemble import Builder
    from tradewind.journal import Record
    from tradewind.model import Bars

__all__ = ["Cut", "decision_bars", "draw_cuts", "longest_warmup", "of_sleeve", "sleeves_of"]

_AHEAD = 40
"""Bars behind a cut: a plugin that reads further ahead is found where a history is cut as a whole."""
_EARLIER = 21
"""A window begins up to so many bars before its warm-up, so that decisions lie on other bars of it."""
_ANYWHERE = 10
_ANYWHERE_WITH_EXITS = 3
"""Of so many cuts the last lies anywhere, the others on a bar with a decision; exits are asked on every bar."""

_ASKED = frozenset({"signals", "targets"})
"""Kinds of journal entries that strategies bring about."""


class Cut(NamedTuple):
    """A window of a history, from ``start`` up to ``stop``, and the last bar of it that stays."""

    start: int
    last: int
    stop: int


def longest_warmup(builder: Builder, bars: Bars) -> int:
    """Return the longest warm-up of the plan's strategies and detector, in bars; 0 for a Backtrader strategy."""
    if any(sleeve.strategy.backtrader for sleeve in builder.plan.sleeves):
        return 0
    plugins = [sleeve.strategy for sleeve in builder.sleeves(bars.instruments)]
    return max(int(getattr(one, "warmup", 0)) for one in (*plugins, builder.detector()))


def decision_bars(records: Sequence[Record], *, whole: bool) -> list[int]:
    """Return the bars on which a strategy was asked, or, of the whole history, on which anything was decided.

    A window begins with a flat account, so that what follows from positions is seldom decided again in it.
    """
    asked = sorted({record.bar for record in records if record.kind in _ASKED}) if not whole else []
    return asked or sorted({record.bar for record in records if record.kind in DECIDED})


def of_sleeve(records: Sequence[Record], name: str) -> list[Record]:
    """Return the journal entries that name a sleeve; by their text, which is many times as fast as to read each."""
    key = json.dumps(name)
    marks = (f'"sleeve":{key}', f"{key}:")
    return [record for record in records if record.kind in DECIDED and any(mark in record.payload for mark in marks)]


def sleeves_of(record: Record) -> set[str]:
    """Return the sleeves that an entry is of; of a Backtrader strategy's, which names none, an empty name."""
    payload = json.loads(record.payload)
    return {payload["sleeve"]} if "sleeve" in payload else set(payload.get("split") or ("",))


def draw_cuts(
    bars: int,
    decided: Sequence[int],
    warmup: int,
    generator: np.random.Generator,
    *,
    whole: bool = False,
    ahead: int | None = None,
    exits: bool = False,
) -> Iterator[Cut]:
    """Yield cuts without end, most of them on decisions.

    Parameters
    ----------
    bars
        Length of the history; at least 2.
    decided
        Bars on which something was decided.
    warmup
        Bars before the first decision; a window has more of them before its cut.
    generator
        Draws.
    whole
        Whether windows begin with the history: what a plugin remembers is then as it was.
    ahead
        Bars of a window behind its cut, which also bounds how much earlier than its warm-up it begins; default 40.
    exits
        Whether the plan has exits, which are asked on every bar with a holding.
    """
    latest = bars - 2
    decided = [bar for bar in decided if bar <= latest]
    behind, earlier = (_AHEAD, _EARLIER) if ahead is None else (ahead, min(ahead, _EARLIER))
    anywhere = _ANYWHERE_WITH_EXITS if exits else _ANYWHERE
    for number in itertools.count(1):
        on_decision = bool(decided) and number % anywhere != 0
        drawn = generator.choice(decided) if on_decision else generator.integers(min(warmup, latest), latest + 1)
        last = int(drawn)
        start = 0 if whole else max(0, last - warmup - int(generator.integers(0, earlier)))
        yield Cut(start, last, bars if whole else min(bars, last + 1 + behind))
