"""Orders made and copied at less cost, and orders that wait out of reach of a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradewind.engine.drop_in.lines import Cursor

__all__ = ["Waiting", "copy_of", "new_order"]

_DEFAULTS = {"oco": None, "simulated": False}
_BELOW = {(bt.Order.Stop, bt.Order.Buy), (bt.Order.Limit, bt.Order.Sell)}
_ABOVE = {(bt.Order.Stop, bt.Order.Sell), (bt.Order.Limit, bt.Order.Buy)}


def new_order(kind: Any, **parameters: Any) -> Any:
    """Return an order of Backtrader's own class, equal to `kind(**parameters)`.

    The parameters are found in the order itself, where Backtrader looks first.
    """
    given = _DEFAULTS | parameters
    order = object.__new__(kind)
    params = kind.params()
    params.__dict__.update(given)
    order.__dict__.update(given)
    order.params = order.p = params
    order.__init__()
    return order


def copy_of(order: Any) -> Any:
    """Return what `order.clone()` returns."""
    if type(order).clone is not bt.order.OrderBase.clone:
        return order.clone()
    order.executed.markpending()
    copy = _same(order)
    copy.executed = _same(order.executed)
    return copy


def _same(thing: Any) -> Any:
    copy = object.__new__(type(thing))
    copy.__dict__.update(thing.__dict__)
    return copy


class Waiting:
    """Knows of plain stop and limit orders whether a bar can touch them."""

    def __init__(self, datas: Sequence[Any], cursors: Sequence[Cursor]) -> None:
        self._prices = {
            data: (cursor, data.lines.open.array, data.lines.high.array, data.lines.low.array)
            for data, cursor in zip(datas, cursors, strict=True)
        }
        self._watched: dict[int, Any] = {}

    def all_rest(self, orders: Iterable[Any]) -> bool:
        """Return whether a bar changes none of these orders."""
        watched = self._watched
        for order in orders:
            watch = watched.get(order.ref)
            if watch is None:
                watch = watched[order.ref] = self._watch(order)
            if not watch:
                return False
            below, created, cursor, opens, highs, lows = watch
            if order._active:  # noqa: SLF001
                index, price = cursor.index, created.price
                if below:
                    if not (highs[index] < price > opens[index]):
                        return False
                elif not (lows[index] > price < opens[index]):
                    return False
        return True

    def _watch(self, order: Any) -> Any:
        kind = (order.exectype, order.ordtype)
        if order.valid or kind not in _BELOW | _ABOVE or order.data not in self._prices:
            return ()
        return (kind in _BELOW, order.created, *self._prices[order.data])
