"""Made-up positions for plugins that decide about what is held."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.model import Portfolio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradewind.model.typing import FloatArray

__all__ = ["TRADE_EVERY_BARS", "Holdings"]

TRADE_EVERY_BARS = 11
_FIRST_TRADE = 5
_FLAT_EVERY = 4
"""Of so many times between two trades nothing is held in one, as at the start of a run."""
_PART = 0.1
"""Size of a position, as a fraction of the capital."""


class Holdings:
    """A sleeve's positions that change every few bars: long, short or flat by the symbol's name and the bar alone.

    Now and then nothing is held, and now and then the sleeve has no capital.

    Parameters
    ----------
    symbols
        In column order.
    capital
        The sleeve's; the account has twice as much.
    """

    def __init__(self, symbols: tuple[str, ...], capital: float = 500_000.0) -> None:
        count = len(symbols)
        self._seeds = np.array([zlib.crc32(symbol.encode()) for symbol in symbols], dtype=np.uint64)
        self._capital = capital
        self._quantities = np.zeros(count)
        self._entry_prices = np.full(count, np.nan)
        self._entry_bars = np.full(count, -1, dtype=np.int64)
        self._highest = np.full(count, np.nan)
        self._lowest = np.full(count, np.nan)
        self._weights = np.zeros(count)
        self._idle = False

    def any(self) -> bool:
        """Tell whether anything is held."""
        return bool(self._quantities.any())

    @staticmethod
    def next_trade(bar: int) -> int:
        """Return the first bar after this one on which positions change."""
        return bar + TRADE_EVERY_BARS - (bar - _FIRST_TRADE) % TRADE_EVERY_BARS

    def mark(self, bar: int, close: FloatArray) -> None:
        """Take in the closes of a bar, NaN for what does not trade."""
        held = self._quantities != 0
        self._highest = np.where(held, np.fmax(self._highest, close), np.nan)
        self._lowest = np.where(held, np.fmin(self._lowest, close), np.nan)
        if (bar - _FIRST_TRADE) % TRADE_EVERY_BARS == 0:
            self._trade(bar, close)

    def portfolio(self) -> Portfolio:
        """Return the positions as a plugin sees them, in arrays that cannot be written to."""
        return Portfolio(
            equity=2.0 * self._capital,
            capital=0.0 if self._idle else self._capital,
            cash=self._capital,
            quantities=_frozen(self._quantities),
            entry_prices=_frozen(self._entry_prices),
            entry_bars=_frozen(self._entry_bars),
            highest_closes=_frozen(self._highest),
            lowest_closes=_frozen(self._lowest),
            target_weights=_frozen(self._weights),
        )

    def _trade(self, bar: int, prices: FloatArray) -> None:
        mixed = (self._seeds * np.uint64(2654435761) + np.uint64(bar) * np.uint64(40503)) >> np.uint64(7)
        signs = np.array([1.0, -1.0, 0.0, 1.0])[(mixed % np.uint64(4)).astype(np.int64)]
        signs *= bar // TRADE_EVERY_BARS % _FLAT_EVERY != 0
        self._idle = bar // TRADE_EVERY_BARS % (2 * _FLAT_EVERY) == 0
        can = np.isfinite(prices)
        wanted = np.where(can, signs * _PART * self._capital / np.where(can, prices, 1.0), self._quantities)
        new = can & (np.sign(wanted) != np.sign(self._quantities))
        self._quantities = np.where(new, wanted, self._quantities)
        opened = new & (wanted != 0)
        flat = self._quantities == 0
        self._entry_prices = np.where(flat, np.nan, np.where(opened, prices, self._entry_prices))
        self._entry_bars = np.where(flat, -1, np.where(opened, bar, self._entry_bars))
        self._highest = np.where(flat, np.nan, np.where(opened, prices, self._highest))
        self._lowest = np.where(flat, np.nan, np.where(opened, prices, self._lowest))
        self._weights = np.where(can, signs * _PART, self._weights)


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    view = values.view()
    view.flags.writeable = False
    return view
