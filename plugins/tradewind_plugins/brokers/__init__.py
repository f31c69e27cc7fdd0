"""Built-in brokers."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import BrokerPlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.brokers.venue import VenueBroker

__all__ = ["VenueBroker", "tradewind_brokers"]


@hookimpl
def tradewind_brokers() -> Iterable[BrokerPlugin]:
    """Yield the built-in brokers."""
    yield BrokerPlugin(
        name="venue",
        create=VenueBroker,
        summary="The simulated exchange in a process of its own, started with `tradewind venue`.",
    )
