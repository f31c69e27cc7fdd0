"""``tradewind version``."""

from __future__ import annotations

import importlib.metadata
import platform

import typer

__all__ = ["version"]


def version() -> None:
    """Print the versions of tradewind, Python and Backtrader."""
    own, engine = importlib.metadata.version("tradewind"), importlib.metadata.version("backtrader")
    typer.echo(f"tradewind {own} (Python {platform.python_version()}, backtrader {engine})")
