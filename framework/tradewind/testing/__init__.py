"""Tools for testing plugins: makers of bars and markets, and a conformance kit for each kind.

Kits need pytest; the makers do not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tradewind.testing.build import make_bars, market_at, portfolio_of

if TYPE_CHECKING:
    from tradewind.testing.kits import PluginKit

_KITS = ("PluginKit",)

__all__ = ["PluginKit", "make_bars", "market_at", "portfolio_of"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _KITS:
        return getattr(importlib.import_module("tradewind.testing.kits"), name)
    raise AttributeError(f"module 'tradewind.testing' has no attribute {name!r}")
