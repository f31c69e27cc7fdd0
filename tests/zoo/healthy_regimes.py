"""Regime detectors that look suspicious and are sound."""

from collections import deque

import numpy as np

from tests.zoo.sick_regimes import Base, calmness, estimate, returns_of
from tradewind.contracts import OnReference
from tradewind_plugins.factors import RealisedVolatility


class Calmness(Base):
    """Size of the universe's returns."""


class Filtered(Base):
    """Filters forward and keeps what it has filtered."""

    def __init__(self):
        self.level = 0.5

    def estimate(self, market):
        self.level = 0.9 * self.level + 0.1 * calmness(returns_of(market))
        return estimate(self.level, market.bar)


class Refitted(Base):
    """Takes its bound from the past, anew every ten bars."""

    def __init__(self):
        self.bound = 0.01
        self.fitted = -1

    def estimate(self, market):
        if self.fitted < 0 or market.bar - self.fitted >= 10:
            close = market.history("close")
            with np.errstate(all="ignore"):
                sizes = np.abs(close[1:] / close[:-1] - 1.0)
            self.bound, self.fitted = float(np.nanmedian(sizes)), market.bar
        today = np.abs(returns_of(market, 5))
        size = float(np.nanmean(today)) if np.isfinite(today).any() else self.bound
        value = float(1.0 / (1.0 + np.exp((size - self.bound) * 400.0)))
        return estimate(value, market.bar, fitted_until=self.fitted)


class OnBenchmark(Base):
    """Volatility of the benchmark, where the run has one."""

    def __init__(self):
        self.factors = {"volatility": OnReference("benchmark", RealisedVolatility(10))}

    def estimate(self, market):
        if not market.has_reference("benchmark"):
            return super().estimate(market)
        return estimate(float(np.exp(-market.factor("volatility")[0] * 3.0)), market.bar)


class Remembers(Base):
    """Averages over its last estimates, of which it keeps a queue."""

    def __init__(self):
        self.last = deque(maxlen=5)

    def estimate(self, market):
        self.last.append(calmness(returns_of(market)))
        return estimate(float(np.mean(self.last)), market.bar)
