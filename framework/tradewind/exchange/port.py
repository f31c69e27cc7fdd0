"""What the engine needs of whatever executes its orders: the exchange itself, or an order path to a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tradewind.model import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.exchange.accounting import PositionRecord
    from tradewind.exchange.rules import MarkSource, PathPrices
    from tradewind.model import Activity, Instrument, OrderEvent, OrderIntent
    from tradewind.model.typing import FloatArray

__all__ = ["RETRIED", "ExecutionPort"]

RETRIED = frozenset(
    {
        ReasonCode.UNEXPLAINED,
        ReasonCode.OVERTAKEN,
        ReasonCode.OPERATOR,
        ReasonCode.HALTED,
        ReasonCode.MARKET_CLOSED,
        ReasonCode.RATE_LIMIT,
    }
)
"""Reasons that say nothing of the order itself: it is decided anew on the next bar."""


class ExecutionPort(Protocol):
    """Takes batches of intents, tells what became of them, and knows the account as we know it."""

    @property
    def cash(self) -> float:
        """Cash of the account."""
        ...

    @property
    def borrow_costs(self) -> float:
        """What borrowing shares has cost so far."""
        ...

    def process(self, bar: int, quotes: MarkSource, *, years: float = 0.0) -> None:
        """Let a bar happen: what was pending may fill."""
        ...

    def accepts(self) -> bool:
        """Tell whether orders are taken now; asked once a bar, before the first."""
        ...

    def closes(self, instrument: Instrument) -> bool:
        """Tell whether an order that closes a position is taken now, though others are not; asked after `accepts`."""
        ...

    def deliver_late(self, *, closings: bool) -> None:
        """Deliver again what did not arrive: closing orders, or the stops and limits that protect what is held."""
        ...

    def submit(self, intents: Sequence[OrderIntent], costs: Sequence[float] = ()) -> None:
        """Take a batch of intents, decided on the close of the bar last processed, with their costs where known."""
        ...

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Cancel what of these orders is at work."""
        ...

    def poll(self) -> Sequence[OrderEvent]:
        """Return the events since the last poll, in order."""
        ...

    def activities(self) -> Sequence[Activity]:
        """Return what has changed the account without an order since the last call."""
        ...

    def lend(self, credit: float) -> None:
        """Let buys take cash down to ``-credit``."""
        ...

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> object:
        """Close a position without an order: its data have ended, or it has expired."""
        ...

    def positions(self) -> Mapping[Instrument, PositionRecord]:
        """Return what is held."""
        ...

    def quantities(self) -> dict[Instrument, float]:
        """Return the signed quantities held."""
        ...

    def equity(self, marks: Callable[[Instrument], float]) -> float:
        """Return cash plus the value of what is held at these marks."""
        ...

    def equity_path(self, bars: int, marks: Callable[[Instrument], FloatArray]) -> FloatArray:
        """Return the equity on several bars in a row without a trade, shape (bars,)."""
        ...

    def remaining(self, order_id: str) -> float:
        """Return the signed quantity of an order that is still to fill; 0 where it is not at work."""
        ...

    def next_event(self, bar: int, stop: int, prices: PathPrices) -> int:
        """Return the first bar after ``bar`` and before ``stop`` on which it might act, or ``stop``."""
        ...
