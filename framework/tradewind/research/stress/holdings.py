"""What a kept run held, bar by bar, and how its instruments moved with the market up to each of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import ValidationError

from tradewind.config.plan import Plan
from tradewind.contracts import DataRequest
from tradewind.engine.assemble import Builder
from tradewind.errors import TradewindError, UserError
from tradewind.model import AssetClass
from tradewind.runs.capsule import read_provenance
from tradewind.runs.feeds import feed_of

if TYPE_CHECKING:
    from tradewind.model import Bars, Instrument, Result
    from tradewind.model.typing import FloatArray, IntArray
    from tradewind.registry import Registry

__all__ = ["LEAST_BETA_RETURNS", "Holdings", "estimate_betas", "holdings_of", "read_bars"]

LEAST_BETA_RETURNS = 60
"""Fewer common returns of instrument and market than this, and the beta is 1."""
_COLUMNS_AT_ONCE = 64
"""So that the betas of many instruments need little memory."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Holdings:
    """A run's account at D dates, the last bar the last of them, and the N symbols it ever held.

    Parameters
    ----------
    times
        Shape (D,).
    equity, drawdown
        At these dates; the drawdown as a fraction of the highest equity up to then. Shape (D,).
    symbols, sectors, asset_classes
        Of each column; an unknown sector is empty.
    weights
        Value of each position as a fraction of equity, shape (D, N); short positions are negative.
    betas
        Estimated up to each date, shape (D, N); NaN where they are not, and 1 is taken.
    notes
        What a reader must know about the figures.
    """

    times: pd.DatetimeIndex
    equity: FloatArray
    drawdown: FloatArray
    symbols: tuple[str, ...]
    sectors: tuple[str, ...]
    asset_classes: tuple[AssetClass, ...]
    weights: FloatArray
    betas: FloatArray
    notes: tuple[str, ...] = ()


def holdings_of(result: Result, bars: Bars | None, *, every_bars: int = 5, beta_bars: int = 252) -> Holdings:
    """Return what a run held at every ``every_bars``-th bar, counted back from the last.

    Parameters
    ----------
    result
        A kept run.
    bars
        Its prices, for betas and sectors; None: betas are 1 and sectors unknown.
    every_bars
        Distance of the dates.
    beta_bars
        Bars up to each date that a beta is estimated from.

    Raises
    ------
    UserError
        If the run has no bars, its equity is not positive at the last one, or a position has no value.
    """
    equity = result.equity["equity"].to_numpy(dtype=np.float64)
    if not len(equity):
        raise UserError(f"{result.name}: the run has no bars; run the configuration over more than none")
    if not equity[-1] > 0.0:
        raise UserError(
            f"{result.name}: equity is {equity[-1]:,.2f} at the last bar; only a run that ended with money can be "
            f"stressed"
        )
    rows = np.arange(len(equity) - 1, -1, -every_bars)[::-1]
    rows = rows[equity[rows] > 0.0]
    weights = result.weights.to_numpy(dtype=np.float64)[rows]
    if not np.isfinite(weights).all():
        raise UserError(
            f"{result.name}: positions.csv has {int((~np.isfinite(weights)).sum())} positions without a value; run the "
            f"configuration again"
        )
    symbols = tuple(str(name) for name in result.weights.columns)
    held = np.flatnonzero(weights.any(axis=0))
    symbols, weights = tuple(symbols[column] for column in held), weights[:, held]
    known = {} if bars is None else {one.symbol: one for one in bars.instruments}
    instruments = [known.get(symbol) for symbol in symbols]
    betas, notes = _betas(result, bars, symbols, rows, beta_bars)
    high = np.maximum.accumulate(equity)
    return Holdings(
        times=pd.DatetimeIndex(result.equity.index)[rows],
        equity=equity[rows],
        drawdown=1.0 - equity[rows] / high[rows],
        symbols=symbols,
        sectors=tuple("" if one is None else one.sector for one in instruments),
        asset_classes=tuple(_asset_class(one) for one in instruments),
        weights=weights,
        betas=betas,
        notes=notes,
    )


