"""Factors that look suspicious and are sound."""

import numpy as np
import pandas as pd

from tests.zoo.recomputed import Recomputed


class LastClose(Recomputed):
    """Last known close."""

    def values(self, fields):
        return pd.DataFrame(fields["close"]).ffill().to_numpy()


class DistanceFromHigh(Recomputed):
    """Close over the highest close so far, from the whole past."""

    def values(self, fields):
        close = pd.DataFrame(fields["close"]).ffill()
        return (close / close.cummax()).to_numpy()


class CrossRank(Recomputed):
    """Rank among what trades; a halted symbol keeps its own."""

    def values(self, fields):
        ranks = pd.DataFrame(fields["close"]).rank(axis=1, pct=True)
        return ranks.ffill().to_numpy()


class Range(Recomputed):
    """High over low, less 1, of the last bar that traded."""

    needs = ("high", "low")

    def values(self, fields):
        return pd.DataFrame(fields["high"] / fields["low"] - 1.0).ffill().to_numpy()


class ExpandingScale(Recomputed):
    """Close over the mean of its past, as it was known on each bar."""

    def values(self, fields):
        close = fields["close"]
        counts = np.isfinite(close).cumsum(axis=0)
        means = np.nan_to_num(close).cumsum(axis=0) / np.maximum(counts, 1)
        return pd.DataFrame(np.where(counts >= 20, close / means, np.nan)).ffill().to_numpy()


class OwnMomentum(Recomputed):
    """Close over the close of five own bars before."""

    def values(self, fields):
        close = fields["close"]
        result = np.full(close.shape, np.nan)
        for column in range(close.shape[1]):
            own = np.flatnonzero(np.isfinite(close[:, column]))
            result[own[5:], column] = close[own[5:], column] / close[own[:-5], column] - 1.0
        return pd.DataFrame(result).ffill().to_numpy()
