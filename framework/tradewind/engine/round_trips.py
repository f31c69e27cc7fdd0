"""Profits of the account's round trips, as they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.model import Fill

__all__ = ["RoundTrips"]

_DUST = 1e-9
"""Part of the trade below which what is left of a position is none."""

_FLAT = (0.0, 0.0)


class RoundTrips:
    """Adds up what each position has cost and brought, from flat to flat or to the other side."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[float, float]] = {}
        self._closed: list[float] = []
        self._added: list[Fill] = []

    def add(self, fill: Fill) -> None:
        """Take note of an execution."""
        self._added.append(fill)

    def adjust(self, symbol: str, quantity: float, cash_flow: float) -> None:
        """Let a position change without a trade: a split, an assignment."""
        self._sum()
        held, flow = self._open.get(symbol, (0.0, 0.0))
        if held + quantity:
            self._open[symbol] = (held + quantity, flow + cash_flow)
        else:
            self._open.pop(symbol, None)

    def take(self) -> tuple[float, ...]:
        """Return the profits of the round trips that were closed since the last call."""
        self._sum()
        if not self._closed:
            return ()
        closed, self._closed = tuple(self._closed), []
        return closed

    def _sum(self) -> None:
        """Add up the executions since the last time, in one loop: a backtest has a hundred thousand."""
        positions, closed = self._open, self._closed
        for _, _, instrument, quantity, price, commission, spread, slippage, impact in self._added:
            paid = -quantity * price * instrument.multiplier - (commission + spread + slippage + impact)
            symbol = instrument.symbol
            held, flow = positions.get(symbol, _FLAT)
            after = held + quantity
            if held * quantity >= 0.0:
                positions[symbol] = (after, flow + paid)
            elif abs(after) <= _DUST * abs(quantity):
                closed.append(flow + paid)
                del positions[symbol]
            elif held * after > 0.0:
                positions[symbol] = (after, flow + paid)
            else:
                part = -held / quantity
                closed.append(flow + paid * part)
                positions[symbol] = (after, paid * (1.0 - part))
        self._added.clear()
