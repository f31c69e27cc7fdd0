"""Exits: when a position is given up, whatever the strategy thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tradewind.model.market import Market
    from tradewind.model.portfolio import Portfolio
    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["Exit", "RestingExit"]


@runtime_checkable
class Exit(Protocol):
    """Decides on the close of t which positions of a sleeve to close; filled from the next bar on.

    A closed position stays closed until the strategy's next scheduled decision.
    Optional are the attribute ``factors: Mapping[str, Factor] = {}`` and the method ``next_event(path: Path) -> int``,
    the first bar ahead on which `closes` might be True if nothing is traded until then (`tradewind.model.Path`);
    without it every bar with a holding is visited.
    """

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True for each position to close, shape (N,); called on each bar with a holding."""
        ...


@runtime_checkable
class RestingExit(Protocol):
    """An exit that rests at the exchange as a stop or limit order, replaced when its price or the holding changes.

    It is asked on the close of each visited bar with a holding. Optional are the attribute ``factors`` and the method
    ``next_event(path: Path) -> int``, the first bar ahead on whose close a price would change if nothing is traded
    until then; without it every bar with a holding is visited.
    """

    def stop_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return stop prices of shape (N,); NaN where none rests."""
        ...

    def limit_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return limit prices of shape (N,); NaN where none rests."""
        ...
