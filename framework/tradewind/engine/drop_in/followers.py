"""A strategy's indicators follow their feeds when the strategy's turn comes, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.drop_in.lines import Cursor, is_plain

if TYPE_CHECKING:
    from tradewind.engine.drop_in.calendar import Calendar
    from tradewind.engine.drop_in.lines import Swapped

__all__ = ["Indicators"]

_ADVANCES = (bt.Indicator.advance, bt.LineBuffer.advance)


class Indicators:
    """The indicators of a strategy: most share the position of their clock, the others move one by one."""

    def __init__(self, strategy: Any, swapped: Swapped, calendar: Calendar) -> None:
        self._swapped = swapped
        self._followers: dict[Cursor, Cursor] = {}
        self._cursor_of: dict[int, Cursor] = {}
        for data, leader in zip(strategy.cerebro.datas, calendar.cursors, strict=True):
            follower = self._followers.setdefault(leader, Cursor())
            self._cursor_of.update((id(line), follower) for line in data.lines.lines)
        indicators = strategy._lineiterators[strategy.IndType]  # noqa: SLF001
        self._others = [indicator for indicator in indicators if not self._share(indicator)]
        self._pairs = list(self._followers.items())

    def _share(self, indicator: Any) -> bool:
        """Let an indicator share the position of its clock; its parts too where lines are causal.

        Loaded in advance, Backtrader leaves the parts of an indicator before their first bar.
        """
        if self._swapped.causal:
            for part in getattr(indicator, "_lineiterators", {}).get(indicator.IndType, ()):
                self._share(part)
        lines = indicator.lines if isinstance(indicator, bt.LineBuffer) else indicator.lines.lines
        clock = _first_line(indicator._clock)  # noqa: SLF001
        cursor = self._cursor_of.get(id(clock))
        if cursor is None or type(indicator).advance not in _ADVANCES:
            return False
        own = [line for line in lines if id(line) not in self._cursor_of]
        if not all(map(is_plain, own)):
            return False
        self._swapped.lines(own, cursor)
        self._cursor_of.update((id(line), cursor) for line in own)
        return True

    def follow(self) -> None:
        """Move to where the feeds are."""
        for leader, follower in self._pairs:
            follower.index = leader.index
        for indicator in self._others:
            if len(indicator._clock) > len(indicator):  # noqa: SLF001
                indicator.advance()


def _first_line(clock: Any) -> Any:
    lines = getattr(clock.lines, "lines", clock.lines)
    return lines[0] if len(lines) else None
