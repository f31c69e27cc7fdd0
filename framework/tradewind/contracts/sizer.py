"""Sizers: signals to weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tradewind.model.market import Market
    from tradewind.model.portfolio import Portfolio
    from tradewind.model.signals import Signals
    from tradewind.model.typing import FloatArray

__all__ = ["Sizer"]


@runtime_checkable
class Sizer(Protocol):
    """Turns a strategy's opinion into weights of the sleeve's capital.

    Optional attributes: ``factors: Mapping[str, Factor] = {}``; ``signal_fields: tuple[str, ...] = ("scores",)``, the
    fields of `Signals` it needs.
    """

    @property
    def max_weight(self) -> float:
        """Bound on the absolute weight of one instrument."""
        ...

    @property
    def budget(self) -> float:
        """Bound on the sum of absolute weights."""
        ...

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return signed weights of shape (N,), finite; 0 where nothing is to be held (also where not tradable)."""
        ...
