"""Acceptance cases: brackets, and groups of which one cancels the others."""

from __future__ import annotations

from tradewind.model import OrderState, OrderType
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["LinkCases"]

_NEEDS = ("links", OrderType.LIMIT, OrderType.STOP)


class LinkCases(BrokerCases):
    """B110 to B118."""

    @case(*_NEEDS)
    def test_b110_children_wait_for_their_parent(self, desk: Desk) -> None:
        """Stop and target of a bracket do not trade before the entry has filled."""
        parent, _, _ = self._bracket(desk, limit=0.5 * PRICE)
        for price in (1.3 * PRICE, 0.85 * PRICE):
            desk.market(price)
        desk.expect(desk.state(parent) is OrderState.ACCEPTED, "the entry does not wait", desk.known(parent))
        desk.expect(not desk.fills(), "something has traded", desk.fills())

    @case(*_NEEDS)
    def test_b111_the_target_works_once_the_entry_is_filled(self, desk: Desk) -> None:
        """After the entry the target sells at its limit or better, and the stop is cancelled."""
        parent, target, stop = self._bracket(desk)
        desk.market()
        desk.ended(parent, OrderState.FILLED)
        desk.market(1.3 * PRICE)
        desk.ended(target, OrderState.FILLED)
        desk.ended(stop, OrderState.CANCELLED)
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case(*_NEEDS)
    def test_b112_the_stop_works_once_the_entry_is_filled(self, desk: Desk) -> None:
        """After the entry the stop sells on a fall, and the target is cancelled."""
        _, target, stop = self._bracket(desk)
        desk.market()
        desk.market(0.85 * PRICE)
        desk.market(0.85 * PRICE)
        desk.ended(stop, OrderState.FILLED)
        desk.ended(target, OrderState.CANCELLED)
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case(*_NEEDS)
    def test_b113_after_a_bracket_nothing_trades_again(self, desk: Desk) -> None:
        """Once stop or target has filled, no price makes the other trade."""
        self._bracket(desk)
        for price in (1.0, 1.3, 0.6, 1.5, 0.6):
            desk.market(price * PRICE)
        desk.expect(desk.held() == 0.0 and not desk.open_ids(), "something is held or at work", desk.open_ids())
        sold = -sum(fill.quantity for fill in desk.fills() if fill.quantity < 0.0)
        desk.expect(sold == 10.0, "not 10 units were sold", sold)

    @case(*_NEEDS)
    def test_b114_cancelling_the_entry_cancels_the_bracket(self, desk: Desk) -> None:
        """When the entry is cancelled, stop and target end with it, and their ends are reported."""
        orders = self._bracket(desk, limit=0.5 * PRICE)
        desk.cancel(orders[0])
        desk.market()
        for order_id in orders:
            desk.ended(order_id, OrderState.CANCELLED)

    @case(*_NEEDS)
    def test_b115_a_bracket_whose_entry_is_refused_leaves_nothing(self, desk: Desk) -> None:
        """Without its entry neither stop nor target works: alone they would open a position."""
        many = (100.0 * desk.values()["cash"]) // PRICE
        parent = desk.intent(many)
        child = desk.intent(-many, limit=1.2 * PRICE, parent_id=parent.order_id)
        desk.send(parent, child)
        desk.market(1.3 * PRICE)
        desk.expect(not desk.open_ids(), "an order is at work", desk.open_ids())
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case(*_NEEDS)
    def test_b116_one_of_a_group_cancels_the_others(self, desk: Desk) -> None:
        """Of orders in one `oca_group` one fills, and the others are cancelled, not filled and not left at work."""
        desk.bought(10.0)
        high = desk.place(-10.0, limit=1.2 * PRICE, oca_group="exit")
        low = desk.place(-10.0, stop=0.9 * PRICE, oca_group="exit")
        desk.market(1.25 * PRICE)
        desk.ended(high, OrderState.FILLED)
        desk.ended(low, OrderState.CANCELLED)
        desk.market(0.5 * PRICE)
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case(*_NEEDS)
    def test_b117_groups_of_different_names_live_apart(self, desk: Desk) -> None:
        """A fill in one group leaves orders of another at work. Pass the name of the group on."""
        one = desk.place(1.0, limit=0.9 * PRICE, oca_group="one")
        other = desk.place(1.0, limit=0.5 * PRICE, oca_group="other")
        desk.market(0.85 * PRICE)
        desk.ended(one, OrderState.FILLED)
        desk.expect(desk.at_work(other), "the order of the other group has ended", desk.known(other))

    @case(*_NEEDS, "partial")
    def test_b118_a_group_never_trades_more_than_one_of_its_orders(self, desk: Desk) -> None:
        """A part of one order takes as much from the others: together they never sell more than is held."""
        desk.bought(10.0)
        desk.place(-10.0, limit=1.2 * PRICE, oca_group="exit")
        desk.place(-10.0, stop=0.9 * PRICE, oca_group="exit")
        desk.market(1.25 * PRICE, size=4.0)
        for _ in range(3):
            desk.market(0.8 * PRICE)
        desk.expect(desk.held() >= 0.0, "more was sold than was held", desk.held())

    @staticmethod
    def _bracket(desk: Desk, **entry: float) -> tuple[str, str, str]:
        """Submit an entry for 10 with a target at 120 and a stop at 90; return the three ids."""
        parent = desk.intent(10.0, **entry)  # type: ignore[arg-type]  # a limit or nothing
        target = desk.intent(-10.0, limit=1.2 * PRICE, parent_id=parent.order_id)
        stop = desk.intent(-10.0, stop=0.9 * PRICE, parent_id=parent.order_id)
        desk.send(parent, target, stop)
        return parent.order_id, target.order_id, stop.order_id
