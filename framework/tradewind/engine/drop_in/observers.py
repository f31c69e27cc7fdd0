"""What Backtrader's own observers do on a bar, done only on bars on which it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.engine.drop_in.lines import Cursor

__all__ = ["watcher"]


def watcher(strategy: Any, observer: Any, cursor: Cursor) -> Callable[[int], None] | None:
    """Return what an observer does once its lines have moved on to a bar."""
    if not observer._analyzers and "next" not in vars(observer):  # noqa: SLF001
        kind = type(observer)
        if kind.next is bt.observers.Broker.next and not observer._fundmode:  # noqa: SLF001
            return _account(strategy, observer, cursor)
        if kind.next is bt.observers.BuySell.next and _always_next(kind):
            return _on_orders(strategy, observer)
        if kind.next in (bt.observers.Trades.next, bt.observers.DataTrades.next) and _always_next(kind):
            return _on_trades(strategy, observer)
    return _any(observer)


def _always_next(kind: type) -> bool:
    return kind.prenext is bt.Observer.prenext and kind.nextstart is bt.Observer.nextstart  # type: ignore[attr-defined]


def _account(strategy: Any, observer: Any, cursor: Cursor) -> Callable[[int], None] | None:
    broker, value, cash = strategy.broker, observer.lines.value, observer.lines.cash
    if value.bindings or cash.bindings or not _always_next(type(observer)):
        return _any(observer)

    def observe(_: int) -> None:
        index = cursor.index
        value.array[index] = broker.getvalue()
        cash.array[index] = broker.getcash()

    return observe


def _on_orders(strategy: Any, observer: Any) -> Callable[[int], None]:
    data = observer.data

    def observe(_: int) -> None:
        for order in strategy._orderspending:  # noqa: SLF001
            if order.data is data:
                observer.next()
                return

    return observe


def _on_trades(strategy: Any, observer: Any) -> Callable[[int], None]:
    def observe(_: int) -> None:
        if strategy._tradespending:  # noqa: SLF001
            observer.next()

    return observe


def _any(observer: Any) -> Callable[[int], None]:
    def observe(status: int) -> None:
        for analyzer in observer._analyzers:  # noqa: SLF001
            if status < 0:
                analyzer._next()  # noqa: SLF001
            elif status == 0:
                analyzer._nextstart()  # noqa: SLF001
            else:
                analyzer._prenext()  # noqa: SLF001
        if status < 0:
            observer.next()
        elif status == 0:
            observer.nextstart()
        else:
            observer.prenext()

    return observe
