"""Profits of the account's round trips, as they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.model import Fill, Instrument

__all__ = ["RoundTrips"]

_DUST = 1e-9
"""Part of the trade below which what is left of a position is none."""


class RoundTrips:
    """Adds up what each position has cost and brought, from flat to flat or to the other side."""

    def __init__(self) -> None:
        self._open: dict[Instrument, tuple[float, float]] = {}
        self._closed: list[float] = []

    def add(self, fill: Fill) -> None:
        """Take note of an execution."""
        instrument = fill.instrument
        held, flow = self._open.get(instrument, (0.0, 0.0))
        after = held + fill.quantity
        if held * fill.quantity >= 0.0:
            self._open[instrument] = (after, flow + fill.cash_flow)
            return
        if abs(after) <= _DUST * abs(fill.quantity):
            self._closed.append(flow + fill.cash_flow)
            del self._open[instrument]
        elif held * after > 0.0:
            self._open[instrument] = (after, flow + fill.cash_flow)
        else:
            part = -held / fill.quantity
            self._closed.append(flow + fill.cash_flow * part)
            self._open[instrument] = (after, fill.cash_flow * (1.0 - part))

    def take(self) -> tuple[float, ...]:
        """Return the profits of the round trips that were closed since the last call."""
        if not self._closed:
            return ()
        closed, self._closed = tuple(self._closed), []
        return closed
