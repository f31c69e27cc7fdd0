"""Regime detectors with one fault each."""

import random
import time

import numpy as np

from tradewind.model import RegimeEstimate

CALM, WILD = "calm", "wild"


def estimate(probability, bar, **changes):
    """Return an estimate of two labels."""
    values = {
        "label": CALM if probability >= 0.5 else WILD,
        "probabilities": {CALM: probability, WILD: 1.0 - probability},
        "confidence": max(probability, 1.0 - probability),
        "fitted_until": bar,
    }
    return RegimeEstimate(**{**values, **changes})


def calmness(returns):
    """Return a probability from the mean size of returns."""
    known = np.abs(returns[np.isfinite(returns)])
    return float(1.0 / (1.0 + np.exp((known.mean() - 0.012) * 400.0))) if known.size else 0.5


def returns_of(market, bars=20):
    """Return the universe's returns of the last bars."""
    window = market.window("close", bars + 1)
    return window[1:] / window[:-1] - 1.0


class Base:
    warmup = 25
    labels = (CALM, WILD)

    def estimate(self, market):
        return estimate(calmness(returns_of(market)), market.bar)


class NextReturn(Base):
    """Knows tomorrow's returns."""

    def estimate(self, market):
        close = market.fields["close"]
        later = min(market.bar + 1, len(close) - 1)
        return estimate(calmness(close[later] / close[later - 1] - 1.0), market.bar)


class Smoothed(Base):
    """Filters forward and then smooths backward over the whole history."""

    def estimate(self, market):
        closes = market.fields["close"][:, 0]
        with np.errstate(all="ignore"):
            sizes = np.abs(np.nan_to_num(closes[1:] / closes[:-1] - 1.0))
        forward = np.zeros(len(sizes))
        for bar, size in enumerate(sizes):
            forward[bar] = 0.9 * forward[bar - 1] + 0.1 * size
        backward = np.zeros(len(sizes) + 1)
        for bar in range(len(sizes) - 1, -1, -1):
            backward[bar] = 0.9 * backward[bar + 1] + 0.1 * forward[bar]
        return estimate(float(np.exp(-backward[min(market.bar, len(sizes))] * 100.0)), market.bar)


class FittedOnAll(Base):
    """Takes its bounds from the whole history."""

    def estimate(self, market):
        close = market.fields["close"]
        with np.errstate(all="ignore"):
            bound = float(np.nanmedian(np.abs(close[1:] / close[:-1] - 1.0)))
        today = float(np.nan_to_num(np.nanmean(np.abs(returns_of(market, 5)))))
        return estimate(float(1.0 / (1.0 + np.exp((today - bound) * 400.0))), market.bar)


class CentredVolatility(Base):
    """Volatility of a window around the bar."""

    def estimate(self, market):
        close = market.fields["close"][max(market.bar - 5, 0) : market.bar + 6]
        with np.errstate(all="ignore"):
            return estimate(calmness(close[1:] / close[:-1] - 1.0), market.bar)


class SumBelowOne(Base):
    """Has probabilities that sum to 0.9."""

    def estimate(self, market):
        return estimate(0.6, market.bar, probabilities={CALM: 0.6, WILD: 0.3})


class UndeclaredLabel(Base):
    """Gives a label that it does not declare."""

    def estimate(self, market):
        value = calmness(returns_of(market))
        return estimate(value, market.bar, label="panic", probabilities={"panic": 1.0 - value, CALM: value})


class MissingLabel(Base):
    """Leaves the labels out that are impossible now."""

    def estimate(self, market):
        return estimate(1.0, market.bar, probabilities={CALM: 1.0})


class FittedAhead(Base):
    """Says that it was fitted on tomorrow."""

    def estimate(self, market):
        return estimate(calmness(returns_of(market)), market.bar, fitted_until=market.bar + 1)


class FittedBackwards(Base):
    """Forgets what it was fitted on."""

    def estimate(self, market):
        return estimate(calmness(returns_of(market)), market.bar, fitted_until=market.bar - market.bar % 10 * 2)


class Constant(Base):
    """Always says the same."""

    def estimate(self, market):
        return estimate(0.75, market.bar)


class ClassMemory(Base):
    """Averages over what any instance has seen."""

    seen: list = []  # noqa: RUF012 - the fault

    def estimate(self, market):
        self.seen.append(calmness(returns_of(market)))
        return estimate(float(np.mean(self.seen[-50:])), market.bar)


class Dice(Base):
    """Is never quite sure."""

    def estimate(self, market):
        return estimate(random.random(), market.bar)


class Clock(Base):
    """Trusts itself less in the afternoon."""

    def estimate(self, market):
        return estimate(calmness(returns_of(market)), market.bar, confidence=0.5 + 0.1 * (time.time() > 0))


class TwiceTheSameLabel(Base):
    """Declares a label twice."""

    labels = (CALM, WILD, CALM)


class PlainLabel(Base):
    """Returns the label and nothing else."""

    def estimate(self, market):
        return CALM


class PoisonedMean(Base):
    """Averages over symbols and lets NaN through, and then falls back."""

    def estimate(self, market):
        value = float(np.abs(returns_of(market)).mean())
        fallback = 0.5
        return estimate(fallback if np.isnan(value) else float(np.exp(-value * 50.0)), market.bar)


class NotANumber(Base):
    """Gives NaN for a probability when a symbol is halted."""

    def estimate(self, market):
        value = float(np.exp(-np.abs(returns_of(market)).mean() * 50.0))
        return estimate(value, market.bar)


class SetOrder(Base):
    """Follows the symbol that a set gives first."""

    def estimate(self, market):
        first = market.symbols.index(next(iter(set(market.symbols))))
        return estimate(calmness(returns_of(market)[:, first]), market.bar)


class UndeclaredReference(Base):
    """Reads the VIX and does not say so."""

    def estimate(self, market):
        return estimate(float(market.reference("vix").value() < 20.0), market.bar)


class KeepsGenerator(Base):
    """Keeps a generator of bars, which cannot be saved."""

    def __init__(self):
        self.bars = (number for number in range(10**6))

    def estimate(self, market):
        next(self.bars)
        return super().estimate(market)
