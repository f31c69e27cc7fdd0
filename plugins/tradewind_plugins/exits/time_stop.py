"""Give up a position after a number of bars."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tradewind.model import Market, Path, Portfolio
from tradewind.model.typing import BoolArray

__all__ = ["TimeStop"]


class TimeStop:
    """Closes a position held for a number of bars of the run, long or short.

    A position first filled in bar e has been held t - e bars at the close of bar t; bars on which the instrument is
    halted count. A halted instrument is closed on the first bar on which it trades again. Adding to a position does not
    restart the count; a position that passes through zero does.

    Parameters
    ----------
    bars
        Bars after which a position is given up, at least 1.
    """

    def __init__(
        self,
        bars: Annotated[int, Field(ge=1, description="Bars after which a position is given up.")] = 20,
    ) -> None:
        self.bars = bars

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True where a position has been held long enough, shape (N,)."""
        held_long = market.bar - portfolio.entry_bars >= self.bars
        due: BoolArray = (portfolio.quantities != 0) & market.tradable & held_long
        return due

    def next_event(self, path: Path) -> int:
        """Return the bar on which the oldest position has been held long enough."""
        due = int(path.portfolio.entry_bars[path.held].min()) + self.bars
        return min(max(due, path.bar + 1), path.stop)
