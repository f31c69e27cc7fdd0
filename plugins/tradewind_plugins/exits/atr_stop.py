"""A stop a multiple of the average true range away from entry, or behind the best close."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tradewind.model import Market, Path, Portfolio
from tradewind.model.typing import BoolArray, FloatArray
from tradewind_plugins.factors import Atr

__all__ = ["AtrStop"]


class AtrStop:
    """Closes a position that has moved against it by a multiple of Wilder's average true range (ATR).

    ``anchor="entry"``: the stop lies ``multiple`` ATRs below the average entry price of a long (above, for a short) and
    stays there: the ATR is that of the entry bar, or today's where the entry bar has none yet. ``anchor="best_close"``:
    it lies ``multiple`` times today's ATR below the highest close since entry (above the lowest, for a short), which is
    Le Beau's chandelier exit on closes. Decided on the close. There is no stop while the ATR is unknown (the first
    ``bars`` bars of an instrument), and a halted instrument is left alone until it trades again.

    Parameters
    ----------
    multiple
        Distance of the stop in ATRs, above 0.
    bars
        Bars of the ATR.
    anchor
        What the distance is measured from.

    References
    ----------
    Wilder (1978), *New Concepts in Technical Trading Systems*, section III.
    """

    def __init__(
        self,
        multiple: Annotated[float, Field(gt=0.0, description="Distance of the stop in average true ranges.")] = 3.0,
        bars: Annotated[int, Field(ge=2, description="Bars of the average true range.")] = 14,
        anchor: Annotated[
            Literal["entry", "best_close"],
            Field(description="Measured from the entry price, or trailing the best close since entry."),
        ] = "entry",
    ) -> None:
        self.multiple = multiple
        self.anchor = anchor
        self.factors = {"atr": Atr(bars)}

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True where the close has reached the stop, shape (N,)."""
        close = market.current("close")
        held = portfolio.quantities
        if self.anchor == "entry":
            distance = self.multiple * _atr_at_entry(market, portfolio)
            long_stops = portfolio.entry_prices - distance
            short_stops = portfolio.entry_prices + distance
        else:
            distance = self.multiple * market.factor("atr")
            long_stops = portfolio.highest_closes - distance
            short_stops = portfolio.lowest_closes + distance
        reached: BoolArray = ((held > 0) & (close <= long_stops)) | ((held < 0) & (close >= short_stops))
        return reached

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead whose close has reached the stop."""
        columns, portfolio = path.held, path.portfolio
        today = path.factor_ahead("atr")[:, columns]
        if self.anchor == "entry":
            at_entry = path.factors["atr"][portfolio.entry_bars[columns], columns]
            anchors: FloatArray = portfolio.entry_prices[columns]
            distances = self.multiple * np.where(np.isnan(at_entry), today, at_entry)
        else:
            anchors, distances = path.best_closes(columns), self.multiple * today
        stops = np.where(portfolio.quantities[columns] > 0, anchors - distances, anchors + distances)
        return path.first(path.gives_back(columns, stops))


def _atr_at_entry(market: Market, portfolio: Portfolio) -> FloatArray:
    today = market.factor("atr")
    held = np.flatnonzero(portfolio.quantities)
    if not len(held):
        return today
    entry_bars = portfolio.entry_bars[held]
    first = int(entry_bars.min())
    known = market.factor_window("atr", market.bar - first + 1)
    at_entry = today.copy()
    at_entry[held] = known[entry_bars - first, held]
    return np.where(np.isnan(at_entry), today, at_entry)
