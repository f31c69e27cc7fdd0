"""Prices that are wrong, in an order or in the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind.contracts import Verdict
from tradewind_plugins.gates.limits import SLACK, exceeds, refuse_openings, strictest, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch

__all__ = ["PriceCollar"]


class PriceCollar:
    """Refuses limit prices that give money away, and openings on a price that has jumped.

    While the price of anything held has jumped nothing is opened: the equity, of which all limits are parts, cannot be
    believed on that bar.

    A limit price is compared with the last price, that of a stop-limit order with its stop price; only a buy above and
    a sell below are refused, also where they close a position.

    Parameters
    ----------
    limit
        Part of the price by which a buy limit may lie above it, and a sell limit below.
    jump
        Part of the price before by which a price may lie away from it; beyond, it is taken to be wrong.
    """

    stage: ClassVar[int] = 10

    def __init__(
        self,
        limit: Annotated[
            float, Field(gt=0.0, lt=1.0, description="Furthest that a limit may lie on the wrong side of the price.")
        ] = 0.10,
        jump: Annotated[
            float, Field(gt=0.0, description="Greatest move from one price to the next on which to open a position.")
        ] = 0.5,
    ) -> None:
        self._limit = limit
        self._jump = jump

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each limit outside the collar, and for each opening on a wrong price."""
        verdicts = []
        limits = [order for order, intent in enumerate(batch.intents) if intent.limit_price is not None]
        for order in limits:
            fault = self._limit_fault(batch, order)
            if fault:
                verdicts.append(Verdict(order, 0.0, "price_collar", fault))
        # Multiplied out, an unknown price before is NaN and never jumps.
        jumped = abs(batch.prices - batch.previous_prices) > (self._jump * SLACK) * batch.previous_prices
        if np.count_nonzero(jumped):
            orders = np.flatnonzero(jumped).tolist()
            verdicts += refuse_openings(batch, orders, "price_collar", lambda order: self._jump_text(batch, order))
        if account.furthest_move > self._jump * SLACK:
            orders = np.flatnonzero(batch.openings).tolist()
            told = f"{account.moved}, which is held, moved by {100.0 * account.furthest_move:.4g} %"
            verdicts += refuse_openings(
                batch, orders, "price_collar", lambda order: f"{symbol_of(batch, order)}: {told}; equity is in doubt"
            )
        return strictest(verdicts)

    def _limit_fault(self, batch: OrderBatch, order: int) -> str:
        intent, quantity = batch.intents[order], float(batch.quantities[order])
        stop, limit = intent.stop_price, intent.limit_price
        anchor = float(batch.prices[order]) if stop is None else stop
        if not quantity or limit is None or not anchor > 0.0:
            return ""
        away = (limit / anchor - 1.0) * (1.0 if quantity > 0.0 else -1.0)
        # Rounding of the quotient is of the size of 1, not of the limit.
        if not exceeds(1.0 + away, 1.0 + self._limit):
            return ""
        side, where = ("buy", "above") if quantity > 0.0 else ("sell", "below")
        what = "the price" if stop is None else "its stop price"
        return (
            f"{symbol_of(batch, order)}: the {side} limit {limit:.10g} is {100.0 * away:.4g} % {where} {what} "
            f"{anchor:.10g}, allowed are {100.0 * self._limit:.4g} %"
        )

    def _jump_text(self, batch: OrderBatch, order: int) -> str:
        price, before = float(batch.prices[order]), float(batch.previous_prices[order])
        return (
            f"{symbol_of(batch, order)}: the price went from {before:.10g} to {price:.10g}, by "
            f"{100.0 * (price / before - 1.0):+.4g} %; allowed are {100.0 * self._jump:.4g} %"
        )
