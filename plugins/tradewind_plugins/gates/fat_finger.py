"""Orders too large to be meant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind_plugins.gates.limits import SLACK, exceeds, part, refuse_openings, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["FatFinger"]


class FatFinger:
    """Refuses to open a position by one order that is too large to be meant; it is not made smaller.

    Parameters
    ----------
    maximum_fraction
        Largest opening of one order, as a fraction of equity times the declared leverage.
    maximum_notional
        Largest opening of one order, in the account's currency; 0 for none.
    maximum_quantity
        Most units that one order may open; 0 for any.
    """

    stage: ClassVar[int] = 12

    def __init__(
        self,
        maximum_fraction: Annotated[
            float, Field(gt=0.0, description="Largest opening of one order, a fraction of equity times leverage.")
        ] = 1.0,
        maximum_notional: Annotated[
            float, Field(ge=0.0, description="Largest opening of one order in the account's currency; 0: any.")
        ] = 0.0,
        maximum_quantity: Annotated[float, Field(ge=0.0, description="Most units one order may open; 0: any.")] = 0.0,
    ) -> None:
        self._maximum_fraction = maximum_fraction
        self._maximum_notional = maximum_notional or math.inf
        self._maximum_quantity = maximum_quantity or math.inf

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each opening that is too large."""
        opened = abs(batch.openings)
        values = batch.opening_values
        most = max(1.0, account.leverage) * account.equity * self._maximum_fraction
        limit = min(most, self._maximum_notional)
        many = self._maximum_quantity < math.inf and exceeds(float(opened.max(initial=0.0)), self._maximum_quantity)
        if not many and not exceeds(float(values.max(initial=0.0)), limit):
            return ()
        wrong = (opened > 0.0) & ~((values <= limit * SLACK) & (opened <= self._maximum_quantity * SLACK))
        return refuse_openings(
            batch,
            np.flatnonzero(wrong).tolist(),
            "fat_finger",
            lambda order: self._text(batch, order, float(values[order]), limit, account.equity),
        )

    def _text(self, batch: OrderBatch, order: int, value: float, limit: float, equity: float) -> str:
        symbol, units = symbol_of(batch, order), abs(float(batch.openings[order]))
        if exceeds(units, self._maximum_quantity):
            return f"{symbol}: one order opens {units:.10g} units, allowed are {self._maximum_quantity:.10g}"
        if limit == self._maximum_notional:
            return f"{symbol}: one order opens {value:.10g}, allowed are {limit:.10g}"
        return f"{symbol}: one order opens {part(value, equity)}, allowed are {part(limit, equity)}"
