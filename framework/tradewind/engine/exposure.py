"""What limits of size are told of instruments: their sector, and what stands behind an option that is sold short."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.model import AssetClass, OptionRight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradewind.engine.panel import Panel
    from tradewind.model import Instrument, OrderIntent
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["ExposureTerms", "underlying_price"]


def underlying_price(option: Instrument, panel: Panel) -> float:
    """Return the last price of an option's underlying, traded or quoted only; NaN where it is not known."""
    role = panel.reference_symbols.get(option.underlying or "")
    if role is not None:
        return float(panel.reference_closes(role, panel.bar, panel.bar + 1)[0])
    for column, candidate in enumerate(panel.instruments):
        if candidate.symbol == option.underlying:
            return float(panel.marks()[column])
    return math.nan


class ExposureTerms:
    """Sectors by number, and the prices at which limits count what is sold short.

    Parameters
    ----------
    panel
        Bars.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._sector_of = {one.symbol: one.sector for one in panel.instruments}
        self._numbers: dict[str, int] = {}
        self.numbers: IntArray = np.array([self.number(one) for one in panel.instruments], dtype=np.int64)
        """Number of the sector of each column, -1 for none, shape (N,)."""
        self._options = [column for column, one in enumerate(panel.instruments) if one.asset_class is AssetClass.OPTION]

    @property
    def sectors(self) -> tuple[str, ...]:
        """Sectors by number."""
        return tuple(self._numbers)

    def number(self, instrument: Instrument) -> int:
        """Return the number of an instrument's sector, or else of its underlying's; -1 for none."""
        sector = instrument.sector or self._sector_of.get(instrument.underlying or "", "")
        return self._numbers.setdefault(sector, len(self._numbers)) if sector else -1

    def short_price(self, instrument: Instrument) -> float:
        """Return the price at which limits count one unit sold short; 0 where it is the price itself.

        Behind an option stands what it obliges to: to buy at the strike, or to deliver the underlying at its price. NaN
        where that is not known.
        """
        if instrument.asset_class is not AssetClass.OPTION:
            return 0.0
        if instrument.right is OptionRight.PUT and instrument.strike is not None:
            return instrument.strike
        price = underlying_price(instrument, self._panel)
        return price if price > 0.0 else math.nan

    def short_prices(self, intents: Sequence[OrderIntent]) -> FloatArray:
        """Return `short_price` of each order's instrument, shape (n,)."""
        option = AssetClass.OPTION
        prices = [
            self.short_price(intent.instrument) if intent.instrument.asset_class is option else 0.0
            for intent in intents
        ]
        return np.array(prices)

    def prices(self, held: FloatArray) -> FloatArray:
        """Return the price at which limits count each column's position, at least 0, shape (N,)."""
        prices: FloatArray = np.fmax(self._panel.marks(), 0.0)
        for column in self._options:
            if held[column] < 0.0:
                prices[column] = self.short_price(self._panel.instruments[column])
        return prices

    def by_sector(self, values: FloatArray, others: Iterable[tuple[Instrument, float]]) -> FloatArray:
        """Return the sum of each sector, of columns and of instruments without one, shape (S,)."""
        numbered = [(self.number(instrument), value) for instrument, value in others]
        sums = np.zeros(len(self._numbers))
        if len(sums):
            known = self.numbers >= 0
            sums += np.bincount(self.numbers[known], weights=values[known], minlength=len(sums))
        for number, value in numbered:
            if number >= 0:
                sums[number] += value
        return sums
