"""Costs of a batch of executions, checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradewind.contracts import Trades
from tradewind.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import Cost
    from tradewind.exchange.working import WorkingOrder
    from tradewind.model import Instrument
    from tradewind.model.typing import FloatArray

__all__ = ["FREE", "Charges", "Execution", "Tariff", "charge", "checked_costs"]


class Execution(NamedTuple):
    """A trade about to be charged: signed quantity, price per unit, and whether a resting limit order was met."""

    instrument: Instrument
    quantity: float
    price: float
    passive: bool


class Charges(NamedTuple):
    """Costs of one execution in cash."""

    commission: float = 0.0
    spread: float = 0.0
    slippage: float = 0.0
    impact: float = 0.0

    @property
    def total(self) -> float:
        """All of it; `sum` adds floats in another way from Python 3.12 on."""
        return self.commission + self.spread + self.slippage + self.impact


FREE = Charges()


class Tariff:
    """A cost model, or none."""

    def __init__(self, cost: Cost | None) -> None:
        self._cost = cost

    def charge(self, executions: Sequence[Execution]) -> Sequence[Charges]:
        """Return what executions cost."""
        return [FREE] * len(executions) if self._cost is None else charge(self._cost, executions)

    def estimate(self, orders: Sequence[WorkingOrder]) -> Sequence[float]:
        """Return what orders would cost at the price at which cash is checked; 0 where that is unknown."""
        if self._cost is None:
            return [0.0] * len(orders)
        priced = [order.checked_price for order in orders]
        executions = [
            Execution(order.position.instrument, order.remaining, price, passive=False)
            for order, price in zip(orders, priced, strict=True)
            if price is not None
        ]
        charges = iter(charge(self._cost, executions))
        return [0.0 if price is None else next(charges).total for price in priced]


def charge(cost: Cost, executions: Sequence[Execution]) -> list[Charges]:
    """Ask a cost model for a batch; liquidity is NaN here, whoever wraps the model may know it.

    Raises
    ------
    PluginError
        If a component has another length than the batch, or is negative, NaN or infinite.
    """
    if not executions:
        return []
    instruments, quantities, prices, passive = zip(*executions, strict=True)
    unknown = np.empty(len(executions))
    unknown.fill(np.nan)
    trades = Trades(
        instruments=instruments,
        quantities=np.array(quantities, dtype=np.float64),
        prices=np.array(prices, dtype=np.float64),
        average_daily_volume=unknown,
        daily_volatility=unknown,
        passive=np.array(passive, dtype=np.bool_),
    )
    return list(map(Charges._make, checked_costs(cost, trades).T.tolist()))


def checked_costs(cost: Cost, trades: Trades) -> FloatArray:
    """Return the components of the costs of a batch, in the order of `Charges`, shape (4, M).

    Raises
    ------
    PluginError
        As in `charge`, naming the model by its ``title``, where it has one, else by its class.
    """
    answer = cost.costs(trades)
    components = (answer.commission, answer.spread, answer.slippage, answer.impact)
    if not all(np.shape(component) == trades.quantities.shape for component in components):
        _refuse(cost, components, trades)
    try:
        table = np.array(components, dtype=np.float64)
    except (TypeError, ValueError):
        _refuse(cost, components, trades)
        raise
    # A NaN is the least and the most of a table, and fails both.
    if not (table.min(initial=0.0) >= 0.0 and table.max(initial=0.0) < np.inf):
        _refuse(cost, components, trades)
    return table


def _refuse(cost: Cost, components: Sequence[FloatArray], trades: Trades) -> None:
    for name, component in zip(Charges._fields, components, strict=True):
        _check(cost, name, _plain(component), trades)


def _plain(component: object) -> object:
    try:
        return np.asarray(component, dtype=np.float64).tolist()
    except (TypeError, ValueError):
        return np.asarray(component).tolist()


def _check(cost: Cost, name: str, column: object, trades: Trades) -> None:
    who = getattr(cost, "title", f"cost model {type(cost).__name__}")
    count = len(trades.instruments)
    if not isinstance(column, list) or len(column) != count:
        raise PluginError(
            f"{who}: {name} must have shape ({count},), one value an execution; received {column}. Return an array for "
            f"every component"
        )
    for value, instrument, quantity, price in zip(
        column, trades.instruments, trades.quantities, trades.prices, strict=True
    ):
        if not (isinstance(value, float) and math.isfinite(value) and value >= 0.0):
            raise PluginError(
                f"{who}: {name} of {quantity:g} {instrument.symbol} at {price:g} must be finite and at least 0; "
                f"received {value}. Charge 0 where it does not apply"
            )
