"""Money: partial fills, costs, short positions, borrowing, ends of data, expiries; all by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange.market import A, B, Board, Desk, flat_quote, kinds
from tests.exchange.replay import Step, order_terms
from tests.exchange.test_against_backtrader import panels, scripts
from tradewind.contracts import Costs, Trades
from tradewind.errors import DataError, PluginError
from tradewind.exchange import Quote
from tradewind.model import (
    AssetClass,
    ExerciseStyle,
    Instrument,
    OptionRight,
    OrderIntent,
    OrderType,
    TimeInForce,
)

CALL = Instrument(
    symbol="A 2020-01-17 100 C",
    asset_class=AssetClass.OPTION,
    multiplier=100.0,
    underlying="A",
    expiry=dt.date(2020, 1, 17),
    strike=100.0,
    right=OptionRight.CALL,
    style=ExerciseStyle.AMERICAN,
)


class TenBasisPoints:
    """Commission 1 a trade; spread 10 basis points unless passive; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[Trades] = []

    def costs(self, trades: Trades) -> Costs:
        self.batches.append(trades)
        value = np.abs(trades.quantities) * trades.prices
        return Costs(
            commission=np.ones(len(value)),
            spread=np.where(trades.passive, 0.0, value * 0.001),
            slippage=np.zeros(len(value)),
            impact=np.zeros(len(value)),
        )


def test_a_volume_limit_fills_in_parts_over_several_bars() -> None:
    desk = Desk(volume_limit=0.1)
    desk.bar(flat_quote(10.0, 100.0))
    order_id = desk.order(25.0)
    desk.bar(flat_quote(10.0, 109.0))
    assert desk.exchange.remaining(order_id) == 15.0
    desk.bar(flat_quote(11.0, 0.0))
    desk.bar(flat_quote(11.0, math.nan))
    desk.bar(flat_quote(12.0, 1_000.0))
    assert [(fill.bar, fill.quantity, fill.price) for fill in desk.fills] == [(1, 10.0, 10.0), (4, 15.0, 12.0)]
    assert desk.exchange.cash == 10_000.0 - 100.0 - 180.0
    assert desk.exchange.positions()[A] == (25.0, 11.2)


def test_29_percent_of_100_units_are_29() -> None:
    desk = Desk(volume_limit=0.29)
    desk.bar(flat_quote(10.0, 100.0))
    desk.order(60.0)
    desk.bar(flat_quote(10.0, 100.0))
    assert desk.fills[0].quantity == 29.0


def test_parts_of_an_instrument_without_lots_are_not_rounded() -> None:
    whole, fractional = Instrument(symbol="W", lot_size=5.0), Instrument(symbol="F", lot_size=0.0)
    desk = Desk(volume_limit=0.1)
    quotes = {whole: flat_quote(10.0, 87.0), fractional: flat_quote(10.0, 87.0)}
    desk.bar(quotes)
    desk.order(-20.0, whole)
    desk.order(-20.0, fractional)
    desk.bar(quotes)
    assert [fill.quantity for fill in desk.fills] == [-5.0, pytest.approx(-8.7)]


def test_costs_are_charged_in_cash_by_component() -> None:
    desk = Desk(cost=TenBasisPoints())
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    fill = desk.fills[0]
    assert (fill.commission, fill.spread, fill.slippage, fill.impact) == (1.0, 1.0, 0.0, 0.0)
    assert desk.exchange.cash == 10_000.0 - 1_000.0 - 2.0


def test_only_a_limit_order_that_the_market_came_to_is_passive() -> None:
    cost = TenBasisPoints()
    desk = Desk(cost=cost)
    desk.bar(flat_quote(100.0))
    desk.order(1.0)
    desk.order(1.0, order_type=OrderType.LIMIT, limit_price=101.0)
    desk.order(1.0, order_type=OrderType.LIMIT, limit_price=96.0)
    desk.order(-1.0, order_type=OrderType.LIMIT, limit_price=105.0)
    desk.order(-1.0, order_type=OrderType.STOP, stop_price=96.0)
    desk.bar(Quote(100.0, 106.0, 95.0, 100.0))
    assert cost.batches[-1].passive.tolist() == [False, False, True, True, False]
    assert len(cost.batches) == 6  # one estimate a submission, one charge for the whole bar


