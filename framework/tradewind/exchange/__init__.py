"""The simulated exchange: Backtrader's fill rules, keyed by instrument."""

from tradewind.exchange.accounting import PositionRecord
from tradewind.exchange.exchange import Exchange
from tradewind.exchange.rules import ExchangeRules, Quote, QuoteSource

__all__ = ["Exchange", "ExchangeRules", "PositionRecord", "Quote", "QuoteSource"]
