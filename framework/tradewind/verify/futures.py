"""Other futures for a history: the same bars up to a cut, and plausible ones behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from tradewind.model.bars import PRICE_FIELDS

if TYPE_CHECKING:
    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["FUTURES", "Future", "known_up_to"]

Future = Callable[["Bars", int, np.random.Generator], "Bars"]
"""Makes of bars, a cut and a source of randomness bars that are the same up to and including the cut."""

_FALL = -0.08
_RISE = 0.08
"""Log return a bar of a crash and of a rally."""
_FURTHEST = 6.0
"""Log distance from the last close at which a path stays: 400 times it, or a 400th."""
_FEWEST_BARS = 3
_USUAL_DEVIATION = 0.02
"""Deviation of log returns where the history before the cut is too short to have one."""


def resampled(bars: Bars, cut: int, generator: np.random.Generator) -> Bars:
    """Return bars whose returns behind the cut are drawn from those before it, with the sign changed at random."""
    return _walk(bars, cut, generator, drift=0.0)


def crash(bars: Bars, cut: int, generator: np.random.Generator) -> Bars:
    """Return bars on which everything falls behind the cut, by 8 % a bar."""
    return _walk(bars, cut, generator, drift=_FALL)


def rally(bars: Bars, cut: int, generator: np.random.Generator) -> Bars:
    """Return bars on which everything rises behind the cut, by 8 % a bar."""
    return _walk(bars, cut, generator, drift=_RISE)


def halted(bars: Bars, cut: int, generator: np.random.Generator) -> Bars:
    """Return bars on which some instruments, drawn at random, have no prices behind the cut."""
    fields = {name: values.copy() for name, values in bars.fields.items()}
    columns = _some(bars, generator)
    for values in fields.values():
        values[cut + 1 :, columns] = np.nan
    return dataclasses.replace(bars, fields=fields)


def ended(bars: Bars, cut: int, generator: np.random.Generator) -> Bars:
    """Return bars in which the data of some instruments, drawn at random, end at the cut; the feed says so."""
    columns = _some(bars, generator)
    columns = columns[bars.end_bars[columns] > cut]
    ends = np.where(bars.end_bars >= len(bars), len(bars), bars.end_bars)
    ends[columns] = cut + 1
    fields = {name: values.copy() for name, values in bars.fields.items()}
    for values in fields.values():
        values[cut + 1 :, columns] = np.nan
    return dataclasses.replace(bars, fields=fields, ends=ends)


def shortened(bars: Bars, cut: int, generator: np.random.Generator) -> Bars:  # noqa: ARG001 - one signature
    """Return the bars up to the cut, and one more: the history knows nothing of the rest."""
    return known_up_to(bars, min(cut + 2, len(bars)))


FUTURES: Mapping[str, Future] = MappingProxyType(
    {
        "resampled": resampled,
        "crash": crash,
        "rally": rally,
        "halted": halted,
        "ended": ended,
        "shortened": shortened,
    }
)


def known_up_to(bars: Bars, stop: int) -> Bars:
    """Return the first bars as a feed would deliver them that knows nothing of later ones."""
    part = bars.between(0, stop)
    return dataclasses.replace(part, ends=None if part.ends is None else np.minimum(part.ends, stop))


def _walk(bars: Bars, cut: int, generator: np.random.Generator, drift: float) -> Bars:
    references = {
        role: dataclasses.replace(series, fields=_walked(series, cut, generator, -drift if role == "vix" else drift))
        for role, series in bars.references.items()
    }
    return dataclasses.replace(bars, fields=_walked(bars, cut, generator, drift), references=references)


def _walked(bars: Bars, cut: int, generator: np.random.Generator, drift: float) -> dict[str, FloatArray]:
    """Return fields whose rows behind the cut are rows before it, scaled to a random walk of the close."""
    ahead = len(bars) - cut - 1
    closes = bars.fields["close"]
    fields = {name: values.copy() for name, values in bars.fields.items()}
    if ahead <= 0:
        return fields
    steps = np.cumsum(_returns(closes[: cut + 1], ahead, generator) + drift, axis=0)
    path = _last(closes[: cut + 1]) * np.exp(np.clip(steps, -_FURTHEST, _FURTHEST))
    drawn = generator.integers(0, cut + 1, size=ahead)
    for name, values in fields.items():
        if name in PRICE_FIELDS:
            with np.errstate(invalid="ignore", divide="ignore"):
                shape = bars.fields[name][drawn] / closes[drawn]
            values[cut + 1 :] = path * np.where(np.isfinite(shape), shape, 1.0)
        else:
            values[cut + 1 :] = _redrawn(name, values, cut, drawn, generator)
    for values in fields.values():
        # Whatever has no price has none of its fields.
        values[cut + 1 :][~np.isfinite(path)] = np.nan
    return fields


def _redrawn(name: str, values: FloatArray, cut: int, drawn: IntArray, generator: np.random.Generator) -> FloatArray:
    """Return rows of a field that is no price; volume is scaled as well, others may be codes and are not."""
    rows = np.where(np.isfinite(values[drawn]), values[drawn], _last(values[: cut + 1]))
    return rows * generator.lognormal(0.0, 0.5, size=rows.shape) if name == "volume" else rows


def _returns(closes: FloatArray, ahead: int, generator: np.random.Generator) -> FloatArray:
    columns = closes.shape[1]
    if len(closes) < _FEWEST_BARS:
        return generator.normal(0.0, _USUAL_DEVIATION, size=(ahead, columns))
    with np.errstate(invalid="ignore", divide="ignore"):
        history = np.diff(np.log(closes), axis=0)
    history = np.where(np.isfinite(history), history, 0.0)
    history[:, ~history.any(axis=0)] = _USUAL_DEVIATION
    signs = generator.choice([-1.0, 1.0], size=(ahead, 1))
    drawn: FloatArray = history[generator.integers(0, len(history), size=ahead)] * signs
    return drawn


def _last(closes: FloatArray) -> FloatArray:
    """Return the last known close of each column; NaN where there is none."""
    there = np.isfinite(closes)
    rows = len(closes) - 1 - there[::-1].argmax(axis=0)
    return np.where(there.any(axis=0), closes[rows, np.arange(closes.shape[1])], np.nan)


def _some(bars: Bars, generator: np.random.Generator) -> IntArray:
    count = len(bars.instruments)
    columns: IntArray = np.sort(generator.permutation(count)[: max(1, count // 2)]).astype(np.int64)
    return columns
