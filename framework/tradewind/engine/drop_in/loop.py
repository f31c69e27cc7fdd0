"""The fast loop: Backtrader's order of events over loaded feeds, without the work that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.drop_in.broker import Broker
from tradewind.engine.drop_in.lines import Cursor, Swapped, is_plain
from tradewind.engine.drop_in.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradewind.engine.drop_in.calendar import Calendar

__all__ = ["run_loop"]

_ADVANCES = (bt.Indicator.advance, bt.LineBuffer.advance)


def run_loop(cerebro: Any, strategies: list[Any], calendar: Calendar) -> None:
    """Run calculated strategies over every step of the calendar."""
    swapped = Swapped(causal=cerebro.causal)
    broker = cerebro.broker
    fast_broker = type(broker) is Broker and not cerebro.p.cheat_on_open and not cerebro._timerscheat  # noqa: SLF001
    for data, cursor in zip(cerebro.datas, calendar.cursors, strict=True):
        swapped.feed(data, cursor)
    steps = [
        Step(strategy, len(calendar.times), swapped, _lock_step(strategy, swapped, calendar)) for strategy in strategies
    ]
    if fast_broker:
        broker.begin_fast(cerebro.datas, calendar.cursors)
    try:
        _loop(cerebro, strategies, [step.take for step in steps], calendar)
    finally:
        if fast_broker:
            broker.end_fast()
        for step in steps:
            step.finish()
        swapped.restore()


def _loop(cerebro: Any, strategies: list[Any], takes: Sequence[Callable[[float], None]], calendar: Calendar) -> None:
    deliver = _delivery(cerebro)
    timers, cheating = cerebro._timers, cerebro._timerscheat  # noqa: SLF001
    writers, on_open = cerebro.runwriters, cerebro.p.cheat_on_open
    for time, cursors in calendar.moves():
        for cursor in cursors:
            cursor.index += 1
        if cheating:
            cerebro._check_timers(strategies, time, cheat=True)  # noqa: SLF001
        if on_open:
            for strategy in strategies:
                strategy._oncepost_open()  # noqa: SLF001
                if cerebro._event_stop:  # noqa: SLF001
                    return
        deliver()
        if cerebro._event_stop:  # noqa: SLF001
            return
        if timers:
            cerebro._check_timers(strategies, time, cheat=False)  # noqa: SLF001
        for take in takes:
            take(time)
            if cerebro._event_stop:  # noqa: SLF001
                return
            if writers:
                cerebro._next_writers(strategies)  # noqa: SLF001


def _delivery(cerebro: Any) -> Callable[[], None]:
    """Return what moves the broker on and hands out its notifications."""
    broker = cerebro.broker
    if type(broker) is not Broker or type(cerebro)._brokernotify is not bt.Cerebro._brokernotify:  # noqa: SLF001
        delivery: Callable[[], None] = cerebro._brokernotify  # noqa: SLF001
        return delivery
    quick = cerebro.p.quicknotify

    def deliver() -> None:
        broker.next()
        queue = broker.notifs
        while queue:
            order = queue.popleft()
            owner = order.owner
            if owner is None:
                owner = cerebro.runningstrats[0]
            owner._addnotification(order, quicknotify=quick)  # noqa: SLF001

    return deliver


def _lock_step(strategy: Any, swapped: Swapped, calendar: Calendar) -> list[Any]:
    """Let the indicators that move with a feed share its cursor; return the others."""
    known: dict[int, Cursor] = {}
    for data, cursor in zip(strategy.cerebro.datas, calendar.cursors, strict=True):
        known.update((id(line), cursor) for line in data.lines.lines)
    indicators = strategy._lineiterators[strategy.IndType]  # noqa: SLF001
    return [indicator for indicator in indicators if not _share(indicator, known, swapped)]


def _share(indicator: Any, known: dict[int, Cursor], swapped: Swapped) -> bool:
    """Let an indicator share the cursor of its clock; its parts too where lines are causal.

    Loaded in advance, Backtrader leaves the parts of an indicator before their first bar.
    """
    if swapped.causal:
        for part in getattr(indicator, "_lineiterators", {}).get(indicator.IndType, ()):
            _share(part, known, swapped)
    lines = indicator.lines if isinstance(indicator, bt.LineBuffer) else indicator.lines.lines
    cursor = known.get(id(_first_line(indicator._clock)))  # noqa: SLF001
    if cursor is None or type(indicator).advance not in _ADVANCES:
        return False
    own = [line for line in lines if id(line) not in known]
    if not all(map(is_plain, own)):
        return False
    swapped.lines(own, cursor)
    known.update((id(line), cursor) for line in own)
    return True


def _first_line(clock: Any) -> Any:
    return clock.lines[0] if len(clock.lines.lines if hasattr(clock.lines, "lines") else clock.lines) else None