def test_costs_count_when_cash_is_checked() -> None:
    desk = Desk(cash=1_000.0, cost=TenBasisPoints())
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    assert desk.outcome() == "rejected:margin"
    desk.order(9.0)
    assert desk.outcome() == "rejected:margin", "in Backtrader, too, the refused order keeps the bar's cash"
    desk.bar(flat_quote(100.0))
    desk.order(9.9)
    assert desk.outcome() == "accepted"
    desk.bar(flat_quote(101.0))
    assert desk.events[-1].reason == "margin"
    assert desk.exchange.cash == 1_000.0


def test_costs_of_an_order_that_closes_on_credit_count_when_a_later_one_opens() -> None:
    cost = TenBasisPoints()
    desk = Desk(cash=1_000.0, cost=cost)
    desk.exchange.lend(1e-9)
    desk.bar(flat_quote(100.0))
    desk.order(9.0)
    desk.bar(flat_quote(100.0))
    asked = len(cost.batches)
    desk.order(-9.0)
    assert (desk.outcome(), len(cost.batches)) == ("accepted", asked)
    desk.order(9.95)
    assert desk.exchange.cash + 900.0 > 996.995 > desk.exchange.cash + 900.0 - 1.9
    assert desk.outcome() == "rejected:margin"


def test_a_reversal_refused_for_cash_is_charged_for_its_closing_part_only() -> None:
    desk = Desk(cash=1_000.0, check_cash=False, cost=TenBasisPoints())
    desk.bar(flat_quote(100.0))
    desk.order(-5.0)
    desk.bar(flat_quote(100.0))
    desk.order(20.0)
    desk.bar(flat_quote(100.0))
    assert [(fill.quantity, fill.costs) for fill in desk.fills] == [(-5.0, 1.5), (5.0, 1.5)]
    assert desk.exchange.cash == 997.0


@pytest.mark.parametrize("commission", [np.array([-1.0]), np.array([np.nan]), np.zeros(2)])
def test_a_cost_model_that_answers_nonsense_is_named(commission: np.ndarray) -> None:
    class Wrong:
        def costs(self, trades: Trades) -> Costs:
            zero = np.zeros(1)
            return Costs(commission=commission, spread=zero, slippage=zero, impact=zero)

    desk = Desk(cost=Wrong())
    desk.bar(flat_quote(100.0))
    with pytest.raises(PluginError, match=r"cost model Wrong: commission .*must .*received"):
        desk.order(1.0)


def test_without_short_selling_a_sell_may_only_close() -> None:
    desk = Desk(allow_short=False)
    desk.bar(flat_quote(100.0))
    desk.order(-1.0)
    assert desk.outcome() == "rejected:short"
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    desk.order(-10.0)
    assert desk.outcome() == "accepted"
    desk.order(-1.0)
    assert desk.outcome() == "rejected:short"


def test_a_stop_and_a_limit_on_one_holding_do_not_sell_it_short() -> None:
    desk = Desk(allow_short=False)
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    desk.order(-10.0, order_type=OrderType.STOP, stop_price=96.0)
    desk.order(-10.0, order_type=OrderType.LIMIT, limit_price=104.0)
    assert kinds(desk.poll()) == ["accepted", "accepted"]
    events = desk.bar(Quote(100.0, 105.0, 95.0, 100.0))
    assert [(event.kind.value, event.reason) for event in events] == [("fill", ""), ("rejected", "short")]
    assert dict(desk.exchange.positions()) == {}


def test_shorts_need_cash_beyond_their_proceeds() -> None:
    desk = Desk(cash=1_000.0, short_margin=0.5)
    desk.bar({A: flat_quote(100.0), B: flat_quote(100.0)})
    desk.order(-21.0)  # worth 2,100: needs 1,050
    assert desk.outcome() == "rejected:margin"
    desk.bar({A: flat_quote(100.0), B: flat_quote(100.0)})
    desk.order(-20.0)
    assert desk.outcome() == "accepted"
    desk.bar({A: flat_quote(100.0), B: flat_quote(100.0)})
    desk.order(-1.0, B)
    assert desk.outcome() == "rejected:margin", "the margin is over all short positions"
    desk.order(5.0)
    assert desk.outcome() == "accepted", "covering needs none"


