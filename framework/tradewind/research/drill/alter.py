"""Price histories with something done to them. Each function returns new bars; later prices keep their returns."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tradewind.model import Bars
from tradewind.model.bars import PRICE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray, IntArray

__all__ = [
    "ended",
    "frozen",
    "last_closes",
    "misquoted",
    "moved",
    "plunged",
    "rescaled",
    "trading",
    "without_prices",
]

_LOWEST_RETURN = -0.95
"""No bar takes more: a price stays above 0 whatever the beta."""


def trading(bars: Bars) -> Bars:
    """Return bars without the instruments that have none: their data ended before, or begins later."""
    columns = np.flatnonzero(np.isfinite(bars.fields["close"]).any(axis=0))
    if len(columns) == len(bars.instruments):
        return bars
    return dataclasses.replace(
        bars,
        instruments=tuple(bars.instruments[column] for column in columns),
        fields={name: values[:, columns] for name, values in bars.fields.items()},
        ends=None if bars.ends is None else bars.ends[columns],
    )


def last_closes(bars: Bars, bar: int) -> FloatArray:
    """Return each instrument's last close up to a bar, shape (N,); NaN where it has none."""
    closes = bars.fields["close"][: bar + 1]
    there = np.isfinite(closes)
    rows = bar - there[::-1].argmax(axis=0)
    return np.where(there.any(axis=0), closes[rows, np.arange(closes.shape[1])], np.nan)


def moved(bars: Bars, first: int, returns: FloatArray, *, overnight: float) -> Bars:
    """Return bars whose closes follow given returns; after these, prices have their own returns again.

    Parameters
    ----------
    bars
        Of N instruments. One that has no bar keeps having none, and one without a price before is left as it is.
    first
        Bar of the first return.
    returns
        Return of each bar from the close before it, shape (K, N); no price loses more than 95 % in a bar. An instrument
        whose returns are all NaN is left as it is.
    overnight
        Part of each return that has come true at the open. The bar then goes straight to its close.
    """
    left = ~np.isfinite(returns).any(axis=0)
    growth = 1.0 + np.maximum(np.nan_to_num(returns), _LOWEST_RETURN)
    before = last_closes(bars, first - 1)
    closes = before * np.cumprod(growth, axis=0)
    opens = np.vstack([before[None, :], closes[:-1]]) * (1.0 + overnight * (growth - 1.0))
    rows = slice(first, first + len(returns))
    shaped = {
        "open": opens,
        "high": np.maximum(opens, closes),
        "low": np.minimum(opens, closes),
        "close": closes,
    }
    scale = np.where(left, np.nan, closes[-1]) / last_closes(bars, first + len(returns) - 1)
    scaled = rescaled(bars, first + len(returns), np.where(np.isfinite(scale), scale, 1.0))
    fields = dict(scaled.fields)
    for name in PRICE_FIELDS:
        if name in fields:
            values = fields[name].copy()
            taken = np.isfinite(values[rows]) & np.isfinite(closes) & ~left
            values[rows] = np.where(taken, shaped[name], values[rows])
            fields[name] = values
    return dataclasses.replace(bars, fields=fields)


def rescaled(bars: Bars, first: int, scale: FloatArray) -> Bars:
    """Return bars whose prices from a bar on are multiplied, shape of ``scale`` (N,)."""
    fields = dict(bars.fields)
    for name in PRICE_FIELDS:
        if name in fields:
            fields[name] = np.vstack([fields[name][:first], fields[name][first:] * scale])
    return dataclasses.replace(bars, fields=fields)


def without_prices(bars: Bars, rows: slice, columns: IntArray) -> Bars:
    """Return bars in which some instruments have no bar on some rows."""
    fields = {}
    for name, values in bars.fields.items():
        changed = values.copy()
        changed[rows, columns] = np.nan
        fields[name] = changed
    return dataclasses.replace(bars, fields=fields)


def frozen(bars: Bars, first: int, count: int, columns: IntArray) -> Bars:
    """Return bars in which some instruments repeat their last close, as if it were new."""
    before = last_closes(bars, first - 1)[columns]
    fields = dict(bars.fields)
    for name in PRICE_FIELDS:
        if name in fields:
            values = fields[name].copy()
            was = values[first : first + count, columns]
            values[first : first + count, columns] = np.where(np.isfinite(was) & np.isfinite(before), before, was)
            fields[name] = values
    return dataclasses.replace(bars, fields=fields)


def misquoted(bars: Bars, bar: int, column: int, factor: float) -> Bars:
    """Return bars with one wrong close, and high or low with it."""
    wrong = bars.fields["close"][bar, column] * factor
    return _with_cells(bars, bar, column, {"close": wrong, ("high" if factor > 1.0 else "low"): wrong})


def plunged(bars: Bars, bar: int, lows: FloatArray, closes: FloatArray) -> Bars:
    """Return bars with a crash within one: it opens at the close before, falls to a low, and closes.

    Parameters
    ----------
    bars, bar
        Which bar; later prices have their own returns.
    lows, closes
        Return from the close before to the low and to the close, shape (N,).
    """
    before = last_closes(bars, bar - 1)
    fallen = moved(bars, bar, closes[None, :], overnight=0.0)
    fields = dict(fallen.fields)
    low = fields["low"].copy()
    low[bar] = np.fmin(
        low[bar], np.where(np.isfinite(low[bar]), before * (1.0 + np.maximum(lows, _LOWEST_RETURN)), np.nan)
    )
    fields["low"] = low
    return dataclasses.replace(fallen, fields=fields)


def ended(bars: Bars, bar: int) -> Bars:
    """Return bars in which all data, references too, ends before a bar."""
    columns = np.arange(len(bars.instruments))
    empty = without_prices(bars, slice(bar, None), columns)
    references = {role: without_prices(one, slice(bar, None), np.array([0])) for role, one in bars.references.items()}
    begun = np.isfinite(last_closes(bars, bar - 1))
    return dataclasses.replace(
        empty, references=references, ends=np.where(begun, np.minimum(bars.end_bars, bar), bars.end_bars)
    )


def _with_cells(bars: Bars, bar: int, column: int, cells: Mapping[str, float]) -> Bars:
    fields = dict(bars.fields)
    for name, value in cells.items():
        if name in fields:
            values = fields[name].copy()
            values[bar, column] = value
            fields[name] = values
    return dataclasses.replace(bars, fields=fields)