def read_bars(result: Result, registry: Registry) -> tuple[Bars | None, str]:
    """Return the prices of a kept run as its feed gives them again, or None and why not.

    The feed is asked for the run's own dates; what it says today may differ from what it said then, which is noted.
    """
    if result.directory is None:
        return None, "the run is not kept, so its feed is unknown"
    try:
        plan = Plan.model_validate(dict(result.config))
        builder = Builder(plan, registry, Path(read_provenance(result.directory)["config_directory"]))
        feed = feed_of(builder, plan.data.feed)
        if not feed.gives_history:
            return None, f"the feed {plan.data.feed.label} gives no history"
        end = pd.Timestamp(result.data["end"]).date()
        request = DataRequest(
            start=plan.data.start, end=end, symbols=plan.data.symbols, references=plan.data.references
        )
        bars = feed.history(request)
    except (TradewindError, ValidationError) as error:
        return None, f"the feed gives no prices again ({str(error).splitlines()[0]})"
    times = pd.DatetimeIndex(result.equity.index).to_numpy(dtype="datetime64[ns]")
    if not np.isin(times, bars.timestamps).all():
        return None, "the feed no longer has all bars of the run"
    return bars, "" if _same_closes(result, bars) else "the feed's prices have changed since the run"


def estimate_betas(
    closes: FloatArray, market: FloatArray, rows: IntArray, *, window: int = 252, least: int = LEAST_BETA_RETURNS
) -> FloatArray:
    """Return the slope of each instrument's returns on the market's over the ``window`` bars up to each row.

    Parameters
    ----------
    closes
        Shape (T, N); NaN where there is no bar, and returns from or to it do not count.
    market
        Closes of the market, shape (T,).
    rows
        Bars up to which to estimate; later prices have no influence.
    window, least
        Returns looked at, and the fewest that give a beta.

    Returns
    -------
    FloatArray
        Shape (rows, N); NaN where there are too few returns, or the market did not move.
    """
    slopes = [
        _slopes(closes[:, first : first + _COLUMNS_AT_ONCE], market, rows, window, least)
        for first in range(0, closes.shape[1], _COLUMNS_AT_ONCE)
    ]
    return np.hstack(slopes) if slopes else np.empty((len(rows), 0))


def _slopes(closes: FloatArray, market: FloatArray, rows: IntArray, window: int, least: int) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = closes[1:] / closes[:-1] - 1.0
        market_moves = (market[1:] / market[:-1] - 1.0)[:, None]
    there = np.isfinite(moves) & np.isfinite(market_moves)
    y, x = np.where(there, moves, 0.0), np.where(there, market_moves, 0.0)

    def sums(values: FloatArray) -> FloatArray:
        total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
        return total[rows] - total[np.maximum(rows - window, 0)]

    count, sum_x, sum_y = sums(there.astype(np.float64)), sums(x), sums(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (sums(x * y) - sum_x * sum_y / count) / (sums(x * x) - sum_x**2 / count)
        spread = sums(x * x) / count
    return np.where((count >= least) & (spread > 1e-12) & np.isfinite(slope), slope, np.nan)


def _betas(
    result: Result, bars: Bars | None, symbols: tuple[str, ...], rows: IntArray, window: int
) -> tuple[FloatArray, tuple[str, ...]]:
    none = np.full((len(rows), len(symbols)), np.nan)
    if bars is None or not symbols:
        return none, ()
    if "benchmark" not in bars.references:
        return none, ("betas are 1: the run has no benchmark; name one under `data: references:`",)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    known = [number for number, symbol in enumerate(symbols) if symbol in columns]
    times = pd.DatetimeIndex(result.equity.index).to_numpy(dtype="datetime64[ns]")
    bar_rows = np.searchsorted(bars.timestamps, times[rows])
    closes = bars.fields["close"][:, [columns[symbols[number]] for number in known]]
    none[:, known] = estimate_betas(closes, bars.references["benchmark"].fields["close"][:, 0], bar_rows, window=window)
    return none, ()


def _asset_class(instrument: Instrument | None) -> AssetClass:
    return AssetClass.EQUITY if instrument is None else instrument.asset_class


def _same_closes(result: Result, bars: Bars) -> bool:
    last = int(np.searchsorted(bars.timestamps, np.datetime64(result.equity.index[-1], "ns"))) + 1
    expected = result.data.get("sha256", {}).get("close")
    cut = dataclasses.replace(
        bars,
        timestamps=bars.timestamps[:last],
        fields={"close": bars.fields["close"][:last]},
        references={},
        ends=None,
    )
    return expected is None or cut.sha256() == expected
