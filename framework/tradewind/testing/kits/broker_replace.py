"""Acceptance cases: changing orders at work."""

from __future__ import annotations

from tradewind.contracts import Outcome
from tradewind.model import OrderState, OrderType, ReasonCode, ReportKind
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["ReplaceCases"]


class ReplaceCases(BrokerCases):
    """B065 to B079."""

    @case("replaces", OrderType.LIMIT)
    def test_b065_a_changed_order_goes_on_under_its_new_id(self, desk: Desk) -> None:
        """The old id ends as REPLACED, and the new id works. Send the new id as the client order id of the change."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        response, new_id = desk.replace(order_id, limit_price=0.6 * PRICE)
        desk.expect(response.outcome is Outcome.TAKEN, "the request is not taken", response)
        desk.expect(response.order_id == order_id, "the answer is not for the old id", response)
        desk.ended(order_id, OrderState.REPLACED)
        desk.expect(desk.open_ids() == [new_id], "not the new id alone is at work", desk.open_ids())

    @case("replaces", OrderType.LIMIT)
    def test_b066_the_end_of_the_old_id_is_reported(self, desk: Desk) -> None:
        """The old id is reported REPLACED, once: without its end it would be waited for."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.replace(order_id, limit_price=0.6 * PRICE)
        times = desk.kinds(order_id).count(ReportKind.REPLACED)
        desk.expect(times == 1, f"REPLACED was reported {times} times", desk.kinds(order_id))

    @case("replaces", OrderType.LIMIT)
    def test_b067_the_new_limit_is_the_one_that_counts(self, desk: Desk) -> None:
        """The order fills where the new limit allows it and the old did not."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        _, new_id = desk.replace(order_id, limit_price=0.9 * PRICE)
        desk.market(0.8 * PRICE)
        desk.ended(new_id, OrderState.FILLED)
        desk.expect(desk.held() == 10.0, "not 10 units are held", desk.held())
        desk.expect(not desk.fills(order_id), "the old id was filled", desk.fills(order_id))

    @case("replaces", OrderType.LIMIT)
    def test_b068_the_old_limit_counts_no_more(self, desk: Desk) -> None:
        """The order does not fill where only the old limit allows it. Send every term of the change to the venue."""
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        desk.replace(order_id, limit_price=0.5 * PRICE)
        desk.market(0.8 * PRICE)
        desk.expect(desk.held() == 0.0, "it has traded", desk.held())

    @case("replaces", OrderType.LIMIT)
    def test_b069_a_new_quantity_is_that_of_the_whole_order(self, desk: Desk) -> None:
        """`quantity` of a replacement is the whole order's, and the old limit stays."""
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        _, new_id = desk.replace(order_id, quantity=25.0)
        desk.expect(desk.known(new_id).quantity == 25.0, "the new order is not for 25", desk.known(new_id))
        desk.market(0.8 * PRICE)
        desk.expect(desk.held() == 25.0, "not 25 units are held", desk.held())

    @case("replaces", "partial", OrderType.LIMIT)
    def test_b070_what_was_filled_counts_in_the_new_quantity(self, desk: Desk) -> None:
        """4 of 10 are filled, the new quantity is 6: 2 fill. Subtract what is filled if a venue wants the rest."""
        order_id = self._filled_in_part(desk)
        _, new_id = desk.replace(order_id, quantity=6.0)
        desk.market()
        desk.expect(desk.held() == 6.0, "not 6 units are held", desk.held())
        order = desk.known(new_id)
        desk.expect(order.state is OrderState.FILLED, "the new order is not filled", order)

    @case("replaces", "partial", OrderType.LIMIT)
    def test_b071_less_than_was_filled_is_refused(self, desk: Desk) -> None:
        """4 of 10 are filled: a new quantity of 3 is refused, and the order works on for the rest."""
        order_id = self._filled_in_part(desk)
        response, new_id = desk.replace(order_id, quantity=3.0)
        desk.expect(response.outcome is Outcome.REFUSED, "it is not refused", response)
        desk.expect(desk.broker.order(new_id) is None, "the new id is known", desk.broker.order(new_id))
        desk.market()
        desk.expect(desk.held() == 10.0, "the order did not work on", desk.held())

    @case("replaces")
    def test_b072_an_unknown_order_cannot_be_changed(self, desk: Desk) -> None:
        """Changing an id that the venue never had is refused, and makes no order."""
        response, new_id = desk.replace(desk.new_id(), quantity=5.0)
        desk.expect(response.outcome is Outcome.REFUSED, "it is not refused", response)
        desk.expect(desk.broker.order(new_id) is None, "the new id is known", desk.broker.order(new_id))

    @case("replaces")
    def test_b073_a_filled_order_cannot_be_changed(self, desk: Desk) -> None:
        """Changing a filled order is refused, and it stays FILLED. Send no new order."""
        order_id = desk.bought()
        response, _ = desk.replace(order_id, quantity=50.0)
        late = ReportKind.CANCEL_REJECTED in desk.kinds(order_id)
        desk.expect(response.outcome is Outcome.REFUSED or late, "it is not refused", response)
        desk.market()
        desk.expect(desk.held() == 10.0, "it has traded", desk.held())
        desk.ended(order_id, OrderState.FILLED)

    @case("replaces", OrderType.LIMIT)
    def test_b074_the_same_change_again_changes_nothing(self, desk: Desk) -> None:
        """A replacement that is sent twice, after a broken line, leaves one order under the new id."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        _, new_id = desk.replace(order_id, quantity=12.0)
        desk.replace(order_id, new_id=new_id, quantity=12.0)
        desk.expect(desk.open_ids() == [new_id], "not the new id alone is at work", desk.open_ids())
        desk.market(0.4 * PRICE)
        desk.expect(desk.held() == 12.0, "not 12 units are held", desk.held())

    @case("replaces", OrderType.LIMIT)
    def test_b075_a_new_id_that_is_used_is_refused(self, desk: Desk) -> None:
        """A new id that another order has is refused: to say TAKEN would lose an order. Both work on as they are."""
        one, other = desk.place(10.0, limit=0.5 * PRICE), desk.place(5.0, limit=0.5 * PRICE)
        response, _ = desk.replace(one, new_id=other, quantity=20.0)
        desk.expect(response.outcome is Outcome.REFUSED, "it is not refused", response)
        desk.expect(sorted(desk.open_ids()) == sorted([one, other]), "not both are at work", desk.open_ids())
        desk.expect((desk.known(one).quantity, desk.known(other).quantity) == (10.0, 5.0), "an order has changed",
                    desk.broker.open_orders())  # fmt: skip

    @case("replaces", OrderType.LIMIT)
    def test_b076_a_price_that_is_none_is_refused(self, desk: Desk) -> None:
        """A negative limit, or a stop price for a limit order, is refused with a code; the order works on."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        negative, _ = desk.replace(order_id, limit_price=-1.0)
        foreign, _ = desk.replace(order_id, stop_price=2.0 * PRICE)
        for response in (negative, foreign):
            desk.expect(response.outcome is Outcome.REFUSED, "the price is not refused", response)
            desk.expect(response.code is not ReasonCode.NONE, "the refusal has no code", response)
        desk.expect(desk.open_ids() == [order_id], "the order does not work on", desk.open_ids())

    @case("replaces", OrderType.LIMIT)
    def test_b077_the_new_id_is_the_one_to_cancel(self, desk: Desk) -> None:
        """The old id cannot be cancelled any more, the new one can. Keep the venue's name by our last id."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        _, new_id = desk.replace(order_id, quantity=12.0)
        outcomes = [one.outcome for one in desk.cancel(order_id, new_id)]
        desk.expect(outcomes == [Outcome.REFUSED, Outcome.TAKEN], "old and new id are not refused and taken", outcomes)
        desk.ended(new_id, OrderState.CANCELLED)

    @case("replaces", OrderType.LIMIT)
    def test_b078_changes_can_follow_each_other(self, desk: Desk) -> None:
        """An order is changed three times, and works under its last id with its last terms."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        for quantity in (11.0, 12.0, 13.0):
            _, order_id = desk.replace(order_id, quantity=quantity)
        desk.expect(desk.open_ids() == [order_id], "not the last id alone is at work", desk.open_ids())
        desk.market(0.4 * PRICE)
        desk.expect(desk.held() == 13.0, "not 13 units are held", desk.held())

    @case("replaces", OrderType.STOP)
    def test_b079_a_stop_price_can_be_changed(self, desk: Desk) -> None:
        """The new stop price triggers, the old one does not. Send the stop price of the change, too."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, stop=0.95 * PRICE)
        _, new_id = desk.replace(order_id, stop_price=0.8 * PRICE)
        desk.market(0.9 * PRICE)
        desk.expect(desk.held() == 10.0, "the old stop price has triggered", desk.held())
        desk.market(0.75 * PRICE)
        desk.ended(new_id, OrderState.FILLED)

    @staticmethod
    def _filled_in_part(desk: Desk) -> str:
        desk.market(size=0.0)
        order_id = desk.place(10.0, limit=1.01 * PRICE)
        desk.market(size=4.0)
        desk.expect(desk.known(order_id).filled == 4.0, "not 4 of 10 are filled", desk.known(order_id))
        desk.market(size=0.0)
        return order_id
