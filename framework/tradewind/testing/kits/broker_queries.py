"""Acceptance cases: what the venue answers when it is asked."""

from __future__ import annotations

import math

from tradewind.model import OrderType
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["QueryCases"]

_MANY, _FEW = 120, 60
"""Orders at once: more than a page of a real venue, which lists 50 or 100; fewer where it limits messages."""


class QueryCases(BrokerCases):
    """B130 to B144."""

    @case()
    def test_b130_the_account_is_in_numbers(self, desk: Desk) -> None:
        """Cash, equity and buying power are finite numbers, the currency has three letters. Venues send text."""
        account = desk.broker.account()
        numbers = (account.cash, account.equity, account.buying_power)
        desk.expect(all(math.isfinite(number) for number in numbers), "they are not finite", account)
        desk.expect(len(account.currency) == 3, "the currency is no ISO 4217 code", account)

    @case()
    def test_b131_a_flat_account_is_its_cash(self, desk: Desk) -> None:
        """Without positions equity is cash, and `positions` is empty. Translate each field of the account."""
        values = desk.values()
        desk.expect(math.isclose(values["cash"], values["equity"]), "equity is not cash", values)
        desk.expect(not desk.broker.positions(), "there are positions", desk.broker.positions())

    @case()
    def test_b132_equity_is_cash_and_what_is_held(self, desk: Desk) -> None:
        """Equity is cash plus the value of the positions at the last price."""
        desk.bought(10.0)
        desk.market(1.1 * PRICE)
        values = desk.values()
        received = values["equity"] - values["cash"]
        expected = 10.0 * 1.1 * PRICE * desk.session.instruments[0].multiplier
        desk.expect(math.isclose(received, expected, rel_tol=1e-6), f"10 units are worth {expected:g}", received)

    @case()
    def test_b133_an_order_that_never_was_is_none(self, desk: Desk) -> None:
        """`order` of an id that the venue never had returns None; an error would be taken for a broken line."""
        received = desk.broker.order(desk.new_id())
        desk.expect(received is None, "an unknown order is known", received)

    @case(OrderType.LIMIT)
    def test_b134_all_open_orders_are_listed(self, desk: Desk) -> None:
        """`open_orders` returns all of 120 orders, each once: read every page."""
        many = _many(desk)
        intents = [desk.intent(1.0, limit=(0.2 + 0.001 * number) * PRICE) for number in range(many)]
        desk.send(*intents)
        listed = desk.open_ids()
        missing = {one.order_id for one in intents} - set(listed)
        desk.expect(not missing, f"{len(missing)} of {many} orders are missing", sorted(missing)[:3])
        desk.expect(len(listed) == many, "orders are listed twice", len(listed))

    @case(OrderType.LIMIT)
    def test_b135_open_orders_agree_with_each_order(self, desk: Desk) -> None:
        """An order looks the same in `open_orders` and by its id. Translate both answers with one function."""
        desk.place(1.0, limit=0.5 * PRICE)
        desk.place(2.0, limit=0.6 * PRICE, instrument=1)
        for order in desk.broker.open_orders():
            known = desk.known(order.order_id)
            desk.expect(repr(known) == repr(order), f"asked by id it is {known}", order)

    @case()
    def test_b136_all_executions_are_listed_oldest_first(self, desk: Desk) -> None:
        """`executions` returns every execution of the account, oldest first."""
        orders = [desk.bought(quantity) for quantity in (1.0, 2.0, -3.0, 4.0)]
        listed = [report.order_id for report in desk.broker.executions()]
        desk.expect(listed == orders, f"the orders were filled in the order {orders}", listed)

    @case()
    def test_b137_executions_since_one_are_those_after_it(self, desk: Desk) -> None:
        """``executions(since)`` begins behind the execution with this id: no gap, and not that one again."""
        for quantity in (1.0, 2.0, 3.0, 4.0):
            desk.bought(quantity)
        ids = [report.execution_id for report in desk.broker.executions()]
        for number, since in enumerate(ids):
            after = [report.execution_id for report in desk.broker.executions(since)]
            desk.expect(after == ids[number + 1 :], f"after {since} should come {ids[number + 1 :]}", after)

    @case()
    def test_b138_many_executions_come_without_gap_or_double(self, desk: Desk) -> None:
        """Executions of 120 orders are listed each once, however many pages that takes."""
        many = _many(desk)
        quantities = [1.0 if number % 2 else 2.0 for number in range(many)]
        desk.send(*[desk.intent(quantity) for quantity in quantities])
        desk.market()
        ids = [report.execution_id for report in desk.broker.executions()]
        desk.expect(len(ids) == many, f"not {many} executions are listed", len(ids))
        desk.expect(len(set(ids)) == many, "executions are listed twice", len(set(ids)))

    @case()
    def test_b139_asked_and_reported_executions_are_the_same(self, desk: Desk) -> None:
        """`executions` and `poll` tell the same executions: identity, order, quantity and price."""
        for quantity in (5.0, -2.0):
            desk.bought(quantity)

        def seen(reports: object) -> list[object]:
            trades = [one for one in reports if one.fill]  # type: ignore[attr-defined]  # reports of either kind
            return [(one.execution_id, one.order_id, one.fill.quantity, one.fill.price) for one in trades]

        asked, heard = seen(desk.broker.executions()), seen(desk.heard())
        desk.expect(asked == heard, f"reported were {heard}", asked)

    @case()
    def test_b140_activities_have_identities(self, desk: Desk) -> None:
        """`activities` returns what changed the account without an order, each once; trades are no activities."""
        desk.bought()
        activities = list(desk.broker.activities())
        ids = [activity.activity_id for activity in activities]
        desk.expect(len(ids) == len(set(ids)) and all(ids), "identities are missing or double", ids)
        traded = [one for one in activities if one.instrument == desk.session.instruments[0]]
        desk.expect(not traded, "an execution is listed as an activity", traded)

    @case()
    def test_b141_activities_since_the_last_are_none(self, desk: Desk) -> None:
        """``activities(since)`` of the last one is empty. Leave out the one named: it was booked."""
        activities = list(desk.broker.activities())
        since = activities[-1].activity_id if activities else ""
        after = list(desk.broker.activities(since)) if activities else []
        desk.expect(not after, f"after {since} nothing has happened", after)

    @case(OrderType.LIMIT)
    def test_b142_questions_change_nothing(self, desk: Desk) -> None:
        """The same questions get the same answers twice. Let no question change or consume anything."""
        desk.bought()
        order_id = desk.place(10.0, limit=0.5 * PRICE)

        def answers() -> list[str]:
            broker = desk.broker
            asked = (broker.account(), dict(broker.positions()), list(broker.open_orders()), broker.order(order_id))
            return [repr(one) for one in (*asked, list(broker.executions()))]

        first, second = answers(), answers()
        desk.expect(first == second, f"the first answers were {first}", second)

    @case()
    def test_b143_capabilities_are_plain_facts(self, desk: Desk) -> None:
        """Capabilities name at least market orders, have room for our ids, and do not change while connected."""
        told = desk.capabilities
        desk.expect(OrderType.MARKET in told.order_types, "market orders are not among them", told)
        desk.expect(told.order_id_length >= 24, "ids of ours, of 24 characters, do not fit", told.order_id_length)
        desk.expect(told.messages_per_minute >= 0, "messages_per_minute is below 0", told.messages_per_minute)
        tolerances = (told.cash_tolerance, told.cash_lag_seconds)
        good = all(math.isfinite(number) and number >= 0.0 for number in tolerances)
        desk.expect(good, "tolerance or lag of the cash is no number of at least 0", tolerances)
        desk.bought()
        desk.expect(desk.capabilities == told, f"they were {told}", desk.capabilities)

    @case("hand")
    def test_b144_what_others_trade_is_seen_and_is_not_ours(self, desk: Desk) -> None:
        """A trade by hand is in the positions, and in no order of ours."""
        order_id = desk.bought(10.0)
        desk.session.trade_by_hand(desk.session.instruments[0], 7.0)
        desk.market()
        desk.expect(desk.held() == 17.0, "not 17 units are held", desk.held())
        desk.expect(desk.filled(order_id) == 10.0, "our order has grown", desk.fills(order_id))
        desk.expect(desk.known(order_id).filled == 10.0, "our order has grown", desk.known(order_id))


def _many(desk: Desk) -> int:
    most = desk.capabilities.messages_per_minute
    return _MANY if not most or most > 2 * _MANY else _FEW
