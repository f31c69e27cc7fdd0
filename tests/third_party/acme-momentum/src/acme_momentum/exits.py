"""An exit."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.model import Market, Portfolio
from tradewind.model.typing import BoolArray

__all__ = ["LoseGround"]


class LoseGround:
    """Closes what lies a fraction below its average entry price."""

    def __init__(
        self, fraction: Annotated[float, Field(gt=0.0, lt=1.0, description="Loss that is too much.")] = 0.05
    ) -> None:
        self.fraction = fraction

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True where the loss is too large."""
        close = np.nan_to_num(market.current("close"), nan=np.inf)
        below: BoolArray = close < portfolio.entry_prices * (1.0 - self.fraction)
        return below & (portfolio.quantities > 0) & market.tradable
