"""The fast loop: Backtrader's order of events over loaded feeds, without the work that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.collector import patient_collector
from tradewind.engine.drop_in.broker import Broker
from tradewind.engine.drop_in.followers import Indicators
from tradewind.engine.drop_in.lines import Swapped
from tradewind.engine.drop_in.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradewind.engine.drop_in.calendar import Calendar

__all__ = ["run_loop"]


def run_loop(cerebro: Any, strategies: list[Any], calendar: Calendar) -> None:
    """Run calculated strategies over every step of the calendar."""
    swapped = Swapped(causal=cerebro.causal)
    broker = cerebro.broker
    fast_broker = type(broker) is Broker and not cerebro.p.cheat_on_open and not cerebro._timerscheat  # noqa: SLF001
    for data, cursor in zip(cerebro.datas, calendar.cursors, strict=True):
        swapped.feed(data, cursor)
    steps = [
        Step(strategy, len(calendar.times), swapped, Indicators(strategy, swapped, calendar)) for strategy in strategies
    ]
    if fast_broker:
        broker.begin_fast(cerebro.datas, calendar.cursors)
    try:
        with patient_collector():
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
