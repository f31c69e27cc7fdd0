"""Which classes are Backtrader's."""

from __future__ import annotations

import sys

__all__ = ["is_backtrader_strategy"]


def is_backtrader_strategy(kind: type) -> bool:
    """Tell whether a class is a `bt.Strategy`; without an import of Backtrader there is none."""
    backtrader = sys.modules.get("backtrader")
    return backtrader is not None and issubclass(kind, backtrader.Strategy)