def test_a_short_that_loses_its_backing_before_the_fill_is_rejected() -> None:
    desk = Desk(cash=1_000.0, short_margin=0.5)
    desk.bar({A: flat_quote(100.0), B: flat_quote(100.0)})
    desk.order(-10.0)
    desk.bar({A: flat_quote(100.0), B: flat_quote(100.0)})
    desk.order(-9.0, B)
    assert desk.outcome() == "accepted"
    desk.bar({A: flat_quote(120.0), B: flat_quote(100.0)})
    # cash 2,900; shorts 1,200 and 900: 800 are free, 1,050 are needed
    assert desk.events[-1].reason == "margin"
    assert list(desk.exchange.positions()) == [A]


def test_borrowing_costs_accrue_on_the_last_close_of_short_shares() -> None:
    desk = Desk(borrow_rate_per_year=0.10)
    desk.bar(flat_quote(100.0), years=1.0)
    desk.order(-10.0)
    desk.bar(Quote(100.0, 110.0, 100.0, 110.0), years=1.0)  # sold within this bar: nothing accrues yet
    assert desk.exchange.cash == 11_000.0
    desk.bar(flat_quote(200.0), years=0.5)
    assert desk.exchange.cash == pytest.approx(11_000.0 - 10.0 * 110.0 * 0.10 * 0.5)
    desk.bar({}, years=0.5)  # halted: the last close counts
    assert desk.exchange.borrow_costs == pytest.approx(55.0 + 100.0)
    desk.order(10.0)
    desk.bar(flat_quote(200.0), years=1.0)
    desk.bar(flat_quote(200.0), years=1.0)
    assert desk.exchange.borrow_costs == pytest.approx(55.0 + 100.0 + 200.0)


def test_written_options_borrow_nothing() -> None:
    desk = Desk(borrow_rate_per_year=0.10)
    desk.bar({CALL: flat_quote(2.0)})
    desk.order(-1.0, CALL)
    desk.bar({CALL: flat_quote(2.0)}, years=1.0)
    desk.bar({CALL: flat_quote(2.0)}, years=1.0)
    assert (desk.exchange.cash, desk.exchange.borrow_costs) == (10_200.0, 0.0)


def test_the_end_of_data_closes_at_a_haircut_and_cancels_what_was_pending() -> None:
    desk = Desk()
    desk.bar(flat_quote(100.0))
    desk.order(10.0)
    desk.bar(flat_quote(100.0))
    waiting = desk.order(5.0, order_type=OrderType.LIMIT, limit_price=50.0)
    other = desk.order(5.0, B, order_type=OrderType.LIMIT, limit_price=50.0)
    desk.bar({})
    fill = desk.exchange.liquidate(A, 100.0 * (1.0 - 0.3), 2, "data_end")
    assert fill is not None
    assert (fill.order_id, fill.quantity, fill.price, fill.costs) == ("end-2-A", -10.0, 70.0, 0.0)
    assert [(event.order_id, event.kind.value, event.reason) for event in desk.poll()][-2:] == [
        (waiting, "cancelled", "data_end"),
        ("end-2-A", "fill", "data_end"),
    ]
    assert [intent.order_id for intent in desk.exchange.pending()] == [other]
    assert desk.exchange.cash == 10_000.0 - 1_000.0 + 700.0
    assert desk.exchange.liquidate(A, 70.0, 2, "data_end") is None


@pytest.mark.parametrize("price", [math.nan, -1.0, math.inf])
def test_liquidation_needs_a_price(price: float) -> None:
    with pytest.raises(DataError, match=r"liquidation of A at bar 0 \(data_end\).*last price known"):
        Desk().exchange.liquidate(A, price, 0, "data_end")


