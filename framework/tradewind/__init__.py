"""Declare a trading strategy in YAML and run it in backtest, paper and live by changing one flag.

Public names for plugin authors, `run` and `backtest`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind.contracts import (
        BreakerPlugin,
        BrokerPlugin,
        CostPlugin,
        DataRequest,
        ExitPlugin,
        FactorPlugin,
        FeedPlugin,
        GatePlugin,
        RegimePlugin,
        ReportPlugin,
        SizerPlugin,
        StrategyPlugin,
    )
    from tradewind.hookspecs import hookimpl
    from tradewind.model import Bars, Instrument, Market, Path, Portfolio, RegimeEstimate, Result, Signals, Targets
    from tradewind.research.sweep import sweep
    from tradewind.runs import Backtest, backtest, run

_HOMES = {
    "tradewind.contracts": (
        "BreakerPlugin",
        "BrokerPlugin",
        "CostPlugin",
        "DataRequest",
        "ExitPlugin",
        "FactorPlugin",
        "FeedPlugin",
        "GatePlugin",
        "RegimePlugin",
        "ReportPlugin",
        "SizerPlugin",
        "StrategyPlugin",
    ),
    "tradewind.hookspecs": ("hookimpl",),
    "tradewind.model": (
        "Bars",
        "Instrument",
        "Market",
        "Path",
        "Portfolio",
        "RegimeEstimate",
        "Result",
        "Signals",
        "Targets",
    ),
    "tradewind.research.sweep": ("sweep",),
    "tradewind.runs": ("Backtest", "backtest", "run"),
}

__all__ = [
    "Backtest",
    "Bars",
    "BreakerPlugin",
    "BrokerPlugin",
    "CostPlugin",
    "DataRequest",
    "ExitPlugin",
    "FactorPlugin",
    "FeedPlugin",
    "GatePlugin",
    "Instrument",
    "Market",
    "Path",
    "Portfolio",
    "RegimeEstimate",
    "RegimePlugin",
    "ReportPlugin",
    "Result",
    "Signals",
    "SizerPlugin",
    "StrategyPlugin",
    "Targets",
    "backtest",
    "hookimpl",
    "run",
    "sweep",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `tradewind --help` does not wait for numpy and pandas.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'tradewind' has no attribute {name!r}")
