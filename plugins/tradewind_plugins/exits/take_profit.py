"""Take a profit of a fixed fraction of the entry price."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Exit, RestingExit
from tradewind.model import Market, Path, Portfolio
from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["RestingTakeProfit", "TakeProfit", "take_profit"]


class TakeProfit:
    """Closes a position that has gained a fraction of its average entry price.

    A long is closed at or above ``(1 + fraction) * entry price``, a short at or below ``(1 - fraction) * entry price``;
    a short cannot gain more than its whole entry price, so from 1 on none is closed. Decided on the close. A halted
    instrument is left alone until it trades again.

    Parameters
    ----------
    fraction
        Gain to take, as a fraction of the entry price, above 0.
    """

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True where the close has reached the profit, shape (N,)."""
        close = market.current("close")
        limits = _limits(portfolio, self.fraction)
        held = portfolio.quantities
        reached: BoolArray = ((held > 0) & (close >= limits)) | ((held < 0) & (close <= limits))
        return reached

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead whose close has reached the profit."""
        columns = path.held
        closes = path.ahead("close")[:, columns]
        limits = _limits(path.portfolio, self.fraction)[columns]
        return path.first(np.where(path.portfolio.quantities[columns] > 0, closes >= limits, closes <= limits))


class RestingTakeProfit:
    """The same profit as a limit order that rests at the exchange, and so fills within a bar.

    Parameters
    ----------
    fraction
        Gain to take, as a fraction of the entry price, above 0.
    """

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def stop_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return NaN everywhere, shape (N,): a profit is no stop."""
        return np.full(len(portfolio.quantities), np.nan)

    def limit_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return the limits of what is held, shape (N,); NaN where flat or out of reach."""
        return _limits(portfolio, self.fraction)

    def next_event(self, path: Path) -> int:
        """Return ``path.stop``: a limit does not move while the position stays."""
        return path.stop


def take_profit(
    fraction: Annotated[float, Field(gt=0.0, description="Gain to take, as a fraction of the entry price.")] = 0.2,
    resting: Annotated[bool, Field(description="Rest at the exchange, instead of deciding on the close.")] = False,
) -> Exit | RestingExit:
    """Return a `TakeProfit`, or a `RestingTakeProfit` where ``resting``."""
    return RestingTakeProfit(fraction) if resting else TakeProfit(fraction)


def _limits(portfolio: Portfolio, fraction: float) -> FloatArray:
    held = portfolio.quantities
    within_reach = (held < 0) & (fraction < 1.0)
    shorts = np.where(within_reach, portfolio.entry_prices * (1.0 - fraction), np.nan)
    return np.where(held > 0, portfolio.entry_prices * (1.0 + fraction), shorts)
