"""Bars of another feed as a stream, bar by bar, at any speed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from tradewind.contracts import Feed
from tradewind.model import Bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from tradewind.contracts import DataRequest
    from tradewind.model import Row

__all__ = ["Replay"]

_SLOWEST = 1e-6
"""Bars a second: one in eleven days."""


def _not_endless(bars_per_second: float) -> float:
    if 0.0 < bars_per_second < _SLOWEST:
        raise ValueError(f"is 0 (as fast as rows are taken), or at least {_SLOWEST:g}; received {bars_per_second:g}")
    return bars_per_second


Speed = Annotated[
    float,
    Field(ge=0.0, description="Speed, at least 0.000001; 0: as fast as rows are taken."),
    AfterValidator(_not_endless),
]


class Replay:
    """Deliver the history of another feed as if it happened now.

    A symbol's last bar is followed, one row later, by its column in `Row.ended`, as in every stream: the end of data is
    only known when the next row comes without it. The stream's own end is no such event.

    Parameters
    ----------
    source
        Feed whose history is replayed.
    bars_per_second
        Speed, at least 0.000001; 0: as fast as the rows are taken.
    """

    waiting: Callable[[float], None] = staticmethod(time.sleep)
    """Called with seconds between two rows; replace it to replay on another clock."""

    def __init__(
        self,
        source: Feed,
        bars_per_second: Speed = 0.0,
    ) -> None:
        self.source = source
        self.bars_per_second = bars_per_second

    def history(self, request: DataRequest) -> Bars:
        """Return the history of the source."""
        return self.source.history(request)

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        """Return the source's bars without rows, and its rows in order; `DataError` as the source raises it."""
        bars = self.source.history(request)
        return bars.between(0, 0), ReplayedRows(self._rows(bars, request.after), waits=self.bars_per_second > 0.0)

    def _rows(self, bars: Bars, after: np.datetime64 | None) -> Iterator[Row]:
        waits = False
        for row in bars.rows():
            if after is not None and row.timestamp <= after:
                continue
            if waits and self.bars_per_second:
                self.waiting(1.0 / self.bars_per_second)
            waits = True
            yield row


class ReplayedRows:
    """The rows of a replay, which says whether it waits between them."""

    def __init__(self, rows: Iterator[Row], *, waits: bool) -> None:
        self._rows = rows
        self.waits = waits

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        return next(self._rows)
