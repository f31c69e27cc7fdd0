"""Acceptance cases: limits, stops and trailing stops."""

from __future__ import annotations

from tradewind.model import OrderState, OrderType
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["PriceCases"]


class PriceCases(BrokerCases):
    """B080 to B096."""

    @case(OrderType.LIMIT)
    def test_b080_a_buy_limit_waits_above_its_price(self, desk: Desk) -> None:
        """A buy with a limit does not fill above it. Send the type `limit`, not `market`."""
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        for price in (PRICE, 0.91 * PRICE, 1.2 * PRICE):
            desk.market(price)
        desk.expect(desk.at_work(order_id), "it does not wait", desk.known(order_id))

    @case(OrderType.LIMIT)
    def test_b081_a_buy_limit_fills_at_its_price_or_better(self, desk: Desk) -> None:
        """A buy with a limit fills once the market is at or below it, never above it."""
        order_id = desk.place(10.0, limit=0.9 * PRICE)
        desk.market(0.85 * PRICE)
        self._filled_within(desk, order_id, 0.0, 0.9 * PRICE)

    @case(OrderType.LIMIT)
    def test_b082_a_sell_limit_fills_at_its_price_or_better(self, desk: Desk) -> None:
        """A sell with a limit waits below it and fills at or above it."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, limit=1.1 * PRICE)
        desk.market(1.05 * PRICE)
        desk.expect(desk.at_work(order_id), "it does not wait", desk.known(order_id))
        desk.market(1.2 * PRICE)
        self._filled_within(desk, order_id, 1.1 * PRICE, 10.0 * PRICE)

    @case(OrderType.LIMIT)
    def test_b083_a_limit_in_the_market_fills_at_the_market(self, desk: Desk) -> None:
        """A buy with a limit above the market fills like a market order, at the market's price."""
        order_id = desk.place(10.0, limit=1.5 * PRICE)
        desk.market()
        self._filled_within(desk, order_id, 0.0, 1.01 * PRICE)

    @case(OrderType.LIMIT)
    def test_b084_a_limit_keeps_all_its_digits(self, desk: Desk) -> None:
        """A limit of 99.97 neither fills at 99.98 nor waits at 99.97: prices are not rounded."""
        order_id = desk.place(10.0, limit=0.9997 * PRICE)
        desk.market(0.9998 * PRICE)
        desk.expect(desk.at_work(order_id), "it does not wait at a tick above", desk.known(order_id))
        desk.market(0.9997 * PRICE)
        desk.ended(order_id, OrderState.FILLED)

    @case(OrderType.STOP)
    def test_b085_a_buy_stop_waits_below_and_fills_above(self, desk: Desk) -> None:
        """A buy stop waits until the market has risen to its price, then fills at the market."""
        order_id = desk.place(10.0, stop=1.1 * PRICE)
        for price in (1.05 * PRICE, 0.8 * PRICE):
            desk.market(price)
            desk.expect(desk.at_work(order_id), f"it does not wait at {price:g}", desk.known(order_id))
        desk.market(1.12 * PRICE)
        desk.market(1.12 * PRICE)
        self._filled_within(desk, order_id, 1.1 * PRICE, 1.13 * PRICE)

    @case(OrderType.STOP)
    def test_b086_a_sell_stop_protects_what_is_held(self, desk: Desk) -> None:
        """A sell stop waits above its price and sells once the market has fallen to it."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, stop=0.9 * PRICE)
        for price in (0.95 * PRICE, 1.3 * PRICE):
            desk.market(price)
            desk.expect(desk.at_work(order_id), f"it does not wait at {price:g}", desk.known(order_id))
        desk.market(0.88 * PRICE)
        desk.market(0.88 * PRICE)
        self._filled_within(desk, order_id, 0.87 * PRICE, 0.9 * PRICE)
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case(OrderType.STOP)
    def test_b087_a_stop_that_the_market_jumps_over_fills_behind_it(self, desk: Desk) -> None:
        """A gap through a stop fills at the market behind the gap: a stop is no promise of a price."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, stop=0.9 * PRICE)
        desk.market(0.6 * PRICE)
        desk.market(0.6 * PRICE)
        self._filled_within(desk, order_id, 0.59 * PRICE, 0.61 * PRICE)

    @case(OrderType.STOP_LIMIT)
    def test_b088_a_stop_limit_waits_for_its_stop(self, desk: Desk) -> None:
        """A buy stop limit does nothing below its stop, though its limit would allow a fill."""
        order_id = desk.place(10.0, stop=1.1 * PRICE, limit=1.2 * PRICE)
        for price in (PRICE, 1.05 * PRICE, 0.7 * PRICE):
            desk.market(price)
        desk.expect(desk.at_work(order_id), "it does not wait", desk.known(order_id))

    @case(OrderType.STOP_LIMIT)
    def test_b089_a_stop_limit_fills_between_stop_and_limit(self, desk: Desk) -> None:
        """Behind its stop a buy stop limit is a limit order: it fills at its limit or better."""
        order_id = desk.place(10.0, stop=1.1 * PRICE, limit=1.2 * PRICE)
        desk.market(1.15 * PRICE)
        desk.market(1.15 * PRICE)
        self._filled_within(desk, order_id, 0.0, 1.2 * PRICE)

    @case(OrderType.STOP_LIMIT)
    def test_b090_a_stop_limit_that_the_market_jumps_over_waits(self, desk: Desk) -> None:
        """A gap beyond the limit triggers and fills nothing; the order fills when the price has come back."""
        order_id = desk.place(10.0, stop=1.1 * PRICE, limit=1.2 * PRICE)
        desk.market(1.4 * PRICE)
        desk.expect(desk.at_work(order_id), "it does not wait beyond its limit", desk.known(order_id))
        desk.market(1.18 * PRICE)
        desk.market(1.18 * PRICE)
        self._filled_within(desk, order_id, 0.0, 1.2 * PRICE)

    @case(OrderType.TRAILING_STOP)
    def test_b091_a_trailing_stop_follows_the_market(self, desk: Desk) -> None:
        """A sell 10 behind the market rises with it from 90 to 120, and sells at 115, far above its first price."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, trail_amount=0.1 * PRICE)
        for price in (1.1, 1.2, 1.3):
            desk.market(price * PRICE)
            desk.expect(desk.at_work(order_id), f"it sells while the market rises to {price:g}", desk.known(order_id))
        desk.market(1.15 * PRICE)
        desk.market(1.15 * PRICE)
        self._filled_within(desk, order_id, 1.14 * PRICE, 1.2 * PRICE)

    @case(OrderType.TRAILING_STOP)
    def test_b092_a_trailing_stop_forgives_what_is_less_than_its_distance(self, desk: Desk) -> None:
        """A fall by less than the distance sells nothing. Send the distance, not a price."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, trail_amount=0.1 * PRICE)
        for price in (1.2, 1.12, 1.19, 1.11):
            desk.market(price * PRICE)
        desk.expect(desk.at_work(order_id), "it has sold", desk.known(order_id))

    @case(OrderType.TRAILING_STOP)
    def test_b093_a_trailing_stop_never_steps_back(self, desk: Desk) -> None:
        """The stop moves towards the market only: three small falls together reach it."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, trail_amount=0.1 * PRICE)
        for price in (1.2, 1.16, 1.12, 1.08):
            desk.market(price * PRICE)
        desk.market(1.08 * PRICE)
        desk.ended(order_id, OrderState.FILLED)

    @case(OrderType.TRAILING_STOP)
    def test_b094_a_distance_can_be_a_part_of_the_price(self, desk: Desk) -> None:
        """`trail_fraction` 0.1 is 10 % of the price: send percent where the venue wants percent."""
        desk.bought(10.0)
        order_id = desk.place(-10.0, trail_fraction=0.1)
        for price in (1.5, 2.0, 1.85):
            desk.market(price * PRICE)
        desk.expect(desk.at_work(order_id), "it sells within 10 %", desk.known(order_id))
        desk.market(1.75 * PRICE)
        desk.market(1.75 * PRICE)
        self._filled_within(desk, order_id, 1.74 * PRICE, 1.8 * PRICE)

    @case(OrderType.TRAILING_STOP)
    def test_b095_a_trailing_buy_follows_a_fall(self, desk: Desk) -> None:
        """A buy 10 above the market falls with it, and buys on the rise."""
        order_id = desk.place(10.0, trail_amount=0.1 * PRICE)
        for price in (0.9, 0.8, 0.7):
            desk.market(price * PRICE)
        desk.expect(desk.at_work(order_id), "it buys while the market falls", desk.known(order_id))
        desk.market(0.82 * PRICE)
        desk.market(0.82 * PRICE)
        self._filled_within(desk, order_id, 0.79 * PRICE, 0.83 * PRICE)

    @case(OrderType.STOP, OrderType.LIMIT)
    def test_b096_only_the_instrument_of_an_order_moves_it(self, desk: Desk) -> None:
        """The price of another instrument neither triggers a stop nor fills a limit."""
        desk.place(10.0, stop=1.1 * PRICE)
        desk.place(10.0, limit=0.9 * PRICE)
        for price in (0.5 * PRICE, 1.5 * PRICE):
            desk.market(price, only=1)
        desk.expect(len(desk.open_ids()) == 2, "an order has left", desk.broker.open_orders())

    @staticmethod
    def _filled_within(desk: Desk, order_id: str, lowest: float, highest: float) -> None:
        desk.ended(order_id, OrderState.FILLED)
        prices = [fill.price for fill in desk.fills(order_id)]
        good = prices and all(lowest - 1e-9 <= price <= highest + 1e-9 for price in prices)
        desk.expect(good, f"it is not filled between {lowest:g} and {highest:g}", prices)
