"""Indicators that only know `next`, taken bar by bar on one shared cursor.

Backtrader advances every line of every input for every bar, and gives feeds their tick values each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.drop_in.lines import Cursor, Swapped, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fill_by_bar"]

_INDICATOR = bt.Indicator
_STAND_INS = {
    "once": _INDICATOR.once_via_next,
    "preonce": _INDICATOR.preonce_via_prenext,
    "oncestart": _INDICATOR.oncestart_via_nextstart,
}


def fill_by_bar(indicator: Any, *, causal: bool) -> bool:
    """Calculate an indicator that has no `once` of its own; False if Backtrader's way has to be taken.

    Backtrader leaves some inputs behind: an indicator over another indicator reads one value all the time. Lines that
    are causal are as they are bar by bar; others are left to Backtrader in that case.
    """
    kind = type(indicator)
    if any(getattr(kind, name) is not function or name in vars(indicator) for name, function in _STAND_INS.items()):
        return False
    first, bars = indicator._minperiod, indicator.buflen()  # noqa: SLF001
    lines = _all_lines(indicator) if causal else _moving_together(indicator)
    if lines is None or first > bars or not all(map(is_plain, lines)):
        return False
    swapped, cursor = Swapped(causal=causal), Cursor()
    swapped.lines(lines, cursor)
    try:
        _run(indicator, cursor, first, bars)
    finally:
        swapped.restore()
    return True


def _run(indicator: Any, cursor: Cursor, first: int, bars: int) -> None:
    if type(indicator).prenext is not _INDICATOR.prenext or "prenext" in vars(indicator):
        for cursor.index in range(first - 1):
            indicator.prenext()
    cursor.index = first - 1
    indicator.nextstart()
    for cursor.index in range(first, bars):
        indicator.next()


def _lines_of(owner: Any) -> list[Any]:
    lines: list[Any] = owner.lines if isinstance(owner, bt.LineBuffer) else owner.lines.lines
    return lines


def _parts(indicator: Any) -> Iterator[Any]:
    yield from indicator._lineiterators[indicator.IndType]  # noqa: SLF001


def _all_lines(indicator: Any) -> list[Any]:
    """Return every line that the indicator can reach through its inputs and parts."""
    found: dict[int, Any] = {}
    waiting = [indicator]
    seen: set[int] = set()
    while waiting:
        owner = waiting.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        found.update((id(line), line) for line in _lines_of(owner))
        waiting.extend(getattr(owner, "datas", ()))
        waiting.extend(getattr(owner, "_lineiterators", {}).get(bt.Indicator.IndType, ()))
    return list(found.values())


def _moving_together(indicator: Any) -> list[Any] | None:
    """Return the lines that Backtrader moves once a bar; None if one is left behind or moved twice."""
    moved: dict[int, Any] = {}
    for owner in [*indicator.datas, *_parts(indicator), indicator]:
        lines = _lines_of(owner)
        if any(id(line) in moved for line in lines) or not _moves(owner, moved):
            return None
        moved.update((id(line), line) for line in lines)
    return list(moved.values())


def _moves(owner: Any, moved: dict[int, Any]) -> bool:
    advance = type(owner).advance
    if isinstance(owner, bt.feed.AbstractDataBase):
        return advance is bt.feed.AbstractDataBase.advance
    if isinstance(owner, bt.lineseries.LineSeriesStub):
        return advance is bt.lineseries.LineSeriesStub.advance and not owner.slave
    if isinstance(owner, bt.LineBuffer):
        return advance is bt.LineBuffer.advance
    return advance is _INDICATOR.advance and id(_lines_of(owner._clock)[0]) in moved  # noqa: SLF001
