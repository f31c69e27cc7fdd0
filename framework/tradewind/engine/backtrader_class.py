"""Which classes are Backtrader's."""

from __future__ import annotations

import backtrader as bt

__all__ = ["is_backtrader_strategy"]


def is_backtrader_strategy(kind: type) -> bool:
    """Tell whether a class is a `bt.Strategy`."""
    return issubclass(kind, bt.Strategy)
