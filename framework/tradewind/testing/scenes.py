"""Small made-up markets that show what real ones do to plugins: halts, gaps, splits, late starts and worse."""

from __future__ import annotations

import dataclasses
import zlib
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.model import Bars, Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from tradewind.model.typing import BoolArray, FloatArray

    Table: TypeAlias = dict[str, FloatArray]

__all__ = ["SCENES", "another_future", "copied", "scene", "with_dead_symbol", "with_series"]

_START = "2015-01-02"
_SYMBOLS = 6
_CROWD = 500
_LIMIT = 0.1
"""Daily limit of the scene of limit days, as a fraction of the close before."""


def scene(name: str, bars: int = 120) -> Bars:
    """Return a scene by name; see `SCENES`."""
    return SCENES[name](bars)


@lru_cache(maxsize=32)
def ordinary(bars: int = 120) -> Bars:
    """Six symbols that all trade on every bar."""
    return _market("ordinary", _prices("ordinary", bars, _SYMBOLS))


@lru_cache(maxsize=32)
def halts(bars: int = 120) -> Bars:
    """Symbols do not trade on single bars, and one of them for a fortnight."""
    table = _prices("halts", bars, _SYMBOLS)
    halted = _generator("halted", bars).random((bars, _SYMBOLS)) < 0.08
    halted[:3] = False
    halted[max(bars - 30, 1) : max(bars - 20, 1), 1] = True
    return _market("halts", _without(table, halted))


@lru_cache(maxsize=32)
def gaps(bars: int = 120) -> Bars:
    """Prices open far from the close before, up to 40 % away."""
    jumps = np.where(_generator("gaps", bars).random((bars, _SYMBOLS)) < 0.06, 1.0, 0.0)
    return _market("gaps", _prices("gaps", bars, _SYMBOLS, jumps=jumps * 0.35))


@lru_cache(maxsize=32)
def zero_volume(bars: int = 120) -> Bars:
    """Bars with prices and no volume; one symbol never has any."""
    table = _prices("zero_volume", bars, _SYMBOLS)
    still = _generator("still", bars).random((bars, _SYMBOLS)) < 0.2
    still[:, 2] = True
    table["volume"] = np.where(still, 0.0, table["volume"])
    return _market("zero_volume", table)


@lru_cache(maxsize=32)
def one_symbol(bars: int = 120) -> Bars:
    """A universe of one."""
    return _market("one_symbol", _prices("one_symbol", bars, 1))


@lru_cache(maxsize=8)
def crowd(bars: int = 120) -> Bars:
    """Five hundred symbols."""
    return _market("crowd", _prices("crowd", bars, _CROWD))


