"""The command line: one module a command."""

from tradewind.cli.main import main

__all__ = ["main"]
