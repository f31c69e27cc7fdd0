"""Quotes of the current bar by instrument, and what costs need to know about liquidity."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.contracts import Cost, Costs, Trades
from tradewind.exchange import Quote, QuoteSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.engine.panel import Panel
    from tradewind.model import Instrument
    from tradewind.model.typing import FloatArray

__all__ = ["LIQUIDITY_BARS", "PanelCost", "PanelQuotes"]

LIQUIDITY_BARS = 20
"""Bars over which average volume and volatility are taken for costs."""


class PanelQuotes:
    """Quotes of the panel's current bar; instruments without a column come from further sources.

    A feed with closes only quotes its close as open, high and low, so that an order fills at the next close.
    """

    def __init__(self, panel: Panel, sources: Sequence[QuoteSource] = ()) -> None:
        self._panel = panel
        self._sources = tuple(sources)
        self._columns = {instrument: column for column, instrument in enumerate(panel.instruments)}
        self._names = tuple(name if name in panel.fields else "close" for name in ("open", "high", "low", "close"))
        self._has_volume = "volume" in panel.fields
        self._last: dict[Instrument, float] = {}
        self._marks: list[float] = []
        self._marked_bar = -1

    def column(self, instrument: Instrument) -> int | None:
        """Return the panel column of an instrument, None where it has none."""
        return self._columns.get(instrument)

    def quote(self, instrument: Instrument) -> Quote | None:
        """Return the quote of the current bar; None where there is none (halted, not started, ended)."""
        column = self._columns.get(instrument)
        if column is None:
            return self._foreign(instrument)
        panel = self._panel
        bar = panel.bar
        prices = [float(panel.fields[name][bar, column]) for name in self._names]
        if math.isnan(prices[3]):
            return None
        open_, high, low, close = prices
        volume = float(panel.fields["volume"][bar, column]) if self._has_volume else math.nan
        return Quote(open_, high, low, close, volume)

    def mark(self, instrument: Instrument) -> float:
        """Return the last known price; NaN where there never was one."""
        column = self._columns.get(instrument)
        if column is not None:
            if self._marked_bar != self._panel.bar:
                self._marks = self._panel.marks().tolist()
                self._marked_bar = self._panel.bar
            return self._marks[column]
        quote = self._foreign(instrument)
        return self._last.get(instrument, math.nan) if quote is None else quote.close

    def _foreign(self, instrument: Instrument) -> Quote | None:
        for source in self._sources:
            quote = source.quote(instrument)
            if quote is not None:
                self._last[instrument] = quote.close
                return quote
        return None


class PanelCost:
    """A cost model that is told volume and volatility of the bars before the trade."""

    def __init__(self, cost: Cost, panel: Panel, quotes: PanelQuotes) -> None:
        self._cost = cost
        self._panel = panel
        self._quotes = quotes

    def costs(self, trades: Trades) -> Costs:
        """Return the model's costs with liquidity filled in from the bars up to the decision."""
        columns = [self._quotes.column(instrument) for instrument in trades.instruments]
        volume = np.array([self._average_volume(column) for column in columns])
        volatility = np.array([self._volatility(column) for column in columns])
        return self._cost.costs(dataclasses.replace(trades, average_daily_volume=volume, daily_volatility=volatility))

    def of(self, instrument: Instrument, quantity: float, price: float) -> float:
        """Return the total cash cost of one trade that crosses the spread."""
        unknown = np.array([math.nan])
        charged = self.costs(
            Trades(
                instruments=(instrument,),
                quantities=np.array([quantity]),
                prices=np.array([price]),
                average_daily_volume=unknown,
                daily_volatility=unknown,
                passive=np.array([False]),
            )
        )
        return float(charged.commission[0] + charged.spread[0] + charged.slippage[0] + charged.impact[0])

    def _window(self, name: str, column: int, bars: int) -> FloatArray:
        stop = max(self._panel.bar, 1)
        values = self._panel.fields[name][max(stop - bars, 0) : stop, column]
        return values[np.isfinite(values)]

    def _average_volume(self, column: int | None) -> float:
        if column is None or "volume" not in self._panel.fields:
            return math.nan
        values = self._window("volume", column, LIQUIDITY_BARS)
        return float(values.mean()) if len(values) else math.nan

    def _volatility(self, column: int | None) -> float:
        if column is None:
            return math.nan
        closes = self._window("close", column, LIQUIDITY_BARS + 1)
        return float(np.diff(np.log(closes)).std(ddof=1)) if len(closes) > 2 else math.nan
