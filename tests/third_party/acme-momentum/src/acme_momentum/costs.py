"""A cost model."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Costs, Trades

__all__ = ["Flat"]


class Flat:
    """The same fee for every order."""

    uses_liquidity = False

    def __init__(self, fee: Annotated[float, Field(ge=0.0, description="Fee an order.")] = 1.0) -> None:
        self.fee = fee

    def costs(self, trades: Trades) -> Costs:
        """Charge each execution the fee."""
        none = np.zeros(len(trades.quantities))
        return Costs(commission=none + self.fee, spread=none, slippage=none, impact=none)
