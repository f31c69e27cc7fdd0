"""Factors with one fault each."""

import random

import numpy as np
import pandas as pd

from tests.zoo.recomputed import Recomputed


class NextClose(Recomputed):
    """Shifted the wrong way."""

    def values(self, fields):
        close = fields["close"]
        return np.vstack([close[1:], np.full((1, close.shape[1]), np.nan)])


class FullSampleScale(Recomputed):
    """Scaled by the mean and deviation of the whole history."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill()
        return ((close - close.mean()) / close.std()).to_numpy()


class CentredMean(Recomputed):
    """Mean of a window around the bar."""

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().rolling(5, center=True).mean().to_numpy()


class WeekLabelledLeft(Recomputed):
    """Week's last close, known on its first day."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill()
        week = np.arange(len(close)) // 5
        return close.groupby(week).transform("last").to_numpy()


class BackFilled(Recomputed):
    """Fills the past of a late starter with its first price."""

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().bfill().to_numpy()


class FirstSymbolsPast(Recomputed):
    """Lends a late starter the price of the first symbol."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill().to_numpy()
        return np.where(np.isnan(close), close[:, :1], close)


class KnowsTheEnd(Recomputed):
    """Looks up when a symbol's data end."""

    def compute(self, bars):
        return np.where(bars.end_bars >= len(bars), 1.0, -1.0) * self.values(bars.fields)

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().to_numpy()


class ZeroFilled(Recomputed):
    """Takes a bar without trading for a price of 0."""

    def values(self, fields):
        return np.nan_to_num(fields["close"])


class BarsOfTheRun(Recomputed):
    """Counts bars of the run where it should count the symbol's own."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill()
        return (close / close.shift(5)).to_numpy()


class PoisonedMean(Recomputed):
    """Distance from a mean over symbols that lets NaN through."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill().to_numpy()
        return close - close.mean(axis=1, keepdims=True)


class ByColumn(Recomputed):
    """Gives columns weights by their number."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill().to_numpy()
        return close * np.arange(1, close.shape[1] + 1)


class Infinite(Recomputed):
    """Divides by a volume of 0."""

    needs = ("close", "volume")

    def values(self, fields):
        volume = pd.DataFrame(fields["volume"]).ffill().to_numpy()
        with np.errstate(all="ignore"):
            return pd.DataFrame(fields["close"]).ffill().to_numpy() / volume


class OtherRounding(Recomputed):
    """Batch by cumulated sums, steps by plain ones."""

    def compute(self, bars):
        total = np.cumsum(pd.DataFrame(bars.fields["close"]).ffill().to_numpy(), axis=0)
        total[3:] = total[3:] - total[:-3]
        total[:2] = np.nan
        return total

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().rolling(3).sum().to_numpy()


class WrongShape(Recomputed):
    """One column for all symbols."""

    def values(self, fields):
        return np.nanmean(fields["close"], axis=1, keepdims=True)


class WholeNumbers(Recomputed):
    """Number of bars as integers."""

    def values(self, fields):
        return np.isfinite(fields["close"]).cumsum(axis=0)


class _SharedStep:
    seen: list = []  # noqa: RUF012 - the fault

    def __init__(self, symbols):
        self.symbols = symbols

    def step(self, row):
        self.seen.append(row["close"])
        return np.array([one.mean() for one in self.seen[-2:]]).mean() + row["close"] * 0.0


class SharedMemory(Recomputed):
    """Remembers bars in an attribute of the class."""

    def values(self, fields):
        return fields["close"]

    def start(self, symbols):
        return _SharedStep(symbols)


class Unpicklable(Recomputed):
    """Its step form keeps a lambda."""

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().to_numpy()

    def start(self, symbols):
        step = super().start(symbols)
        step.twice = lambda value: value * 2
        return step


class Dice(Recomputed):
    """Adds noise from the generator that all share."""

    def values(self, fields):
        return fields["close"] + random.random()


class NumpyDice(Recomputed):
    """Adds noise from numpy's global generator."""

    def values(self, fields):
        return fields["close"] + np.random.rand()  # noqa: NPY002 - the fault


class SetOrder(Recomputed):
    """Shift by the place of a name in a set."""

    def values(self, fields):
        names = list({f"name {number}" for number in range(50)})
        return pd.DataFrame(fields["close"]).ffill().to_numpy() + names.index("name 7")


class Undeclared(Recomputed):
    """Reads a field that it does not declare."""

    def compute(self, bars):
        return self.values({"volume": bars.fields["volume"]})

    def values(self, fields):
        return pd.DataFrame(fields["volume"]).ffill().to_numpy()


class Unread(Recomputed):
    """Declares a field that it does not read."""

    needs = ("close", "volume")
    read = ("close",)

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().to_numpy()


class Mutator(Recomputed):
    """Fills the gaps of the bars themselves."""

    def compute(self, bars):
        close = bars.fields["close"]
        close[np.isnan(close)] = 0.0
        return close.copy()

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().to_numpy()


class BaseMutator(Recomputed):
    """Fills the gaps of the array behind the read-only one."""

    def compute(self, bars):
        behind = bars.fields["close"].base
        behind[np.isnan(behind)] = 1.0
        return behind.copy()

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().to_numpy()


class NeedsTwoSymbols(Recomputed):
    """Raises in a universe of one."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill().to_numpy()
        return close / close[:, [1]]
