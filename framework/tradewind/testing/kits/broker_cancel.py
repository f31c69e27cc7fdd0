"""Acceptance cases: cancelling."""

from __future__ import annotations

from tradewind.contracts import Outcome
from tradewind.model import OrderState, OrderType, ReportKind
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["CancelCases"]


class CancelCases(BrokerCases):
    """B050 to B061."""

    @case(OrderType.LIMIT)
    def test_b050_an_order_at_work_is_cancelled(self, desk: Desk) -> None:
        """Cancelling is answered TAKEN, reported CANCELLED, and the order is over."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        (response,) = desk.cancel(order_id)
        desk.expect(response.outcome is Outcome.TAKEN, "the request is not taken", response)
        kinds = desk.kinds(order_id)
        desk.expect(kinds[-1:] == [ReportKind.CANCELLED], "the end is not reported as CANCELLED", kinds)
        desk.ended(order_id, OrderState.CANCELLED)

    @case(OrderType.LIMIT)
    def test_b051_a_cancelled_order_never_fills(self, desk: Desk) -> None:
        """After CANCELLED the order does not fill, whatever the price does."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.cancel(order_id)
        desk.market(0.4 * PRICE)
        desk.expect(desk.held() == 0.0, "it has traded", desk.held())
        desk.expect(not desk.fills(order_id), "an execution was reported", desk.fills(order_id))

    @case()
    def test_b052_cancelling_an_unknown_order_is_refused(self, desk: Desk) -> None:
        """An id that the venue never had is answered REFUSED with a reason, and nothing is raised."""
        unknown = desk.new_id()
        (response,) = desk.cancel(unknown)
        desk.expect(response.outcome is Outcome.REFUSED, "it is not refused", response)
        desk.expect(response.order_id == unknown and response.reason, "the answer has no id or reason", response)

    @case()
    def test_b053_cancelling_a_filled_order_changes_nothing(self, desk: Desk) -> None:
        """Cancelling a filled order is refused, at once or by CANCEL_REJECTED; it stays FILLED."""
        order_id = desk.bought()
        (response,) = desk.cancel(order_id)
        late = ReportKind.CANCEL_REJECTED in desk.kinds(order_id)
        desk.expect(response.outcome is Outcome.REFUSED or late, "it is not refused", response)
        desk.expect(ReportKind.CANCELLED not in desk.kinds(order_id), "it was cancelled", desk.kinds(order_id))
        desk.ended(order_id, OrderState.FILLED)

    @case(OrderType.LIMIT)
    def test_b054_cancelling_twice_cancels_once(self, desk: Desk) -> None:
        """The second request is refused or changes nothing: CANCELLED is reported once."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.cancel(order_id)
        desk.cancel(order_id)
        desk.market()
        times = desk.kinds(order_id).count(ReportKind.CANCELLED)
        desk.expect(times == 1, f"CANCELLED was reported {times} times", desk.kinds(order_id))
        desk.ended(order_id, OrderState.CANCELLED)

    @case("partial")
    def test_b055_cancelling_keeps_what_was_filled(self, desk: Desk) -> None:
        """An order filled in part and cancelled keeps its part: `filled`, executions and position."""
        desk.market(size=0.0)
        order_id = desk.place(10.0)
        desk.market(size=4.0)
        desk.cancel(order_id)
        desk.market()
        order = desk.known(order_id)
        desk.expect(order.filled == 4.0, "not 4 units are filled", order)
        desk.expect(desk.filled(order_id) == desk.held() == 4.0, "not 4 are reported and held", desk.held())
        desk.ended(order_id, OrderState.CANCELLED)

    @case(OrderType.LIMIT)
    def test_b056_each_request_is_answered_in_order(self, desk: Desk) -> None:
        """`cancel` returns one answer an id, in order, for known and unknown ones alike."""
        asked = [desk.place(1.0, limit=0.5 * PRICE), desk.new_id(), desk.place(2.0, limit=0.5 * PRICE)]
        responses = desk.cancel(*asked)
        desk.expect([one.order_id for one in responses] == asked, "the answers do not match the ids", responses)
        expected = [Outcome.TAKEN, Outcome.REFUSED, Outcome.TAKEN]
        desk.expect([one.outcome for one in responses] == expected, f"the outcomes are not {expected}", responses)

    @case(OrderType.LIMIT)
    def test_b057_cancelling_one_leaves_the_others(self, desk: Desk) -> None:
        """Only the order named is cancelled, not the instrument's others."""
        one, other = desk.place(1.0, limit=0.5 * PRICE), desk.place(2.0, limit=0.5 * PRICE)
        desk.cancel(one)
        desk.expect(desk.open_ids() == [other], "not the other order alone is at work", desk.open_ids())
        desk.market(0.4 * PRICE)
        desk.expect(desk.held() == 2.0, "not 2 units are held", desk.held())

    @case()
    def test_b058_cancelling_nothing_is_answered_with_nothing(self, desk: Desk) -> None:
        """`cancel` of no id sends nothing: some venues cancel all then."""
        desk.expect(len(desk.cancel()) == 0, "there are answers", desk.cancel())

    @case(OrderType.LIMIT)
    def test_b059_cancelling_nothing_cancels_nothing(self, desk: Desk) -> None:
        """`cancel([])` leaves every order at work: it is no request to cancel all."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.cancel()
        desk.expect(desk.open_ids() == [order_id], "the order is not at work", desk.open_ids())

    @case(OrderType.LIMIT)
    def test_b060_the_id_of_a_cancelled_order_stays_used(self, desk: Desk) -> None:
        """An id that was cancelled takes nothing again. Send it as it is: the venue refuses what it has had."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.cancel(order_id)
        desk.send(desk.intent(10.0, order_id=order_id))
        desk.market()
        desk.expect(desk.held() == 0.0, "the id has traded", desk.held())
        desk.ended(order_id, OrderState.CANCELLED)

    @case(OrderType.LIMIT)
    def test_b061_cancelling_gives_back_the_cash(self, desk: Desk) -> None:
        """What a cancelled order would have needed can be spent again."""
        whole = (desk.values()["cash"] // PRICE) * 0.9 // 1.0
        order_id = desk.place(whole, limit=0.99 * PRICE)
        desk.cancel(order_id)
        desk.market()
        after = desk.place(whole, limit=1.05 * PRICE)
        desk.market()
        desk.ended(after, OrderState.FILLED)
