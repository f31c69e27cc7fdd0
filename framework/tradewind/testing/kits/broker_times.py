"""Acceptance cases: how long orders work."""

from __future__ import annotations

from tradewind.model import OrderState, OrderType, ReportKind, TimeInForce
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["TimeCases"]

_ENDS = (OrderState.CANCELLED, OrderState.EXPIRED)


class TimeCases(BrokerCases):
    """B100 to B108."""

    @case(OrderType.LIMIT, TimeInForce.GTC, "day")
    def test_b100_good_till_cancelled_outlives_the_day(self, desk: Desk) -> None:
        """A GTC order works on the next days too. Send its time in force, or renew it where the venue ends it daily."""
        order_id = desk.place(10.0, limit=0.5 * PRICE, time_in_force=TimeInForce.GTC)
        for _ in range(3):
            desk.session.end_day()
        desk.expect(desk.at_work(order_id), "it is not at work", desk.known(order_id))
        desk.market(0.4 * PRICE)
        desk.ended(order_id, OrderState.FILLED)

    @case(OrderType.LIMIT, TimeInForce.DAY, "day")
    def test_b101_a_day_order_expires_with_its_day(self, desk: Desk) -> None:
        """A DAY order is over at the end of the day, reported EXPIRED (or CANCELLED), and does not fill after it."""
        order_id = desk.place(10.0, limit=0.5 * PRICE, time_in_force=TimeInForce.DAY)
        desk.session.end_day()
        desk.ended(order_id, *_ENDS)
        ends = [kind for kind in desk.kinds(order_id) if kind is not ReportKind.ACCEPTED]
        desk.expect(len(ends) == 1, "its end is not reported once", ends)
        desk.market(0.4 * PRICE)
        desk.expect(desk.held() == 0.0, "it has traded", desk.held())

    @case(TimeInForce.DAY)
    def test_b102_a_day_order_in_the_market_fills(self, desk: Desk) -> None:
        """A DAY market order fills like any other. Send DAY as the venue calls it."""
        order_id = desk.place(10.0, time_in_force=TimeInForce.DAY)
        desk.market()
        desk.ended(order_id, OrderState.FILLED)

    @case(OrderType.LIMIT, TimeInForce.IOC)
    def test_b103_immediate_or_cancel_does_not_wait(self, desk: Desk) -> None:
        """An IOC order that cannot fill at once is over, without an execution."""
        order_id = desk.place(10.0, limit=0.5 * PRICE, time_in_force=TimeInForce.IOC)
        desk.market()
        desk.ended(order_id, *_ENDS)
        desk.market(0.4 * PRICE)
        desk.expect(not desk.fills(order_id), "it has traded", desk.fills(order_id))

    @case(TimeInForce.IOC, "partial")
    def test_b104_immediate_or_cancel_takes_what_there_is(self, desk: Desk) -> None:
        """An IOC order fills what can be filled at once; the rest is cancelled."""
        desk.market(size=4.0)
        order_id = desk.place(10.0, time_in_force=TimeInForce.IOC)
        desk.market(size=4.0)
        desk.expect(desk.filled(order_id) == 4.0, "not 4 of 10 are filled", desk.fills(order_id))
        desk.ended(order_id, *_ENDS)
        desk.market()
        desk.expect(desk.held() == 4.0, "not 4 units are held", desk.held())

    @case(TimeInForce.FOK, "partial")
    def test_b105_fill_or_kill_takes_no_part(self, desk: Desk) -> None:
        """A FOK order that cannot be filled whole is over, without an execution."""
        desk.market(size=4.0)
        order_id = desk.place(10.0, time_in_force=TimeInForce.FOK)
        desk.market(size=4.0)
        desk.ended(order_id, *_ENDS, OrderState.REJECTED)
        desk.market()
        desk.expect(desk.held() == 0.0, "it has traded", desk.held())

    @case(TimeInForce.FOK)
    def test_b106_fill_or_kill_fills_whole(self, desk: Desk) -> None:
        """A FOK order that can be filled is filled, whole and at once."""
        order_id = desk.place(10.0, time_in_force=TimeInForce.FOK)
        desk.market()
        desk.ended(order_id, OrderState.FILLED)

    @case(TimeInForce.OPG, OrderType.LIMIT, "day")
    def test_b107_an_order_for_the_open_does_not_wait_longer(self, desk: Desk) -> None:
        """An OPG order that does not fill at the open is over with the day."""
        order_id = desk.place(10.0, limit=0.5 * PRICE, time_in_force=TimeInForce.OPG)
        desk.session.end_day()
        desk.session.end_day()
        desk.ended(order_id, *_ENDS)

    @case(TimeInForce.CLS, "day")
    def test_b108_an_order_for_the_close_fills_at_the_close(self, desk: Desk) -> None:
        """A CLS market order is filled when the day is over. Send market-on-close where the venue calls it a type."""
        order_id = desk.place(10.0, time_in_force=TimeInForce.CLS)
        desk.session.end_day()
        desk.ended(order_id, OrderState.FILLED)
