"""Why a run needs Backtrader's own loop."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from tradewind.engine.drop_in.lines import is_plain

__all__ = ["reason_against"]

_MOVES = ("advance", "advance_peek", "_tick_nullify", "_tick_fill", "home", "rewind", "__len__", "__getattr__")


def reason_against(cerebro: Any, strategies: list[Any]) -> str:
    """Return what keeps a run from the fast loop; empty if nothing does."""
    return _settings(cerebro) or next(filter(None, map(_feed, cerebro.datas)), "") or _strategies(strategies)


def _settings(cerebro: Any) -> str:
    if cerebro._exactbars:  # noqa: SLF001
        return f"exactbars is {cerebro.p.exactbars}"
    if cerebro.p.live:
        return "live is on"
    if not cerebro.p.preload:
        return "preload is off"
    if not cerebro.p.runonce:
        return "runonce is off"
    return ""


def _feed(data: Any) -> str:
    name = f"feed {data._name or 'without a name'}"  # noqa: SLF001
    if data.replaying:  # Backtrader then says that it is resampled, too
        return f"{name} is replayed"
    if data.resampling:
        return f"{name} is resampled"
    if data.islive():
        return f"{name} is live"
    if data._clone:  # noqa: SLF001
        return f"{name} is a copy of another feed"
    kind = type(data)
    changed = [name for name in _MOVES if getattr(kind, name) is not getattr(bt.feed.AbstractDataBase, name)]
    if changed:
        return f"{name} moves in a way of its own ({kind.__name__}.{changed[0]})"
    if not all(map(is_plain, data.lines.lines)):
        return f"{name} saves memory"
    return ""


def _strategies(strategies: list[Any]) -> str:
    for strategy in strategies:
        for indicator in strategy._lineiterators[strategy.IndType]:  # noqa: SLF001
            if getattr(indicator, "_nextforce", False):
                return f"{type(indicator).__name__} needs runonce to be off"
    return ""
