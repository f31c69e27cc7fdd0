"""A feed over columns of numbers that are in memory already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray

__all__ = ["ColumnFeed"]


class ColumnFeed(bt.feed.DataBase):
    """Prices by name with Backtrader's numbers of their times; fields that are not given stay NaN."""

    params = (("times", None), ("fields", None))

    def start(self) -> None:
        """Go to the first bar."""
        super().start()
        self._idx = -1

    def numbers(self) -> FloatArray:
        """Return the times of all bars."""
        times: FloatArray = self.p.times
        return times

    def columns(self) -> Mapping[str, FloatArray]:
        """Return the columns by the name of their line."""
        fields: Mapping[str, FloatArray] = self.p.fields
        return fields

    def _load(self) -> bool:
        self._idx += 1
        if self._idx >= len(self.p.times):
            return False
        for name, values in self.p.fields.items():
            getattr(self.lines, name)[0] = float(values[self._idx])
        self.lines.datetime[0] = float(self.p.times[self._idx])
        return True
