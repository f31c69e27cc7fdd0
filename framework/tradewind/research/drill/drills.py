"""The drills: what each does to the prices or to the strategy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import UserError, choices
from tradewind.research.drill import alter, market
from tradewind.research.drill.runaway import MOST_DOUBLINGS, Factor, doubled, flipped
from tradewind.research.drill.stage import Stage

if TYPE_CHECKING:
    from tradewind.model import Bars
    from tradewind.model.typing import IntArray

__all__ = ["AFTERMATH_BARS", "DRILLS", "Altered", "Drill", "find_drills"]

AFTERMATH_BARS = 21
"""Bars looked at after the last altered one: those that a reaction needs."""
_GAP = -0.15
_HALT_BARS = 10
_HALT_RETURN = -0.40
_STALE_BARS = 5
_SILENT_BARS = 10
_TOGETHER_BARS = 40
_TOGETHER_RETURN = -0.003
_WRONG_FACTOR = 10.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Altered:
    """Prices, or a strategy, with something done to them.

    Parameters
    ----------
    bars
        The altered history.
    first, last
        Bars on which something is done.
    said
        What exactly.
    runaway
        What the strategy's wishes are multiplied by; None leaves it alone.
    """

    bars: Bars
    first: int
    last: int
    said: str
    runaway: Factor | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill by name.

    Parameters
    ----------
    name, title
        On the command line, and for people.
    alter
        Makes the altered history of a stage; a text where the drill does not apply, saying why.
    """

    name: str
    title: str
    alter: Callable[[Stage, np.random.Generator], Altered | str]


def _gap(stage: Stage, _: np.random.Generator) -> Altered:
    bars = alter.moved(stage.bars, stage.shock + 1, _alone(stage, [_GAP]), overnight=1.0)
    said = f"{stage.largest_symbol} opens {_GAP:+.0%}, and stays there"
    return Altered(bars=bars, first=stage.shock + 1, last=stage.shock + 1, said=said)


def _halt(stage: Stage, _: np.random.Generator) -> Altered:
    first, last = stage.shock + 1, stage.shock + _HALT_BARS + 1
    empty = alter.without_prices(stage.bars, slice(first, last), np.array([stage.largest]))
    bars = alter.moved(empty, last, _alone(stage, [_HALT_RETURN]), overnight=1.0)
    said = f"{stage.largest_symbol} has no prices for {_HALT_BARS} bars, then opens {_HALT_RETURN:+.0%}"
    return Altered(bars=bars, first=first, last=last, said=said)


def _stale(stage: Stage, random: np.random.Generator) -> Altered:
    first = stage.decision - _STALE_BARS + 1
    largest = stage.largest_before(first)
    columns = _half(stage, largest, random)
    bars = alter.without_prices(stage.bars, slice(first, stage.decision + 1), columns)
    said = f"{_part(stage, columns, largest)} have no price for {_STALE_BARS} bars"
    return Altered(bars=bars, first=first, last=stage.decision, said=said)


def _frozen(stage: Stage, random: np.random.Generator) -> Altered:
    first = stage.decision - _STALE_BARS + 1
    largest = stage.largest_before(first)
    columns = _half(stage, largest, random)
    bars = alter.frozen(stage.bars, first, _STALE_BARS, columns)
    said = f"{_part(stage, columns, largest)} repeat their last price for {_STALE_BARS} bars, as if it were new"
    return Altered(bars=bars, first=first, last=stage.decision, said=said)


def _silent(stage: Stage, _: np.random.Generator) -> Altered:
    first, last = stage.shock + 1, stage.shock + _SILENT_BARS
    columns = np.arange(len(stage.bars.instruments))
    bars = alter.without_prices(stage.bars, slice(first, last + 1), columns)
    said = f"no instrument has a price for {_SILENT_BARS} bars; then they go on"
    return Altered(bars=bars, first=first, last=last, said=said)


def _ends(stage: Stage, _: np.random.Generator) -> Altered:
    first = stage.shock + 1
    said = "all data ends, and does not come back"
    return Altered(bars=alter.ended(stage.bars, first), first=first, last=first, said=said)


def _wrong(factor: float) -> Callable[[Stage, np.random.Generator], Altered]:
    def make(stage: Stage, _: np.random.Generator) -> Altered:
        return _misquoted(stage, stage.largest_before(stage.decision), factor, "the largest position")

    return make


def _wrong_elsewhere(stage: Stage, random: np.random.Generator) -> Altered | str:
    trades = np.isfinite(stage.bars.fields["close"][stage.decision])
    empty = np.flatnonzero(trades & (stage.ordinary.weights[stage.decision - 1] == 0.0))
    if not len(empty):
        return "everything is held"
    return _misquoted(stage, int(random.choice(empty)), _WRONG_FACTOR, "not held")


def _misquoted(stage: Stage, column: int, factor: float, what: str) -> Altered:
    bars = alter.misquoted(stage.bars, stage.decision, column, factor)
    word = f"x {factor:g}" if factor > 1.0 else f"/ {1.0 / factor:g}"
    said = f"one close of {stage.bars.symbols[column]}, {what}, is {word}; the next is right again"
    return Altered(bars=bars, first=stage.decision, last=stage.decision, said=said)


