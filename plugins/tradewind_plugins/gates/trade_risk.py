"""What one trade may lose down to its stop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind_plugins.gates.limits import SLACK, by_instrument, cut, exceeds, one_order_each, part, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["TradeRisk"]


class TradeRisk:
    """Makes openings smaller that would lose more than a part of equity down to their stop.

    The risk is quantity times the distance between price and stop. Several orders for one instrument are one trade.
    Orders without a known stop are not limited here.

    Parameters
    ----------
    maximum
        Most that a trade may lose, as a fraction of equity: 2 % is the usual rule.
    """

    stage: ClassVar[int] = 18

    def __init__(
        self,
        maximum: Annotated[
            float, Field(gt=0.0, le=1.0, description="Most that a trade may lose at its stop, a fraction of equity.")
        ] = 0.02,
    ) -> None:
        self._maximum = maximum

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of openings that risk too much."""
        limit = max(0.0, self._maximum * account.equity)
        risks = abs(batch.openings * (batch.prices - batch.stops) * batch.multipliers)
        if not np.count_nonzero(risks > limit * SLACK) and one_order_each(batch):
            return ()
        kept = batch.openings.copy()
        asked: dict[int, float] = {}
        for orders in by_instrument(batch):
            used = left = 0.0
            for order in orders:
                risk = float(risks[order])
                if not risk > 0.0:
                    continue
                used += risk
                asked[order] = used
                if exceeds(left + risk, limit):
                    kept[order] *= max(0.0, limit - left) / risk
                    risk = max(0.0, limit - left)
                left = math.fsum((left, risk))
        return cut(
            batch,
            kept,
            "trade_risk",
            lambda order: (
                f"{symbol_of(batch, order)} would risk {part(asked[order], account.equity)} down to its stop at "
                f"{batch.stops[order]:.10g}, allowed are {100.0 * self._maximum:.4g} %"
            ),
        )
