"""A stop a fixed fraction behind the best close since entry."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Exit, RestingExit
from tradewind.model import Market, Path, Portfolio
from tradewind.model.typing import BoolArray, FloatArray, IntArray

__all__ = ["RestingTrailingStop", "TrailingStop", "trailing_stop"]


class TrailingStop:
    """Closes a position whose close has given back a fraction of the best close since entry.

    A long is closed at or below ``(1 - fraction) * highest close``, a short at or above
    ``(1 + fraction) * lowest close``; both extremes include the entry price. Decided on the close, so the fill can be
    worse than the stop. A halted instrument is left alone until it trades again.

    Parameters
    ----------
    fraction
        Distance from the best close, as a fraction of it, in (0, 1).
    """

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True where the close has reached the stop, shape (N,)."""
        close = market.current("close")
        stops = _stops(portfolio, self.fraction)
        held = portfolio.quantities
        reached: BoolArray = ((held > 0) & (close <= stops)) | ((held < 0) & (close >= stops))
        return reached

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead whose close has reached the stop."""
        columns = path.held
        return path.first(path.gives_back(columns, _stops_ahead(path, columns, self.fraction)))


class RestingTrailingStop:
    """The same stop as an order that rests at the exchange, and so fills within a bar.

    The stop for bar t + 1 follows from the closes up to t: a new high inside bar t + 1 does not move it.

    Parameters
    ----------
    fraction
        Distance from the best close, as a fraction of it, in (0, 1).
    """

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def stop_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return the stops of what is held, shape (N,); NaN where flat."""
        return _stops(portfolio, self.fraction)

    def limit_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return NaN everywhere, shape (N,): a stop takes no profit."""
        return np.full(len(portfolio.quantities), np.nan)

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead on which a stop moves."""
        columns = path.held
        now = _stops(path.portfolio, self.fraction)[columns]
        return path.first(_stops_ahead(path, columns, self.fraction) != now)


def trailing_stop(
    fraction: Annotated[float, Field(gt=0.0, lt=1.0, description="Distance from the best close since entry.")] = 0.2,
    resting: Annotated[bool, Field(description="Rest at the exchange, instead of deciding on the close.")] = False,
) -> Exit | RestingExit:
    """Return a `TrailingStop`, or a `RestingTrailingStop` where ``resting``."""
    return RestingTrailingStop(fraction) if resting else TrailingStop(fraction)


def _stops(portfolio: Portfolio, fraction: float) -> FloatArray:
    held = portfolio.quantities
    shorts = np.where(held < 0, portfolio.lowest_closes * (1.0 + fraction), np.nan)
    return np.where(held > 0, portfolio.highest_closes * (1.0 - fraction), shorts)


def _stops_ahead(path: Path, columns: IntArray, fraction: float) -> FloatArray:
    factors = np.where(path.portfolio.quantities[columns] > 0, 1.0 - fraction, 1.0 + fraction)
    stops: FloatArray = path.best_closes(columns) * factors
    return stops
