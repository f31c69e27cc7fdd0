"""Exits that look suspicious and are sound."""

import numpy as np

from tests.zoo.sick_exits import Base, RestingBase, lost


class LossExit(Base):
    """Closes after a loss."""


class RestingLoss(RestingBase):
    """Rests below the entry."""

    def next_event(self, path):
        return path.stop


class ForeseenLoss(Base):
    """Closes after a loss, and says when."""

    def next_event(self, path):
        columns = path.held
        signs = np.sign(path.portfolio.quantities[columns])
        gain = (path.ahead("close")[:, columns] / path.portfolio.entry_prices[columns] - 1.0) * signs
        return path.first(gain < -0.03)


class Patient(Base):
    """Closes on the second bar of a loss, which it remembers itself."""

    def __init__(self):
        self.before = None

    def closes(self, market, portfolio):
        now = lost(market, portfolio)
        both = now & self.before if self.before is not None and len(self.before) == len(now) else now & False
        self.before = now
        return both


class Oldest(Base):
    """Closes the oldest position; there is one, or it is not asked."""

    def closes(self, market, portfolio):
        oldest = portfolio.entry_bars[portfolio.quantities != 0].min()
        return (portfolio.entry_bars == oldest) & (portfolio.quantities != 0)


class Bracket(RestingBase):
    """Rests on both sides."""

    def limit_prices(self, market, portfolio):
        return portfolio.entry_prices * (1.0 + 0.1 * np.sign(portfolio.quantities))
