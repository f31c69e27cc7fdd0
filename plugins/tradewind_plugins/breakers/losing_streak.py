"""One losing trade after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tradewind.contracts import Reading
from tradewind.model import Standing

if TYPE_CHECKING:
    from tradewind.contracts import BreakerPath, BreakerView

__all__ = ["LosingStreak"]


class LosingStreak:
    """Asks for smaller sizes after several closed trades in a row have lost, until one wins.

    A trade that neither wins nor loses counts for nothing.

    Parameters
    ----------
    trades
        Losing trades in a row.
    """

    def __init__(
        self,
        trades: Annotated[int, Field(ge=1, description="Losing trades in a row from which sizes are smaller.")] = 5,
    ) -> None:
        self._trades = trades
        self._lost = 0

    def observe(self, view: BreakerView) -> Reading:
        """Count the trades that were closed."""
        for profit in view.closed_trades:
            if profit < 0.0:
                self._lost += 1
            elif profit > 0.0:
                self._lost = 0
        if self._lost < self._trades:
            return Reading()
        return Reading(Standing.REDUCED, f"{self._lost} losing trades in a row, smaller sizes from {self._trades} on")

    def quiet(self, path: BreakerPath) -> int:
        """Return all bars ahead, on which no trade is closed, unless the streak is on."""
        return len(path.equity) if self._lost < self._trades else 0

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember nothing: no trade is closed."""

    def rearm(self, view: BreakerView) -> None:
        """Count from 0."""
        self._lost = 0

    def state(self) -> dict[str, Any]:
        """Return the length of the streak."""
        return {"lost": self._lost}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember the length of the streak."""
        self._lost = state["lost"]
