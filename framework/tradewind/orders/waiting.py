"""Buys that wait for the sells that pay for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tradewind.contracts import BrokerCapabilities
    from tradewind.model import OrderIntent

__all__ = ["WaitingBuys", "unsupported"]


_ROUNDING = 1e-9
"""Quantity by which a sale of everything may exceed what is held."""


class _Held(NamedTuple):
    intents: tuple[OrderIntent, ...]
    blockers: frozenset[str]
    since: float


class WaitingBuys:
    """Buys held back until the sells of their batch have ended, or have taken too long.

    Parameters
    ----------
    clock
        Tells seconds.
    longest_wait_seconds
        After which buys go without their sells.
    """

    def __init__(self, clock: Callable[[], float], longest_wait_seconds: float) -> None:
        self._clock = clock
        self._longest_wait_seconds = longest_wait_seconds
        self._held: list[_Held] = []

    def __bool__(self) -> bool:
        return bool(self._held)

    def __contains__(self, order_id: str) -> bool:
        return any(order_id == intent.order_id for held in self._held for intent in held.intents)

    def hold(self, buys: Sequence[OrderIntent], sells: Sequence[OrderIntent]) -> None:
        """Hold buys back for sells."""
        if buys:
            self._held.append(_Held(tuple(buys), frozenset(one.order_id for one in sells), self._clock()))

    def remove(self, order_ids: Collection[str]) -> None:
        """Hold these no more."""
        kept = [
            held._replace(intents=tuple(one for one in held.intents if one.order_id not in order_ids))
            for held in self._held
        ]
        self._held = [held for held in kept if held.intents]

    def due(self, at_work: Collection[str]) -> list[str]:
        """Return the buys whose sells are no longer at work, or have taken too long."""
        now = self._clock()
        return [
            intent.order_id
            for held in self._held
            for intent in held.intents
            if now - held.since >= self._longest_wait_seconds or held.blockers.isdisjoint(at_work)
        ]


def unsupported(intent: OrderIntent, can: BrokerCapabilities, held: float) -> str:
    """Return why a broker cannot take an order for an instrument of which so much is held; empty where it can."""
    if intent.order_type not in can.order_types:
        return f"unsupported: {intent.order_type} orders"
    if intent.time_in_force not in can.times_in_force:
        return f"unsupported: time in force {intent.time_in_force}"
    if not can.fractional and intent.quantity != int(intent.quantity):
        return "unsupported: fractional quantities"
    if (intent.parent_id or intent.oca_group) and not can.links:
        return "unsupported: linked orders"
    if not can.shorts and intent.quantity < 0.0 and not intent.parent_id and held + intent.quantity < -_ROUNDING:
        return "unsupported: short sales"
    return ""
