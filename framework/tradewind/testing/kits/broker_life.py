"""Acceptance cases: the life of an order that is executed."""

from __future__ import annotations

import math

from tradewind.model import OrderState, OrderType, ReportKind
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["LifeCases"]


class LifeCases(BrokerCases):
    """B030 to B046."""

    @case()
    def test_b030_acceptance_comes_before_execution(self, desk: Desk) -> None:
        """Reports of an order come in the order of its life: ACCEPTED, where it is told, before TRADE."""
        order_id = desk.bought()
        kinds = [kind for kind in desk.kinds(order_id) if kind is not ReportKind.ACCEPTED]
        desk.expect(kinds == [ReportKind.TRADE], "a filled order is not reported as one trade", desk.kinds(order_id))
        late = ReportKind.ACCEPTED in desk.kinds(order_id)[1:]
        desk.expect(not late, "it is accepted after its execution", desk.kinds(order_id))

    @case("partial")
    def test_b031_a_part_leaves_the_order_at_work(self, desk: Desk) -> None:
        """An order filled in part is PARTIALLY_FILLED, with the part as `filled`, and works on for the rest."""
        order_id = self._in_part(desk, 10.0, 4.0)
        order = desk.known(order_id)
        desk.expect(order.state is OrderState.PARTIALLY_FILLED, "it is not partially filled", order)
        desk.expect((order.filled, order.quantity) == (4.0, 10.0), "not 4 of 10 are filled", order)
        desk.expect(desk.at_work(order_id), "it is not at work", order)

    @case("partial")
    def test_b032_the_rest_fills_later_and_the_parts_sum_to_the_whole(self, desk: Desk) -> None:
        """Partial executions sum to the quantity of the order. Report each execution's own size, not the total."""
        order_id = self._in_part(desk, 10.0, 4.0)
        desk.market()
        parts = [fill.quantity for fill in desk.fills(order_id)]
        desk.expect(parts == [4.0, 6.0], "the executions are not 4 and 6", parts)
        desk.ended(order_id, OrderState.FILLED)

    @case("partial")
    def test_b033_what_is_filled_only_grows(self, desk: Desk) -> None:
        """`filled` of an order never falls and never passes its quantity."""
        order_id = self._in_part(desk, 10.0, 3.0)
        seen = [desk.known(order_id).filled]
        for size in (0.0, 3.0, 0.0, 3.0, math.inf, math.inf):
            desk.market(size=size)
            seen.append(desk.known(order_id).filled)
        desk.expect(seen == sorted(seen) and seen[-1] == 10.0, "`filled` does not grow to 10", seen)

    @case("partial")
    def test_b034_the_average_price_is_that_of_the_executions(self, desk: Desk) -> None:
        """`average_price` is weighted by quantity over all executions of the order."""
        order_id = self._in_part(desk, 10.0, 4.0)
        desk.market(1.1 * PRICE)
        fills = desk.fills(order_id)
        average = math.fsum(fill.quantity * fill.price for fill in fills) / 10.0
        received = desk.known(order_id).average_price
        desk.expect(math.isclose(received, average, rel_tol=1e-6), f"the average is {average}", received)

    @case("partial")
    def test_b035_each_execution_has_an_identity(self, desk: Desk) -> None:
        """Two executions of one order have different ids, so that none is booked twice and none is missed."""
        order_id = self._in_part(desk, 10.0, 4.0)
        desk.market()
        ids = [report.execution_id for report in desk.heard() if report.order_id == order_id and report.fill]
        desk.expect(len(ids) == 2 and len(set(ids)) == 2 and all(ids), "not two ids", ids)

    @case()
    def test_b036_an_execution_names_order_and_instrument(self, desk: Desk) -> None:
        """The fill of a report has our id, the instrument as ordered, equal in all its fields, and a price."""
        order_id = desk.bought()
        (fill,) = desk.fills(order_id)
        expected = (order_id, desk.session.instruments[0])
        desk.expect((fill.order_id, fill.instrument) == expected, f"it is not of {expected}", fill)
        desk.expect(math.isfinite(fill.price) and fill.price > 0.0, "it has no price", fill)

    @case()
    def test_b037_executions_are_signed(self, desk: Desk) -> None:
        """Buys have positive quantities, sells negative ones: in fills, in orders, in `filled`."""
        buy = desk.bought(10.0)
        sell = desk.bought(-4.0)
        signs = [(fill.quantity, desk.known(fill.order_id).quantity, desk.known(fill.order_id).filled)
                 for order_id in (buy, sell) for fill in desk.fills(order_id)]  # fmt: skip
        desk.expect(signs == [(10.0,) * 3, (-4.0,) * 3], "the signs are not those of the orders", signs)

    @case()
    def test_b038_a_filled_order_is_not_at_work(self, desk: Desk) -> None:
        """A filled order is FILLED when asked for, and not among the open ones."""
        desk.ended(desk.bought(), OrderState.FILLED)

    @case()
    def test_b039_a_filled_order_is_known_ever_after(self, desk: Desk) -> None:
        """`order` finds ended orders too, with what was filled: recovery asks for them."""
        order_id = desk.bought(10.0)
        for price in (90.0, 110.0):
            desk.market(price)
        order = desk.known(order_id)
        desk.expect((order.filled, order.quantity) == (10.0, 10.0), "10 of 10 are not filled", order)

    @case(OrderType.LIMIT)
    def test_b040_before_a_fill_there_is_no_average_price(self, desk: Desk) -> None:
        """`average_price` is NaN and `filled` 0 before the first execution. Translate null and 0 to NaN."""
        order = desk.known(desk.place(10.0, limit=0.5 * PRICE))
        desk.expect(math.isnan(order.average_price), "an order without a fill has a price", order)
        desk.expect(order.filled == 0.0, "an order without a fill is filled", order)

    @case(OrderType.LIMIT)
    def test_b041_an_order_waits_as_long_as_its_price_is_away(self, desk: Desk) -> None:
        """A good-till-cancelled order away from the market stays ACCEPTED over many moments, and says nothing more."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        for price in (90.0, 95.0, 105.0, 60.0):
            desk.market(price)
            desk.expect(desk.state(order_id) is OrderState.ACCEPTED, "it is not accepted", desk.known(order_id))
        kinds = desk.kinds(order_id)
        desk.expect(kinds == [ReportKind.ACCEPTED], "more was reported", kinds)

    @case(OrderType.LIMIT)
    def test_b042_a_working_order_shows_its_terms(self, desk: Desk) -> None:
        """`open_orders` shows instrument and signed quantity as ordered."""
        desk.bought(10.0)
        order_id = desk.place(-7.0, limit=2.0 * PRICE)
        (order,) = desk.broker.open_orders()
        received = (order.order_id, order.instrument, order.quantity)
        expected = (order_id, desk.session.instruments[0], -7.0)
        desk.expect(received == expected, f"the order at work is not {expected}", order)

    @case(OrderType.LIMIT)
    def test_b043_two_orders_of_one_instrument_live_apart(self, desk: Desk) -> None:
        """One order of an instrument fills and the other works on. Do not key orders by symbol."""
        far, near = desk.place(5.0, limit=0.5 * PRICE), desk.place(3.0, limit=0.9 * PRICE)
        desk.market(0.8 * PRICE)
        desk.expect(desk.state(near) is OrderState.FILLED, "the nearer order is not filled", desk.known(near))
        desk.expect(desk.state(far) is OrderState.ACCEPTED, "the farther order is not accepted", desk.known(far))
        desk.expect(desk.held() == 3.0, "not 3 units are held", desk.held())

    @case()
    def test_b044_a_position_adds_up_from_its_orders(self, desk: Desk) -> None:
        """Positions are the sums of the executions of all orders. Ask the venue, do not count them yourself."""
        for quantity in (10.0, 5.0, -3.0):
            desk.bought(quantity)
        desk.bought(2.0, instrument=1)
        desk.expect((desk.held(0), desk.held(1)) == (12.0, 2.0), "not 12 and 2 are held", desk.broker.positions())

    @case("shorts")
    def test_b045_one_order_turns_a_position_round(self, desk: Desk) -> None:
        """A sell of more than is held leaves a short position. Split it where the venue demands two orders."""
        desk.bought(10.0)
        order_id = desk.place(-15.0)
        desk.market()
        desk.expect(desk.held() == -5.0, "not -5 units are held", desk.held())
        desk.expect(desk.filled(order_id) == -15.0, "not all of it is filled", desk.fills(order_id))

    @case()
    def test_b046_what_was_sold_is_no_position(self, desk: Desk) -> None:
        """`positions` lists no instrument with 0 units. Leave out what the venue lists as flat."""
        desk.bought(10.0)
        desk.bought(-10.0)
        flat = [one for one, quantity in desk.broker.positions().items() if quantity == 0.0]
        desk.expect(not flat, "positions of 0 are listed", flat)

    @staticmethod
    def _in_part(desk: Desk, quantity: float, size: float) -> str:
        """Buy while only so many units can be traded, and return the order's id."""
        desk.market(size=0.0)
        order_id = desk.place(quantity)
        desk.market(size=size)
        return order_id
