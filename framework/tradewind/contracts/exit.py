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
    Optional attribute: ``factors: Mapping[str, Factor] = {}``.
    """

    def closes(self, market: Market, portfolio: Portfolio) -> BoolArray:
        """Return True for each position to close, shape (N,); called on each bar with a holding."""
        ...


@runtime_checkable
class RestingExit(Protocol):
    """An exit that rests at the exchange as a stop or limit order, good for the next bar and renewed on every close."""

    def stop_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return stop prices of shape (N,); NaN where none rests."""
        ...

    def limit_prices(self, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return limit prices of shape (N,); NaN where none rests."""
        ...
