"""What Backtrader's own observers do on a bar, done only on bars on which it shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.engine.drop_in.lines import Cursor

__all__ = ["analyze", "watchers"]


def watchers(strategy: Any, observers: list[Any], cursor: Cursor) -> list[Callable[[int], None]]:
    """Return what observers do once their lines have moved on to a bar."""
    marking = {observer: _is_marker(observer) for observer in observers}
    markers = [observer for observer in observers if marking[observer]]
    acting = [_watcher(strategy, observer, cursor) for observer in observers if not marking[observer]]
    return [_mark_executions(strategy, markers), *acting] if markers else acting


def _watcher(strategy: Any, observer: Any, cursor: Cursor) -> Callable[[int], None]:
    kind = type(observer)
    if not _is_bare(observer):
        return _any(observer)
    if kind.next is bt.observers.Broker.next and not observer._fundmode:  # noqa: SLF001
        return _account(strategy, observer, cursor)
    if kind.next in (bt.observers.Trades.next, bt.observers.DataTrades.next):
        return _on_trades(strategy, observer)
    return _any(observer)


def _is_bare(observer: Any) -> bool:
    kind = type(observer)
    return (
        not observer._analyzers  # noqa: SLF001
        and "next" not in vars(observer)
        and kind.prenext is bt.Observer.prenext
        and kind.nextstart is bt.Observer.nextstart
        and not any(line.bindings for line in observer.lines)
    )


def _is_marker(observer: Any) -> bool:
    return type(observer).next is bt.observers.BuySell.next and _is_bare(observer)


def _account(strategy: Any, observer: Any, cursor: Cursor) -> Callable[[int], None]:
    broker, value, cash = strategy.broker, observer.lines.value.array, observer.lines.cash.array

    def observe(_: int) -> None:
        index = cursor.index
        value[index] = broker.getvalue()
        cash[index] = broker.getcash()

    return observe


def _mark_executions(strategy: Any, observers: list[Any]) -> Callable[[int], None]:
    """Mark executions on the observers of their feeds only."""
    of_feed: dict[int, list[Any]] = {}
    for observer in observers:
        of_feed.setdefault(id(observer.data), []).append(observer)

    def observe(_: int) -> None:
        pending = strategy._orderspending  # noqa: SLF001
        if not pending:
            return
        executed: dict[int, list[Any]] = {}
        for order in pending:
            if order.executed.size:
                executed.setdefault(id(order.data), []).append(order)
        for feed, orders in executed.items():
            for observer in of_feed.get(feed, ()):
                _mark(observer, [order.executed.price for order in orders if order.isbuy()], "buy")
                _mark(observer, [order.executed.price for order in orders if not order.isbuy()], "sell")

    return observe


def _mark(observer: Any, executed: list[float], side: str) -> None:
    """Write the mean price of a bar's executions, or in a bar plot a place beside the bar."""
    if not executed:
        return
    value = math.fsum(executed) / float(len(executed))
    if observer.p.barplot and value == value:
        distance = observer.p.bardist
        value = observer.data.low[0] * (1 - distance) if side == "buy" else observer.data.high[0] * (1 + distance)
    getattr(observer.lines, side)[0] = value


def _on_trades(strategy: Any, observer: Any) -> Callable[[int], None]:
    def observe(_: int) -> None:
        if strategy._tradespending:  # noqa: SLF001
            observer.next()

    return observe


def analyze(analyzer: Any, status: int) -> None:
    """Let an analyzer act on a bar, by how many bars its strategy's indicators still lack."""
    if status < 0:
        analyzer._next()  # noqa: SLF001
    elif status == 0:
        analyzer._nextstart()  # noqa: SLF001
    else:
        analyzer._prenext()  # noqa: SLF001


def _any(observer: Any) -> Callable[[int], None]:
    def observe(status: int) -> None:
        for analyzer in observer._analyzers:  # noqa: SLF001
            analyze(analyzer, status)
        if status < 0:
            observer.next()
        elif status == 0:
            observer.nextstart()
        else:
            observer.prenext()

    return observe
