"""Prices too old to trade on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind_plugins.gates.limits import refuse_openings, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["StaleQuote"]


class StaleQuote:
    """Refuses to open a position on an old price.

    Parameters
    ----------
    maximum_age_bars
        Bars since the last price that are still allowed; 0 wants a price of this bar.
    """

    stage: ClassVar[int] = 8

    def __init__(
        self,
        maximum_age_bars: Annotated[int, Field(ge=0, description="Oldest price to open a position on.")] = 3,
    ) -> None:
        self._maximum_age_bars = maximum_age_bars

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each opening on an older price."""
        if batch.ages.max(initial=0) <= self._maximum_age_bars:
            return ()
        old = np.flatnonzero(batch.ages > self._maximum_age_bars)
        return refuse_openings(
            batch,
            old.tolist(),
            "stale_quote",
            lambda order: (
                f"{symbol_of(batch, order)}: the last price is {batch.ages[order]} bars old, allowed are "
                f"{self._maximum_age_bars}"
            ),
        )