def _together(stage: Stage, _: np.random.Generator) -> Altered | str:
    if no_room := _no_room(stage, _TOGETHER_BARS):
        return no_room
    fall = np.full(_TOGETHER_BARS, _TOGETHER_RETURN)
    bars = market.moved_market(stage, fall, betas=np.ones(len(stage.betas)), overnight=0.5)
    said = f"all instruments and the benchmark fall by {-_TOGETHER_RETURN:.1%} a bar, {_TOGETHER_BARS} bars long"
    return Altered(bars=bars, first=stage.shock + 1, last=stage.shock + _TOGETHER_BARS, said=said)


def _runaway(factor: Factor, said: str) -> Callable[[Stage, np.random.Generator], Altered]:
    def make(stage: Stage, _: np.random.Generator) -> Altered:
        first = stage.shock + 1
        return Altered(bars=stage.bars, first=first, last=first, said=said, runaway=factor)

    return make


def _crash(stage: Stage, random: np.random.Generator) -> Altered | str:
    returns, vix, said = market.crash_of_1987(stage, random)
    return _episode(stage, returns, vix, said)


def _shipped(name: str) -> Callable[[Stage, np.random.Generator], Altered | str]:
    def make(stage: Stage, _: np.random.Generator) -> Altered | str:
        return _episode(stage, *market.path_of(name))

    return make


def _flash(stage: Stage, _: np.random.Generator) -> Altered | str:
    if "low" not in stage.bars.fields:
        return "the feed has no lows: nothing happens between two closes"
    low, close = market.flash_crash()
    bars = alter.plunged(stage.bars, stage.shock + 1, stage.betas * low, stage.betas * close)
    bars = market.moved_references(stage, bars, np.array([close]), None)
    said = f"the market falls to {low:+.1%} within one bar and closes at {close:+.1%}; instruments by their betas"
    return Altered(bars=bars, first=stage.shock + 1, last=stage.shock + 1, said=said)


def _episode(stage: Stage, returns: market.Returns, vix: float | None, said: str) -> Altered | str:
    if no_room := _no_room(stage, len(returns)):
        return no_room
    bars = market.moved_market(stage, returns, betas=stage.betas, overnight=0.5, vix_level=vix)
    first, last = stage.shock + 1, stage.shock + len(returns)
    return Altered(bars=bars, first=first, last=last, said=f"{said}; instruments by their betas")


def _no_room(stage: Stage, bars: int) -> str:
    """Return what is missing for so many altered bars and one after them; nothing where there is room."""
    there = len(stage.bars) - 1 - stage.shock
    return "" if there > bars else f"needs {bars + 1} bars after the shock, there are {there}; give more --bars"


def _alone(stage: Stage, returns: Sequence[float]) -> market.Returns:
    """Return returns of the largest position, and none of the others, shape (K, N)."""
    every = np.full((len(returns), len(stage.bars.instruments)), np.nan)
    every[:, stage.largest] = returns
    return every


def _half(stage: Stage, largest: int, random: np.random.Generator) -> IntArray:
    """Return half of the instruments, rounded up: the largest position and others drawn by the seed."""
    columns = len(stage.bars.instruments)
    others = np.delete(np.arange(columns), largest)
    drawn = random.choice(others, size=(columns + 1) // 2 - 1, replace=False)
    return np.sort(np.append(drawn, largest)).astype(np.int64)


def _part(stage: Stage, columns: IntArray, largest: int) -> str:
    count = len(stage.bars.instruments)
    return f"{len(columns)} of {count} instruments, {stage.bars.symbols[largest]} among them,"


DRILLS = (
    Drill("crash_1987", "Crash of October 1987", _crash),
    Drill("slow_bear_2008", "Bear market of 2007-2009", _shipped("crisis_2008")),
    Drill("covid_2020", "COVID-19 crash", _shipped("covid_2020")),
    Drill("overnight_gap", "Gap in the largest position", _gap),
    Drill("trading_halt", "Halt of the largest position", _halt),
    Drill("flash_crash", "Flash crash within a bar", _flash),
    Drill("correlated_losses", "Everything loses together", _together),
    Drill("stale_quotes", "Half of the quotes missing", _stale),
    Drill("frozen_quotes", "Half of the quotes frozen", _frozen),
    Drill("feed_silent", "Feed silent for two weeks", _silent),
    Drill("feed_ends", "Feed dies", _ends),
    Drill("wrong_price_up", "Wrong price, ten times", _wrong(_WRONG_FACTOR)),
    Drill("wrong_price_down", "Wrong price, a tenth", _wrong(1.0 / _WRONG_FACTOR)),
    Drill("wrong_price_elsewhere", "Wrong price of another", _wrong_elsewhere),
    Drill(
        "runaway_double",
        "Strategy doubles its orders",
        _runaway(doubled, f"on every bar the strategy wants twice as much, {MOST_DOUBLINGS} times over"),
    ),
    Drill(
        "runaway_flip",
        "Strategy in and out",
        _runaway(flipped, "the strategy sells everything on one bar and buys it back on the next"),
    ),
)
"""In the order they are shown."""


def find_drills(names: Sequence[str] = ()) -> tuple[Drill, ...]:
    """Return drills by name, in the order they are shown; without names, all.

    Raises
    ------
    UserError
        If there is no such drill.
    """
    known = {one.name: one for one in DRILLS}
    for name in names:
        if name not in known:
            raise UserError(f"--drill: no drill {name!r}; {choices(name, known)}")
    return tuple(one for one in DRILLS if not names or one.name in names)
