"""Built-in breakers."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import BreakerPlugin
from tradewind.hookspecs import hookimpl


@hookimpl
def tradewind_breakers() -> Iterable[BreakerPlugin]:
    """Yield the built-in breakers."""
    return iter(())