@lru_cache(maxsize=32)
def late_start(bars: int = 120) -> Bars:
    """Symbols begin during the history, the last one a few bars before its end."""
    table = _prices("late_start", bars, _SYMBOLS)
    starts = np.array([0, 0, bars // 4, bars // 2, max(bars - 40, 0), max(bars - 6, 0)])
    return _market("late_start", _without(table, np.arange(bars)[:, np.newaxis] < starts))


@lru_cache(maxsize=32)
def early_end(bars: int = 120) -> Bars:
    """Symbols end during the history, as after a takeover or a bankruptcy."""
    table = _prices("early_end", bars, _SYMBOLS)
    last = np.array([bars, bars, bars // 2, max(bars - 45, 2), max(bars - 20, 2), bars])
    return _market("early_end", _without(table, np.arange(bars)[:, np.newaxis] >= last))


@lru_cache(maxsize=32)
def limit_days(bars: int = 120) -> Bars:
    """Days on which a price jumps to its limit and stays there: open, high, low and close are one."""
    locked = _generator("locked", bars).random((bars, _SYMBOLS)) < 0.08
    locked[0] = False
    table = _prices("limit_days", bars, _SYMBOLS, jumps=np.where(locked, _LIMIT, 0.0), exact=locked)
    for name in ("open", "high", "low"):
        table[name] = np.where(locked, table["close"], table[name])
    return _market("limit_days", table)


@lru_cache(maxsize=32)
def splits(bars: int = 120) -> Bars:
    """Unadjusted prices: a split in four, a split in twenty and a reverse split."""
    table = _prices("splits", bars, _SYMBOLS)
    for column, place, ratio in ((0, bars - 35, 0.25), (1, bars - 15, 0.05), (2, bars // 2, 10.0), (3, bars - 25, 2.0)):
        for name in ("open", "high", "low", "close"):
            table[name][max(place, 1) :, column] *= ratio
    return _market("splits", table)


@lru_cache(maxsize=32)
def flat(bars: int = 120) -> Bars:
    """Prices that do not move: one symbol never, the others for weeks."""
    table = _prices("flat", bars, _SYMBOLS)
    last = table["close"][max(bars - 41, 0)].copy()
    for name in ("open", "high", "low", "close"):
        table[name][max(bars - 40, 1) :] = last
        table[name][:, 0] = 50.0
    return _market("flat", table)


@lru_cache(maxsize=32)
def extreme(bars: int = 120) -> Bars:
    """Prices of a ten-thousandth and of a million side by side."""
    scales = np.array([1e-6, 1e-4, 1.0, 1.0, 1e2, 1e4])
    table = _prices("extreme", bars, _SYMBOLS)
    for name in ("open", "high", "low", "close"):
        table[name] = table[name] * scales
    return _market("extreme", table)


@lru_cache(maxsize=32)
def dark_bars(bars: int = 120) -> Bars:
    """Bars on which nothing trades at all, the benchmark included, often the first of a month."""
    days = pd.bdate_range(_START, periods=bars)
    first_of_month = np.append(True, days.month[1:] != days.month[:-1])
    dark = (first_of_month & (days.month % 2 == 0)) | (_generator("dark", bars).random(bars) < 0.05)
    dark[:2] = False
    table = _prices("dark_bars", bars, _SYMBOLS)
    return _market("dark_bars", _without(table, np.repeat(dark[:, np.newaxis], _SYMBOLS, axis=1)), dark)


SCENES: Mapping[str, Callable[[int], Bars]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            *(ordinary, halts, gaps, zero_volume, one_symbol, crowd, late_start, early_end, limit_days, splits, flat),
            *(extreme, dark_bars),
        )
    }
)
"""Scene by name: a function from a number of bars to `Bars`, always the same ones."""


def another_future(bars: Bars, cut: int, seed: int = 0) -> Bars:
    """Return the same market up to and with bar ``cut``, and another one after it.

    The prices go on from their last close with other returns; who trades on which bar, who ends and what the references
    do is another matter too.
    """
    generator = np.random.default_rng([seed, cut, len(bars)])
    fields = _continued(bars.fields, cut, generator)
    return dataclasses.replace(
        bars,
        fields=fields,
        references={
            role: dataclasses.replace(series, fields=_continued(series.fields, cut, generator), ends=None)
            for role, series in bars.references.items()
        },
        ends=None if bars.ends is None else np.where(bars.ends <= cut, bars.ends, len(bars)),
    )


def with_dead_symbol(bars: Bars) -> Bars:
    """Return the market with one more symbol, in front, that never trades."""
    dead = np.full((len(bars), 1), np.nan)
    return dataclasses.replace(
        bars,
        instruments=(Instrument(symbol="DEAD", lot_size=0.0), *bars.instruments),
        fields={name: np.hstack([dead, values]) for name, values in bars.fields.items()},
        ends=None if bars.ends is None else np.append(len(bars), bars.ends),
    )


def with_series(bars: Bars, fields: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> Bars:
    """Return the market with made-up series in place of the fields and references that it lacks."""
    close = bars.fields["close"]
    more = {
        name: np.where(np.isfinite(close), _generator(name, len(bars)).uniform(1.0, 2.0, close.shape), np.nan)
        for name in fields
        if name not in bars.fields
    }
    references = {
        role: _series(role, len(bars), np.zeros(len(bars), dtype=np.bool_))
        for role in roles
        if role not in bars.references
    }
    if not more and not references:
        return bars
    return dataclasses.replace(bars, fields={**bars.fields, **more}, references={**bars.references, **references})


def copied(bars: Bars) -> Bars:
    """Return the same market in arrays of its own."""
    return dataclasses.replace(
        bars,
        fields={name: values.copy() for name, values in bars.fields.items()},
        references={role: copied(series) for role, series in bars.references.items()},
    )


def _generator(name: str, bars: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(name.encode()), bars])


def _prices(
    name: str, bars: int, columns: int, *, jumps: FloatArray | None = None, exact: BoolArray | None = None
) -> Table:
    """Return random walks whose drift turns every few weeks, so that averages cross."""
    generator = _generator(name, bars)
    waves = 0.006 * np.sin(np.arange(bars)[:, np.newaxis] / (5.0 + np.arange(columns) % 7) + np.arange(columns))
    returns = waves + generator.normal(0.0, 0.012, (bars, 1)) * 0.5 + generator.normal(0.0, 0.012, (bars, columns))
    overnight = generator.normal(0.0, 0.004, (bars, columns))
    if jumps is not None:
        signs = np.where(generator.random((bars, columns)) < 0.5, -1.0, 1.0)
        moved = np.log1p(signs * jumps)
        returns = np.where(exact, moved, returns) if exact is not None else returns + moved
        overnight = overnight + np.where(jumps > 0, 0.9 * moved, 0.0)
    returns[0] = 0.0
    close = np.exp(np.cumsum(returns, axis=0)) * (40.0 + 15.0 * (np.arange(columns) % 9))
    before = np.vstack([close[:1], close[:-1]])
    opened = before * np.exp(overnight)
    spread = np.abs(generator.normal(0.0, 0.006, (2, bars, columns)))
    return {
        "open": opened,
        "high": np.maximum(opened, close) * (1.0 + spread[0]),
        "low": np.minimum(opened, close) * (1.0 - np.minimum(spread[1], 0.5)),
        "close": close,
        "volume": np.round(generator.lognormal(12.0, 0.7, (bars, columns))),
    }


def _without(table: Table, halted: BoolArray) -> Table:
    return {name: np.where(halted, np.nan, values) for name, values in table.items()}


def _market(name: str, table: Table, dark: BoolArray | None = None) -> Bars:
    bars, columns = table["close"].shape
    missing = np.isnan(table["close"])
    last = bars - 1 - (~missing[::-1]).argmax(axis=0)
    none = np.zeros(bars, dtype=np.bool_) if dark is None else dark
    return Bars(
        timestamps=pd.bdate_range(_START, periods=bars).to_numpy(dtype="datetime64[ns]"),
        instruments=tuple(Instrument(symbol=f"S{column:03d}", lot_size=0.0) for column in range(columns)),
        fields=table,
        references={role: _series(role, bars, none) for role in ("benchmark", "vix")},
        stamps=(f"Made-up prices: the scene {name}.",),
        ends=np.where(last < bars - 15, last + 1, bars),
    )


def _series(role: str, bars: int, dark: BoolArray) -> Bars:
    table = _prices(role, bars, 1)
    if role == "vix":
        level = 20.0 * np.exp(np.sin(np.arange(bars) / 17.0))[:, np.newaxis]
        table = dict.fromkeys(("open", "high", "low", "close"), level)
    return Bars(
        timestamps=pd.bdate_range(_START, periods=bars).to_numpy(dtype="datetime64[ns]"),
        instruments=(Instrument(symbol=role.upper(), lot_size=0.0),),
        fields=_without(table, dark[:, np.newaxis]),
    )


def _continued(fields: Mapping[str, FloatArray], cut: int, generator: np.random.Generator) -> Table:
    close = fields["close"]
    bars, columns = close.shape
    rest = bars - cut - 1
    known = pd.DataFrame(close[: cut + 1]).ffill().to_numpy(dtype=np.float64)[-1]
    known = np.where(np.isnan(known), 100.0, known)
    returns = generator.normal(0.0, 0.03, (rest, columns)) + np.where(generator.random(columns) < 0.5, -0.02, 0.02)
    closes = known * np.exp(np.cumsum(np.clip(returns, -0.3, 0.3), axis=0))
    opened = np.vstack([known[np.newaxis], closes[:-1]])[:rest] * np.exp(generator.normal(0.0, 0.01, (rest, columns)))
    halted = generator.random((rest, columns)) < 0.1
    new = {
        "open": opened,
        "high": np.maximum(opened, closes) * 1.01,
        "low": np.minimum(opened, closes) * 0.99,
        "close": closes,
        "volume": np.round(generator.lognormal(12.0, 1.0, (rest, columns))),
    }
    changed: Table = {}
    for name, values in fields.items():
        later = new[name] if name in new else generator.uniform(1.0, 2.0, (rest, columns))
        changed[name] = np.vstack([values[: cut + 1], np.where(halted, np.nan, later)])
    return changed
