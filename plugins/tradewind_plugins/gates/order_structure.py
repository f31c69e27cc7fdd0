"""Orders that no venue could carry out as they were meant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tradewind.contracts import Verdict
from tradewind.model import OrderType
from tradewind.portfolio.rebalance import round_to_lot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch
    from tradewind.model import OrderIntent
    from tradewind.model.typing import FloatArray

__all__ = ["OrderStructure"]

_NEEDED_PRICES = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("stop_price", "limit_price"),
    OrderType.TRAILING_STOP: (),
}
_MARKET = OrderType.MARKET
_LOT_SLACK = 1e-6
"""Part of a lot that is rounding, not a fraction of a unit."""


class OrderStructure:
    """Refuses orders without sense.

    These are a quantity of zero, NaN or infinity, or not of whole lots; a price that is missing, not finite or not
    above 0; a trail of nothing or of everything; an instrument that has expired.
    Orders that open a position need a price of their instrument; those that close one do not. Lots are those of what
    opens: what is held is closed whole. They mean nothing on adjusted prices and are not checked there. It acts in
    every run and cannot be switched off.
    """

    stage: ClassVar[int] = 0
    structural: ClassVar[bool] = True

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each order without sense."""
        if _are_plain(batch.quantities, batch.prices):
            whole = bool((np.rint(batch.quantities) == batch.quantities).all())
            fine = (0.0, 1.0) if whole else (0.0,)
            suspects: Sequence[int] = [
                order
                for order, intent in enumerate(batch.intents)
                if intent.order_type is not _MARKET
                or intent.instrument.lot_size not in fine
                or intent.instrument.expiry is not None
            ]
        else:
            suspects = range(len(batch))
        verdicts = []
        for order in suspects:
            fault = _fault(batch, order, account)
            if fault:
                text = f"{batch.intents[order].instrument.symbol}: {fault}"
                verdicts.append(Verdict(order, 0.0, "order_structure", text))
        return verdicts


def _are_plain(quantities: FloatArray, prices: FloatArray) -> bool:
    """Whether all quantities are numbers but 0 and all prices are above 0, which are questions to arrays."""
    count, nonzero = len(quantities), np.count_nonzero
    return bool(
        nonzero(quantities) == count
        and nonzero(np.isfinite(quantities)) == count
        and nonzero(np.isfinite(prices)) == count
        and nonzero(prices > 0.0) == count
    )


def _fault(batch: OrderBatch, order: int, account: AccountView) -> str:
    intent, quantity, price = batch.intents[order], float(batch.quantities[order]), float(batch.prices[order])
    if not math.isfinite(quantity):
        return f"the quantity is {quantity}; a finite one is needed"
    if quantity == 0.0:
        return "" if intent.quantity else "the quantity is 0; buy or sell at least one unit"
    if batch.openings[order] != 0.0 and not (0.0 < price < math.inf):
        return f"its price is {price}; a position is opened only at a known price above 0"
    lot, opening = intent.instrument.lot_size, float(batch.openings[order])
    if lot and not account.adjusted and abs(opening - round(opening / lot) * lot) > _LOT_SLACK * lot:
        return (
            f"{opening:.10g} is not of whole lots of {lot:.10g}; {round_to_lot(opening, lot):.10g} would be, or set "
            "the instrument's lot_size to 0"
        )
    expiry = intent.instrument.expiry
    if expiry is not None and np.datetime64(expiry, "D") < account.time.astype("datetime64[D]"):
        return f"it has expired on {expiry}"
    return _price_fault(intent) or _trail_fault(intent)


def _price_fault(intent: OrderIntent) -> str:
    for name in _NEEDED_PRICES[intent.order_type]:
        value = getattr(intent, name)
        if value is None or not 0.0 < value < math.inf:
            return f"a {intent.order_type} order needs a {name} above 0; received {value}"
    return ""


def _trail_fault(intent: OrderIntent) -> str:
    if intent.order_type is not OrderType.TRAILING_STOP:
        return ""
    amount, fraction = intent.trail_amount, intent.trail_fraction
    if (amount is None) == (fraction is None):
        return f"a trailing stop needs trail_amount or trail_fraction, one of them; received {amount} and {fraction}"
    if amount is not None and not 0.0 < amount < math.inf:
        return f"trail_amount is {amount}; it must be above 0"
    if fraction is not None and not 0.0 < fraction < 1.0:
        return f"trail_fraction is {fraction}; it must lie between 0 and 1"
    return ""
