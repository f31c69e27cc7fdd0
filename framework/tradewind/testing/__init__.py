"""Tools for testing plugins: makers of bars and markets, and a conformance kit for each kind.

Kits need pytest; the makers do not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tradewind.testing.build import make_bars, market_at, portfolio_of

if TYPE_CHECKING:
    from tradewind.testing.kits.base import PluginKit
    from tradewind.testing.kits.breaker import BreakerKit
    from tradewind.testing.kits.broker import BrokerAcceptance, BrokerKit
    from tradewind.testing.kits.broker_session import VenueSession
    from tradewind.testing.kits.cost import CostKit
    from tradewind.testing.kits.exit import ExitKit
    from tradewind.testing.kits.factor import FactorKit
    from tradewind.testing.kits.feed import FeedKit
    from tradewind.testing.kits.gate import GateKit
    from tradewind.testing.kits.regime import RegimeKit
    from tradewind.testing.kits.report import ReportKit
    from tradewind.testing.kits.sizer import SizerKit
    from tradewind.testing.kits.strategy import StrategyKit

_KITS = {
    "BreakerKit": "breaker",
    "BrokerAcceptance": "broker",
    "BrokerKit": "broker",
    "CostKit": "cost",
    "ExitKit": "exit",
    "FactorKit": "factor",
    "FeedKit": "feed",
    "GateKit": "gate",
    "PluginKit": "base",
    "VenueSession": "broker_session",
    "RegimeKit": "regime",
    "ReportKit": "report",
    "SizerKit": "sizer",
    "StrategyKit": "strategy",
}
"""Kit to its module, which is imported when it is asked for: kits need pytest."""

__all__ = [
    "BreakerKit",
    "BrokerAcceptance",
    "BrokerKit",
    "CostKit",
    "ExitKit",
    "FactorKit",
    "FeedKit",
    "GateKit",
    "PluginKit",
    "RegimeKit",
    "ReportKit",
    "SizerKit",
    "StrategyKit",
    "VenueSession",
    "make_bars",
    "market_at",
    "portfolio_of",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _KITS:
        return getattr(importlib.import_module(f"tradewind.testing.kits.{_KITS[name]}"), name)
    raise AttributeError(f"module 'tradewind.testing' has no attribute {name!r}")
