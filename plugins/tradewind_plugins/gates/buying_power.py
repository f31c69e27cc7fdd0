"""Whether there is the cash to buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tradewind_plugins.gates.limits import closed_values, exceeds, one_order_each, shrink, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["BuyingPower"]


class BuyingPower:
    """Makes buys smaller for which there is neither cash nor credit, all by the same part.

    Sells of what is held come first and bring their cash; buys that close a short are paid for next and are never made
    smaller. The proceeds of short sales back the short position and buy nothing.
    """

    stage: ClassVar[int] = 28

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of buys that cannot be paid."""
        openings = batch.openings
        unit = batch.prices * batch.multipliers
        values = np.fmax(openings, 0.0) * unit
        needed = float(np.add.reduce(values))
        if needed == 0.0:
            return ()
        funds = account.cash + account.credit
        quick = float(np.add.reduce((openings - batch.quantities) * unit))
        if not exceeds(needed, funds + quick) and one_order_each(batch):
            return ()
        received = float(np.add.reduce(np.copysign(closed_values(batch, batch.prices), -batch.quantities)))
        power = funds + received
        if not exceeds(needed, power):
            return ()
        text = f"buying for {needed:,.2f} of {max(0.0, power):,.2f} in cash and credit"
        return shrink(batch, values, power, "buying_power", lambda order: f"{symbol_of(batch, order)}: {text}")
