"""Execution quality: what orders were filled at against what they could have been, in basis points; positive is a cost.

References
----------
A. F. Perold, "The Implementation Shortfall: Paper versus Reality", Journal of Portfolio Management 14(3), 1988.
W. H. Wagner and M. Edwards, "Best Execution", Financial Analysts Journal 49(1), 1993 (delay, trading, opportunity).
S. A. Berkowitz, D. E. Logue and E. A. Noser, "The Total Cost of Transactions on the NYSE", Journal of Finance 43(1),
1988 (the day's volume-weighted average price as a benchmark).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tradewind.model import Bars

__all__ = ["COLUMNS", "Execution", "Filled", "execution_quality", "executions_of"]

COLUMNS = (
    "orders",
    "filled_orders",
    "value",
    "fill_rate",
    "decision_bp",
    "arrival_bp",
    "vwap_bp",
    "shortfall_bp",
    "delay_bp",
    "trading_bp",
    "opportunity_bp",
    "costs_bp",
    "bars_to_fill",
    "seconds_to_fill",
)
_BASIS_POINTS = 1e4
_WHOLE = 1e-9
"""Relative; what may be missing of an order that counts as filled."""


class Filled(NamedTuple):
    """A fill: bar, signed quantity, price per unit, all costs in cash, seconds since the order was sent, or NaN."""

    bar: int
    quantity: float
    price: float
    costs: float
    seconds: float = math.nan


@dataclass(frozen=True, slots=True)
class Execution:
    """An order and its fills.

    Parameters
    ----------
    bar, symbol, quantity, order_type
        The decision, on the close of the bar; the quantity is signed.
    parts
        Signed quantity of each sleeve.
    fills
        In order of time.
    last_bar
        Bar in which the order ended; None where that is not known, or it works on.
    """

    bar: int
    symbol: str
    quantity: float
    order_type: str
    parts: Mapping[str, float] = field(default_factory=dict)
    fills: tuple[Filled, ...] = ()
    last_bar: int | None = None


def executions_of(orders: pd.DataFrame, fills: pd.DataFrame) -> list[Execution]:
    """Return the executions in the tables ``orders`` and ``fills`` of a `tradewind.model.Result`."""
    filled: dict[str, list[Filled]] = {}
    for name, bar, quantity, price, *costs in zip(
        *(fills[column] for column in ("order_id", "bar", "quantity", "price")),
        *(fills[column] for column in ("commission", "spread", "slippage", "impact")),
        strict=True,
    ):
        filled.setdefault(name, []).append(Filled(int(bar), float(quantity), float(price), math.fsum(costs)))
    columns = ("order_id", "bar", "symbol", "quantity", "order_type", "sleeves")
    return [
        Execution(int(bar), symbol, float(quantity), kind, json.loads(parts), tuple(filled.get(name, ())))
        for name, bar, symbol, quantity, kind, parts in zip(*(orders[column] for column in columns), strict=True)
    ]


def execution_quality(executions: Iterable[Execution], bars: Bars) -> pd.DataFrame:
    """Return the quality of executions: of market orders, of each sleeve's, and of each other order type.

    Sums run over signed quantities ``q`` at prices ``p``, of orders for ``Q``; ``d`` is the decision price (last close
    up to the decision), ``a`` the arrival price (first open after it; close where the feed has no opens), ``v`` the
    fill bar's volume-weighted average price (its typical price ``(high + low + close) / 3`` where the feed has no
    ``vwap``), ``e`` the last close up to the order's end, or to the end of the bars.

    ==================  ===========================================================================================
    ``fill_rate``       ``sum(|q| d) / sum(|Q| d)``
    ``decision_bp``     ``sum(q (p - d)) / sum(|q| d)``, likewise ``arrival_bp`` with ``a`` and ``vwap_bp`` with ``v``
    ``shortfall_bp``    Perold's: (``sum(q (p - d)) + costs + sum((Q - filled) (e - d))) / sum(|Q| d)``
    ``delay_bp``        its part ``sum(q (a - d))``
    ``trading_bp``      its part ``sum(q (p - a))``
    ``opportunity_bp``  its part ``sum((Q - filled) (e - d))``
    ``costs_bp``        its part ``costs``: commission, spread, slippage and impact that are not in the price
    ``bars_to_fill``    mean of bars from decision to fill, weighted with ``|q| d``
    ``seconds_to_fill`` median of seconds from sending to fill, where they are known
    ==================  ===========================================================================================

    Parameters
    ----------
    executions
        Orders; those in instruments without a column, or without a price yet, are left out.
    bars
        What they were decided on and filled in.

    Returns
    -------
    One row a group, columns `COLUMNS`; empty without orders. Stop and limit orders appear under their type only: what
    they wait for is no shortfall of a decision to trade. An order of several sleeves counts to each by its part.
    """
    measured = list(_measure(executions, bars))
    market = [one for one in measured if one.order.order_type == "market"]
    rows = {"market orders": _row([(one, 1.0) for one in market])} if market else {}
    for sleeve in dict.fromkeys(name for one in market for name in one.order.parts):
        parts = [(one, _part(one.order, sleeve)) for one in market]
        rows[f"sleeve {sleeve}"] = _row([(one, part) for one, part in parts if part])
    for kind in dict.fromkeys(one.order.order_type for one in measured if one.order.order_type != "market"):
        rows[f"{kind.replace('_', ' ')} orders"] = _row(
            [(one, 1.0) for one in measured if one.order.order_type == kind]
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))


class Benchmarked(NamedTuple):
    """An order with its benchmark prices per unit times the multiplier; fills have one average price each."""

    order: Execution
    decision: float
    arrival: float
    end: float
    vwaps: tuple[float, ...]
    multiplier: float


class _Prices:
    """Prices of a panel by symbol and bar."""

    def __init__(self, bars: Bars) -> None:
        fields = bars.fields
        close = fields["close"]
        self.columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
        self.multipliers = {one.symbol: one.multiplier for one in bars.instruments}
        self._closes = pd.DataFrame(close).ffill().to_numpy(dtype=np.float64)
        self._opens = pd.DataFrame(fields.get("open", close)).bfill().to_numpy(dtype=np.float64)
        self._averages = fields.get("vwap", (fields.get("high", close) + fields.get("low", close) + close) / 3.0)
        self._last = len(close) - 1

    def decision(self, symbol: str, bar: int) -> float:
        """Return the last close up to a bar."""
        return float(self._closes[min(bar, self._last), self.columns[symbol]])

    def arrival(self, symbol: str, bar: int) -> float:
        """Return the first open after a bar; NaN where there is none."""
        return float(self._opens[bar + 1, self.columns[symbol]]) if bar < self._last else math.nan

    def average(self, symbol: str, bar: int) -> float:
        """Return the average price of a bar."""
        return float(self._averages[min(bar, self._last), self.columns[symbol]])

    @property
    def last(self) -> int:
        """The last bar."""
        return self._last


def _measure(executions: Iterable[Execution], bars: Bars) -> Iterable[Benchmarked]:
    prices = _Prices(bars)
    for order in executions:
        if order.symbol not in prices.columns:
            continue
        decision = prices.decision(order.symbol, order.bar)
        if math.isnan(decision):
            continue
        yield Benchmarked(
            order,
            decision,
            prices.arrival(order.symbol, order.bar),
            prices.decision(order.symbol, prices.last if order.last_bar is None else order.last_bar),
            tuple(prices.average(order.symbol, fill.bar) for fill in order.fills),
            prices.multipliers[order.symbol],
        )


def _part(order: Execution, sleeve: str) -> float:
    """Return a sleeve's part of an order; sleeves that wanted opposite sides share it by size."""
    total = math.fsum(abs(part) for part in order.parts.values())
    return abs(order.parts.get(sleeve, 0.0)) / total if total else 0.0


