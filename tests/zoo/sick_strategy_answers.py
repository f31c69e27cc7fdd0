"""Strategies whose answers, timing or parameters have one fault each."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from tests.zoo.sick_strategies import rising
from tradewind.model import Signals, Targets


class WrongShape:
    """Has one score too few."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market)[:-1])


class Infinite:
    """Divides by a change of 0."""

    warmup = 5

    def on_bar(self, market, portfolio):
        window = market.window("close", 5)
        return Signals(scores=1.0 / np.abs(window[-1] - window[0]))


class PlainList:
    """Returns a list of scores."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return rising(market).tolist()


class ShortWarmup:
    """Looks back further than its warm-up."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market, 30))


class OddSchedule:
    """Has a schedule that there is not."""

    schedule = "fortnightly"
    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))


class NegativeWarmup:
    """Wants to begin before the beginning."""

    warmup = -3

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market, 1) + 1.0)


class TwoFaced:
    """Gives Signals on some bars and Targets on others."""

    warmup = 5

    def on_bar(self, market, portfolio):
        scores = rising(market)
        return Signals(scores=scores) if market.bar % 2 else Targets(weights=scores / len(scores))


class Silent:
    """Never has an opinion."""

    def on_bar(self, market, portfolio):
        return None


class DeafToEvents:
    """Passes over bars on which it would act."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market)) if market.bar % 7 == 0 else None

    def next_event(self, path):
        return path.stop


class CountsVisits:
    """Has a state that depends on how often it is asked."""

    warmup = 5

    def __init__(self):
        self.visits = 0

    def on_bar(self, market, portfolio):
        self.visits += 1
        return Signals(scores=rising(market) * self.visits) if market.bar % 7 == 0 else None

    def next_event(self, path):
        return min(path.bar + 7 - path.bar % 7, path.stop)


class PeeksInEvent:
    """Remembers in `next_event` what the path shows, and acts on it."""

    warmup = 5

    def __init__(self):
        self.best = None

    def on_bar(self, market, portfolio):
        if market.bar % 7:
            return None
        return Signals(scores=rising(market) if self.best is None else np.where(self.best, 1.0, 0.0))

    def next_event(self, path):
        ahead = path.ahead("close")
        self.best = ahead[-1] > ahead[0]
        return min(path.bar + 7 - path.bar % 7, path.stop)


class PandasClock:
    """Asks pandas what time it is."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market) * (pd.Timestamp.now().year > 2000))


class BackwardEvent:
    """Names a bar of the past as its next one."""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))

    def next_event(self, path):
        return path.bar


class NeedsThree:
    """Raises in a universe of one."""

    warmup = 5

    def on_bar(self, market, portfolio):
        change = rising(market)
        return Signals(scores=np.where(change >= np.partition(change, -3)[-3], change, 0.0))


class BareError:
    """Raises a bare exception for a number that its annotation allows."""

    warmup = 5

    def __init__(self, bars: Annotated[int, Field(ge=0, le=50)] = 5):
        if bars < 2:
            raise ValueError("need two")

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))


class TakesAnything:
    """Takes a parameter of any type."""

    warmup = 5

    def __init__(self, bars: Any = 5):
        self.bars = bars

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))


class NoSentence:
    """does things"""

    warmup = 5

    def on_bar(self, market, portfolio):
        return Signals(scores=rising(market))
