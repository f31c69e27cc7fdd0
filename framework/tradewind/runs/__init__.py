"""Runs: execute a configuration, keep it as a capsule, reproduce and compare."""

from tradewind.runs.run import run

__all__ = ["run"]
