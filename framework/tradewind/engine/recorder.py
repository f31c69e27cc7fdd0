"""What a run records on every bar, in columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.model import Fill, OrderIntent, RegimeEstimate
    from tradewind.model.typing import FloatArray

__all__ = ["Recorder"]

_COSTS = ("commission", "spread", "slippage", "impact")
_FILL_COLUMNS = ("order_id", "bar", "timestamp", "symbol", "quantity", "price", *_COSTS, "reason")
_ORDER_COLUMNS = ("order_id", "bar", "timestamp", "symbol", "quantity", "order_type", "reason", "status", "sleeves")


class Recorder:
    """Columns of a run: account, weights, sleeves, regimes, orders, fills."""

    def __init__(self, symbols: Sequence[str], sleeves: Sequence[str], labels: Sequence[str]) -> None:
        self._symbols = symbols
        self._sleeves = sleeves
        self._labels = labels
        self._account: list[tuple[float, float, float, float]] = []
        self._weights: list[FloatArray] = []
        self._profits: list[list[float]] = []
        self._regimes: list[tuple[Any, ...]] = []
        self._orders: dict[str, list[Any]] = {}
        self._fills: list[tuple[Any, ...]] = []

    @property
    def bars(self) -> int:
        """Number of complete bars."""
        return len(self._account)

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

    def order(self, intent: OrderIntent, timestamp: np.datetime64) -> None:
        """Record an order as decided."""
        self._orders[intent.order_id] = [
            intent.order_id,
            intent.bar,
            timestamp,
            intent.instrument.symbol,
            intent.quantity,
            intent.order_type.value,
            intent.reason,
            "working",
            json.dumps(dict(intent.split)),
        ]

    def status(self, order_id: str, status: str) -> None:
        """Record what became of an order."""
        if order_id in self._orders:
            self._orders[order_id][7] = status

    def fill(self, fill: Fill, timestamp: np.datetime64, reason: str = "") -> None:
        """Record an execution; the reason is that of its order unless given."""
        order = self._orders.get(fill.order_id)
        self._fills.append(
            (
                fill.order_id,
                fill.bar,
                timestamp,
                fill.instrument.symbol,
                fill.quantity,
                fill.price,
                fill.commission,
                fill.spread,
                fill.slippage,
                fill.impact,
                reason or (order[6] if order else ""),
            )
        )

    def tables(self, timestamps: np.ndarray, benchmark: FloatArray | None) -> Mapping[str, pd.DataFrame]:
        """Return the tables of a `Result`, on the bars that are complete."""
        bars = self.bars
        index = pd.DatetimeIndex(timestamps[:bars], name="timestamp")
        equity = pd.DataFrame(self._account, index=index, columns=["equity", "cash", "gross", "net"], dtype=np.float64)
        equity["benchmark"] = np.nan if benchmark is None else benchmark[:bars]
        regime_columns = ["regime", "label", "confidence", *(f"p_{label}" for label in self._labels)]
        regimes = pd.DataFrame(self._regimes[:bars], columns=regime_columns)
        orders = [order for order in self._orders.values() if order[1] < bars]
        fills = [fill for fill in self._fills if fill[1] < bars]
        return {
            "equity": equity,
            "weights": _table(self._weights, index, self._symbols),
            "sleeves": _table(self._profits, index, self._sleeves),
            "regimes": regimes.set_axis(index[: len(regimes)]),
            "orders": pd.DataFrame(orders, columns=list(_ORDER_COLUMNS)),
            "fills": pd.DataFrame(fills, columns=list(_FILL_COLUMNS)),
        }


def _table(rows: Sequence[Any], index: pd.DatetimeIndex, columns: Sequence[str]) -> pd.DataFrame:
    values = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(columns))
    return pd.DataFrame(values[: len(index)], index=index, columns=list(columns))
