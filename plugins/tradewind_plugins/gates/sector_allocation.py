"""How much of the account may be one sector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import numpy as np
from pydantic import Field

from tradewind_plugins.gates.limits import SLACK, closed_values, part, shrink, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict
    from tradewind.model.typing import FloatArray

__all__ = ["SectorAllocation"]


class SectorAllocation:
    """Makes openings smaller that would leave too much of the account in one sector, all of a sector by the same part.

    Longs and shorts both count with their absolute value. What the batch closes makes room. Instruments without a
    sector are not limited here.

    Parameters
    ----------
    maximum
        Largest value of a sector's positions, as a fraction of equity.
    """

    stage: ClassVar[int] = 22

    def __init__(
        self,
        maximum: Annotated[
            float, Field(gt=0.0, description="Largest value of a sector's positions, a fraction of equity.")
        ] = 0.30,
    ) -> None:
        self._maximum = maximum

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of openings that would make a sector too large."""
        if not account.sectors:
            return ()
        limit = max(0.0, self._maximum * account.equity)
        values = batch.opening_values
        opened = _by_sector(batch, account, values)
        # NaN and a sector that has grown by its prices look closer too.
        if (account.sector_values + opened <= limit * SLACK).all():
            return ()
        after = account.sector_values + opened - _by_sector(batch, account, closed_values(batch))
        verdicts: list[Verdict] = []
        for sector in np.flatnonzero(~(after <= limit * SLACK) & (opened != 0.0)).tolist():
            total = float(after[sector])
            text = f"sector {account.sectors[sector]} would be {part(total, account.equity)}"
            verdicts += shrink(
                batch,
                np.where(batch.sectors == sector, values, 0.0),
                limit - (total - float(opened[sector])),
                "sector_allocation",
                lambda order, text=text: (  # type: ignore[misc]
                    f"{symbol_of(batch, order)}: {text}, allowed are {100.0 * self._maximum:.4g} %"
                ),
            )
        return verdicts


def _by_sector(batch: OrderBatch, account: AccountView, values: FloatArray) -> FloatArray:
    sums: Any = np.bincount(batch.sectors + 1, weights=values, minlength=len(account.sectors) + 1)
    return cast("FloatArray", sums[1:])
