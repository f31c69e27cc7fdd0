"""Frozen values: what crosses the borders between host and plugins."""

from tradewind.model.activity import Activity, ActivityKind
from tradewind.model.bars import Bars, Row
from tradewind.model.execution import TERMINAL_STATES, ExecutionReport, OrderState, ReportKind
from tradewind.model.instrument import AssetClass, ExerciseStyle, Instrument, OptionRight
from tradewind.model.market import Market, ReferenceView
from tradewind.model.order import Fill, OrderEvent, OrderEventKind, OrderIntent, OrderType, TimeInForce
from tradewind.model.path import Path
from tradewind.model.portfolio import Portfolio
from tradewind.model.quote import Quote
from tradewind.model.reason import ReasonCode
from tradewind.model.result import Result
from tradewind.model.signals import RegimeEstimate, Signals, Targets
from tradewind.model.standing import Standing

__all__ = [
    "TERMINAL_STATES",
    "Activity",
    "ActivityKind",
    "AssetClass",
    "Bars",
    "ExecutionReport",
    "ExerciseStyle",
    "Fill",
    "Instrument",
    "Market",
    "OptionRight",
    "OrderEvent",
    "OrderEventKind",
    "OrderIntent",
    "OrderState",
    "OrderType",
    "Path",
    "Portfolio",
    "Quote",
    "ReasonCode",
    "ReferenceView",
    "RegimeEstimate",
    "ReportKind",
    "Result",
    "Row",
    "Signals",
    "Standing",
    "Targets",
    "TimeInForce",
]
