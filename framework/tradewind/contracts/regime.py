"""Regime detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tradewind.model.market import Market
    from tradewind.model.signals import RegimeEstimate

__all__ = ["Regime"]


@runtime_checkable
class Regime(Protocol):
    """Estimates the state of the market at bar t from data up to t.

    Optional attributes: ``warmup: int = 0`` (bars before the first estimate; until then the
    regime is the first label), ``factors: Mapping[str, Factor | OnReference] = {}`` and
    ``warmup_tolerance: float = 0``: how far a probability or the confidence after ``warmup`` may differ from that of a
    longer history; infinite where it remembers its whole past (hysteresis), which is then restored and never warmed up
    again.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels it may return, calmest first."""
        ...

    def estimate(self, market: Market) -> RegimeEstimate:
        """Return label, probabilities and confidence at ``market.bar``; called on every bar after ``warmup``."""
        ...
