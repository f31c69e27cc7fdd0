"""Acceptance cases: what the venue says by itself."""

from __future__ import annotations

import time

from tradewind.model import OrderType, ReportKind
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["PollCases"]

_POLLS = 100
_LONGEST_SECONDS = 2.0


class PollCases(BrokerCases):
    """B120 to B127."""

    @case()
    def test_b120_each_report_comes_once(self, desk: Desk) -> None:
        """`poll` empties the queue: what it has returned does not come again."""
        desk.bought()
        before = len(desk.heard())
        again = [*desk.broker.poll(), *desk.broker.poll()]
        desk.expect(not again, f"after {before} reports some came again", again)

    @case()
    def test_b121_without_news_there_are_no_reports(self, desk: Desk) -> None:
        """`poll` returns an empty sequence where nothing has happened: no heartbeat, no None."""
        desk.heard()
        desk.market(1.01 * PRICE)
        news = desk.broker.poll()
        desk.expect(len(news) == 0, "there are reports without orders", news)

    @case()
    def test_b122_poll_does_not_wait(self, desk: Desk) -> None:
        """`poll` empties a queue and returns at once: the loop asks it on every bar."""
        begun = time.monotonic()
        for _ in range(_POLLS):
            desk.broker.poll()
        took = time.monotonic() - begun
        desk.expect(took < _LONGEST_SECONDS, f"{_POLLS} polls without news took long, in seconds", round(took, 2))

    @case(OrderType.LIMIT)
    def test_b123_nothing_is_lost_between_two_polls(self, desk: Desk) -> None:
        """Reports of many moments wait until they are polled, in their order."""
        orders = [desk.place(1.0, limit=(0.95 - 0.05 * number) * PRICE) for number in range(5)]
        for number in range(5):
            desk.market((0.94 - 0.05 * number) * PRICE)
        traded = [report.order_id for report in desk.heard() if report.kind is ReportKind.TRADE]
        desk.expect(traded == orders, "the executions are not those of the orders, in their order", traded)

    @case()
    def test_b124_executions_have_a_fill_and_an_identity(self, desk: Desk) -> None:
        """A TRADE report has `fill` and `execution_id`; no other report has a fill."""
        desk.bought()
        for report in desk.heard():
            trade = report.kind is ReportKind.TRADE
            desk.expect((report.fill is not None) == trade, f"a report of {report.kind} and its fill", report)
            desk.expect(not trade or report.execution_id, "an execution has no identity", report)

    @case(OrderType.LIMIT)
    def test_b125_reports_name_the_venue_s_order(self, desk: Desk) -> None:
        """`venue_order_id` of reports is that of `order`, where reports have one."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.market(0.4 * PRICE)
        known = desk.known(order_id).venue_order_id
        named = {report.venue_order_id for report in desk.heard() if report.order_id == order_id} - {""}
        desk.expect(named <= {known}, f"the venue's name is {known}", named)

    @case()
    def test_b126_reports_are_of_orders_that_were_sent(self, desk: Desk) -> None:
        """Every report has the id of an order of ours. Translate the venue's name of an order back to our id."""
        sent = {desk.bought(), desk.bought(-10.0), desk.bought(1.0, instrument=1)}
        named = {report.order_id for report in desk.heard()}
        desk.expect(named == sent, f"the orders sent are {sorted(sent)}", sorted(named))

    @case(OrderType.LIMIT)
    def test_b127_questions_do_not_swallow_reports(self, desk: Desk) -> None:
        """Asking for account, orders and positions leaves the reports for `poll`."""
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        desk.market(0.8 * PRICE)
        desk.broker.account()
        desk.broker.positions()
        desk.broker.open_orders()
        desk.broker.order(order_id)
        desk.broker.executions()
        kinds = desk.kinds(order_id)
        desk.expect(ReportKind.TRADE in kinds, "the execution is not reported", kinds)
