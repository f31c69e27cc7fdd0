"""What became of each order of a journal: its executions and its end."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tradewind.model import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradewind.journal import Record

__all__ = ["Trade", "TradedOrder", "same_schedule", "traded_orders"]

_TOLERANCE = 1e-12
"""Relative; parts of quantities that differ by less are one schedule."""


class Trade(NamedTuple):
    """An execution: bar, signed quantity, price per unit, costs in cash, and its place in the journal."""

    bar: int
    quantity: float
    price: float
    costs: tuple[float, float, float, float]
    place: int


class End(NamedTuple):
    """How an order ended other than by being filled."""

    bar: int
    event: str
    reason: str
    code: ReasonCode


@dataclass(frozen=True, slots=True)
class TradedOrder:
    """An order as a journal tells it.

    Parameters
    ----------
    order_id, bar, symbol, quantity, order_type, limit_price
        The decision; the limit price is NaN where there is none.
    trades
        In journal order.
    end
        None where it was filled or works on.
    """

    order_id: str
    bar: int
    symbol: str
    quantity: float
    order_type: str
    limit_price: float
    trades: tuple[Trade, ...] = ()
    end: End | None = None

    @property
    def refused(self) -> bool:
        """Whether it was rejected before anything of it was filled."""
        return not self.trades and self.end is not None and self.end.event == "rejected"

    @property
    def trades_costs(self) -> list[tuple[float, ...]]:
        """Costs of each execution."""
        return [trade.costs for trade in self.trades]


def traded_orders(records: Iterable[Record]) -> dict[str, TradedOrder]:
    """Return the orders of a journal by id.

    An execution counts in the bar after the decision at the earliest: one that a venue tells before the next row has
    come lies in the time of that row.
    """
    orders: dict[str, dict[str, Any]] = {}
    for place, record in enumerate(records):
        if record.kind == "intent":
            told = json.loads(record.payload)
            orders[told["id"]] = {
                "order_id": told["id"],
                "bar": record.bar,
                "symbol": told["symbol"],
                "quantity": told["quantity"],
                "order_type": told["type"].lower(),
                "limit_price": told.get("limit_price") or math.nan,
                "trades": [],
                "end": None,
            }
        elif record.kind in ("fill", "order"):
            told = json.loads(record.payload)
            order = orders.get(told["id"])
            if order is None:
                continue
            if record.kind == "order":
                code = ReasonCode(told.get("code", ""))
                order["end"] = End(record.bar, told["event"], told["reason"], code)
            else:
                order["trades"].append(_trade(told, max(record.bar, order["bar"] + 1), place))
    return {name: TradedOrder(**{**order, "trades": tuple(order["trades"])}) for name, order in orders.items()}


def same_schedule(one: TradedOrder, other: TradedOrder) -> bool:
    """Tell whether two orders were filled on the same bars, in the same parts of their quantities."""
    if len(one.trades) != len(other.trades):
        return False
    return all(
        first.bar == second.bar
        and math.isclose(first.quantity / one.quantity, second.quantity / other.quantity, rel_tol=_TOLERANCE)
        for first, second in zip(one.trades, other.trades, strict=True)
    )


def _trade(told: Mapping[str, Any], bar: int, place: int) -> Trade:
    costs = told["costs"] if "costs" in told else (told["commission"], 0.0, 0.0, 0.0)
    return Trade(told.get("bar", bar), told["quantity"], told["price"], tuple(costs), place)
