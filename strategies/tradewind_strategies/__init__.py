"""Ready strategies: one file each."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import StrategyPlugin
from tradewind.hookspecs import hookimpl
from tradewind_strategies.buy_and_hold import BuyAndHold
from tradewind_strategies.high_52w import High52Week
from tradewind_strategies.low_correlation import LowCorrelation
from tradewind_strategies.momentum import Momentum
from tradewind_strategies.moving_average_cross import MovingAverageCross

__all__ = ["BuyAndHold", "High52Week", "LowCorrelation", "Momentum", "MovingAverageCross"]


@hookimpl
def tradewind_strategies() -> Iterable[StrategyPlugin]:
    """Yield the ready strategies."""
    yield StrategyPlugin(
        name="buy_and_hold",
        create=BuyAndHold,
        summary="Buy everything once and hold it.",
    )
    yield StrategyPlugin(
        name="high_52w",
        create=High52Week,
        summary="Hold what trades nearest to its 52-week high.",
    )
    yield StrategyPlugin(
        name="low_correlation",
        create=LowCorrelation,
        summary="Hold calm instruments that do not move together.",
    )
    yield StrategyPlugin(
        name="momentum",
        create=Momentum,
        summary="Hold what has risen most, with volume behind it; short the worst tenth if wanted.",
    )
    yield StrategyPlugin(
        name="moving_average_cross",
        create=MovingAverageCross,
        summary="Follow each instrument's trend by the cross of two moving averages.",
    )
