"""Quotes of the current bar by instrument, and what costs need to know about liquidity."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.contracts import Costs, Trades
from tradewind.exchange import Quote, QuoteSource
from tradewind.exchange.charges import checked_costs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.engine.guarded import GuardedCost
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
        self._view()
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
        if panel.fields is not self._fields:
            self._view()
        bar = panel.bar
        open_, high, low, close = self._prices
        last = close[bar, column]
        if last != last:
            return None
        volume = math.nan if self._volume is None else self._volume[bar, column]
        return Quote(open_[bar, column], high[bar, column], low[bar, column], last, volume)

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

    def prices(self, instrument: Instrument, name: str, start: int, stop: int) -> FloatArray | None:
        """Return an instrument's prices at some bars; None where it has no column."""
        column = self._columns.get(instrument)
        if column is None:
            return None
        fields = self._panel.fields
        return fields[name if name in fields else "close"][start:stop, column]

    def _view(self) -> None:
        """Look at the fields through `memoryview`, which makes Python floats of single numbers at once."""
        fields = self._fields = self._panel.fields
        self._prices = [fields[name].data for name in self._names]
        self._volume = fields["volume"].data if "volume" in fields else None

    def _foreign(self, instrument: Instrument) -> Quote | None:
        for source in self._sources:
            quote = source.quote(instrument)
            if quote is not None:
                self._last[instrument] = quote.close
                return quote
        return None


class PanelCost:
    """A cost model that is told volume and volatility of the bars before the trade."""

    def __init__(self, cost: GuardedCost, panel: Panel, quotes: PanelQuotes) -> None:
        self._cost = cost
        self._panel = panel
        self._quotes = quotes
        self._measures = cost.uses_liquidity
        self._bar = -1
        self._volume = np.empty(0)
        self._volatility = np.empty(0)

    @property
    def title(self) -> str:
        """What to call the model at this bar in a message."""
        return f"{self._cost.title} at bar {self._panel.bar}"

    def costs(self, trades: Trades) -> Costs:
        """Return the model's costs with liquidity filled in from the bars before this one."""
        bar = self._panel.bar
        if not self._measures:
            return self._cost.costs(trades, bar)
        if self._bar != bar:
            self._measure()
        columns = np.array([self._column(instrument) for instrument in trades.instruments])
        known = dataclasses.replace(
            trades, average_daily_volume=self._volume[columns], daily_volatility=self._volatility[columns]
        )
        return self._cost.costs(known, bar)

    def estimate(self, instruments: Sequence[Instrument], quantities: FloatArray, prices: FloatArray) -> FloatArray:
        """Return the total cash cost of trades that cross the spread, shape (M,).

        Raises
        ------
        PluginError
            If the model answers what could not be charged: what is bought depends on it.
        """
        unknown = np.full(len(quantities), math.nan)
        trades = Trades(
            instruments=tuple(instruments),
            quantities=quantities,
            prices=prices,
            average_daily_volume=unknown,
            daily_volatility=unknown,
            passive=np.zeros(len(quantities), dtype=np.bool_),
        )
        commission, spread, slippage, impact = checked_costs(self, trades)
        total: FloatArray = commission + spread + slippage + impact
        return total

    def _column(self, instrument: Instrument) -> int:
        """Column of an instrument, or the last, which knows nothing."""
        column = self._quotes.column(instrument)
        return -1 if column is None else column

    def _measure(self) -> None:
        """Measure liquidity of every column once a bar; the last entry stands for instruments without a column."""
        panel = self._panel
        self._bar = panel.bar
        stop = max(panel.bar, 1)
        closes = panel.fields["close"][max(stop - LIQUIDITY_BARS - 1, 0) : stop]
        returns = np.diff(np.log(closes), axis=0)
        self._volatility = np.append(_deviation(returns), math.nan)
        if "volume" in panel.fields:
            volume = panel.fields["volume"][max(stop - LIQUIDITY_BARS, 0) : stop]
            self._volume = np.append(_mean(volume), math.nan)
        else:
            self._volume = np.full(len(self._volatility), math.nan)


def _mean(values: FloatArray) -> FloatArray:
    """Mean of each column over what is known; NaN where nothing is."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    totals = np.where(known, values, 0.0).sum(axis=0)
    means: FloatArray = np.divide(totals, counts, out=np.full(len(counts), math.nan), where=counts > 0)
    return means


def _deviation(values: FloatArray) -> FloatArray:
    """Sample standard deviation of each column over what is known; NaN for fewer than two values."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    squares = np.where(known, (values - _mean(values)) ** 2, 0.0).sum(axis=0)
    variance: FloatArray = np.divide(squares, counts - 1, out=np.full(len(counts), math.nan), where=counts > 1)
    return np.sqrt(variance)
