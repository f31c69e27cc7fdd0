"""Levels of a loss or a measure, and how many bars stay below the first."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from tradewind.contracts import Reading
from tradewind.errors import ConfigError
from tradewind.model import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["Level", "LossLevels", "leading", "require_rising"]

_SLACK = 1.0 + 1e-9
"""A loss that is exactly at its level has reached it, whatever the last digit."""


class Level(NamedTuple):
    """What is wanted of an account from a level on.

    Parameters
    ----------
    word
        Its name in messages and in the configuration.
    at
        The level.
    standing
        What it wants.
    """

    word: str
    at: float
    standing: Standing


class LossLevels:
    """Three levels of a loss, as fractions of an equity before it: smaller sizes, halt and kill.

    Parameters
    ----------
    what
        Name of the loss: ``drawdown``.
    warn, halt, kill
        Levels, rising.

    Raises
    ------
    ConfigError
        If the levels do not rise.
    """

    def __init__(self, what: str, *, warn: float, halt: float, kill: float) -> None:
        self._what = what
        self._levels = (
            Level("warn", warn, Standing.REDUCED),
            Level("halt", halt, Standing.HALTED),
            Level("kill", kill, Standing.KILLED),
        )
        require_rising(self._levels)

    def reading(self, equity: float, before: float, killed_from: float | None = None) -> Reading:
        """Return what an equity means that was once another; a kill may be measured from an equity of its own."""
        for level in reversed(self._levels):
            reference = before if killed_from is None or level.standing is not Standing.KILLED else killed_from
            if not equity > _floor(reference, level.at):
                loss = 100.0 * (1.0 - equity / reference) if reference > 0.0 else 100.0
                return Reading(level.standing, f"{self._what} {loss:.4g} %, {level.word} at {100.0 * level.at:.4g} %")
        return Reading()

    def quiet(self, equity: FloatArray, before: FloatArray, killed_from: FloatArray | None = None) -> int:
        """Return how many of the first bars stay below every level, shape (T,) each."""
        good = equity > _floors(before, self._levels[0].at)
        if killed_from is not None:
            good &= equity > _floors(killed_from, self._levels[-1].at)
        return leading(good)


def _floor(before: float, level: float) -> float:
    return before * (1.0 - level) * _SLACK


def _floors(before: FloatArray, level: float) -> FloatArray:
    # The order of the operations is that of `_floor`: to the last digit the same.
    floors: FloatArray = before * (1.0 - level) * _SLACK
    return floors


def leading(good: BoolArray) -> int:
    """Return how many entries are true before the first that is not."""
    return len(good) if good.all() else int(good.argmin())


def require_rising(levels: Sequence[Level]) -> None:
    """Raise where a level lies below the one before it.

    Raises
    ------
    ConfigError
        It names the two.
    """
    for lower, higher in itertools.pairwise(levels):
        if lower.at > higher.at:
            raise ConfigError(
                f"{lower.word} is {lower.at:g} and {higher.word} is {higher.at:g}; the levels must rise: "
                f"{' <= '.join(level.word for level in levels)}"
            )
