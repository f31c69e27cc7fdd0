"""A stop a fixed fraction away from the entry price."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Exit, RestingExit
from tradewind.model import Market, Path, Portfolio
from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["RestingStopLoss", "StopLoss", "stop_loss"]


class StopLoss:
    """Closes a position that has lost a fraction of its average entry price.

    A long is closed at or below ``(1 - fraction) * entry price``, a short at or above ``(1 + fraction) * entry price``.
    Decided on the close, so the fill can be worse than the stop. A halted instrument is left alone until it trades
    again.

    Parameters
    ----------
    fraction
        Loss to stop at, as a fraction of the entry price, in (0, 1).
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
        return path.first(path.gives_back(columns, _stops(path.portfolio, self.fraction)[columns]))


class RestingStopLoss:
    """The same stop as an order that rests at the exchange from the close of the entry bar on.

    Parameters
    ----------
    fraction
        Loss to stop at, as a fraction of the entry price, in (0, 1).
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
        """Return ``path.stop``: the stop does not move while the position stays."""
        return path.stop


def stop_loss(
    fraction: Annotated[float, Field(gt=0.0, lt=1.0, description="Loss to stop at, a fraction of the entry price.")] = (
        0.1
    ),
    resting: Annotated[bool, Field(description="Rest at the exchange, instead of deciding on the close.")] = False,
) -> Exit | RestingExit:
    """Return a `StopLoss`, or a `RestingStopLoss` where ``resting``."""
    return RestingStopLoss(fraction) if resting else StopLoss(fraction)


def _stops(portfolio: Portfolio, fraction: float) -> FloatArray:
    held = portfolio.quantities
    shorts = np.where(held < 0, portfolio.entry_prices * (1.0 + fraction), np.nan)
    return np.where(held > 0, portfolio.entry_prices * (1.0 - fraction), shorts)
