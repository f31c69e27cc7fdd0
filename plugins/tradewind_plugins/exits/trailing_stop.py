"""A stop a fixed fraction behind the best close since entry."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Exit, RestingExit
from tradewind.model import Path, Portfolio
from tradewind.model.typing import FloatArray, IntArray
from tradewind_plugins.exits.stops import ClosingStop, RestingStop, Stop

__all__ = ["RestingTrailingStop", "TrailingStop", "trailing_stop"]


class _BehindBest(Stop):
    def prices(self, portfolio: Portfolio) -> FloatArray:
        """Return the stops of what is held, shape (N,); NaN where flat."""
        held = portfolio.quantities
        shorts = np.where(held < 0, portfolio.lowest_closes * (1.0 + self.fraction), np.nan)
        return np.where(held > 0, portfolio.highest_closes * (1.0 - self.fraction), shorts)

    def prices_ahead(self, path: Path, columns: IntArray) -> FloatArray:
        """Return the stops of held columns on each bar ahead, one row a bar."""
        factors = np.where(path.portfolio.quantities[columns] > 0, 1.0 - self.fraction, 1.0 + self.fraction)
        stops: FloatArray = path.best_closes(columns) * factors
        return stops


class TrailingStop(_BehindBest, ClosingStop):
    """Closes a position whose close has given back a fraction of the best close since entry.

    A long is closed at or below ``(1 - fraction) * highest close``, a short at or above
    ``(1 + fraction) * lowest close``; both extremes include the entry price. Decided on the close, so the fill can be
    worse than the stop. A halted instrument is left alone until it trades again.

    Parameters
    ----------
    fraction
        Distance from the best close, as a fraction of it, in (0, 1).
    """


class RestingTrailingStop(_BehindBest, RestingStop):
    """The same stop as an order that rests at the exchange, and so fills within a bar.

    The stop for bar t + 1 follows from the closes up to t: a new high inside bar t + 1 does not move it.

    Parameters
    ----------
    fraction
        Distance from the best close, as a fraction of it, in (0, 1).
    """


def trailing_stop(
    fraction: Annotated[float, Field(gt=0.0, lt=1.0, description="Distance from the best close since entry.")] = 0.2,
    resting: Annotated[bool, Field(description="Rest at the exchange, instead of deciding on the close.")] = False,
) -> Exit | RestingExit:
    """Return a `TrailingStop`, or a `RestingTrailingStop` where ``resting``."""
    return RestingTrailingStop(fraction) if resting else TrailingStop(fraction)
