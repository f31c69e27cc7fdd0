"""Closed round trips, from fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.model.typing import FloatArray

__all__ = ["closed_trades", "traded_values"]

_COLUMNS = (
    "symbol",
    "side",
    "opened",
    "closed",
    "bars",
    "quantity",
    "entry_value",
    "profit",
    "costs",
    "fills",
    "reason",
)
_COSTS = ("commission", "spread", "slippage", "impact")
_DUST = 1e-9


def traded_values(fills: pd.DataFrame) -> FloatArray:
    """Return the absolute cash value of each fill before costs, shape (M,); a ``multiplier`` column is applied."""
    if fills.empty:
        return np.zeros(0)
    values = fills["quantity"].to_numpy(dtype=np.float64) * fills["price"].to_numpy(dtype=np.float64)
    return cast("FloatArray", np.abs(values * _multipliers(fills)))


def closed_trades(fills: pd.DataFrame) -> pd.DataFrame:
    """Return one row a closed round trip: a symbol's holding from flat to flat, whatever happened on the way.

    The profit is the sum of the trade's cash flows, all costs included, so no rule of matching (first in first out or
    average cost) enters. A fill that crosses zero closes one trade and opens the next, its costs split by quantity.
    What is still open is not counted. A remainder below 1e-9 of the trade's largest holding counts as flat.

    Columns: ``symbol, side`` (long or short), ``opened, closed`` (timestamps), ``bars`` held, ``quantity`` (largest
    absolute holding), ``entry_value`` (cash value of all that was bought for a long, sold for a short), ``profit``,
    ``costs``, ``fills``, ``reason`` (of the closing fill); in the order of closing.
    """
    rows = sorted(_all_trades(fills), key=lambda row: (row[3], row[0])) if not fills.empty else []
    return pd.DataFrame(rows, columns=list(_COLUMNS))


@dataclass(slots=True)
class _Open:
    opened: Any
    bar: int
    side: float
    largest: float = 0.0
    entry_value: float = 0.0
    profit: float = 0.0
    costs: float = 0.0
    fills: int = 0

    def add(self, quantity: float, value: float, costs: float) -> None:
        self.profit -= value + costs
        self.costs += costs
        self.fills += 1
        if quantity * self.side > 0:
            self.entry_value += abs(value)


def _all_trades(fills: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    multipliers = _multipliers(fills)
    costs = sum((fills[name].to_numpy(dtype=np.float64) for name in _COSTS if name in fills), np.zeros(len(fills)))
    quantities = fills["quantity"].to_numpy(dtype=np.float64).tolist()
    points = (fills["price"].to_numpy(dtype=np.float64) * multipliers).tolist()
    times = fills["timestamp"].tolist()
    bars = fills["bar"].tolist()
    reasons = fills["reason"].tolist() if "reason" in fills else [""] * len(fills)
    held: dict[str, tuple[float, _Open]] = {}
    for row, symbol in enumerate(fills["symbol"].tolist()):
        quantity, cost = quantities[row], float(costs[row])
        if quantity == 0.0:
            continue
        position, trade = held.pop(symbol, (0.0, None))
        if trade is None:
            trade = _Open(opened=times[row], bar=bars[row], side=np.sign(quantity))
        after = position + quantity
        crosses = position * after < 0 and abs(after) > _DUST * trade.largest
        part = -position / quantity if crosses else 1.0
        trade.add(quantity * part, quantity * part * points[row], cost * part)
        trade.largest = max(trade.largest, abs(position), 0.0 if crosses else abs(after))
        if not crosses and abs(after) > _DUST * trade.largest:
            held[symbol] = (after, trade)
            continue
        side = "long" if trade.side > 0 else "short"
        yield (
            symbol, side, trade.opened, times[row], bars[row] - trade.bar, trade.largest, trade.entry_value,
            trade.profit, trade.costs, trade.fills, reasons[row],
        )  # fmt: skip
        if crosses:
            opening = _Open(opened=times[row], bar=bars[row], side=np.sign(after), largest=abs(after))
            opening.add(after, after * points[row], cost * (1.0 - part))
            held[symbol] = (after, opening)


def _multipliers(fills: pd.DataFrame) -> FloatArray:
    if "multiplier" in fills:
        return fills["multiplier"].to_numpy(dtype=np.float64)
    return np.ones(len(fills))
