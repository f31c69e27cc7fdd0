"""Tools for testing plugins."""

from tradewind.testing.build import make_bars, market_at, portfolio_of

__all__ = ["make_bars", "market_at", "portfolio_of"]
