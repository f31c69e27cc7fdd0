"""Runs: execute a configuration, keep it as a capsule, reproduce and compare."""

from tradewind.runs.in_memory import Backtest, backtest
from tradewind.runs.launch import run

__all__ = ["Backtest", "backtest", "run"]
