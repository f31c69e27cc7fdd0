"""What gates share: the quick question whether a limit binds, and orders made smaller where it does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.contracts import Verdict
from tradewind.errors import ConfigError, choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tradewind.contracts import OrderBatch
    from tradewind.model.typing import FloatArray

__all__ = [
    "SLACK",
    "by_instrument",
    "closed_values",
    "cut",
    "exceeds",
    "one_order_each",
    "part",
    "refuse_openings",
    "require_known",
    "shrink",
    "strictest",
    "symbol_of",
]

SLACK = 1.0 + 1e-9
"""What is exactly at a limit stays within it, whatever the last digit."""


def require_known(parameter: str, named: Iterable[str], symbols: frozenset[str]) -> None:
    """Refuse a misspelled symbol, which would protect nothing.

    A list may name more than the run has: that of a house names whatever it must not touch. One of which the run has
    nothing is refused, and a symbol in another case.
    """
    wanted, cases = sorted(named), {symbol.casefold() for symbol in symbols}
    nothing = wanted and symbols.isdisjoint(wanted)
    for symbol in wanted:
        if symbol not in symbols and (nothing or symbol.casefold() in cases):
            raise ConfigError(
                f"{parameter}: {symbol!r} is none of the {len(symbols)} symbols of this run; "
                f"{choices(symbol, symbols)} Correct it, or leave it out"
            )


def exceeds(value: float, limit: float) -> bool:
    """Whether a value lies above a limit; NaN does."""
    return not value <= limit * SLACK


def part(value: float, equity: float) -> str:
    """Return a value as a part of equity: ``21.3 % of equity``."""
    if math.isnan(value):
        return "of unknown value"
    return (
        f"{100.0 * value / equity:.4g} % of equity" if equity > 0.0 else f"{value:.10g} at an equity of {equity:.10g}"
    )


def symbol_of(batch: OrderBatch, order: int) -> str:
    """Return the symbol that an order trades."""
    return batch.intents[order].instrument.symbol


def one_order_each(batch: OrderBatch) -> bool:
    """Whether no instrument has two orders."""
    # Orders of one instrument have one price, and prices are quicker to compare than instruments.
    count = len(batch.intents)
    if len(set(batch.prices.tolist())) == count:
        return True
    return len({intent.instrument.symbol for intent in batch.intents}) == count


def by_instrument(batch: OrderBatch) -> Iterable[list[int]]:
    """Return the orders of each instrument, in the order of the batch."""
    groups: dict[str, list[int]] = {}
    for order, intent in enumerate(batch.intents):
        groups.setdefault(intent.instrument.symbol, []).append(order)
    return groups.values()


def closed_values(batch: OrderBatch, prices: FloatArray | None = None) -> FloatArray:
    """Return the value that each order takes off a position held before the batch; 0 where there is no price.

    What an order closes of another order of the batch does not count: that may still be cut. The value is that which
    limits of size count, or at other prices where they are given.
    """
    if prices is None:
        prices = batch.counted_prices(-batch.quantities)
    closed = abs(batch.quantities) - abs(batch.openings)
    if not one_order_each(batch):
        for orders in by_instrument(batch):
            left = abs(batch.held[orders[0]])
            for order in orders:
                closed[order] = min(closed[order], left)
                left -= closed[order]
    values: FloatArray = np.fmax(closed * prices * batch.multipliers, 0.0)
    return values


def shrink(batch: OrderBatch, values: FloatArray, room: float, code: str, text: Callable[[int], str]) -> list[Verdict]:
    """Leave of what orders open as much as there is room for, the same part of each.

    Parameters
    ----------
    values
        Value of what each order opens and that needs room; 0 for orders that it does not concern.
    room
        Value that may be opened.
    """
    priced = np.isfinite(values)
    needed = math.fsum(values[priced])
    left = max(0.0, min(1.0, room / needed)) if needed > 0.0 and room > 0.0 else 0.0
    kept = np.where(priced, np.where(values > 0.0, left, 1.0), 0.0) * batch.openings
    return cut(batch, kept, code, text)


def refuse_openings(batch: OrderBatch, orders: Iterable[int], code: str, text: Callable[[int], str]) -> list[Verdict]:
    """Leave nothing of what some orders open; what they close passes."""
    kept = batch.openings.copy()
    kept[np.asarray(orders, dtype=np.int64)] = 0.0
    return cut(batch, kept, code, text)


def cut(batch: OrderBatch, openings: FloatArray, code: str, text: Callable[[int], str]) -> list[Verdict]:
    """Leave of each order what it closes and a smaller opening.

    An order that closes what an earlier order of the batch was to open becomes smaller with it.
    """
    # Asked so that NaN, which no gate means, does not pass for an opening that stays as it is.
    smaller = np.flatnonzero(~(abs(openings) >= abs(batch.openings)))
    closings = batch.quantities - batch.openings
    followers = _followers(batch, closings, openings) if len(smaller) and not one_order_each(batch) else {}
    verdicts = []
    for order in sorted({*smaller.tolist(), *followers}):
        closing = followers.get(order, float(closings[order]))
        quantity = closing + float(openings[order]) + 0.0
        if not abs(quantity) >= abs(batch.quantities[order]):
            why = text(order) if order not in followers else _follows(batch, order)
            verdicts.append(Verdict(order, quantity, code, why))
    return verdicts


def _followers(batch: OrderBatch, closings: FloatArray, kept: FloatArray) -> dict[int, float]:
    """Return what is left of closings whose position, opened by the batch itself, has become smaller."""
    smaller = {}
    for orders in by_instrument(batch):
        asked = left = float(batch.held[orders[0]])
        for order in orders:
            closing = float(closings[order])
            surplus = max(0.0, abs(closing) - abs(left)) - max(0.0, abs(closing) - abs(asked))
            asked = _towards_zero(asked, closing) + float(batch.openings[order])
            left = _towards_zero(left, closing) + float(kept[order])
            if surplus > 0.0:
                smaller[order] = math.copysign(abs(closing) - surplus, closing)
    return smaller


def _towards_zero(position: float, closing: float) -> float:
    return math.copysign(max(0.0, abs(position) - abs(closing)), position)


def _follows(batch: OrderBatch, order: int) -> str:
    return f"{symbol_of(batch, order)}: the order before it, whose position it closes, was made smaller"


def strictest(verdicts: list[Verdict]) -> list[Verdict]:
    """Return one verdict an order: the one that leaves least, and of equals the first."""
    if len(verdicts) < 2:
        return verdicts
    chosen: dict[int, Verdict] = {}
    for verdict in verdicts:
        known = chosen.get(verdict.order)
        if known is None or abs(verdict.quantity) < abs(known.quantity):
            chosen[verdict.order] = verdict
    return [chosen[order] for order in sorted(chosen)]
