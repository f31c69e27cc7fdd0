"""What a strategy does on a bar, with what cannot matter left out."""

from __future__ import annotations

import array
import math
from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.drop_in.lines import Cursor, is_plain
from tradewind.engine.drop_in.observers import analyze, watchers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.engine.drop_in.followers import Indicators
    from tradewind.engine.drop_in.lines import Swapped

__all__ = ["Step"]

_NAN = array.array("d", [math.nan])
_STEPS = ("_oncepost", "_next_analyzers", "_next_observers", "_getminperstatus", "forward", "clear", "_addnotification")


class Step:
    """One strategy's part of every step of the loop."""

    def __init__(self, strategy: Any, steps: int, swapped: Swapped, indicators: Indicators) -> None:
        self._strategy = strategy
        self._indicators = indicators
        self._observers = list(strategy._lineiterators[strategy.ObsType])  # noqa: SLF001
        self._lengthened: list[tuple[Any, int]] = []
        kind = type(strategy)
        plain = all(getattr(kind, name) is getattr(bt.Strategy, name) for name in _STEPS)
        if not plain or strategy.cerebro.p.quicknotify or not self._can_share():
            self.take: Callable[[float], None] = self._take_as_backtrader
            return
        self._cursor, self._observing = Cursor(), Cursor()
        swapped.lines(strategy.lines.lines, self._cursor)
        for observer in self._observers:
            self._share(observer, steps, swapped)
        self.take = self._make()

    def _can_share(self) -> bool:
        owners = [self._strategy, *self._observers]
        return all(is_plain(line) for owner in owners for line in owner.lines.lines) and all(
            type(observer).forward is bt.Observer.forward for observer in self._observers
        )

    def _share(self, observer: Any, steps: int, swapped: Swapped) -> None:
        """Let an observer's lines move with the strategy; they are as long as the run from the start."""
        for line in observer.lines.lines:
            length = len(line.array)
            line.array.extend(_NAN * max(steps - length, 0))
            self._lengthened.append((line, length))
        swapped.lines(observer.lines.lines, self._observing)

    def _take_as_backtrader(self, time: float) -> None:
        self._indicators.follow()
        self._strategy._oncepost(time)  # noqa: SLF001

    def finish(self) -> None:
        """Leave the observers' lines as long as Backtrader's forwards would have made them."""
        for line, length in self._lengthened:
            line.array.extend(_NAN * (length + len(line) - len(line.array)))
            del line.array[length + len(line) :]

    def _make(self) -> Callable[[float], None]:
        strategy, cursor, observing, follow = self._strategy, self._cursor, self._observing, self._indicators.follow
        analyzers = [analyzer for analyzer in strategy.analyzers if _acts(analyzer)]
        observers = watchers(strategy, self._observers, observing)
        extra = strategy.lines.lines[1:]
        always = _is_told_of_cash(strategy)
        times, bound = strategy.lines.datetime, bool(strategy.lines.datetime.bindings)

        def take(time: float) -> None:
            follow()
            cursor.index += 1
            times.array.append(time)
            for line in extra:
                line.array.append(math.nan)
            if bound:
                times[0] = time
            if always or strategy._orderspending or strategy._tradespending:  # noqa: SLF001
                strategy._notify()  # noqa: SLF001
            status = strategy._minperstatus  # noqa: SLF001
            if status >= 0:
                status = strategy._getminperstatus()  # noqa: SLF001
            if status < 0:
                strategy.next()
            elif status == 0:
                strategy.nextstart()
            else:
                strategy.prenext()
            for analyzer in analyzers:
                analyze(analyzer, status)
            observing.index += 1
            for observe in observers:
                observe(status)
            if strategy._orderspending or strategy._tradespending:  # noqa: SLF001
                strategy.clear()

        return take


def _acts(analyzer: Any) -> bool:
    """Return whether an analyzer does something on a bar."""
    return bool(analyzer._children) or not _is_stock(  # noqa: SLF001
        analyzer, bt.Analyzer, "_next", "_nextstart", "_prenext", "next", "nextstart", "prenext"
    )


def _is_told_of_cash(strategy: Any) -> bool:
    """Return whether the strategy or an analyzer wants to know cash and value on every bar."""
    if not _is_stock(strategy, bt.Strategy, "_notify", "notify_cashvalue", "notify_fund"):
        return True
    analyzers = [*strategy.analyzers, *strategy._slave_analyzers]  # noqa: SLF001
    names = ("_notify_cashvalue", "_notify_fund", "notify_cashvalue", "notify_fund")
    return any(analyzer._children or not _is_stock(analyzer, bt.Analyzer, *names) for analyzer in analyzers)  # noqa: SLF001


def _is_stock(thing: Any, base: type, *names: str) -> bool:
    own = vars(thing)
    return all(name not in own and getattr(type(thing), name) is getattr(base, name) for name in names)
