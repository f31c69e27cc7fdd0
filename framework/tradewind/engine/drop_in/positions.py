"""The positions that are held, in the order in which Backtrader would add up their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from tradewind.engine.drop_in.lines import Cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Position", "Positions"]


class Position(bt.Position):
    """A position that, while it is held, knows time and close of the last bar the broker saw without being told."""

    _live: Any = None
    _adjbase: Any = None
    _when: Any = None

    def follow(self, times: Any, close: Any, cursor: Cursor) -> None:
        """Take time and close from the bars that the broker sees from now on."""
        self._live = (times, close, cursor)

    def freeze(self) -> None:
        """Keep time and close of the last bar the broker saw."""
        if self._live is not None:
            times, close, cursor = self._live
            self._live = None
            self._adjbase = close.array[cursor.seen]
            self._when = (times.array[cursor.seen], times._tz)  # noqa: SLF001

    @property
    def adjbase(self) -> Any:
        """Price from which the next bar's gain is counted."""
        if self._live is None:
            return self._adjbase
        _, close, cursor = self._live
        return close.array[cursor.seen]

    @adjbase.setter
    def adjbase(self, price: Any) -> None:
        self.freeze()
        self._adjbase = price

    @property
    def datetime(self) -> Any:
        """Time of the last update or, while it is held, of the last bar."""
        if self._live is not None:
            times, _, cursor = self._live
            return bt.num2date(times.array[cursor.seen], times._tz)  # noqa: SLF001
        if type(self._when) is tuple:
            self._when = bt.num2date(*self._when)
        return self._when

    @datetime.setter
    def datetime(self, when: Any) -> None:
        self.freeze()
        self._when = when


class Positions:
    """The broker's positions that are not flat."""

    def __init__(self, broker: Any, datas: Sequence[Any], cursors: Sequence[Cursor]) -> None:
        self._broker = broker
        self._prices = {data: (data.lines.close, cursor) for data, cursor in zip(datas, cursors, strict=True)}
        self._cursors = set(cursors)
        self._never_flat = {data for data in datas if not _all_finite(data.lines.close.array)}
        self._held: list[tuple[Any, Any, Any, Cursor, Any]] = []
        self._known = 0
        self.changed = True

    @property
    def has_gaps(self) -> bool:
        """Whether a feed has rows without prices."""
        return bool(self._never_flat)

    def _collect(self) -> None:
        broker = self._broker
        self._held = [
            (data.lines.datetime, position, *self._price(data), broker.getcommissioninfo(data))
            for data, position in broker.positions.items()
            if position.size or data in self._never_flat
        ]
        for times, position, close, cursor, _ in self._held:
            if position.size:
                position.follow(times, close, cursor)
        self._known = len(broker.positions)
        self.changed = False

    def mark(self) -> None:
        """Note that the broker has seen the bar."""
        if self.changed or (self._never_flat and self._known != len(self._broker.positions)):
            self._collect()
        for cursor in self._cursors:
            cursor.seen = cursor.index

    def release(self) -> None:
        """Let every position keep what it is now."""
        for position in self._broker.positions.values():
            position.freeze()

    def _price(self, data: Any) -> tuple[Any, Cursor]:
        return self._prices.get(data) or (data.lines.close, Cursor(data.lines.close.idx))

    def value(self) -> bool:
        """Value the account; return False if only Backtrader's own code can."""
        broker = self._broker
        if broker._cash_addition:  # noqa: SLF001
            return False
        together = levered = unrealized = 0.0
        for _, position, close, cursor, commission in self._held:
            price, size = close.array[cursor.index], position.size
            worth = size * price if broker.p.shortcash else abs(commission.getvalue(position, price))
            gain = size * (price - position.price) * commission.p.mult
            together += worth
            unrealized += gain
            if worth > 0:
                levered += (worth - gain) / commission.p.leverage
                levered += gain
            else:
                levered += worth
        value = broker.cash + levered
        broker.__dict__.update(
            _value=value,
            _fundval=value / broker._fundshares,  # noqa: SLF001
            _valuemkt=levered,
            _valuelever=broker.cash + together,
            _valuemktlever=together,
            _unrealized=unrealized,
            _leverage=together / (levered or 1.0),
        )
        return True


def _all_finite(values: Any) -> bool:
    return bool(np.isfinite(np.array(values, dtype=np.float64)).all())
