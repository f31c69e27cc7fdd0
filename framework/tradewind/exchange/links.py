"""Orders that depend on others: brackets, and groups of which one cancels the others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.model import OrderEventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.exchange.working import WorkingOrder

__all__ = ["Links"]

_ROUNDING = 1e-12
"""Relative to an order; what subtractions leave of it is nothing."""


class Links:
    """What happens to other orders when one is executed or ends.

    A bracket follows ``BackBroker._bracketize`` of Backtrader: children wait until their parent is filled, and work
    from the next bar on; any of its orders that ends, by a fill or without, ends the others, but for a parent whose
    fill is what the children wait for. A group follows IBKR's "one cancels all" with reduction: the order that is
    filled cancels the others, one filled in part takes as much from them; one that ends without a fill leaves them.
    Backtrader's ``oco`` cancels the others in these cases too.

    The children of a bracket are also a group. Children shrink with their parent, and an order that was reduced ends as
    cancelled when the rest is filled, since the quantity that was ordered will never be executed.

    Parameters
    ----------
    working
        The orders at work, by id, in the order of the queue; those that end are taken out of it.
    emit
        Tells of an event: id, kind and reason.
    """

    def __init__(self, working: dict[str, WorkingOrder], emit: Callable[[str, OrderEventKind, str, int], None]) -> None:
        self._working = working
        self._emit = emit
        self._groups: dict[str, dict[str, WorkingOrder]] = {}
        self._children: dict[str, dict[str, WorkingOrder]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups or self._children)

    def refusal(self, order: WorkingOrder) -> str:
        """Return ``parent`` where the parent is not at work, ``oca`` where both are in one group, or nothing."""
        if not order.parent_id:
            return ""
        parent = self._working.get(order.parent_id)
        if parent is None:
            return "parent"
        return "oca" if order.intent.oca_group and order.intent.oca_group == parent.intent.oca_group else ""

    def add(self, order: WorkingOrder) -> None:
        """Take an order that was accepted just now."""
        if order.parent_id:
            order.wait()
        self._join(order)

    def refuse(self, order: WorkingOrder, bar: int) -> None:
        """End the bracket of a child that was refused: an entry without its stop is another trade."""
        parent = self._working.get(order.parent_id)
        if parent is not None:
            self.end(parent, OrderEventKind.CANCELLED, "bracket", bar)

    def executed(self, order: WorkingOrder, quantity: float, bar: int) -> None:
        """Let the others follow an execution; where nothing remains, the order has left the queue."""
        filled = not order.remaining
        for other in self._rivals(order):
            if filled:
                self._finish(other, OrderEventKind.CANCELLED, "oca", bar)
            else:
                self._reduce(other, abs(quantity), bar)
        if not filled:
            return
        self._leave(order)
        for child in self._children.get(order.order_id, {}).values():
            child.activate(bar)
        if order.reduced:
            self._emit(order.order_id, OrderEventKind.CANCELLED, "oca", bar)

    def end(self, order: WorkingOrder, kind: OrderEventKind, reason: str, bar: int) -> None:
        """Take an order out of the queue, tell of it, and end its bracket."""
        parent = self._working.get(order.parent_id) if order.parent_id else None
        siblings = [*self._children.get(order.parent_id, {}).values()]
        self._finish(order, kind, reason, bar)
        if parent is not None:
            self._finish(parent, OrderEventKind.CANCELLED, "bracket", bar)
        for sibling in siblings:
            self._finish(sibling, OrderEventKind.CANCELLED, "bracket", bar)

    def replace(self, old: WorkingOrder, new: WorkingOrder) -> None:
        """Let an order take the place of another in its bracket and its group."""
        self._leave(old)
        self._join(new)
        children = self._children.pop(old.order_id, None)
        if children:
            self._children[new.order_id] = children
            for child in children.values():
                child.parent_id = new.order_id

    def _rivals(self, order: WorkingOrder) -> list[WorkingOrder]:
        """Orders that one of its fills takes from: those of its group and its siblings."""
        rivals = {**self._groups.get(order.intent.oca_group, {}), **self._children.get(order.parent_id, {})}
        return [rival for rival in rivals.values() if rival is not order]

    def _finish(self, order: WorkingOrder, kind: OrderEventKind, reason: str, bar: int) -> None:
        """End an order that is at work, and its children."""
        if self._working.pop(order.order_id, None) is None:
            return
        order.remaining = 0.0
        self._emit(order.order_id, kind, reason, bar)
        self._leave(order)
        for child in [*self._children.get(order.order_id, {}).values()]:
            self._finish(child, OrderEventKind.CANCELLED, "bracket", bar)

    def _reduce(self, order: WorkingOrder, size: float, bar: int) -> None:
        left = abs(order.remaining) - size
        if left <= _ROUNDING * abs(order.intent.quantity):
            self._finish(order, OrderEventKind.CANCELLED, "oca", bar)
            return
        order.remaining = math.copysign(left, order.remaining)
        order.reduced = True
        self._emit(order.order_id, OrderEventKind.REDUCED, "oca", bar)
        for child in [*self._children.get(order.order_id, {}).values()]:
            self._reduce(child, size, bar)

    def _join(self, order: WorkingOrder) -> None:
        for links, name in self._memberships(order):
            links.setdefault(name, {})[order.order_id] = order

    def _leave(self, order: WorkingOrder) -> None:
        for links, name in self._memberships(order):
            members = links.get(name, {})
            if members.pop(order.order_id, None) is not None and not members:
                del links[name]

    def _memberships(self, order: WorkingOrder) -> list[tuple[dict[str, dict[str, WorkingOrder]], str]]:
        both = ((self._groups, order.intent.oca_group), (self._children, order.parent_id))
        return [(links, name) for links, name in both if name]
