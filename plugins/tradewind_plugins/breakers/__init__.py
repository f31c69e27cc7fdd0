"""Built-in breakers."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import BreakerPlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.breakers.daily_loss import DailyLoss
from tradewind_plugins.breakers.drawdown import Drawdown
from tradewind_plugins.breakers.error_rate import ErrorRate
from tradewind_plugins.breakers.losing_streak import LosingStreak
from tradewind_plugins.breakers.stateless import ConfidenceFloor, StaleData
from tradewind_plugins.breakers.volatility_spike import VolatilitySpike

__all__ = [
    "ConfidenceFloor",
    "DailyLoss",
    "Drawdown",
    "ErrorRate",
    "LosingStreak",
    "StaleData",
    "VolatilitySpike",
]


@hookimpl
def tradewind_breakers() -> Iterable[BreakerPlugin]:
    """Yield the built-in breakers."""
    yield BreakerPlugin(
        name="drawdown",
        create=Drawdown,
        summary="The loss from the highest equity: smaller sizes, halt, kill.",
    )
    yield BreakerPlugin(
        name="daily_loss",
        create=DailyLoss,
        summary="The loss from the last close of the day before: smaller sizes, halt, kill.",
    )
    yield BreakerPlugin(
        name="volatility_spike",
        create=VolatilitySpike,
        summary="The volatility index, or what the benchmark realises: smaller sizes, reduce only, halt.",
    )
    yield BreakerPlugin(
        name="losing_streak",
        create=LosingStreak,
        summary="Losing trades in a row: smaller sizes until one wins.",
    )
    yield BreakerPlugin(
        name="error_rate",
        create=ErrorRate,
        summary="The part of the last orders that the venue has refused: reduce only.",
    )
    yield BreakerPlugin(
        name="stale_data",
        create=StaleData,
        summary="Too few instruments with a price of the bar: reduce only.",
    )
    yield BreakerPlugin(
        name="confidence_floor",
        create=ConfidenceFloor,
        summary="An uncertain regime: smaller sizes.",
    )
