"""Exits with one fault each."""

import random
import time

import numpy as np


def lost(market, portfolio, part=0.03):
    """Return what has lost a part of its entry price."""
    with np.errstate(invalid="ignore"):
        gain = (market.current("close") / portfolio.entry_prices - 1.0) * np.sign(portfolio.quantities)
        return gain < -part


class Base:
    def closes(self, market, portfolio):
        return lost(market, portfolio)


class RestingBase:
    part = 0.05

    def stop_prices(self, market, portfolio):
        return portfolio.entry_prices * (1.0 - self.part * np.sign(portfolio.quantities))

    def limit_prices(self, market, portfolio):
        return np.full(len(portfolio.quantities), np.nan)


class NextOpen(Base):
    """Closes what will open lower."""

    needs = ("open", "close")

    def closes(self, market, portfolio):
        opened = market.fields["open"]
        ahead = opened[min(market.bar + 1, len(opened) - 1)]
        return (portfolio.quantities > 0) & (ahead < market.current("close") * 0.995)


class FullSampleLow(Base):
    """Closes at the lowest close of the whole history."""

    def closes(self, market, portfolio):
        low = np.nanmin(np.where(np.isnan(market.fields["close"]), np.inf, market.fields["close"]), axis=0)
        return (portfolio.quantities > 0) & (market.current("close") < low * 1.3)


class ClosesFlat(Base):
    """Closes what is not held."""

    def closes(self, market, portfolio):
        return market.current("close") < np.nan_to_num(portfolio.entry_prices, nan=1e9)


class Numbers(Base):
    """Returns 1 and 0."""

    def closes(self, market, portfolio):
        return lost(market, portfolio).astype(float)


class WrongShape(Base):
    """Answers for held symbols only."""

    def closes(self, market, portfolio):
        return lost(market, portfolio)[portfolio.quantities != 0]


class DeafToEvents(Base):
    """Passes over the bars on which it closes."""

    def next_event(self, path):
        return path.stop


class LooseEvents(Base):
    """Looks for a larger loss than the one it closes at."""

    def next_event(self, path):
        columns = path.held
        signs = np.sign(path.portfolio.quantities[columns])
        gain = (path.ahead("close")[:, columns] / path.portfolio.entry_prices[columns] - 1.0) * signs
        return path.first(gain < -0.08)


class PeeksInEvent(Base):
    """Remembers in `next_event` what the path shows, and closes on it."""

    def __init__(self):
        self.falls = None

    def closes(self, market, portfolio):
        fallen = lost(market, portfolio)
        return fallen if self.falls is None else fallen | (self.falls & (portfolio.quantities > 0))

    def next_event(self, path):
        ahead = path.ahead("close")
        self.falls = ahead[-1] < ahead[0]
        return path.bar + 1


class BackwardEvent(Base):
    """Names the present bar as its next one."""

    def next_event(self, path):
        return path.bar


class NeverActs(Base):
    """Closes nothing."""

    def closes(self, market, portfolio):
        return np.zeros(len(portfolio.quantities), dtype=bool)


class ClassMemory(Base):
    """Closes every third time that any instance is asked."""

    calls = 0

    def closes(self, market, portfolio):
        type(self).calls += 1
        return (portfolio.quantities != 0) & (self.calls % 3 == 0)


class Dice(Base):
    """Closes by the throw of a die."""

    def closes(self, market, portfolio):
        return (portfolio.quantities != 0) & (random.random() < 0.3)


class Clock(Base):
    """Closes at the end of the working day of whoever runs it."""

    def closes(self, market, portfolio):
        return lost(market, portfolio) & (time.localtime().tm_hour < 30)


class Mutator(Base):
    """Marks what it closes in the holdings."""

    def closes(self, market, portfolio):
        portfolio.entry_bars[lost(market, portfolio)] = -1
        return lost(market, portfolio)


class BreaksOnShorts(Base):
    """Raises when nothing is long."""

    def closes(self, market, portfolio):
        oldest = portfolio.entry_bars[portfolio.quantities > 0].min()
        return (portfolio.entry_bars == oldest) & (portfolio.quantities > 0)


class StopOnTheWrongSide(RestingBase):
    """Puts the stop of a long above its entry."""

    part = -0.05


class NegativePrice(RestingBase):
    """Puts a stop below 0."""

    part = 1.5


class ZeroForNone(RestingBase):
    """Gives 0 where nothing rests."""

    def stop_prices(self, market, portfolio):
        return np.nan_to_num(super().stop_prices(market, portfolio))


class InfiniteLimit(RestingBase):
    """Has a limit that is never reached."""

    def limit_prices(self, market, portfolio):
        return np.where(portfolio.quantities != 0, np.inf, np.nan)


class MovesUnannounced(RestingBase):
    """Trails the best close, and says that its prices never move."""

    def stop_prices(self, market, portfolio):
        best = np.where(portfolio.quantities > 0, portfolio.highest_closes, portfolio.lowest_closes)
        return best * (1.0 - self.part * np.sign(portfolio.quantities))

    def next_event(self, path):
        return path.stop


class LimitOnTheWrongSide(RestingBase):
    """Takes a profit where there is a loss."""

    def limit_prices(self, market, portfolio):
        return portfolio.entry_prices * (1.0 - 0.1 * np.sign(portfolio.quantities))
