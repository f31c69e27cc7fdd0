"""Built-in factors: causal transforms of the panel, each with a batch and a step form that agree to the last bit."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import FactorPlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.factors.averages import AverageVolume, Ema, Macd, Slope, Sma
from tradewind_plugins.factors.prices import Atr, RealisedVolatility, Returns, Roc, RollingHigh, RollingLow, Rsi

__all__ = [
    "Atr",
    "AverageVolume",
    "Ema",
    "Macd",
    "RealisedVolatility",
    "Returns",
    "Roc",
    "RollingHigh",
    "RollingLow",
    "Rsi",
    "Slope",
    "Sma",
]


@hookimpl
def tradewind_factors() -> Iterable[FactorPlugin]:
    """Yield the built-in factors."""
    yield FactorPlugin(
        name="atr", create=Atr, summary="Average true range, in price units.", needs=("high", "low", "close")
    )
    yield FactorPlugin(name="average_volume", create=AverageVolume, summary="Average volume.", needs=("volume",))
    yield FactorPlugin(name="ema", create=Ema, summary="Exponential average of closes.")
    yield FactorPlugin(name="macd", create=Macd, summary="Convergence and divergence of two averages.")
    yield FactorPlugin(
        name="realised_volatility", create=RealisedVolatility, summary="Deviation of log returns a year."
    )
    yield FactorPlugin(name="returns", create=Returns, summary="Log return of the last bar.")
    yield FactorPlugin(name="roc", create=Roc, summary="Rate of change of closes, a fraction.")
    yield FactorPlugin(name="rolling_high", create=RollingHigh, summary="Largest value of a window.")
    yield FactorPlugin(name="rolling_low", create=RollingLow, summary="Smallest value of a window.")
    yield FactorPlugin(name="rsi", create=Rsi, summary="Relative strength index, 0 to 100.")
    yield FactorPlugin(name="slope", create=Slope, summary="Relative change of an average, a fraction.")
    yield FactorPlugin(name="sma", create=Sma, summary="Simple average of a field.")
