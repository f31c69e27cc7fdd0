"""Acceptance cases: connections that end, are opened again, and break in the middle of a request."""

from __future__ import annotations

from tradewind.contracts import Outcome, Replacement
from tradewind.errors import BrokerError
from tradewind.model import OrderState, OrderType
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["ConnectionCases"]

_DOUBTFUL = (Outcome.UNCERTAIN, Outcome.NOT_SENT)


class ConnectionCases(BrokerCases):
    """B145 to B164."""

    @case()
    def test_b145_connecting_twice_does_no_harm(self, desk: Desk) -> None:
        """`connect` of a connected broker opens the connection anew. Close the old one first."""
        desk.broker.connect()
        desk.broker.connect()
        desk.bought()

    @case()
    def test_b146_closing_twice_does_no_harm(self, desk: Desk) -> None:
        """`close` of a closed broker does nothing, and `connect` opens it again."""
        desk.broker.close()
        desk.broker.close()
        desk.broker.connect()
        desk.bought()

    @case(OrderType.LIMIT)
    def test_b147_orders_at_work_outlive_the_connection(self, desk: Desk) -> None:
        """`close` cancels nothing: orders at work stay at the venue and fill there."""
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        desk.session.reconnect()
        desk.expect(desk.open_ids() == [order_id], "the order is not at work", desk.open_ids())
        desk.market(0.8 * PRICE)
        desk.ended(order_id, OrderState.FILLED)

    @case()
    def test_b148_positions_and_money_outlive_the_connection(self, desk: Desk) -> None:
        """After a reconnection account and positions are what they were."""
        desk.bought(10.0)
        before = (desk.values(), desk.held())
        desk.expect(before[1] == 10.0, "not 10 units are held", before)
        desk.session.reconnect()
        after = (desk.values(), desk.held())
        desk.expect(after == before, f"they were {before}", after)

    @case(OrderType.LIMIT)
    def test_b149_what_was_missed_is_in_the_executions(self, desk: Desk) -> None:
        """What fills while nobody is connected is in ``executions(since)`` afterwards, with all else that followed."""
        desk.bought(1.0)
        since = desk.broker.executions()[-1].execution_id
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        desk.broker.close()
        desk.market(0.8 * PRICE)
        desk.session.reconnect()
        missed = [(one.order_id, one.fill and one.fill.quantity) for one in desk.broker.executions(since)]
        desk.expect(missed == [(order_id, 10.0)], "not the missed execution alone is listed", missed)

    @case()
    def test_b150_an_execution_keeps_its_identity(self, desk: Desk) -> None:
        """After a reconnection the same executions have the same ids: else they would be booked twice."""
        desk.bought(1.0)
        desk.bought(2.0)
        before = [one.execution_id for one in desk.broker.executions()]
        desk.session.reconnect()
        after = [one.execution_id for one in desk.broker.executions()]
        desk.expect(after == before, f"the ids were {before}", after)

    @case()
    def test_b151_ids_stay_used_after_a_reconnection(self, desk: Desk) -> None:
        """An id of an earlier connection takes nothing: the venue remembers, not the client."""
        order_id = desk.bought(10.0)
        desk.session.reconnect()
        desk.send(desk.intent(10.0, order_id=order_id))
        desk.market()
        desk.expect(desk.held() == 10.0, "the id has traded again", desk.held())

    @case()
    def test_b152_ended_orders_are_known_after_a_reconnection(self, desk: Desk) -> None:
        """`order` finds what has ended before: the answer comes from the venue, not from the client's memory."""
        order_id = desk.bought(10.0)
        desk.session.reconnect()
        desk.ended(order_id, OrderState.FILLED)

    @case()
    def test_b153_reports_of_before_do_not_come_twice(self, desk: Desk) -> None:
        """What was polled before a reconnection is not reported again."""
        order_id = desk.bought(10.0)
        before = len(desk.kinds(order_id))
        desk.session.reconnect()
        desk.market()
        desk.expect(len(desk.kinds(order_id)) == before, "reports came again", desk.kinds(order_id))

    @case()
    def test_b154_after_a_reconnection_reports_come_again(self, desk: Desk) -> None:
        """A broker that was connected anew reports new orders: subscribe again."""
        desk.session.reconnect()
        order_id = desk.bought(10.0)
        desk.expect(desk.filled(order_id) == 10.0, "the execution is not reported", desk.kinds(order_id))

    @case()
    def test_b155_sending_without_a_connection_raises_nothing(self, desk: Desk) -> None:
        """`submit` on a closed broker returns NOT_SENT, or connects and sends; what is sent never raises."""
        desk.broker.close()
        try:
            (response,) = desk.broker.submit([desk.intent(1.0)])
        except BrokerError as error:
            desk.expect(False, "submit has raised", error)
            return
        desk.expect(response.outcome in (Outcome.NOT_SENT, Outcome.TAKEN), "it is in doubt", response)

    @case("client")
    def test_b156_a_second_client_sees_the_same_account(self, desk: Desk) -> None:
        """Another connection sees orders, positions and executions: all truth is the venue's."""
        order_id = desk.bought(10.0)
        other = desk.session.another()
        try:
            order = other.order(order_id)
            desk.expect(order is not None and order.filled == 10.0, "the order is not known there", order)
            held = dict(other.positions())
            desk.expect(held == dict(desk.broker.positions()), "the positions are others", held)
        finally:
            other.close()

    @case("faults", OrderType.LIMIT)
    def test_b157_a_request_that_did_not_arrive_is_in_doubt_and_can_be_sent_again(self, desk: Desk) -> None:
        """The line breaks before an order arrives: the venue does not know it, and takes it the second time."""
        intent = desk.intent(10.0, limit=0.5 * PRICE)
        desk.session.fault("submit", "before")
        (response,) = desk.send(intent)
        desk.expect(response.outcome in _DOUBTFUL, "it is said to be sure", response)
        known = desk.broker.order(intent.order_id)
        desk.expect(known is None, "the venue has it", known)
        (response,) = desk.send(intent)
        desk.expect(response.outcome is Outcome.TAKEN, "the second time it is not taken", response)
        desk.expect(desk.open_ids() == [intent.order_id], "not one order is at work", desk.open_ids())

    @case("faults")
    def test_b158_an_answer_that_was_lost_leaves_the_order_in_doubt(self, desk: Desk) -> None:
        """The line breaks after an order arrived: UNCERTAIN, never NOT_SENT or REFUSED; the venue knows it."""
        intent = desk.intent(10.0)
        desk.session.fault("submit", "after")
        (response,) = desk.send(intent)
        desk.expect(response.outcome is Outcome.UNCERTAIN, "it is not in doubt", response)
        desk.known(intent.order_id)
        desk.send(intent)
        desk.market()
        desk.expect(desk.held() == 10.0, "not 10 units are held: it was sent twice or lost", desk.held())

    @case("faults")
    def test_b159_every_order_of_a_lost_batch_is_answered_truly(self, desk: Desk) -> None:
        """Of a batch whose answer is lost each order is answered: UNCERTAIN, or what is certainly true of it."""
        intents = [desk.intent(1.0), desk.intent(2.0), desk.intent(3.0)]
        desk.session.fault("submit", "after")
        responses = desk.send(*intents)
        desk.expect([one.order_id for one in responses] == [one.order_id for one in intents], "ids are missing",
                    responses)  # fmt: skip
        for response in responses:
            there = desk.broker.order(response.order_id) is not None
            true = {Outcome.UNCERTAIN: True, Outcome.TAKEN: there, Outcome.NOT_SENT: not there}
            desk.expect(true.get(response.outcome), f"it is {'' if there else 'not '}at the venue", response)

    @case("faults", OrderType.LIMIT)
    def test_b160_a_lost_answer_to_cancelling_is_in_doubt(self, desk: Desk) -> None:
        """The line breaks after a cancellation: UNCERTAIN; the order is cancelled, asked again it is over."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.session.fault("cancel", "after")
        (response,) = desk.cancel(order_id)
        desk.expect(response.outcome is Outcome.UNCERTAIN, "it is not in doubt", response)
        desk.ended(order_id, OrderState.CANCELLED)
        desk.cancel(order_id)
        desk.ended(order_id, OrderState.CANCELLED)

    @case("faults", OrderType.LIMIT)
    def test_b161_a_cancellation_that_did_not_arrive_cancels_nothing(self, desk: Desk) -> None:
        """The line breaks before a cancellation arrives: in doubt, and the order works on until it is asked again."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.session.fault("cancel", "before")
        (response,) = desk.cancel(order_id)
        desk.expect(response.outcome in _DOUBTFUL, "it is said to be sure", response)
        desk.expect(desk.at_work(order_id), "the order is over", desk.known(order_id))
        desk.cancel(order_id)
        desk.ended(order_id, OrderState.CANCELLED)

    @case("faults", "replaces", OrderType.LIMIT)
    def test_b162_a_change_that_is_sent_again_is_made_once(self, desk: Desk) -> None:
        """The line breaks after a change: UNCERTAIN; the same change again leaves one order under the new id."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        wanted = Replacement(order_id=order_id, new_order_id=desk.new_id(), quantity=12.0)
        desk.session.fault("replace", "after")
        (response,) = desk.broker.replace([wanted])
        desk.expect(response.outcome is Outcome.UNCERTAIN, "it is not in doubt", response)
        desk.broker.replace([wanted])
        desk.session.settle()
        desk.expect(desk.open_ids() == [wanted.new_order_id], "not one order is at work", desk.open_ids())

    @case("faults")
    def test_b163_a_question_on_a_broken_line_is_answered_or_raises(self, desk: Desk) -> None:
        """A query whose answer is lost asks again, or raises `BrokerError`; it never returns something empty."""
        desk.bought(10.0)
        expected = desk.broker.account()
        desk.session.fault("account", "after")
        try:
            received = desk.broker.account()
        except BrokerError:
            desk.session.reconnect()
            received = desk.broker.account()
        desk.expect(received == expected, f"the account is {expected}", received)

    @case("faults")
    def test_b164_no_execution_is_lost_with_a_line(self, desk: Desk) -> None:
        """Reports that were under way when the line broke are reported later, or are in `executions`."""
        intent = desk.intent(10.0)
        desk.session.fault("submit", "after")
        desk.send(intent)
        desk.market()
        asked = [one.order_id for one in desk.broker.executions()]
        desk.expect(asked == [intent.order_id], "the execution is not listed once", asked)
        reported = len(desk.fills(intent.order_id))
        desk.expect(reported <= 1, "the execution is reported more than once", reported)
