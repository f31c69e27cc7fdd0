"""Built-in gates."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import GatePlugin
from tradewind.hookspecs import hookimpl


@hookimpl
def tradewind_gates() -> Iterable[GatePlugin]:
    """Yield the built-in gates."""
    return iter(())
