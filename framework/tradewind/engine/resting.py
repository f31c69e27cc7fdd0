"""Stop and limit orders that exits keep at the exchange: one a position, replaced when what is wanted changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.engine.blame import blamed
from tradewind.model import OrderIntent, OrderType
from tradewind.model.frozen import changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.engine.ledger import Ledger
    from tradewind.engine.panel import Panel
    from tradewind.engine.sleeve import Sleeve
    from tradewind.model import Instrument, Portfolio
    from tradewind.model.typing import FloatArray

__all__ = ["rest_exits"]

_DUST = 1e-9


def rest_exits(sleeve: Sleeve, panel: Panel, ledger: Ledger, portfolio: Portfolio) -> list[OrderIntent]:
    """Cancel the sleeve's resting orders that are no longer wanted as they are, and return the new ones.

    They cover what no market order at work will close. A position has one of them, the stop if there are both: two
    orders could both fill.
    """
    wanted: dict[Instrument, OrderIntent] = {}
    waiting = ledger.at_work.waiting(sleeve.name)
    for name, rule in sleeve.resting_exits:
        market = panel.market(f"{sleeve.name}.exit.{name}")
        with blamed(f"sleeve {sleeve.name!r}: exit {name}", f"at bar {market.bar}"):
            stops, limits = rule.stop_prices(market, portfolio), rule.limit_prices(market, portfolio)
        for column in np.flatnonzero(portfolio.quantities).tolist():
            instrument = panel.instruments[column]
            quantity = _uncovered(float(portfolio.quantities[column]), waiting.get(instrument, 0.0))
            order_type, price = _price(stops, limits, column)
            if quantity and price:
                wanted[instrument] = OrderIntent(
                    order_id=f"{panel.bar}-{sleeve.name}-{name}-{order_type}-{instrument.symbol}",
                    bar=panel.bar,
                    instrument=instrument,
                    quantity=quantity,
                    order_type=order_type,
                    reason=f"exit:{name}",
                    split={sleeve.name: quantity},
                    **price,
                )
    return _replacements(sleeve, ledger, wanted)


def _replacements(sleeve: Sleeve, ledger: Ledger, wanted: Mapping[Instrument, OrderIntent]) -> list[OrderIntent]:
    resting = ledger.at_work.resting(sleeve.name)
    kept = {
        instrument
        for instrument, order in resting.items()
        if instrument in wanted and _same(order, wanted[instrument], ledger.exchange.remaining(order.order_id))
    }
    replaced = [order for instrument, order in resting.items() if instrument not in kept]
    new = [intent for instrument, intent in wanted.items() if instrument not in kept]
    if replaced:
        ledger.cancel(replaced)
        new = _still_uncovered(sleeve, ledger, new)
    return [one for one in new if not _refused(ledger.at_work.refused_rest(sleeve.name, one.instrument), one)]


def _still_uncovered(sleeve: Sleeve, ledger: Ledger, wanted: Sequence[OrderIntent]) -> list[OrderIntent]:
    """Return what is wanted over what is held by now: something may have filled until it was cancelled."""
    waiting = ledger.at_work.waiting(sleeve.name)
    found: list[OrderIntent] = []
    for intent in wanted:
        held = ledger.books.holding(sleeve.name, intent.instrument)
        quantity = _uncovered(held, waiting.get(intent.instrument, 0.0))
        if quantity == intent.quantity:
            found.append(intent)
        elif quantity * intent.quantity > 0.0:
            found.append(changed(intent, quantity=quantity, split={sleeve.name: quantity}))
    return found


def _refused(refused: OrderIntent | None, wanted: OrderIntent) -> bool:
    return refused is not None and _same(refused, wanted, refused.quantity)


def _same(order: OrderIntent, wanted: OrderIntent, remaining: float) -> bool:
    return (order.order_type, order.stop_price, order.limit_price, remaining) == (
        wanted.order_type,
        wanted.stop_price,
        wanted.limit_price,
        wanted.quantity,
    )


def _uncovered(held: float, under_way: float) -> float:
    """Signed quantity that would close what no order at work closes; 0 where nothing, or rounding alone, is left."""
    quantity = -(held + (under_way if held * under_way < 0.0 else 0.0))
    return quantity if quantity * held < 0.0 and abs(quantity) > _DUST * abs(held) else 0.0


def _price(stops: FloatArray, limits: FloatArray, column: int) -> tuple[OrderType, dict[str, Any]]:
    if np.isfinite(stops[column]):
        return OrderType.STOP, {"stop_price": float(stops[column])}
    if np.isfinite(limits[column]):
        return OrderType.LIMIT, {"limit_price": float(limits[column])}
    return OrderType.STOP, {}
