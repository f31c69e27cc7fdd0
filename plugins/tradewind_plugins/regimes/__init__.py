"""Built-in regime detectors."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import RegimePlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.regimes.composite import Composite
from tradewind_plugins.regimes.threshold import Threshold

__all__ = ["Composite", "Threshold"]


@hookimpl
def tradewind_regimes() -> Iterable[RegimePlugin]:
    """Yield the built-in detectors."""
    yield RegimePlugin(
        name="composite", create=Composite, summary="A score of volatility, trend, breadth and momentum."
    )
    yield RegimePlugin(name="threshold", create=Threshold, summary="The 200-day average and a month's volatility.")
