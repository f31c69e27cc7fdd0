"""Runs: execute a configuration, keep it as a capsule, reproduce and compare."""

from tradewind.runs.launch import run

__all__ = ["run"]
