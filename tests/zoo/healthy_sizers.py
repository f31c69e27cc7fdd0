"""Sizers that look suspicious and are sound."""

import numpy as np

from tests.zoo.sick_sizers import Base, shared, wanted


class Equal(Base):
    """Divides equally."""


class ByScore(Base):
    """Divides by the size of the scores."""

    max_weight = 0.5

    def weights(self, signals, market, portfolio):
        scores = np.where(market.tradable, np.nan_to_num(signals.scores), 0.0)
        total = np.abs(scores).sum()
        return np.clip(scores / total, -0.5, 0.5) if total else scores


class ByEdge(Base):
    """Bets where an edge is expected."""

    signal_fields = ("scores", "expected_return")

    def weights(self, signals, market, portfolio):
        edge = wanted(signals, market) * np.abs(np.nan_to_num(signals.expected_return)) * 2.0
        return np.clip(edge, -0.05, 0.05) / max(np.abs(edge).sum(), 1.0)


class KeepsWhatItHolds(Base):
    """Gives half as much to what is not held yet."""

    def weights(self, signals, market, portfolio):
        return shared(wanted(signals, market)) * np.where(portfolio.quantities != 0.0, 1.0, 0.5)


class ByRange(Base):
    """Divides by the range of a month, where it is known."""

    def weights(self, signals, market, portfolio):
        if market.bar < 20:
            return np.zeros(len(market.symbols))
        window = market.window("close", 20)
        spread = window.max(axis=0) / window.min(axis=0) - 1.0
        signs = np.where(np.isfinite(spread), wanted(signals, market), 0.0)
        size = signs / np.where(spread > 0.001, spread, 0.001)
        total = np.abs(np.nan_to_num(size)).sum()
        return np.nan_to_num(size) / total if total else np.zeros(len(size))
