"""The prices that come with skfolio: 20 US large caps and the S&P 500, 1990 to 2022."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.errors import DataError, PluginError
from tradewind.model import AssetClass, Bars, Instrument
from tradewind_plugins.feeds.panel import Panel, align_reference, between, require_known

if TYPE_CHECKING:
    from tradewind.contracts import DataRequest

__all__ = ["Sample"]

INDEX_SYMBOL = "SP500"
STAMPS = (
    "survivorship: 20 large caps chosen with hindsight; all are still listed in 2022",
    "close-only: no open, high, low or volume; decided on a close, filled at the next close",
    "adjusted: closes adjusted for splits and dividends; the S&P 500 is a price index",
    "source: data sets of skfolio, daily, 1990 to 2022",
)
SECTORS = {
    "AAPL": "Information Technology",
    "AMD": "Information Technology",
    "BAC": "Financials",
    "BBY": "Consumer Discretionary",
    "CVX": "Energy",
    "GE": "Industrials",
    "HD": "Consumer Discretionary",
    "JNJ": "Health Care",
    "JPM": "Financials",
    "KO": "Consumer Staples",
    "LLY": "Health Care",
    "MRK": "Health Care",
    "MSFT": "Information Technology",
    "PEP": "Consumer Staples",
    "PFE": "Health Care",
    "PG": "Consumer Staples",
    "RRC": "Energy",
    "UNH": "Health Care",
    "WMT": "Consumer Staples",
    "XOM": "Energy",
}
"""GICS sectors as of 2022."""


class Sample:
    """20 US large caps and the S&P 500: adjusted daily closes, 1990-01-02 to 2022-12-28.

    The tradable symbols are those of `SECTORS`. ``SP500`` is quoted only; it and any stock may be a reference. A
    reference is NaN where it has no close; here all series share their dates.

    Raises
    ------
    PluginError
        If skfolio, which brings the data, is not installed.
    """

    def history(self, request: DataRequest) -> Bars:
        """Return the closes asked for; `DataError` for an unknown symbol or an empty range."""
        stocks, index = _read("sp500_dataset.csv.gz"), _read("sp500_index.csv.gz")
        if INDEX_SYMBOL in request.symbols:
            raise DataError(
                f"feed sample: {INDEX_SYMBOL!r} is an index and cannot be traded; "
                f"move it from data.symbols to data.references, as {{benchmark: {INDEX_SYMBOL}}}"
            )
        require_known("feed sample: data.symbols", request.symbols, stocks.symbols)
        universe = stocks.select(request.symbols or stocks.symbols)
        universe = universe.rows(between(universe.timestamps, request.start, request.end))
        if not len(universe.timestamps):
            first, last = (str(stocks.timestamps[row])[:10] for row in (0, -1))
            raise DataError(
                f"feed sample: no sessions from {request.start or 'the first'} to {request.end or 'the last'}; "
                f"the data reach from {first} to {last}: change data.start or data.end"
            )
        references = {}
        for role, symbol in request.references.items():
            require_known(f"feed sample: data.references.{role}", [symbol], (*stocks.symbols, *index.symbols))
            series = index if symbol == INDEX_SYMBOL else stocks
            references[role], _ = align_reference(symbol, series, universe.timestamps, _instrument(symbol))
        return Bars(
            timestamps=universe.timestamps,
            instruments=tuple(_instrument(symbol) for symbol in universe.symbols),
            fields=universe.fields,
            references=references,
            adjusted=True,
            stamps=STAMPS,
        )


def _instrument(symbol: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        asset_class=AssetClass.INDEX if symbol == INDEX_SYMBOL else AssetClass.EQUITY,
        tick_size=0.0,
        lot_size=0.0,
        sector=SECTORS.get(symbol, ""),
    )


def _read(file_name: str) -> Panel:
    path = _directory() / file_name
    try:
        frame = pd.read_csv(path, index_col=0, parse_dates=[0])
    except OSError as error:
        raise DataError(
            f"feed sample: cannot read {file_name} of the installed skfolio: {error}; "
            f"reinstall it: pip install --force-reinstall 'tradewind[sample]'"
        ) from error
    return Panel(
        timestamps=frame.index.to_numpy(dtype="datetime64[ns]"),
        symbols=tuple(frame.columns),
        fields={"close": frame.to_numpy(dtype=np.float64)},
    )


def _directory() -> Path:
    """Return where skfolio keeps its data sets, without importing it: that would take a second."""
    spec = importlib.util.find_spec("skfolio")
    if spec is None or spec.origin is None:
        raise PluginError(
            "feed sample: its prices come with skfolio, which is not installed; pip install 'tradewind[sample]'"
        )
    return Path(spec.origin).parent / "datasets" / "data"
