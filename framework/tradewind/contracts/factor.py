"""Factors: causal transforms of the panel, in a batch form and a step form that are equal to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.bars import Bars
    from tradewind.model.typing import FloatArray

__all__ = ["Factor", "FactorStep", "OnReference"]


@runtime_checkable
class FactorStep(Protocol):
    """The step form: carries state from bar to bar."""

    def step(self, row: Mapping[str, FloatArray]) -> FloatArray:
        """Take the fields of one bar, each of shape (N,), and return the factor's row, shape (N,)."""
        ...


@runtime_checkable
class Factor(Protocol):
    """A causal T x N transform of `Bars`.

    ``needs`` names the fields it reads. A value is NaN until the symbol has enough history of its own; a halted bar
    (NaN in every field) keeps the previous value and adds nothing to the history.

    Optional attribute ``warmup_tolerance: float = 0``: how far a value after the warm-up of the factor's owner may
    differ from that of a longer history, times the value's size where that is above 1. 0 for windows; about 1e-9 where
    sums round otherwise; infinite where it remembers its whole past (an exponential average): it is then restored,
    never warmed up again, and `tradewind verify` names it instead of comparing it.
    """

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields it reads."""
        ...

    def compute(self, bars: Bars) -> FloatArray:
        """Return the factor for all bars, shape (T, N); row t depends on rows up to t only."""
        ...

    def start(self, symbols: int) -> FactorStep:
        """Return a fresh step form for that many columns."""
        ...


@dataclass(frozen=True, slots=True)
class OnReference:
    """Evaluate a factor on a reference series instead of the universe; its rows have shape (1,).

    >>> OnReference("benchmark", factor)  # doctest: +SKIP
    """

    role: str
    factor: Factor
