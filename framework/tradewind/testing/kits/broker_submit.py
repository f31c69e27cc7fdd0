"""Acceptance cases: sending orders, and what is refused."""

from __future__ import annotations

import dataclasses
import math

from tradewind.contracts import Outcome
from tradewind.model import AssetClass, Instrument, OrderState, OrderType, ReasonCode, ReportKind, TimeInForce
from tradewind.testing.kits.broker_case import BrokerCases, case
from tradewind.testing.kits.broker_desk import PRICE, Desk

__all__ = ["SubmitCases"]

_UNTRADED = (ReasonCode.UNKNOWN_INSTRUMENT, ReasonCode.INVALID, ReasonCode.UNSUPPORTED)


class SubmitCases(BrokerCases):
    """B001 to B027."""

    @case()
    def test_b001_a_market_order_fills(self, desk: Desk) -> None:
        """A market buy fills whole at the next price. Translate type and side, and report the execution."""
        order_id = desk.bought(10.0)
        desk.expect(desk.filled(order_id) == 10.0, "10 units were not reported as filled", desk.fills(order_id))
        desk.expect(desk.held() == 10.0, "10 units are not held", desk.held())

    @case()
    def test_b002_a_sell_closes_what_is_held(self, desk: Desk) -> None:
        """A market sell of the whole holding leaves none. Send negative quantities as sells of their absolute value."""
        desk.bought(10.0)
        order_id = desk.bought(-10.0)
        desk.expect(desk.filled(order_id) == -10.0, "-10 units were not reported as filled", desk.fills(order_id))
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case()
    def test_b003_each_order_of_a_batch_is_answered_in_order(self, desk: Desk) -> None:
        """`submit` returns one `Response` an order, in the order of the batch, with our id."""
        intents = [desk.intent(quantity) for quantity in (1.0, 2.0, 3.0)]
        answered = [one.order_id for one in desk.send(*intents)]
        desk.expect(answered == [one.order_id for one in intents], "the answers do not match the batch", answered)

    @case()
    def test_b004_an_empty_batch_is_answered_with_nothing(self, desk: Desk) -> None:
        """`submit` of no order sends nothing and returns nothing. Return early where the batch is empty."""
        desk.expect(len(desk.send()) == 0, "an empty batch has answers", desk.send())

    @case(OrderType.LIMIT)
    def test_b005_an_order_that_was_taken_is_known_by_its_id(self, desk: Desk) -> None:
        """After TAKEN `order` finds the order by our id, with the venue's own name. Send our id as client order id."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        order = desk.known(order_id)
        desk.expect(order.order_id == order_id, "the order has another id", order)
        desk.expect(order.venue_order_id, "the order has no name of the venue", order)

    @case(OrderType.LIMIT)
    def test_b006_a_working_order_is_reported_as_accepted(self, desk: Desk) -> None:
        """An order that works is reported ACCEPTED, once. Translate the venue's acknowledgement."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        desk.market()
        kinds = desk.kinds(order_id)
        desk.expect(kinds == [ReportKind.ACCEPTED], "it was not reported as accepted, once", kinds)

    @case()
    def test_b007_orders_of_a_batch_fill_in_their_own_instrument(self, desk: Desk) -> None:
        """Each order of a batch trades its own instrument and quantity. Match answers and reports by id."""
        intents = [desk.intent(3.0), desk.intent(5.0, instrument=1)]
        desk.send(*intents)
        desk.market()
        desk.expect((desk.held(0), desk.held(1)) == (3.0, 5.0), "not 3 and 5 are held", desk.broker.positions())

    @case(OrderType.LIMIT)
    def test_b008_an_id_at_work_takes_nothing_again(self, desk: Desk) -> None:
        """An id is sent twice after a crash: the venue must hold one order. Send our id; 'duplicate' is an answer."""
        intent = desk.intent(10.0, limit=0.5 * PRICE)
        desk.send(intent)
        self._repeat(desk, intent.order_id, intent)
        desk.expect(desk.open_ids().count(intent.order_id) == 1, "not one order is at work", desk.open_ids())
        desk.market(0.4 * PRICE)
        desk.expect(desk.held() == 10.0, "the order has filled more than once", desk.held())

    @case()
    def test_b009_an_id_that_has_filled_takes_nothing_again(self, desk: Desk) -> None:
        """The id of a filled order takes nothing: ids are unique for ever."""
        order_id = desk.bought(10.0)
        self._repeat(desk, order_id, desk.intent(10.0, order_id=order_id))
        desk.market()
        desk.expect(desk.held() == 10.0, "the order has filled twice", desk.held())

    @case()
    def test_b010_an_id_twice_in_a_batch_is_one_order(self, desk: Desk) -> None:
        """The same id twice in one batch is one order. Let the venue refuse the second."""
        intent = desk.intent(10.0)
        responses = desk.send(intent, intent)
        desk.expect(len(responses) == 2, "two orders do not have two answers", responses)
        desk.market()
        desk.expect(desk.held() == 10.0, "not one of the two was filled", desk.held())

    @case(OrderType.LIMIT)
    def test_b011_a_used_id_with_other_terms_changes_nothing(self, desk: Desk) -> None:
        """A second order under a used id does not change the first: that is what `replace` is for."""
        order_id = desk.place(10.0, limit=0.5 * PRICE)
        self._repeat(desk, order_id, desk.intent(99.0, limit=0.9 * PRICE, order_id=order_id))
        order = desk.known(order_id)
        desk.expect(order.quantity == 10.0, "the first order has other terms", order)

    @case()
    def test_b012_what_is_quoted_only_is_refused(self, desk: Desk) -> None:
        """An index cannot be traded: the order is refused with a code, and nothing is held."""
        self._refused(desk, Instrument(symbol="SPX", asset_class=AssetClass.INDEX))

    @case("symbols")
    def test_b013_an_unknown_symbol_is_refused(self, desk: Desk) -> None:
        """A symbol that the venue does not trade is refused with UNKNOWN_INSTRUMENT. Translate its error."""
        self._refused(desk, Instrument(symbol="NO.SUCH"))

    @case()
    def test_b014_a_buy_beyond_the_cash_is_refused(self, desk: Desk) -> None:
        """An order for a hundred times the cash is refused, code INSUFFICIENT_FUNDS. Map the venue's error to it."""
        code = desk.refusal(desk.intent(math.floor(100.0 * desk.values()["cash"] / PRICE)))
        desk.expect(code is ReasonCode.INSUFFICIENT_FUNDS, "the order is not refused for lack of money", code)
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case()
    def test_b015_a_refused_order_leaves_nothing_behind(self, desk: Desk) -> None:
        """After a refusal nothing is at work, the cash is what it was, and the order never fills."""
        before = desk.values()
        intent = desk.intent(math.floor(100.0 * before["cash"] / PRICE))
        desk.refusal(intent)
        desk.market(0.5 * PRICE)
        desk.expect(not desk.open_ids(), "an order is at work", desk.open_ids())
        desk.expect(desk.values() == before, f"the account was {before}", desk.values())
        order = desk.broker.order(intent.order_id)
        desk.expect(order is None or order.state is OrderState.REJECTED, "the refused order is not rejected", order)

    @case()
    def test_b016_a_refusal_does_not_hold_back_the_rest_of_a_batch(self, desk: Desk) -> None:
        """Of a batch each order is answered for itself: send on after a refusal."""
        index = dataclasses.replace(desk.intent(1.0), instrument=Instrument(symbol="SPX", asset_class=AssetClass.INDEX))
        good = desk.intent(2.0)
        responses = desk.send(index, good)
        desk.expect(responses[1].outcome is Outcome.TAKEN, "the order after a refused one is not taken", responses)
        desk.market()
        desk.expect(desk.filled(good.order_id) == 2.0, "the order after a refused one is not filled", desk.fills())

    @case("no shorts")
    def test_b017_a_short_sale_is_refused_where_there_are_none(self, desk: Desk) -> None:
        """With shorts=False a sell of what is not held is refused, code NOT_SHORTABLE."""
        code = desk.refusal(desk.intent(-10.0))
        desk.expect(code is ReasonCode.NOT_SHORTABLE, "the short sale is not refused as one", code)
        desk.expect(desk.held() == 0.0, "something is held", desk.held())

    @case("shorts")
    def test_b018_a_short_sale_leaves_a_negative_position(self, desk: Desk) -> None:
        """With shorts=True a sell of what is not held goes short: `positions` is signed."""
        desk.bought(-10.0)
        desk.expect(desk.held() == -10.0, "not -10 units are held", desk.held())

    @case("fractional")
    def test_b019_fractions_fill_to_the_last_digit(self, desk: Desk) -> None:
        """With fractional=True 1.25 units are 1.25 units. Send quantities as text with all digits, do not round."""
        order_id = desk.bought(1.25)
        desk.expect(desk.filled(order_id) == 1.25, "not 1.25 units are filled", desk.fills(order_id))
        desk.expect(desk.held() == 1.25, "not 1.25 units are held", desk.held())

    @case()
    def test_b020_the_longest_id_is_taken_whole(self, desk: Desk) -> None:
        """An id of `order_id_length` characters is taken and found again. State the venue's true limit."""
        longest = (desk.new_id() + "-" + "x" * 200)[: desk.capabilities.order_id_length]
        desk.place(1.0, order_id=longest)
        desk.expect(desk.known(longest).order_id == longest, "the order has another id", desk.known(longest))

    @case()
    def test_b021_an_id_that_is_too_long_is_never_cut(self, desk: Desk) -> None:
        """An id beyond `order_id_length` is refused or taken whole: one that is cut would be another order's."""
        long = (desk.new_id() + "-" + "x" * 200)[: desk.capabilities.order_id_length + 1]
        (response,) = desk.send(desk.intent(1.0, order_id=long))
        known = desk.broker.order(long)
        taken_whole = known is not None and known.order_id == long
        refused = response.outcome in (Outcome.REFUSED, Outcome.NOT_SENT)
        desk.expect(refused or taken_whole, "it is neither refused nor known by its whole id", (response, known))
        cut = desk.broker.order(long[:-1])
        desk.expect(cut is None, "an order is known by a part of the id", cut)

    @case()
    def test_b022_ids_keep_their_characters(self, desk: Desk) -> None:
        """Our ids have letters of both cases, digits, dots and hyphens: they come back as they are."""
        order_id = f"{desk.new_id()}-BRK.b-2"
        desk.bought()
        desk.place(1.0, order_id=order_id)
        desk.market()
        named = {report.order_id for report in desk.heard()}
        desk.expect(order_id in named, "the reports have other ids", sorted(named))

    @case()
    def test_b023_a_refusal_has_words_and_a_code(self, desk: Desk) -> None:
        """A refusal says why, in the venue's words and as a `ReasonCode` other than NONE."""
        intent = desk.intent(math.floor(100.0 * desk.values()["cash"] / PRICE))
        (response,) = desk.send(intent)
        desk.market()
        words = [(response.reason, response.code)] if response.outcome is Outcome.REFUSED else []
        words += [(one.reason, one.code) for one in desk.heard() if one.order_id == intent.order_id]
        desk.expect(any(reason and code for reason, code in words), "no answer has words and a code", words)

    @case(OrderType.TRAILING_STOP)
    def test_b024_a_distance_below_0_is_refused(self, desk: Desk) -> None:
        """A trailing stop with a negative distance is refused: it would sell at once."""
        desk.bought(10.0)
        code = desk.refusal(desk.intent(-10.0, trail_amount=-5.0))
        desk.expect(code not in (None, ReasonCode.NONE), "a negative distance is taken", code)
        desk.expect(desk.held() == 10.0, "it has traded", desk.held())

    @case(OrderType.STOP, TimeInForce.CLS)
    def test_b025_a_stop_for_one_moment_is_refused(self, desk: Desk) -> None:
        """A stop that is only good at the close makes no sense: it is refused, not turned into something else."""
        code = desk.refusal(desk.intent(10.0, stop=1.1 * PRICE, time_in_force=TimeInForce.CLS))
        desk.expect(code not in (None, ReasonCode.NONE), "it is taken", code)

    @case("links")
    def test_b026_a_child_without_its_parent_is_refused(self, desk: Desk) -> None:
        """An order whose parent the venue does not have is refused: it would work without waiting."""
        code = desk.refusal(desk.intent(10.0, parent_id=desk.new_id()))
        desk.expect(code not in (None, ReasonCode.NONE), "it is taken", code)
        desk.expect(desk.held() == 0.0, "it has traded", desk.held())

    @case()
    def test_b027_a_refusal_is_said_once(self, desk: Desk) -> None:
        """A refused order has one REJECTED report at most, and neither TRADE nor CANCELLED."""
        intent = desk.intent(math.floor(100.0 * desk.values()["cash"] / PRICE))
        desk.refusal(intent)
        kinds = [kind for kind in desk.kinds(intent.order_id) if kind is not ReportKind.ACCEPTED]
        desk.expect(kinds in ([], [ReportKind.REJECTED]), "other things were reported", kinds)

    @staticmethod
    def _repeat(desk: Desk, order_id: str, intent: object) -> None:
        (response,) = desk.broker.submit([intent])  # type: ignore[list-item]  # an intent, whatever its terms
        desk.session.settle()
        known = response.outcome is Outcome.TAKEN or response.code is ReasonCode.DUPLICATE
        desk.expect(
            known and response.order_id == order_id,
            "the second order with an id is neither TAKEN, as the first was, nor refused as DUPLICATE",
            response,
        )

    @staticmethod
    def _refused(desk: Desk, instrument: Instrument) -> None:
        intent = dataclasses.replace(desk.intent(1.0), instrument=instrument)
        code = desk.refusal(intent)
        desk.expect(code in _UNTRADED, f"an order for {instrument.symbol} is not refused as untradable", code)
        desk.expect(not desk.open_ids(), "it is at work", desk.open_ids())
