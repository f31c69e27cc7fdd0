"""Strategies that look suspicious and are sound."""

from typing import Annotated

import numpy as np
from pydantic import Field

from tests.zoo.healthy_factors import LastClose
from tests.zoo.sick_strategies import rising
from tradewind.contracts import Factor, Seed
from tradewind.model import Signals, Targets
from tradewind_plugins.factors import Sma


class Rising:
    """Holds what has risen."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))


class SeededDice:
    """Rolls dice that the run has seeded."""

    def __init__(self, seed: Seed):
        self.generator = np.random.default_rng(seed)

    def on_bar(self, market, portfolio):
        return Signals(scores=self.generator.random(len(market.symbols)))


class SortedSet:
    """Goes through a set in order."""

    def on_bar(self, market, portfolio):
        first = min(set(market.symbols))
        return Signals(scores=np.array([float(symbol == first) for symbol in market.symbols]))


class OptionalVolume:
    """Looks at volume where there is one."""

    warmup = 5

    def on_bar(self, market, portfolio):
        volume = market.current("volume") if "volume" in market.fields else np.ones(len(market.symbols))
        return Signals(scores=np.where(volume > 0, rising(market), 0.0))


class Monthly:
    """Counts its monthly decisions."""

    schedule = "monthly"
    warmup = 10

    def __init__(self):
        self.decisions = 0

    def on_bar(self, market, portfolio):
        self.decisions += 1
        weights = np.where(market.tradable, 1.0 / len(market.symbols), 0.0) * (self.decisions % 3)
        return Targets(weights=weights)


class NestedFactor:
    """Holds what lies above a factor of the user's choice."""

    def __init__(self, average: Factor = Sma(10), slack: Annotated[float, Field(ge=0, lt=1)] = 0.0):  # noqa: B008
        self.factors = {"average": average, "close": LastClose()}
        self.slack = slack

    def on_bar(self, market, portfolio):
        above = market.factor("close") > market.factor("average") * (1 + self.slack)
        return Signals(scores=above.astype(float))


class Foresees:
    """Acts when anything moves by a fiftieth, and says on which bar."""

    warmup = 2

    def on_bar(self, market, portfolio):
        moved = _moved(market.window("close", 2))[0]
        return Signals(scores=moved.astype(float)) if moved.any() else None

    def next_event(self, path):
        return path.first(_moved(path.fields["close"][path.bar : path.stop]))


class WithStops:
    """Gives every field of the signals."""

    warmup = 5

    def on_bar(self, market, portfolio):
        scores = rising(market)
        return Signals(
            scores=scores,
            expected_return=scores * 0.01,
            win_probability=np.full(len(scores), 0.5),
            payoff_ratio=np.full(len(scores), 1.5),
            stop_price=market.marks * 0.9,
        )


def _moved(close):
    with np.errstate(invalid="ignore"):
        return np.abs(close[1:] / close[:-1] - 1.0) > 0.02
