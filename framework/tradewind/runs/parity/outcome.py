"""What a comparison of a paper session with its backtest comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PARTS", "Parity", "RecordDifference"]

PARTS = ("data", "gate", "fill_time", "fill_price", "cost", "outside", "decision")
"""Causes, in the order in which one after the other is replaced."""


@dataclass(frozen=True, slots=True)
class RecordDifference:
    """The first journal entries that differ: bar, time and kind, and both payloads; empty where there is none."""

    bar: int
    time: str
    kind: str
    paper: str
    backtest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """A paper session and the backtest of its plan, side by side.

    Parameters
    ----------
    session, name, finished
        The session; one that has not finished is compared up to its last complete bar.
    bars, start, end
        Number of bars compared, and their first and last time.
    paper_profit, backtest_profit, replay_profit
        Profit in cash of paper, of the backtest it is held against, and of a backtest over the recorded bars.
    parts
        Cause to its part of ``paper_profit - backtest_profit``, in the order of `PARTS`.
    cost_parts
        Cost component to its part of the cost's; ``consequences`` is what later decisions made of them.
    rounding
        What floating-point addition leaves between the parts and their total.
    band
        Largest difference, as a fraction of the backtest's profit, that counts as within.
    same_decisions
        Whether paper's journal equals that of the backtest over the recorded bars.
    first_difference
        Their first difference; None where they are equal.
    explained
        Whether the plan, given paper's bars and executions, decides what paper decided: all of it, or, where an
        operator acted, all before that.
    first_unexplained
        The first decision that it does not, None where there is none.
    commands
        Bar and command of what operators asked of the session.
    first_operated
        The first decision since an operator's command that is not the plan's; None where there is none, or an
        unexplained one before.
    data_difference
        The first recorded value that the feed's history has otherwise; empty where there is none.
    counts
        Orders that were refused, filled at another time, at another price and at other costs than in the backtest.
    notes
        What a reader must know about the figures.
    """

    session: int
    name: str
    finished: bool
    bars: int
    start: str
    end: str
    paper_profit: float
    backtest_profit: float
    replay_profit: float
    parts: Mapping[str, float]
    cost_parts: Mapping[str, float]
    rounding: float
    band: float
    same_decisions: bool
    first_difference: RecordDifference | None
    explained: bool
    first_unexplained: RecordDifference | None
    commands: tuple[tuple[int, str], ...]
    first_operated: RecordDifference | None
    data_difference: str
    counts: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def difference(self) -> float:
        """What paper made more than the backtest, in cash."""
        return self.paper_profit - self.backtest_profit

    @property
    def within_band(self) -> bool:
        """Whether the difference is at most ``band`` of the backtest's profit."""
        return abs(self.difference) <= self.band * abs(self.backtest_profit)

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "session": self.session,
            "name": self.name,
            "finished": self.finished,
            "bars": self.bars,
            "start": self.start,
            "end": self.end,
            "paper_profit": self.paper_profit,
            "backtest_profit": self.backtest_profit,
            "replay_profit": self.replay_profit,
            "difference": self.difference,
            "parts": dict(self.parts),
            "cost_parts": dict(self.cost_parts),
            "rounding": self.rounding,
            "band": self.band,
            "within_band": self.within_band,
            "same_decisions": self.same_decisions,
            "first_difference": _plain(self.first_difference),
            "explained": self.explained,
            "first_unexplained": _plain(self.first_unexplained),
            "commands": [{"bar": bar, "command": command} for bar, command in self.commands],
            "first_operated": _plain(self.first_operated),
            "data_difference": self.data_difference,
            "counts": dict(self.counts),
            "notes": list(self.notes),
        }


def _plain(difference: RecordDifference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {name: getattr(difference, name) for name in RecordDifference.__slots__}
