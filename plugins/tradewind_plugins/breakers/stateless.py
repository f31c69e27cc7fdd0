"""Breakers that look at the present bar only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tradewind.contracts import Reading
from tradewind.model import Standing
from tradewind_plugins.breakers.levels import leading

if TYPE_CHECKING:
    from tradewind.contracts import BreakerPath, BreakerView

__all__ = ["ConfidenceFloor", "StaleData"]


class _Stateless:
    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember nothing."""

    def rearm(self, view: BreakerView) -> None:
        """Forget nothing."""

    def state(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember nothing."""


class StaleData(_Stateless):
    """Lets positions only become smaller while too few instruments have a price of the present bar.

    Parameters
    ----------
    minimum_fresh
        Smallest part of the tradable instruments that must have one.
    """

    def __init__(
        self,
        minimum_fresh: Annotated[
            float, Field(ge=0.0, le=1.0, description="Smallest part of the instruments with a price of this bar.")
        ] = 0.5,
    ) -> None:
        self._minimum_fresh = minimum_fresh

    def observe(self, view: BreakerView) -> Reading:
        """Compare the part with a price with the smallest one."""
        if view.fresh >= self._minimum_fresh:
            return Reading()
        fresh, needed = 100.0 * view.fresh, 100.0 * self._minimum_fresh
        text = f"{fresh:.4g} % of the instruments have a price of this bar, needed are {needed:.4g} %"
        return Reading(Standing.REDUCE_ONLY, text)

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead have enough prices."""
        return leading(path.fresh >= self._minimum_fresh)


class ConfidenceFloor(_Stateless):
    """Asks for smaller sizes while the regime is uncertain; runs without regimes are not watched.

    Parameters
    ----------
    minimum
        Smallest confidence of the regime estimate.
    """

    def __init__(
        self,
        minimum: Annotated[
            float, Field(ge=0.0, le=1.0, description="Confidence of the regime below which sizes are smaller.")
        ] = 0.3,
    ) -> None:
        self._minimum = minimum

    def observe(self, view: BreakerView) -> Reading:
        """Compare the confidence with its floor."""
        if not view.confidence < self._minimum:
            return Reading()
        text = f"confidence of the regime {view.confidence:.4g}, smaller sizes below {self._minimum:.4g}"
        return Reading(Standing.REDUCED, text)

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars ahead keep above the floor."""
        return leading(~(path.confidence < self._minimum))
