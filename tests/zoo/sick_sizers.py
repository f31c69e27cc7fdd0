"""Sizers with one fault each."""

import random

import numpy as np


def wanted(signals, market):
    """Return the signs of what is wanted and trades."""
    return np.where(market.tradable, np.sign(np.nan_to_num(signals.scores)), 0.0)


def shared(signs, budget=1.0):
    """Return equal weights."""
    return signs * budget / max(np.count_nonzero(signs), 1)


class Base:
    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        return shared(wanted(signals, market))


class TooLarge(Base):
    """Gives more to one than its largest weight."""

    max_weight = 0.1


class OverBudget(Base):
    """Gives a tenth to each, however many there are."""

    max_weight = 0.1

    def weights(self, signals, market, portfolio):
        return wanted(signals, market) * 0.1


class NotANumber(Base):
    """Lets the NaN of a score through."""

    def weights(self, signals, market, portfolio):
        return np.where(market.tradable, signals.scores, 0.0) / 1000.0


class HoldsHalted(Base):
    """Wants what does not trade."""

    def weights(self, signals, market, portfolio):
        return shared(np.sign(np.nan_to_num(signals.scores)))


class LongOnly(Base):
    """Owns what it should short."""

    def weights(self, signals, market, portfolio):
        return np.abs(shared(wanted(signals, market)))


class HoldsEverything(Base):
    """Holds what has no score."""

    def weights(self, signals, market, portfolio):
        return shared(market.tradable.astype(float))


class ScoresAsWeights(Base):
    """Takes scores for weights."""

    def weights(self, signals, market, portfolio):
        scores = np.where(market.tradable, np.nan_to_num(signals.scores), 0.0)
        return np.clip(scores / 1000.0, -0.002, 0.002)


class MoneyAsFraction(Base):
    """Bets less the more money there is."""

    def weights(self, signals, market, portfolio):
        return shared(wanted(signals, market)) * min(1.0, 100_000.0 / portfolio.equity)


class FirstTakesAll(Base):
    """Gives the first column what is left."""

    def weights(self, signals, market, portfolio):
        weights = shared(wanted(signals, market)) * 0.5
        weights[0] *= 2.0
        return weights


class PoisonedVolatility(Base):
    """Divides by the sum of all volatilities, NaN or not."""

    def weights(self, signals, market, portfolio):
        if market.bar < 20:
            return np.zeros(len(market.symbols))
        window = market.window("close", 20)
        spread = window.max(axis=0) / window.min(axis=0) - 1.0
        return np.nan_to_num(wanted(signals, market) * spread / spread.sum())


class UndeclaredField(Base):
    """Needs an expected return and does not say so."""

    def weights(self, signals, market, portfolio):
        return shared(np.where(signals.expected_return > 0, wanted(signals, market), 0.0))


class UnreadField(Base):
    """Declares a stop that it does not look at."""

    signal_fields = ("scores", "stop_price")


class UnknownField(Base):
    """Declares a field that signals do not have."""

    signal_fields = ("scores", "conviction")


class FullSampleVolatility(Base):
    """Weighs by the volatility of the whole history."""

    def weights(self, signals, market, portfolio):
        close = market.fields["close"]
        with np.errstate(all="ignore"):
            spread = np.nan_to_num(np.nanstd(close, axis=0) / np.nanmean(close, axis=0)) + 0.01
        signs = wanted(signals, market)
        return signs / spread / max(np.abs(signs / spread).sum(), 1e-9)


class ClassMemory(Base):
    """Bets more each time any instance has been asked."""

    calls = 0

    def weights(self, signals, market, portfolio):
        type(self).calls += 1
        return shared(wanted(signals, market)) / (1 + self.calls % 7)


class Dice(Base):
    """Bets by the throw of a die."""

    def weights(self, signals, market, portfolio):
        return shared(wanted(signals, market)) * random.random()


class Mutator(Base):
    """Fills the scores it was given."""

    def weights(self, signals, market, portfolio):
        signals.scores[np.isnan(signals.scores)] = 0.0
        return shared(wanted(signals, market))


class WrongShape(Base):
    """Has one weight too many."""

    def weights(self, signals, market, portfolio):
        return np.append(shared(wanted(signals, market)), 0.0)


class SetOrder(Base):
    """Gives most to the symbol that a set gives first."""

    def weights(self, signals, market, portfolio):
        order = list(set(market.symbols))
        places = np.array([order.index(symbol) for symbol in market.symbols])
        return shared(wanted(signals, market)) / (1.0 + places)


class NeverHolds(Base):
    """Holds nothing."""

    def weights(self, signals, market, portfolio):
        return np.zeros(len(signals.scores))


class RaisesOnOne(Base):
    """Raises when nothing is wanted."""

    def weights(self, signals, market, portfolio):
        signs = wanted(signals, market)
        largest = np.flatnonzero(signs)[0]
        return np.where(np.arange(len(signs)) == largest, signs, 0.0)
