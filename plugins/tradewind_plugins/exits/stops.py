"""Stops that lie at a price known from a position alone: decided on the close, or resting at the exchange."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from tradewind.model import Market, Path, Portfolio
from tradewind.model.typing import BoolArray, FloatArray, IntArray

__all__ = ["ClosingStop", "RestingStop", "Stop"]


class Stop(ABC):
    """Where a position is given up.

    Parameters
    ----------
    fraction
        Distance of the stop as a fraction of what it is measured from, in (0, 1).
    """

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    @abstractmethod
    def prices(self, portfolio: Portfolio) -> FloatArray:
        """Return the stops of what is held, shape (N,); NaN where flat."""

    @abstractmethod
    def prices_ahead(self, path: Path, columns: IntArray) -> FloatArray:
        """Return the stops of held columns on the bars ahead: one row a bar, or shape (columns,) where none moves."""


class ClosingStop(Stop):
    """Closes a position on the close that has reached the stop, so that the fill can be worse than the stop.

    A halted instrument is left alone until it trades again.
    """

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True where the close has reached the stop, shape (N,)."""
        close, held, stops = market.current("close"), portfolio.quantities, self.prices(portfolio)
        reached: BoolArray = ((held > 0) & (close <= stops)) | ((held < 0) & (close >= stops))
        return reached

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead whose close has reached the stop."""
        columns = path.held
        return path.first(path.gives_back(columns, self.prices_ahead(path, columns)))


class RestingStop(Stop):
    """Keeps the stop as an order at the exchange from the close of the entry bar on, so that it fills within a bar."""

    def stop_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return the stops of what is held, shape (N,); NaN where flat."""
        return self.prices(portfolio)

    def limit_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return NaN everywhere, shape (N,): a stop takes no profit."""
        return np.full(len(portfolio.quantities), np.nan)

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead on which a stop moves."""
        columns = path.held
        ahead = self.prices_ahead(path, columns)
        return path.stop if ahead.ndim == 1 else path.first(ahead != self.prices(path.portfolio)[columns])
