"""Bear markets of the S&P 500 as the press dates them, and the days that belong to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind.model.typing import BoolArray

__all__ = ["PRESS_BEAR_MARKETS", "BearMarket", "bear_days"]


@dataclass(frozen=True, slots=True)
class BearMarket:
    """A fall of the S&P 500 by more than 20 %, from its highest to its lowest close."""

    peak: dt.date
    trough: dt.date


PRESS_BEAR_MARKETS = (
    BearMarket(dt.date(2000, 3, 24), dt.date(2002, 10, 9)),
    BearMarket(dt.date(2007, 10, 9), dt.date(2009, 3, 9)),
    BearMarket(dt.date(2020, 2, 19), dt.date(2020, 3, 23)),
    BearMarket(dt.date(2022, 1, 3), dt.date(2022, 10, 12)),
)
"""The four since 1990 (1990 itself fell 19.9 % and is not one). A rule that ends a bear at a rally of 20 % would split
the first two (Lunde and Timmermann, 2004); the press does not."""


def bear_days(index: pd.DatetimeIndex, bears: Iterable[BearMarket] = PRESS_BEAR_MARKETS) -> BoolArray:
    """Return whether each date is a bear day, shape (T,): after the date of a peak, through the date of its trough."""
    dates = index.normalize()
    flags = np.zeros(len(index), dtype=np.bool_)
    for bear in bears:
        flags |= (dates > pd.Timestamp(bear.peak)) & (dates <= pd.Timestamp(bear.trough))
    return flags
