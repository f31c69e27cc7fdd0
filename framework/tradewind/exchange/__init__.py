"""The simulated exchange: Backtrader's fill rules, keyed by instrument."""

from tradewind.exchange.accounting import PositionRecord
from tradewind.exchange.broker import ExchangeBroker
from tradewind.exchange.exchange import Exchange
from tradewind.exchange.port import ExecutionPort
from tradewind.exchange.rules import ExchangeRules, MarkSource, Quote, QuoteSource

__all__ = [
    "Exchange",
    "ExchangeBroker",
    "ExchangeRules",
    "ExecutionPort",
    "MarkSource",
    "PositionRecord",
    "Quote",
    "QuoteSource",
]
