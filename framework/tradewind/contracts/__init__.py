"""What a plugin promises: one module a kind."""

from tradewind.contracts.async_broker import AsyncBroker
from tradewind.contracts.breaker import Breaker, BreakerPath, BreakerView, Reading
from tradewind.contracts.broker import (
    Account,
    Broker,
    BrokerCapabilities,
    BrokerOrder,
    Outcome,
    Replacement,
    Response,
    SimulatedBroker,
)
from tradewind.contracts.cost import Cost, Costs, Trades
from tradewind.contracts.exit import Exit, RestingExit
from tradewind.contracts.factor import Factor, FactorStep, OnReference
from tradewind.contracts.feed import DataRequest, Feed, StreamingFeed
from tradewind.contracts.gate import AccountView, Gate, OrderBatch, Verdict
from tradewind.contracts.plugin import (
    API_VERSION,
    KINDS,
    BreakerPlugin,
    BrokerPlugin,
    CostPlugin,
    Directory,
    ExitPlugin,
    FactorPlugin,
    FeedPlugin,
    GatePlugin,
    Plugin,
    RegimePlugin,
    ReportPlugin,
    Seed,
    SizerPlugin,
    StrategyPlugin,
)
from tradewind.contracts.regime import Regime
from tradewind.contracts.report import Report
from tradewind.contracts.sizer import Sizer
from tradewind.contracts.strategy import SCHEDULES, Schedule, Strategy
from tradewind.model.standing import Standing

__all__ = [
    "API_VERSION",
    "KINDS",
    "SCHEDULES",
    "Account",
    "AccountView",
    "AsyncBroker",
    "Breaker",
    "BreakerPath",
    "BreakerPlugin",
    "BreakerView",
    "Broker",
    "BrokerCapabilities",
    "BrokerOrder",
    "BrokerPlugin",
    "Cost",
    "CostPlugin",
    "Costs",
    "DataRequest",
    "Directory",
    "Exit",
    "ExitPlugin",
    "Factor",
    "FactorPlugin",
    "FactorStep",
    "Feed",
    "FeedPlugin",
    "Gate",
    "GatePlugin",
    "OnReference",
    "OrderBatch",
    "Outcome",
    "Plugin",
    "Reading",
    "Regime",
    "RegimePlugin",
    "Replacement",
    "Report",
    "ReportPlugin",
    "Response",
    "RestingExit",
    "Schedule",
    "Seed",
    "SimulatedBroker",
    "Sizer",
    "SizerPlugin",
    "Standing",
    "Strategy",
    "StrategyPlugin",
    "StreamingFeed",
    "Trades",
    "Verdict",
]