def _row(group: Sequence[tuple[Benchmarked, float]]) -> list[float]:
    """Return the figures of orders, each counted by a weight."""
    ordered = _sum(group, lambda one: abs(one.order.quantity) * one.decision * one.multiplier)
    filled = _sum(group, lambda one: _over_fills(one, lambda fill, _: abs(fill.quantity) * one.decision))
    delay = _sum(group, lambda one: _over_fills(one, lambda fill, _: fill.quantity * (one.arrival - one.decision)))
    trading = _sum(group, lambda one: _over_fills(one, lambda fill, _: fill.quantity * (fill.price - one.arrival)))
    arrived = _sum(group, lambda one: _over_fills(one, lambda fill, _: abs(fill.quantity) * one.arrival))
    against = _sum(group, lambda one: _over_fills(one, lambda fill, vwap: fill.quantity * (fill.price - vwap)))
    averages = _sum(group, lambda one: _over_fills(one, lambda fill, vwap: abs(fill.quantity) * vwap))
    missed = _sum(group, lambda one: _missing(one.order) * (one.end - one.decision) * one.multiplier)
    costs = _sum(group, lambda one: math.fsum(fill.costs for fill in one.order.fills))
    waited = _sum(
        group,
        lambda one: _over_fills(one, lambda fill, _: abs(fill.quantity) * one.decision * (fill.bar - one.order.bar)),
    )
    seconds = [fill.seconds for one, _ in group for fill in one.order.fills if not math.isnan(fill.seconds)]
    whole = sum(abs(_missing(one.order)) <= _WHOLE * abs(one.order.quantity) for one, _ in group)
    shortfall = [delay, trading, missed, costs]
    return [
        len(group),
        whole,
        ordered,
        _ratio(filled, ordered),
        _basis_points(delay + trading, filled),
        _basis_points(trading, arrived),
        _basis_points(against, averages),
        _basis_points(math.fsum(shortfall), ordered),
        *(_basis_points(part, ordered) for part in shortfall),
        _ratio(waited, filled),
        float(np.median(seconds)) if seconds else math.nan,
    ]


def _sum(group: Sequence[tuple[Benchmarked, float]], value: Callable[[Benchmarked], float]) -> float:
    return math.fsum(weight * value(one) for one, weight in group)


def _over_fills(one: Benchmarked, value: Callable[[Filled, float], float]) -> float:
    return one.multiplier * math.fsum(value(fill, vwap) for fill, vwap in zip(one.order.fills, one.vwaps, strict=True))


def _missing(order: Execution) -> float:
    return order.quantity - math.fsum(fill.quantity for fill in order.fills)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _basis_points(part: float, whole: float) -> float:
    return _BASIS_POINTS * _ratio(part, whole)
