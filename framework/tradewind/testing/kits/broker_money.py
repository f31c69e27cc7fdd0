"""Acceptance cases: money, books that agree with each other, and the same again."""

from __future__ import annotations

import math

import numpy as np

from tradewind.contracts import Outcome
from tradewind.model import OrderType
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["MoneyCases"]

_BARS = 25


class MoneyCases(BrokerCases):
    """B165 to B176."""

    @case()
    def test_b165_a_buy_costs_its_price_and_its_costs(self, desk: Desk) -> None:
        """Cash changes by the cash flow of the fill: price, multiplier and all costs that the venue charges."""
        self._require_flow(desk, 10.0)

    @case()
    def test_b166_a_sell_brings_its_price_less_its_costs(self, desk: Desk) -> None:
        """The proceeds of a sell, less costs, are in the cash. Report the costs with the fill."""
        desk.bought(10.0)
        self._require_flow(desk, -10.0)

    @case("shorts")
    def test_b167_a_short_sale_brings_cash_and_owes_shares(self, desk: Desk) -> None:
        """The proceeds of a short sale are in the cash, and equity owes the shares at their price."""
        self._require_flow(desk, -10.0)
        desk.market(1.2 * PRICE)
        values = desk.values()
        owed = values["equity"] - values["cash"]
        expected = -10.0 * 1.2 * PRICE * desk.session.instruments[0].multiplier
        desk.expect(math.isclose(owed, expected, rel_tol=1e-6), f"the short position is worth {expected:g}", owed)

    @case()
    def test_b168_costs_are_numbers_of_at_least_0(self, desk: Desk) -> None:
        """Commission, spread, slippage and impact of a fill are finite and at least 0; a rebate is an activity."""
        desk.bought(10.0)
        for fill in desk.fills():
            costs = (fill.commission, fill.spread, fill.slippage, fill.impact)
            desk.expect(all(math.isfinite(one) and one >= 0.0 for one in costs), "a cost is none", fill)

    @case()
    def test_b169_a_round_trip_leaves_its_costs(self, desk: Desk) -> None:
        """After a buy and a sell at one price the account has lost the costs, and nothing else."""
        before = desk.values()["cash"]
        desk.bought(10.0)
        desk.bought(-10.0)
        costs = math.fsum(fill.costs for fill in desk.fills())
        prices = [fill.price for fill in desk.fills()]
        flows = math.fsum(fill.cash_flow for fill in desk.fills())
        self._require_close(desk, "the cash has changed by", flows, desk.values()["cash"] - before)
        if len(set(prices)) == 1:
            self._require_close(desk, "the round trip has lost", costs, before - desk.values()["cash"])

    @case(OrderType.LIMIT)
    def test_b170_working_orders_cost_nothing(self, desk: Desk) -> None:
        """An order at work leaves cash and equity as they are; buying power may be less."""
        before = desk.values()
        desk.place(10.0, limit=0.5 * PRICE)
        desk.expect(desk.values() == before, f"the account was {before}", desk.values())

    @case()
    def test_b171_positions_are_the_sums_of_the_executions(self, desk: Desk) -> None:
        """After many random orders every position is the sum of its executions, to the last unit."""
        self._trade_at_random(desk, 3)
        for number, instrument in enumerate(desk.session.instruments):
            total = math.fsum(fill.quantity for fill in desk.fills() if fill.instrument == instrument)
            held = desk.held(number)
            desk.expect(math.isclose(held, total, abs_tol=1e-9), f"executions of {instrument.symbol}: {total:g}", held)

    @case()
    def test_b172_the_cash_is_the_sum_of_the_flows(self, desk: Desk) -> None:
        """After many random orders the cash is that of the start and the cash flows of all fills."""
        before = desk.values()["cash"]
        self._trade_at_random(desk, 4)
        flows = math.fsum(fill.cash_flow for fill in desk.fills())
        self._require_close(desk, "the cash is", before + flows, desk.values()["cash"])

    @case()
    def test_b173_orders_are_filled_by_their_executions(self, desk: Desk) -> None:
        """After many random orders `filled` of each is the sum of its executions, and no more than was ordered."""
        for order_id in self._trade_at_random(desk, 5):
            order, total = desk.known(order_id), desk.filled(order_id)
            desk.expect(math.isclose(order.filled, total, abs_tol=1e-9), f"executions of {order_id}: {total:g}", order)
            desk.expect(abs(order.filled) <= abs(order.quantity) + 1e-9, "more is filled than was ordered", order)

    @case()
    def test_b174_equity_is_the_sum_of_its_parts(self, desk: Desk) -> None:
        """After many random orders equity is cash and positions at the last price."""
        self._trade_at_random(desk, 6)
        desk.market(1.07 * PRICE)
        held = math.fsum(
            quantity * 1.07 * PRICE * instrument.multiplier for instrument, quantity in desk.broker.positions().items()
        )
        values = desk.values()
        self._require_close(desk, "equity is", values["cash"] + held, values["equity"])

    @case()
    def test_b175_the_same_orders_fill_the_same(self, desk: Desk) -> None:
        """A second session with the same orders at the same prices has the same fills and the same cash."""
        self._trade_at_random(desk, 7)
        session = self.make_session()
        try:
            again = Desk(session, "the second session", "Give every session a fresh account")
            session.broker.connect()
            again.market()
            self._trade_at_random(again, 7)
            first, second = (
                [(fill.instrument.symbol, fill.quantity, fill.price, fill.costs) for fill in one.fills()]
                for one in (desk, again)
            )
            desk.expect(first == second, f"the first session had {first[:3]}", second[:3])
            desk.expect(desk.values() == again.values(), f"the first had {desk.values()}", again.values())
        finally:
            session.close()

    @case()
    def test_b176_all_money_is_in_one_currency(self, desk: Desk) -> None:
        """The account's currency is that of its instruments, or the venue converts: it does not change."""
        before = desk.broker.account().currency
        desk.bought(10.0)
        after = desk.broker.account().currency
        desk.expect(before == after, f"the currency was {before}", after)

    @staticmethod
    def _trade_at_random(desk: Desk, seed: int) -> list[str]:
        """Trade small orders of all sides at moving prices; return the ids of those that were taken."""
        random = np.random.default_rng(seed)
        held = [0.0, 0.0]
        taken: list[str] = []
        for _ in range(_BARS):
            number, quantity = int(random.integers(2)), float(random.integers(1, 20))
            if held[number] >= quantity and random.random() < 0.5:
                quantity = -quantity
            held[number] += quantity
            intent = desk.intent(quantity, instrument=number)
            (response,) = desk.send(intent)
            if response.outcome is Outcome.TAKEN:
                taken.append(intent.order_id)
            desk.market(round(PRICE * float(random.uniform(0.9, 1.1)), 2))
            desk.heard()
        desk.expect(len(taken) == _BARS, "an ordinary order is not taken", len(taken))
        return taken

    def _require_flow(self, desk: Desk, quantity: float) -> None:
        before = desk.values()["cash"]
        order_id = desk.bought(quantity)
        flow = math.fsum(fill.cash_flow for fill in desk.fills(order_id))
        self._require_close(desk, "the cash has changed by", flow, desk.values()["cash"] - before)
        price = desk.fills(order_id)[0].price * desk.session.instruments[0].multiplier
        desk.expect(abs(flow + quantity * price) < 0.1 * abs(quantity) * price, "the flow is not about the value", flow)

    @staticmethod
    def _require_close(desk: Desk, what: str, expected: float, received: float) -> None:
        tolerance = max(desk.capabilities.cash_tolerance, 1e-9 * abs(expected))
        desk.expect(abs(expected - received) <= tolerance, f"{what} {expected:.4f} by the fills", received)
