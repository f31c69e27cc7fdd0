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
    """Makes openings smaller that leave a position which would lose more than a part of equity down to its stop.

    The risk is that of the whole position: what is held already and what the order opens, times the distance between
    price and stop. Several orders for one instrument count together, in the order of the batch. Orders without a known
    stop are not limited here.

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
        distances = abs((batch.prices - batch.stops) * batch.multipliers)
        risks = abs(batch.held + batch.quantities) * distances
        if not np.count_nonzero(risks > limit * SLACK) and one_order_each(batch):
            return ()
        kept = batch.openings.copy()
        asked: dict[int, float] = {}
        for orders in by_instrument(batch):
            position = abs(float(batch.held[orders[0]]))
            for order in orders:
                opening = abs(float(batch.openings[order]))
                position = max(0.0, position - abs(float(batch.quantities[order] - batch.openings[order])))
                distance = float(distances[order])
                asked[order] = (position + opening) * distance
                if distance > 0.0 and exceeds(asked[order], limit):
                    opening = min(opening, max(0.0, limit / distance - position))
                    kept[order] = math.copysign(opening, kept[order])
                position += opening
        return cut(
            batch,
            kept,
            "trade_risk",
            lambda order: (
                f"{symbol_of(batch, order)} would risk {part(asked[order], account.equity)} down to its stop at "
                f"{batch.stops[order]:.10g}, allowed are {100.0 * self._maximum:.4g} %"
            ),
        )
