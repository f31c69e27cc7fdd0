"""Orders that wait: buys for the sells that pay for them, replacements for the end of what they replace."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tradewind.model import OrderState, OrderType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tradewind.contracts import BrokerCapabilities
    from tradewind.model import Instrument, OrderIntent
    from tradewind.orders.machine import Order
    from tradewind.orders.room import Room

__all__ = ["WaitingOrders", "sells_with", "unsupported", "waits_for_sales"]


_LITTLE = 1e-3
"""Part of the buys' value for which none of them is given up: dust that was not sold."""
_ROUNDING = 1e-9
"""Quantity by which a sale of everything may exceed what is held."""


class _Held(NamedTuple):
    intents: tuple[OrderIntent, ...]
    blockers: Mapping[str, float]
    """Orders that must end first, with what they had filled."""
    since: float
    patient: bool
    """Whether they wait as long as it takes."""
    apart: Collection[str]
    """Those of the blockers without whose room they were decided."""


class WaitingOrders:
    """Orders held back until others have ended.

    Buys wait for the sells of their batch, for a time. Those for which the sells have made no room by then are given
    up, and decided anew. What replaces an order that is being cancelled waits as long as it takes: both could fill.

    Parameters
    ----------
    clock
        Tells seconds.
    longest_wait_seconds
        After which buys wait no more for their sells.
    """

    def __init__(self, clock: Callable[[], float], longest_wait_seconds: float) -> None:
        self._clock = clock
        self._longest_wait_seconds = longest_wait_seconds
        self._held: list[_Held] = []

    def __bool__(self) -> bool:
        return bool(self._held)

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._names()

    def hold(
        self,
        intents: Sequence[OrderIntent],
        blockers: Mapping[str, float],
        *,
        patient: bool,
        apart: Collection[str] = (),
    ) -> None:
        """Hold orders back until others, of which so much is filled, have ended.

        ``apart``: those of the others without whose room they were decided; they need it only for its cash.
        """
        if intents:
            self._held.append(_Held(tuple(intents), dict(blockers), self._clock(), patient, apart))

    def hold_replacements(
        self,
        intents: Sequence[OrderIntent],
        at_work: Iterable[Order],
        to_cancel: Collection[str],
        held: Callable[[Instrument], float],
    ) -> list[OrderIntent]:
        """Hold back what must not go before what is being cancelled has ended; return the rest.

        An order for the same instrument waits as long as it takes. Other buys wait, for a time, for purchases of more
        than is wanted now: they were decided with the cash that these would take.
        """
        ending: dict[Instrument, list[Order]] = {}
        for order in at_work:
            if order.state is OrderState.CANCEL_PENDING or order.order_id in to_cancel:
                ending.setdefault(order.intent.instrument, []).append(order)
        if not ending:
            return list(intents)
        for intent in intents:
            if intent.instrument in ending:
                self.hold([intent], _filled(ending[intent.instrument]), patient=True)
        rest = [intent for intent in intents if intent.instrument not in ending]
        taking = _purchases_of_more(ending, intents)
        if not taking:
            return rest
        replaced = {order.intent.instrument for order in taking}
        others = [intent for intent in intents if intent.instrument not in replaced]
        buys = [intent for intent in others if waits_for_sales(intent, held(intent.instrument))]
        self.hold(buys, _filled(taking), patient=False)
        return [intent for intent in rest if intent not in buys]

    def overtaken(self, orders: Mapping[str, Order]) -> set[str]:
        """Return the replacements whose predecessors have filled further since: their quantities are wrong now."""
        return {
            intent.order_id
            for held in self._held
            for intent in held.intents
            if held.patient and any(orders[name].filled != filled for name, filled in held.blockers.items())
        }

    def unpaid(self, order_ids: Collection[str], room: Room, given_up: Collection[str]) -> set[str]:
        """Return the buys among orders that are to go now, last ones first, for which there is no room.

        Their sells have not made it, or what was being cancelled has taken it.
        """
        found: set[str] = set()
        for held in self._held:
            going = [intent for intent in held.intents if intent.order_id in order_ids and not held.patient]
            if not going:
                continue
            needed = math.fsum(room.needed(intent) for intent in going)
            lacking = math.fsum(room.lacking(name) for name in held.blockers if name not in held.apart)
            lost = math.fsum(room.lacking(name) for name in held.apart)
            lost += math.fsum(room.spent(name, filled) for name, filled in held.blockers.items())
            if lost:
                unpaid = needed - room.free_cash({*given_up, *(intent.order_id for intent in going)})
                lacking = max(lacking, min(lacking + lost, unpaid))
            if lacking <= _LITTLE * needed:
                continue
            for intent in reversed(going):
                if lacking > 0.0:
                    found.add(intent.order_id)
                    lacking -= room.needed(intent)
        return found

    def remove(self, order_ids: Collection[str]) -> None:
        """Hold these no more."""
        kept = [
            held._replace(intents=tuple(one for one in held.intents if one.order_id not in order_ids))
            for held in self._held
        ]
        self._held = [held for held in kept if held.intents]

    def due(self, at_work: Collection[str]) -> list[str]:
        """Return the orders whose blockers are no longer at work, and the buys whose sells have taken too long.

        What replaces an order and is paid for by sales waits for both.
        """
        latest = self._clock() - self._longest_wait_seconds
        waiting = {
            intent.order_id
            for held in self._held
            for intent in held.intents
            if (held.patient or held.since > latest) and any(name in at_work for name in held.blockers)
        }
        return [name for name in dict.fromkeys(self._names()) if name not in waiting]

    def _names(self) -> list[str]:
        return [intent.order_id for held in self._held for intent in held.intents]


def _filled(orders: Iterable[Order]) -> dict[str, float]:
    return {order.order_id: order.filled for order in orders}


def _purchases_of_more(ending: Mapping[Instrument, Sequence[Order]], intents: Sequence[OrderIntent]) -> list[Order]:
    """Return the market orders to buy among those that end, of instruments of which less is to be bought now."""
    wanted: dict[Instrument, float] = {}
    for intent in intents:
        wanted[intent.instrument] = wanted.get(intent.instrument, 0.0) + max(intent.quantity, 0.0)
    found: list[Order] = []
    for instrument, orders in ending.items():
        bought = [one for one in orders if one.intent.order_type is OrderType.MARKET and one.remaining > 0.0]
        if math.fsum(one.remaining for one in bought) > wanted.get(instrument, 0.0):
            found += bought
    return found


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


def waits_for_sales(intent: OrderIntent, held: float) -> bool:
    """Whether a buy is paid for by sales: a stop neither pays nor waits, and what only covers a short must not wait."""
    return intent.order_type is OrderType.MARKET and intent.quantity > max(-held, 0.0)


def sells_with(order: Order, intents: Sequence[OrderIntent]) -> bool:
    """Whether an order at work is a sale that was decided together with others."""
    same = bool(intents) and order.intent.bar == intents[0].bar
    return same and order.intent.quantity < 0.0 and order.intent.order_type is OrderType.MARKET
