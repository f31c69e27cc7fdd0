"""Indicators calculated over all bars at once, in Backtrader's order, faster where the result is the same."""

from __future__ import annotations

import array
import math
from typing import Any

import backtrader as bt

from tradewind.engine.drop_in.by_bar import fill_by_bar
from tradewind.engine.drop_in.indicators import FASTER

__all__ = ["calculate"]

_NAN = array.array("d", [math.nan])


def calculate(strategy: Any, *, causal: bool = False) -> None:
    """Do what `strategy._once()` does; causal lines hold what they would hold bar by bar."""
    if not _follows(strategy, bt.lineiterator.LineIterator, "_once", "forward", "home", "once", "preonce", "oncestart"):
        strategy._once()  # noqa: SLF001
        return
    _extend(strategy, strategy._clock.buflen())  # noqa: SLF001
    children = strategy._lineiterators  # noqa: SLF001
    for indicator in children[strategy.IndType]:
        _once(indicator, causal)
    size = strategy.buflen()
    for observer in children[strategy.ObsType]:
        _extend(observer, size)
        observer.home()
    for moved in (*strategy.datas, *children[strategy.IndType], strategy):
        moved.home()
    for line in strategy.lines:
        line.oncebinding()


def _once(indicator: Any, causal: bool) -> None:
    if indicator._once.__func__ is bt.linebuffer.LineActions._once:  # noqa: SLF001
        _extend(indicator, indicator._clock.buflen())  # noqa: SLF001
        indicator.home()
        _fill(indicator)
        indicator.oncebinding()
    elif indicator._once.__func__ is bt.lineiterator.LineIterator._once:  # noqa: SLF001
        _once_of_many(indicator, causal)
    else:
        indicator._once()  # noqa: SLF001


def _once_of_many(indicator: Any, causal: bool) -> None:
    children = indicator._lineiterators  # noqa: SLF001
    _extend(indicator, indicator._clock.buflen())  # noqa: SLF001
    for child in children[indicator.IndType]:
        _once(child, causal)
    for moved in (*indicator.datas, *children[indicator.IndType], indicator):
        moved.home()
    if not fill_by_bar(indicator, causal=causal):
        _fill(indicator)
    for line in indicator.lines:
        line.oncebinding()


def _fill(indicator: Any) -> None:
    first = indicator._minperiod  # noqa: SLF001
    indicator.preonce(0, first - 1)
    indicator.oncestart(first - 1, first)
    end = indicator.buflen()
    faster = FASTER.get(getattr(indicator.once, "__func__", None))
    if faster is None or first >= end or not faster(indicator, first, end):
        indicator.once(first, end)


def _extend(owner: Any, size: int) -> None:
    """Do what `owner.forward(size=size)` does to lines at their beginning."""
    lines = owner.lines if isinstance(owner, bt.LineBuffer) else owner.lines.lines
    if getattr(owner.forward, "__func__", None) not in _FORWARDS or any(
        type(line).forward is not bt.LineBuffer.forward or line.mode != line.UnBounded for line in lines
    ):
        owner.forward(size=size)
        return
    for line in lines:
        line.idx += size
        line.lencount += size
        line.array.extend(_NAN * size)


def _follows(owner: Any, base: type, *names: str) -> bool:
    return all(getattr(type(owner), name) is getattr(base, name) for name in names)


_FORWARDS = (bt.LineBuffer.forward, bt.lineseries.LineSeries.forward)
