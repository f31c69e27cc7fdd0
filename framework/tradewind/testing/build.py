"""Small makers of bars, markets and portfolios for tests of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.contracts import Factor, OnReference
from tradewind.model import Bars, Instrument, Market, Portfolio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from tradewind.model.typing import FloatArray

__all__ = ["make_bars", "market_at", "portfolio_of"]


def make_bars(
    close: ArrayLike,
    *,
    symbols: Sequence[str] | None = None,
    start: str = "2020-01-01",
    references: Mapping[str, ArrayLike] | None = None,
    **fields: ArrayLike,
) -> Bars:
    """Return daily `Bars` on business days from closes of shape (T,) or (T, N) and further fields of the same shape.

    A symbol that is NaN up to the last bar is taken to have ended.
    """
    columns = _columns(close)
    missing = np.isnan(columns)
    last = len(columns) - 1 - (~missing[::-1]).argmax(axis=0)
    names = tuple(symbols or (f"S{column}" for column in range(columns.shape[1])))
    timestamps = pd.bdate_range(start, periods=len(columns)).to_numpy(dtype="datetime64[ns]")
    return Bars(
        timestamps=timestamps,
        instruments=tuple(Instrument(symbol=name, lot_size=0.0) for name in names),
        fields={"close": columns, **{name: _columns(values) for name, values in fields.items()}},
        ends=np.where(missing.all(axis=0), len(columns), last + 1),
        references={
            role: make_bars(values, symbols=[role], start=start) for role, values in (references or {}).items()
        },
    )


def market_at(bars: Bars, bar: int, factors: Mapping[str, Factor | OnReference] | None = None) -> Market:
    """Return the `Market` a plugin would get at a bar (negative: from the end), its factors computed in batch."""
    bar = bar % len(bars)
    close = bars.fields["close"]
    present = np.isfinite(close)
    return Market(
        bar=bar,
        timestamp=bars.timestamps[bar],
        fields=bars.fields,
        instruments=bars.instruments,
        marks=pd.DataFrame(close[: bar + 1]).ffill().to_numpy(dtype=np.float64)[-1],
        tradable=present[bar],
        own_bars=present[: bar + 1].sum(axis=0),
        factors={
            name: _compute(factor, bars)
            for name, factor in (factors or {}).items()
            if not isinstance(factor, OnReference) or factor.role in bars.references
        },
        reference_fields={role: series.fields for role, series in bars.references.items()},
    )


def portfolio_of(
    market: Market,
    quantities: Sequence[float] | None = None,
    *,
    equity: float = 100_000.0,
    capital: float | None = None,
    entry_prices: Sequence[float] | None = None,
    entry_bars: Sequence[int] | None = None,
    highest_closes: Sequence[float] | None = None,
    lowest_closes: Sequence[float] | None = None,
) -> Portfolio:
    """Return a sleeve's `Portfolio`; flat unless quantities are given. Entries default to the current mark and bar."""
    count = len(market.instruments)
    held = np.zeros(count) if quantities is None else np.asarray(quantities, dtype=np.float64)
    open_ = held != 0
    prices = market.marks if entry_prices is None else np.asarray(entry_prices, dtype=np.float64)
    bars = np.full(count, market.bar) if entry_bars is None else np.asarray(entry_bars, dtype=np.int64)
    high = prices if highest_closes is None else np.asarray(highest_closes, dtype=np.float64)
    low = prices if lowest_closes is None else np.asarray(lowest_closes, dtype=np.float64)
    values = np.where(open_, held * market.marks, 0.0)
    return Portfolio(
        equity=equity,
        capital=equity if capital is None else capital,
        cash=equity - float(values.sum()),
        quantities=held,
        entry_prices=np.where(open_, prices, np.nan),
        entry_bars=np.where(open_, bars, -1),
        highest_closes=np.where(open_, high, np.nan),
        lowest_closes=np.where(open_, low, np.nan),
        target_weights=values / equity,
    )


def _compute(factor: Factor | OnReference, bars: Bars) -> FloatArray:
    if isinstance(factor, OnReference):
        return factor.factor.compute(bars.references[factor.role])
    return factor.compute(bars)


def _columns(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    return array[:, np.newaxis] if array.ndim == 1 else array
