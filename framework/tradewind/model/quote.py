"""Prices of one instrument in one bar."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Quote"]


class Quote(NamedTuple):
    """Prices of one instrument in one bar, in its currency; ``volume`` in units, NaN where unknown.

    A quote whose four prices are all NaN stands for a halted instrument. With closes only, the close is repeated.
    """

    open: float
    high: float
    low: float
    close: float
    volume: float = math.nan
