"""Strategies with one fault each."""

import datetime as dt
import random
import time
from pathlib import Path

import numpy as np

from tests.zoo.healthy_factors import LastClose
from tradewind.model import Signals


def rising(market, bars=5):
    """Score what has risen over some bars."""
    window = market.window("close", bars)
    return np.where(window[-1] > window[0], 1.0, 0.0)


class NextClose:
    """Reads tomorrow's close from the whole array."""

    warmup = 5

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        return Signals(scores=np.where(close[min(market.bar + 1, len(close) - 1)] > close[market.bar], 1.0, 0.0))


class NextOffset:
    """Asks for tomorrow's close, which is refused."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=np.where(market.current("close", 1) > market.current("close"), 1.0, 0.0))


class ArrayBase:
    """Reads tomorrow's close behind the view it was given."""

    warmup = 5

    def on_bar(self, market, portfolio):
        whole = market.window("close", 2).base
        return Signals(scores=np.where(whole[min(market.bar + 1, len(whole) - 1)] > whole[market.bar], 1.0, 0.0))


class SameBarFill:
    """Decides with the open at which it will fill."""

    needs = ("open", "close")
    warmup = 5

    def on_bar(self, market, portfolio):
        opened = market.fields["open"]
        ahead = opened[min(market.bar + 1, len(opened) - 1)]
        return Signals(scores=np.where(ahead < market.current("close"), 1.0, 0.0))


class FullSampleRank:
    """Prefers what is cheap against its mean over the whole history."""

    def on_bar(self, market, portfolio):
        return Signals(scores=np.where(market.current("close") < np.nanmean(market.fields["close"], axis=0), 1.0, 0.0))


class Survivors:
    """Holds what still trades on the last day."""

    def on_bar(self, market, portfolio):
        return Signals(scores=np.where(np.isfinite(market.fields["close"][-1]), 1.0, 0.0))


class FactorAhead:
    """Reads tomorrow's value of a factor."""

    def __init__(self):
        self.factors = {"close": LastClose()}

    def on_bar(self, market, portfolio):
        values = market.factors["close"]
        ahead = values[min(market.bar + 1, len(values) - 1)]
        return Signals(scores=np.where(ahead > market.factor("close"), 1.0, 0.0))


class LengthOfHistory:
    """Sells before the history ends."""

    def on_bar(self, market, portfolio):
        left = len(market.fields["close"]) - market.bar
        return Signals(scores=np.where(left > 10, rising(market, 1) + 1.0, 0.0))


class ClassMemory:
    """Counts its calls in an attribute of the class."""

    warmup = 5
    calls = 0

    def on_bar(self, market, portfolio):
        type(self).calls += 1
        return Signals(scores=rising(market) * (self.calls % 3))


_SEEN: list[int] = []


class ModuleMemory:
    """Remembers in a global of its module."""

    warmup = 5

    def on_bar(self, market, portfolio):
        _SEEN.append(market.bar)
        return Signals(scores=rising(market) * (len(_SEEN) % 4))


class Dice:
    """Rolls dice that nobody has seeded."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market) + random.random() * 1e-6)


class UnseededGenerator:
    """Makes a generator without a seed."""

    def __init__(self):
        self.calls = 0

    def on_bar(self, market, portfolio):
        return Signals(scores=np.random.default_rng().random(len(market.symbols)))


class WallClock:
    """Asks what time it is."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market) * (dt.datetime.now(dt.UTC).year > 2000))


class Stopwatch:
    """Measures how long it took."""

    warmup = 5

    def on_bar(self, market, portfolio):
        begun = time.perf_counter()
        return Signals(scores=rising(market) + (begun < 0))


class SetOrder:
    """Prefers the symbol that a set gives first."""

    def on_bar(self, market, portfolio):
        first = next(iter(set(market.symbols)))
        return Signals(scores=np.array([float(symbol == first) for symbol in market.symbols]))


class WritesFile:
    """Keeps a log of its own."""

    warmup = 5

    def on_bar(self, market, portfolio):
        Path("/tmp/zoo-strategy.log").open("a").close()
        return Signals(scores=rising(market))


class Poisoned:
    """Compares with a mean that lets NaN through."""

    warmup = 5

    def on_bar(self, market, portfolio):
        window = market.window("close", 5)
        change = window[-1] / window[0]
        return Signals(scores=np.where(change > change.mean(), 1.0, 0.0))


class Mutator:
    """Fills gaps in the arrays it was given."""

    warmup = 5

    def on_bar(self, market, portfolio):
        close = market.current("close")
        close[np.isnan(close)] = 0.0
        return Signals(scores=rising(market))


class BaseMutator:
    """Fills gaps behind the read-only view."""

    warmup = 5

    def on_bar(self, market, portfolio):
        behind = market.fields["close"].base
        while behind.base is not None:
            behind = behind.base
        behind[np.isnan(behind)] = 0.0
        return Signals(scores=rising(market))


class HoldingsMutator:
    """Writes to the holdings it was given."""

    warmup = 5

    def on_bar(self, market, portfolio):
        portfolio.quantities[:] = 0.0
        return Signals(scores=rising(market))


class Undeclared:
    """Reads volume and declares closes."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=np.where(market.current("volume") > 0, rising(market), 0.0))


class UndeclaredReference:
    """Reads the VIX and does not say so."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market) * (market.reference("vix").value() < 30.0))


class Unread:
    """Declares volume and never looks at it."""

    needs = ("close", "volume")
    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))


class Unpicklable:
    """Keeps a lambda."""

    warmup = 5

    def __init__(self):
        self.score = lambda market: rising(market)

    def on_bar(self, market, portfolio):
        return Signals(scores=self.score(market))


class HalfSaved:
    """Leaves its count out of what is saved."""

    warmup = 5

    def __init__(self):
        self.calls = 0

    def on_bar(self, market, portfolio):
        self.calls += 1
        return Signals(scores=rising(market) * (self.calls % 5))

    def __getstate__(self):
        return {"calls": 0}