@pytest.mark.parametrize(("settlement", "cash"), [(7.0, 10_000.0 - 600.0 + 1_400.0), (0.0, 9_400.0)])
def test_an_option_without_a_feed_appears_trades_and_is_settled_in_cash(settlement: float, cash: float) -> None:
    chain = Board()

    class WithChain(Board):
        def quote(self, instrument: Instrument) -> Quote | None:
            return chain.quote(instrument) if instrument.asset_class is AssetClass.OPTION else super().quote(instrument)

    desk = Desk()
    desk.board = WithChain()
    desk.bar(flat_quote(100.0))
    desk.bar(flat_quote(102.0))
    chain.quotes = {CALL: flat_quote(2.9)}
    desk.order(2.0, CALL)
    chain.quotes = {CALL: Quote(3.0, 3.5, 2.5, 3.2)}
    desk.bar(flat_quote(103.0))
    assert desk.exchange.cash == 10_000.0 - 2.0 * 3.0 * 100.0
    assert desk.exchange.equity(lambda _: 3.2) == pytest.approx(10_000.0 + 2.0 * 0.2 * 100.0)
    chain.quotes = {}
    desk.bar(flat_quote(107.0))
    fill = desk.exchange.liquidate(CALL, settlement, 3, "expiry")
    assert fill is not None
    assert fill.cash_flow == pytest.approx(2.0 * settlement * 100.0)
    assert desk.exchange.cash == pytest.approx(cash)
    assert dict(desk.exchange.positions()) == {}


def test_the_book_keeps_the_order_of_first_orders_when_a_position_is_reopened() -> None:
    desk = Desk()
    quotes = {A: flat_quote(100.0), B: flat_quote(100.0)}
    desk.bar(quotes)
    for quantity, instrument in [(1.0, B), (1.0, A), (-1.0, B), (2.0, B)]:
        desk.order(quantity, instrument)
        desk.bar(quotes)
    assert [(key.symbol, record.quantity) for key, record in desk.exchange.positions().items()] == [
        ("B", 2.0),
        ("A", 1.0),
    ]


def _intent(number: int, step: Step, close: float, instrument: Instrument) -> OrderIntent:
    return OrderIntent(
        order_id=str(number),
        bar=step.bar,
        instrument=instrument,
        quantity=step.quantity,
        order_type=step.order_type,
        time_in_force=TimeInForce.DAY if step.day else TimeInForce.GTC,
        **order_terms(step, close),  # type: ignore[arg-type]
    )


@given(data=st.data(), panel=panels(), rules=st.sampled_from([{}, {"volume_limit": 0.2}, {"short_margin": 0.5}]))
@settings(max_examples=100, deadline=None)
def test_cash_is_the_start_plus_all_cash_flows_less_borrowing(
    data: st.DataObject, panel: np.ndarray, rules: dict[str, float]
) -> None:
    script = data.draw(scripts(panel.shape[1]))
    gone = data.draw(st.sets(st.tuples(st.integers(0, len(panel) - 1), st.integers(0, panel.shape[1] - 1)), max_size=8))
    instruments = [Instrument(symbol=f"S{column}", multiplier=1.0 + column) for column in range(panel.shape[1])]
    desk = Desk(cost=TenBasisPoints(), borrow_rate_per_year=0.05, percent_commission=0.001, **rules)
    for bar in range(len(panel)):
        desk.bar(
            {
                instrument: None if (bar, column) in gone else Quote(*panel[bar, column].tolist())
                for column, instrument in enumerate(instruments)
            },
            years=0.01,
        )
        for number, step in enumerate(script):
            if step.bar == bar and step.cancel is None:
                intent = _intent(number, step, float(panel[bar, step.symbol, 3]), instruments[step.symbol])
                desk.exchange.submit([intent])
    desk.exchange.liquidate(instruments[0], 80.0, len(panel) - 1, "data_end")
    desk.poll()
    flows = math.fsum(fill.cash_flow for fill in desk.fills)
    assert desk.exchange.cash == pytest.approx(10_000.0 + flows - desk.exchange.borrow_costs, rel=1e-9)
    for instrument in instruments:
        held = math.fsum(fill.quantity for fill in desk.fills if fill.instrument == instrument)
        record = desk.exchange.positions().get(instrument)
        assert (record.quantity if record else 0.0) == pytest.approx(held, abs=1e-9)


def test_an_order_cancelled_on_the_bar_of_its_submission_leaves_the_account_as_it_was() -> None:
    desk = Desk(cash=1_000.0)
    desk.bar(flat_quote(10.0))
    desk.order(100.0)
    desk.bar(flat_quote(10.0))
    sale, switch = desk.order(-100.0), desk.order(100.0, B)
    assert desk.exchange.cancel(sale)
    assert desk.exchange.cancel(switch)
    desk.order(-100.0)
    desk.bar(flat_quote(10.0))
    assert not desk.exchange.quantities()
    assert desk.exchange.cash == 1_000.0
