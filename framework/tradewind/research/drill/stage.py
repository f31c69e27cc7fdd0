"""Where a drill takes place: a stretch of the plan's own prices, and the bar after which something happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import UserError
from tradewind.model import Standing
from tradewind.research.stress.holdings import LEAST_BETA_RETURNS, estimate_betas

if TYPE_CHECKING:
    import pandas as pd

    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray
    from tradewind.research.drill.trial import Trial

__all__ = ["LONGEST_BARS", "Stage", "set_stage"]

LONGEST_BARS = 376
"""The longest drill, the bear market of 2008, with what is looked at after it."""
_NEARLY = 0.9
"""Part of its highest gross exposure from which on an account counts as invested."""
_VOLATILITY_BARS = 60
_HALF_SLACK = 10
"""Bars by which the shock may lie before the middle of the stretch, where the longest drill then has room."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stage:
    """The ordinary prices, and what the plan holds when something happens.

    Parameters
    ----------
    bars
        The stretch, unaltered.
    shock
        Last ordinary bar.
    decision
        First bar, at least five after ``shock``, on which the plan makes orders on the ordinary prices; five after it
        where it makes none.
    betas
        Of each instrument to the market, up to ``shock``, shape (N,); 1 where they are not known.
    weights
        Held at ``shock`` as configured, shape (N,).
    largest
        Column of the largest position at ``shock``.
    volatility
        Standard deviation of the market's returns a bar before ``shock``.
    ordinary
        The plan as configured over the unaltered stretch.
    notes
        What a reader must know.
    """

    bars: Bars
    shock: int
    decision: int
    betas: FloatArray
    weights: FloatArray
    largest: int
    volatility: float
    ordinary: Trial
    notes: tuple[str, ...]

    @property
    def largest_symbol(self) -> str:
        """Symbol of the largest position."""
        return self.bars.symbols[self.largest]

    def largest_before(self, bar: int) -> int:
        """Return the column of the largest position on the bar before one, on the ordinary prices."""
        return int(np.abs(self.ordinary.weights[bar - 1]).argmax())


def set_stage(bars: Bars, ordinary: Trial) -> Stage:
    """Return the stage: the last bar, with room for the longest drill, on which the account is active and invested.

    It is a bar without orders, where there is one, so that nothing is about to be bought or sold. Where the longest
    drill has no room after the first half of the stretch, it is a bar of the first two thirds.

    Raises
    ------
    UserError
        If there is no such bar.
    """
    shock = _shock(bars, ordinary)
    weights = ordinary.weights[shock]
    orders = np.unique(ordinary.tables["orders"]["bar"].to_numpy(dtype=np.int64))
    later = orders[orders >= shock + 5]
    market, told = _market(bars)
    betas = estimate_betas(bars.fields["close"], market, np.array([shock]))[0]
    recent = market[max(shock - _VOLATILITY_BARS, 0) : shock + 1]
    moves = recent[1:] / recent[:-1] - 1.0
    unknown = int(np.isnan(betas).sum())
    notes = [*told]
    if unknown:
        notes.append(f"beta is 1 for {unknown} of {len(betas)} instruments: fewer than {LEAST_BETA_RETURNS} returns")
    if len(bars) > 1 and np.median(np.diff(bars.timestamps)) < np.timedelta64(23, "h"):
        notes.append("bars are shorter than a day: each session of an episode is played as one bar")
    return Stage(
        bars=bars,
        shock=shock,
        decision=min(int(later[0]) if len(later) else shock + 5, len(bars) - 1),
        betas=np.nan_to_num(betas, nan=1.0),
        weights=weights,
        largest=int(np.abs(weights).argmax()),
        volatility=float(np.nanstd(moves, ddof=1)) if np.isfinite(moves).sum() > 1 else 0.01,
        ordinary=ordinary,
        notes=tuple(notes),
    )


def _shock(bars: Bars, ordinary: Trial) -> int:
    room = len(bars) - 1 - LONGEST_BARS
    latest = room if room >= len(bars) // 2 - _HALF_SLACK else 2 * len(bars) // 3
    gross = np.abs(ordinary.weights).sum(axis=1)[: latest + 1]
    active = _active(ordinary.tables["standings"], len(ordinary.equity))[: latest + 1]
    good = active & (gross > 0.0)
    if not good.any():
        span = f"the {len(gross)} bars up to {str(bars.timestamps[latest])[:10]}"
        held = (
            f"whenever the plan holds anything on {span}, a breaker has made its account less than active"
            if gross.any()
            else f"the plan holds nothing on {span}"
        )
        raise UserError(
            f"drill: {held}, so that a shock would meet nothing; give more --bars for a longer warm-up, or another "
            f"--end"
        )
    good &= gross >= _NEARLY * gross[good].max()
    quiet = good.copy()
    quiet[[bar for bar in ordinary.tables["orders"]["bar"].unique() if bar <= latest]] = False
    good = quiet if quiet.any() else good
    return int(np.flatnonzero(good)[-1])


def _active(standings: pd.DataFrame, bars: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    active = np.ones(bars, dtype=np.bool_)
    for bar, after in zip(standings["bar"], standings["after"], strict=True):
        active[int(bar) :] = after == Standing.ACTIVE.word
    return active


def _market(bars: Bars) -> tuple[FloatArray, list[str]]:
    """Return the market's closes, shape (T,): the benchmark's, else of an equal-weighted index of what trades."""
    if "benchmark" in bars.references:
        return bars.references["benchmark"].fields["close"][:, 0], []
    closes = bars.fields["close"]
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = closes[1:] / closes[:-1] - 1.0
    there = np.isfinite(moves)
    mean = np.where(there, moves, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    index = np.concatenate([[1.0], np.cumprod(1.0 + mean)])
    return index, ["no benchmark: the market is the equal-weighted mean of the instruments"]
