"""What a run records, in columns: account, orders, fills, regimes."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.model import Fill, OrderIntent, RegimeEstimate
    from tradewind.model.typing import FloatArray, TimeArray
    from tradewind.risk.pipeline import Ruling
    from tradewind.risk.standing import Change

__all__ = ["AccountTables", "Recorder"]

_COSTS = ("commission", "spread", "slippage", "impact")
_FILL_COLUMNS = ("order_id", "bar", "timestamp", "symbol", "quantity", "price", *_COSTS, "reason")
_RULING_COLUMNS = ("order_id", "bar", "timestamp", "symbol", "gate", "code", "asked", "allowed", "price", "text", "by")
_STANDING_COLUMNS = ("bar", "timestamp", "before", "after", "by", "text")
_ORDER_COLUMNS = ("order_id", "bar", "timestamp", "symbol", "quantity", "order_type", "reason", "status", "sleeves")

AccountTables = tuple["FloatArray", "FloatArray", "FloatArray"]
"""Account (equity, cash, gross, net), weights and sleeve profits; one row a bar in each."""


class Recorder:
    """Columns of a run whose account is told bar by bar.

    Parameters
    ----------
    symbols, sleeves, labels
        Names of the columns to come.
    """

    def __init__(self, symbols: Sequence[str], sleeves: Sequence[str], labels: Sequence[str]) -> None:
        self._symbols = symbols
        self._sleeves = sleeves
        self._labels = labels
        self._account: list[tuple[float, float, float, float]] = []
        self._weights: list[FloatArray] = []
        self._profits: list[list[float]] = []
        self._regimes: list[tuple[Any, ...]] = []
        self._orders: dict[str, OrderIntent] = {}
        self._statuses: dict[str, str] = {}
        self._fills: list[tuple[Fill, str]] = []
        self._rulings: list[tuple[OrderIntent, Ruling, float]] = []
        self._standings: list[tuple[int, Change]] = []
        self.ruling_counts: Counter[str] = Counter()
        """How often gates changed orders, by reason code."""

    @property
    def bars(self) -> int:
        """Number of complete bars."""
        return len(self._account)

    @property
    def orders(self) -> int:
        """Number of orders made so far."""
        return len(self._orders)

    def account(
        self, equity: float, cash: float, gross: float, net: float, weights: FloatArray, profits: list[float]
    ) -> None:
        """Record the close of a bar; exposures are fractions of equity, ``profits`` one value a sleeve."""
        self._account.append((equity, cash, gross, net))
        self._weights.append(weights)
        self._profits.append(profits)

    def regime(self, confirmed: str, estimate: RegimeEstimate | None) -> None:
        """Record the confirmed regime and the detector's estimate, None while it warms up."""
        if estimate is None:
            self._regimes.append((confirmed, "", np.nan, *(np.nan for _ in self._labels)))
        else:
            chances = (estimate.probabilities.get(label, 0.0) for label in self._labels)
            self._regimes.append((confirmed, estimate.label, estimate.confidence, *chances))

    def order(self, intent: OrderIntent) -> None:
        """Record an order as decided."""
        self._orders[intent.order_id] = intent

    def status(self, order_id: str, status: str) -> None:
        """Record what became of an order."""
        self._statuses[order_id] = status

    def fill(self, fill: Fill, reason: str = "") -> None:
        """Record an execution; the reason is that of its order unless given."""
        self._fills.append((fill, reason))

    def ruling(self, intent: OrderIntent, ruling: Ruling, price: float) -> None:
        """Record what a gate has done to an order, with the instrument's last price."""
        self._rulings.append((intent, ruling, price))
        self.ruling_counts[ruling.code] += 1

    def standing(self, bar: int, change: Change) -> None:
        """Record a new standing of the account."""
        self._standings.append((bar, change))

    def tables(self, timestamps: TimeArray, benchmark: FloatArray | None) -> Mapping[str, pd.DataFrame]:
        """Return the tables of a `Result`, on the bars that are complete."""
        bars = self.bars
        index = pd.DatetimeIndex(timestamps[:bars], name="timestamp")
        account, weights, profits = self._account_tables()
        equity = pd.DataFrame(account, index=index, columns=["equity", "cash", "gross", "net"])
        equity["benchmark"] = np.nan if benchmark is None else benchmark[:bars]
        regime_columns = ["regime", "label", "confidence", *(f"p_{label}" for label in self._labels)]
        regimes = pd.DataFrame(self._regimes[:bars], columns=regime_columns)
        return {
            "equity": equity,
            "weights": pd.DataFrame(weights, index=index, columns=list(self._symbols)),
            "sleeves": pd.DataFrame(profits, index=index, columns=list(self._sleeves)),
            "regimes": regimes.set_axis(index[: len(regimes)]),
            "orders": pd.DataFrame(self._order_rows(timestamps), columns=list(_ORDER_COLUMNS)),
            "fills": pd.DataFrame(self._fill_rows(timestamps), columns=list(_FILL_COLUMNS)),
            "rulings": pd.DataFrame(self._ruling_rows(timestamps), columns=list(_RULING_COLUMNS)),
            "standings": pd.DataFrame(self._standing_rows(timestamps), columns=list(_STANDING_COLUMNS)),
        }

    def equity_curve(self) -> FloatArray:
        """Return the equity at each close, shape (T,)."""
        return np.array([account[0] for account in self._account], dtype=np.float64)

    def _account_tables(self) -> AccountTables:
        bars = self.bars
        return (
            np.array(self._account, dtype=np.float64).reshape(bars, 4),
            np.array(self._weights, dtype=np.float64).reshape(bars, len(self._symbols)),
            np.array(self._profits, dtype=np.float64).reshape(bars, len(self._sleeves)),
        )

    def _order_rows(self, timestamps: TimeArray) -> list[tuple[Any, ...]]:
        statuses = self._statuses
        return [
            (
                order_id,
                order.bar,
                timestamps[order.bar],
                order.instrument.symbol,
                order.quantity,
                order.order_type.value,
                order.reason,
                statuses.get(order_id, "working"),
                json.dumps(dict(order.split)),
            )
            for order_id, order in self._orders.items()
            if order.bar < self.bars
        ]

    def _ruling_rows(self, timestamps: TimeArray) -> list[tuple[Any, ...]]:
        return [
            (
                intent.order_id,
                intent.bar,
                timestamps[intent.bar],
                intent.instrument.symbol,
                ruling.gate,
                ruling.code,
                ruling.asked,
                ruling.allowed,
                price,
                ruling.text,
                ruling.by,
            )
            for intent, ruling, price in self._rulings
            if intent.bar < self.bars
        ]

    def _standing_rows(self, timestamps: TimeArray) -> list[tuple[Any, ...]]:
        return [
            (bar, timestamps[bar], change.before.word, change.after.word, change.by, change.text)
            for bar, change in self._standings
            if bar < self.bars
        ]

    def _fill_rows(self, timestamps: TimeArray) -> list[tuple[Any, ...]]:
        orders = self._orders
        return [
            (
                fill.order_id,
                fill.bar,
                timestamps[fill.bar],
                fill.instrument.symbol,
                fill.quantity,
                fill.price,
                fill.commission,
                fill.spread,
                fill.slippage,
                fill.impact,
                reason or (orders[fill.order_id].reason if fill.order_id in orders else ""),
            )
            for fill, reason in self._fills
            if fill.bar < self.bars
        ]
