"""How much of the account may be one instrument."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from tradewind_plugins.gates.limits import by_instrument, cut, exceeds, one_order_each, part, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["PositionSize"]


class PositionSize:
    """Makes openings smaller that would leave too much of the account in one instrument, long or short.

    Several orders for one instrument count together, in the order of the batch. A position that has grown beyond the
    limit by its price is left alone; it only cannot be added to. Options sold short count with what stands behind them.

    Parameters
    ----------
    maximum
        Largest value of a position, as a fraction of equity.
    """

    stage: ClassVar[int] = 20

    def __init__(
        self,
        maximum: Annotated[
            float, Field(gt=0.0, description="Largest value of a position, a fraction of equity.")
        ] = 0.15,
    ) -> None:
        self._maximum = maximum

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of openings that would make a position too large."""
        limit = max(0.0, self._maximum * account.equity)
        after = batch.held + batch.quantities
        values = abs(after) * batch.counted_prices(after) * batch.multipliers
        if not exceeds(float(values.max(initial=0.0)), limit) and one_order_each(batch):
            return ()
        kept = batch.openings.copy()
        prices = batch.counted_prices(batch.openings)
        asked: dict[int, float] = {}
        for orders in by_instrument(batch):
            position = abs(float(batch.held[orders[0]]))
            for order in orders:
                opening = abs(float(batch.openings[order]))
                position = max(0.0, position - abs(float(batch.quantities[order] - batch.openings[order])))
                if not opening:
                    continue
                unit = float(prices[order] * batch.multipliers[order])
                asked[order] = (position + opening) * unit
                if exceeds(asked[order], limit):
                    opening = max(0.0, limit / unit - position) if unit > 0.0 else 0.0
                    kept[order] = math.copysign(opening, kept[order])
                position += opening
        return cut(
            batch,
            kept,
            "position_size",
            lambda order: (
                f"{symbol_of(batch, order)} would be {part(asked[order], account.equity)}, allowed are "
                f"{100.0 * self._maximum:.4g} %"
            ),
        )
