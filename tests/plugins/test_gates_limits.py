"""Gates that limit the account: risk of a trade, size of a position, sector, regime, total, cash."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.test_gates_common import (
    NAN,
    account_of,
    allowed,
    batch_of,
    opening,
    order,
    orders_of_few,
    text_of,
    value_of,
    verdicts_of,
)
from tradewind.contracts import AccountView, Gate, OrderBatch
from tradewind_plugins.gates import (
    BuyingPower,
    PositionSize,
    RegimeCompliance,
    SectorAllocation,
    TotalAllocation,
    TradeRisk,
)

ALMOST = 1.0 + 2e-9
SECTORS = ("energy", "banks", "tech")


def near(*values: float) -> Any:
    return pytest.approx(list(values), rel=1e-8)


def account_for(orders: list[dict[str, Any]], equity: float, **changes: Any) -> AccountView:
    """An account that holds what the orders say it holds, and nothing else."""
    held = {one["symbol"]: one for one in orders}.values()
    by_sector = np.zeros(len(SECTORS))
    gross = 0.0
    for one in held:
        value = abs(one.get("held", 0.0)) * one.get("price", 100.0) * one.get("multiplier", 1.0)
        gross += value
        if one.get("sector", -1) >= 0:
            by_sector[one["sector"]] += value
    return account_of(equity=equity, gross=gross, sectors=SECTORS, sector_values=by_sector, **changes)


def positions_after(orders: list[dict[str, Any]], quantities: list[float]) -> dict[str, float]:
    positions = {one["symbol"]: float(one.get("held", 0.0)) for one in orders}
    for one, quantity in zip(orders, quantities, strict=True):
        positions[one["symbol"]] += quantity
    return positions


def opened(batch: OrderBatch, quantities: list[float]) -> list[float]:
    """What of each order opens, when those before it were made smaller."""
    positions: dict[str, float] = {}
    parts = []
    for number, quantity in enumerate(quantities):
        symbol = batch.intents[number].instrument.symbol
        before = positions.setdefault(symbol, float(batch.held[number]))
        parts.append(opening(before, quantity))
        positions[symbol] = before + quantity
    return parts


def test_trade_risk_cuts_a_trade_to_what_its_stop_may_lose() -> None:
    # 2 % of 100,000 are 2,000; 5 to the stop: 400 units.
    batch = batch_of(order("A", 400, stop=95.0), order("B", -400, stop=105.0, price=100.0), order("C", 9_000))
    assert verdicts_of(TradeRisk(), batch) == []
    batch = batch_of(order("A", 401, stop=95.0), order("B", -500, stop=105.0), order("C", 50, stop=95.0, multiplier=10))
    assert allowed(TradeRisk(), batch) == near(400, -400, 40)
    assert text_of(TradeRisk(), batch_of(order("A", 500, stop=95.0))) == (
        "A would risk 2.5 % of equity down to its stop at 95, allowed are 2 %"
    )


def test_trade_risk_counts_what_opens_only() -> None:
    assert allowed(TradeRisk(), batch_of(order("A", -900, held=900, stop=50.0))) == [-900]
    assert allowed(TradeRisk(), batch_of(order("A", -900, held=300, stop=105.0))) == near(-700)


def test_trade_risk_takes_pieces_of_a_trade_together() -> None:
    pieces = batch_of(*[order("A", 150, stop=95.0)] * 4)
    assert allowed(TradeRisk(), pieces) == near(150, 150, 100, 0)
    there_and_back = batch_of(order("A", 300, stop=95.0), order("A", -300, stop=95.0), order("A", 300, stop=95.0))
    assert verdicts_of(TradeRisk(), there_and_back) == []


def test_trade_risk_counts_what_is_held_already() -> None:
    batch = batch_of(order("A", 200, held=300, stop=95.0), order("B", -200, held=-300, stop=105.0))
    assert allowed(TradeRisk(), batch) == near(100, -100)
    assert allowed(TradeRisk(), batch_of(order("A", 10, held=500, stop=95.0))) == [0]
    pieces = batch_of(order("A", 100, held=300), order("A", 50, held=300, stop=95.0))
    assert allowed(TradeRisk(), pieces) == near(100, 0)


@given(orders_of_few(), st.floats(1e3, 1e6))
def test_trades_never_risk_more_than_the_limit(orders: list[dict[str, Any]], equity: float) -> None:
    batch = batch_of(*orders)
    left = allowed(TradeRisk(), batch, account_for(orders, equity))
    positions = {one["symbol"]: float(one.get("held", 0.0)) for one in orders}
    for number, part in enumerate(opened(batch, left)):
        positions[orders[number]["symbol"]] += left[number]
        risk = abs(positions[orders[number]["symbol"]] * (batch.prices - batch.stops)[number])
        assert not part or not risk * float(batch.multipliers[number]) > 0.02 * equity * ALMOST


def test_position_size_allows_what_is_exactly_at_the_limit() -> None:
    for price in (0.07, 1.1, 33.3, 100.0, 7_777.7):
        at_limit = 15_000.0 / price
        batch = batch_of(order("A", at_limit, price=price), order("B", -at_limit, price=price))
        assert verdicts_of(PositionSize(), batch) == []
        above = batch_of(order("A", at_limit * 1.00001, price=price), order("B", -at_limit * 1.00001, price=price))
        assert allowed(PositionSize(), above) == near(at_limit, -at_limit)


def test_position_size_counts_what_is_held() -> None:
    batch = batch_of(
        order("A", 60, held=100), order("B", -60, held=-100), order("C", 5, held=160), order("D", -5, held=160)
    )
    assert allowed(PositionSize(), batch) == near(50, -50, 0, -5)
    assert verdicts_of(PositionSize(), batch)[0].text == "A would be 16 % of equity, allowed are 15 %"


def test_position_size_keeps_what_an_order_through_zero_closes() -> None:
    assert allowed(PositionSize(), batch_of(order("A", -500, held=200))) == near(-350)
    assert allowed(PositionSize(), batch_of(order("A", 500, held=-200, multiplier=1000.0))) == near(200.15)


def test_position_size_takes_pieces_together_in_their_order() -> None:
    assert allowed(PositionSize(), batch_of(*[order("A", 60)] * 4)) == near(60, 60, 30, 0)
    assert allowed(PositionSize(), batch_of(order("A", 90), order("A", 90), order("B", 90))) == near(90, 60, 90)


@given(orders_of_few(), st.floats(1e3, 1e6), st.floats(0.01, 2.0))
def test_no_order_makes_a_position_larger_than_the_limit(
    orders: list[dict[str, Any]], equity: float, maximum: float
) -> None:
    batch = batch_of(*orders)
    left = allowed(PositionSize(maximum), batch, account_for(orders, equity))
    positions = {one["symbol"]: float(one["held"]) for one in orders}
    for number, (one, quantity, part) in enumerate(zip(orders, left, opened(batch, left), strict=True)):
        positions[one["symbol"]] += quantity
        # What is no more than rounding of a closing order is no opening.
        if abs(part) > 1e-9 * abs(one["quantity"]):
            assert abs(positions[one["symbol"]]) * value_of(batch, number) <= maximum * equity * ALMOST


@given(orders_of_few(repeats=False), st.floats(1e3, 1e6))
def test_a_position_below_the_limit_is_filled_up_to_it(orders: list[dict[str, Any]], equity: float) -> None:
    batch = batch_of(*orders)
    left = allowed(PositionSize(), batch, account_for(orders, equity))
    for number, (one, quantity) in enumerate(zip(orders, left, strict=True)):
        limit = 0.15 * equity / value_of(batch, number)
        wanted = one["held"] + one["quantity"]
        closes = one["quantity"] - opening(one["held"], one["quantity"])
        if abs(wanted) <= limit:
            assert quantity == one["quantity"]
        elif abs(one["held"] + closes) < limit:
            assert one["held"] + quantity == pytest.approx(math.copysign(limit, wanted))
        else:
            assert quantity == closes


def test_sector_allocation_resizes_the_openings_of_a_sector_alike() -> None:
    orders = [
        order("A", 100, held=100, sector=0),
        order("B", 200, sector=0),
        order("C", 290, sector=1),
        order("D", 999),
    ]
    assert allowed(SectorAllocation(), batch_of(*orders), account_for(orders, 100_000)) == near(
        100 * 2 / 3, 200 * 2 / 3, 290, 999
    )
    verdict = verdicts_of(SectorAllocation(), batch_of(*orders), account_for(orders, 100_000))[0]
    assert verdict.text == "A: sector energy would be 40 % of equity, allowed are 30 %"


def test_sector_allocation_allows_what_is_exactly_at_the_limit_and_room_made_by_closing() -> None:
    orders = [order("A", -100, held=300, sector=2), order("B", 100, sector=2), order("C", -300, sector=1)]
    assert verdicts_of(SectorAllocation(), batch_of(*orders), account_for(orders, 100_000)) == []
    orders = [order("A", -100, held=300, sector=2), order("B", 101, sector=2), order("C", -303, sector=1)]
    assert allowed(SectorAllocation(), batch_of(*orders), account_for(orders, 100_000)) == near(-100, 100, -300)


def test_a_sector_above_its_limit_can_only_shrink() -> None:
    orders = [order("A", -10, held=500, sector=0), order("B", 5, sector=0), order("C", 7, sector=1)]
    assert allowed(SectorAllocation(), batch_of(*orders), account_for(orders, 100_000)) == [-10, 0, 7]


def test_a_run_without_sectors_is_not_limited_by_them() -> None:
    assert verdicts_of(SectorAllocation(), batch_of(order("A", 9_999))) == []


@given(orders_of_few(), st.floats(1e3, 1e6))
def test_no_sector_grows_beyond_its_limit(orders: list[dict[str, Any]], equity: float) -> None:
    batch = batch_of(*orders)
    account = account_for(orders, equity)
    left = allowed(SectorAllocation(), batch, account)
    after = positions_after(orders, left)
    parts = opened(batch, left)
    for sector in range(len(SECTORS)):
        members = [number for number, one in enumerate(orders) if one["sector"] == sector]
        total = sum(
            {orders[n]["symbol"]: abs(after[orders[n]["symbol"]]) * value_of(batch, n) for n in members}.values()
        )
        if any(abs(parts[number]) > 1e-9 * abs(orders[number]["quantity"]) for number in members):
            assert total <= 0.30 * equity * ALMOST
        else:
            assert total <= account.sector_values[sector] * ALMOST


def test_total_allocation_resizes_all_openings_alike_down_to_the_leverage() -> None:
    orders = [order("A", 600), order("B", -600)]
    assert allowed(TotalAllocation(), batch_of(*orders), account_of()) == near(500, -500)
    assert verdicts_of(TotalAllocation(), batch_of(*orders), account_of(leverage=1.2)) == []
    assert allowed(TotalAllocation(0.6), batch_of(*orders), account_of(leverage=1.2)) == near(300, -300)
    text = verdicts_of(TotalAllocation(), batch_of(*orders))[0].text
    assert text == "A: gross exposure would be 120 % of equity, allowed are 100 %"


def test_total_allocation_takes_from_the_opening_part_only() -> None:
    orders = [order("A", -800, held=400), order("B", 600, held=200)]
    # 600 held, 400 closed: 200 stay and 400 + 600 open; of these 800 of 1,000 have room.
    assert allowed(TotalAllocation(), batch_of(*orders), account_for(orders, 100_000)) == near(-400 - 320, 480)


def test_total_allocation_allows_a_switch_at_the_limit() -> None:
    orders = [order("A", -1000, held=1000), order("B", 3, price=30_000.0), order("C", 100.0)]
    assert verdicts_of(TotalAllocation(), batch_of(*orders), account_for(orders, 100_000)) == []
    orders[2] = order("C", 100.01)
    assert len(verdicts_of(TotalAllocation(), batch_of(*orders), account_for(orders, 100_000))) == 2


@pytest.mark.parametrize(("regime", "part"), [("bull", 1.0), ("neutral", 0.7), ("bear", 0.3), ("crash", 0.0)])
def test_regime_compliance_allows_its_part_of_equity_times_leverage(regime: str, part: float) -> None:
    account = account_of(regime=regime, leverage=2.0)
    limit = 2_000 * part
    orders = [order("A", limit / 2 + 1), order("B", -limit / 2 - 1)]
    assert allowed(RegimeCompliance(), batch_of(*orders), account) == near(limit / 2, -limit / 2)
    if part:
        assert verdicts_of(RegimeCompliance(), batch_of(order("A", limit)), account) == []
    text = verdicts_of(RegimeCompliance(), batch_of(*orders), account)[0].text
    assert f"allowed are {200 * part:g} % in regime {regime}" in text


def test_regime_compliance_knows_the_labels_it_is_given_only() -> None:
    for regime in ("", "sideways"):
        assert verdicts_of(RegimeCompliance(), batch_of(order("A", 1e6)), account_of(regime=regime)) == []


def test_a_crash_holds_no_position_that_is_sold() -> None:
    orders = [order("A", -300, held=500), order("B", 5), order("C", 400, held=-400), order("D", 40, held=-30)]
    account = account_for(orders, 100_000, regime="crash")
    assert allowed(RegimeCompliance(), batch_of(*orders), account) == [-300, 0, 400, 30]


def gross_after(orders: list[dict[str, Any]], quantities: list[float], batch: OrderBatch) -> float:
    after = positions_after(orders, quantities)
    values = {one["symbol"]: value_of(batch, number) for number, one in enumerate(orders)}
    return math.fsum(abs(after[symbol]) * value for symbol, value in values.items())


@pytest.mark.parametrize(
    ("gate", "limit"), [(TotalAllocation(), 1.0), (TotalAllocation(0.4), 0.4), (RegimeCompliance(), 0.7)]
)
@given(orders=orders_of_few(), equity=st.floats(1e3, 1e6))
def test_gross_exposure_never_grows_beyond_the_limit(
    gate: Gate, limit: float, orders: list[dict[str, Any]], equity: float
) -> None:
    batch = batch_of(*orders)
    account = account_for(orders, equity, regime="neutral")
    left = allowed(gate, batch, account)
    gross = gross_after(orders, left, batch)
    parts = opened(batch, left)
    if any(abs(part) > 1e-9 * abs(one["quantity"]) for part, one in zip(parts, orders, strict=True)):
        assert gross <= limit * equity * ALMOST
    else:
        assert gross <= account.gross * ALMOST


def test_buying_power_spends_cash_and_credit_to_the_last_cent() -> None:
    batch = batch_of(order("A", 600), order("B", 400))
    assert verdicts_of(BuyingPower(), batch, account_of(cash=100_000.0)) == []
    assert verdicts_of(BuyingPower(), batch, account_of(cash=60_000.0, credit=40_000.0)) == []
    assert allowed(BuyingPower(), batch, account_of(cash=50_000.0)) == near(300, 200)
    assert text_of(BuyingPower(), batch_of(order("A", 600)), account_of(cash=1234.5)) == (
        "A: buying for 60,000.00 of 1,234.50 in cash and credit"
    )


def test_buying_power_takes_sells_first_wherever_they_stand() -> None:
    account = account_of(cash=0.0)
    assert verdicts_of(BuyingPower(), batch_of(order("A", 100), order("B", -100, held=150)), account) == []
    assert allowed(BuyingPower(), batch_of(order("A", 100), order("B", -80, held=150)), account) == near(80, -80)


def test_a_sell_of_what_the_batch_itself_buys_brings_nothing() -> None:
    batch = batch_of(order("A", 100), order("A", -100), order("B", 100))
    assert allowed(BuyingPower(), batch, account_of(cash=10_000.0)) == near(50, -50, 50)


def test_the_proceeds_of_short_sales_buy_nothing() -> None:
    account = account_of(cash=1_000.0)
    assert allowed(BuyingPower(), batch_of(order("A", 100), order("B", -100)), account) == near(10, -100)
    assert allowed(BuyingPower(), batch_of(order("A", 100), order("B", -100, held=30)), account) == near(40, -100)


def test_buys_that_close_a_short_pass_and_are_paid_first() -> None:
    account = account_of(cash=5_000.0)
    assert allowed(BuyingPower(), batch_of(order("A", 40, held=-40), order("B", 40)), account) == near(40, 10)
    assert allowed(BuyingPower(), batch_of(order("A", 90, held=-90), order("B", 40)), account) == [90, 0]
    assert allowed(BuyingPower(), batch_of(order("A", 90, held=-40)), account) == near(50)


@given(orders_of_few(repeats=False), st.floats(-1e4, 1e5), st.sampled_from([0.0, 2e4]))
def test_buys_never_take_cash_below_the_credit(orders: list[dict[str, Any]], cash: float, credit: float) -> None:
    batch = batch_of(*orders)
    left = allowed(BuyingPower(), batch, account_for(orders, 1e5, cash=cash, credit=credit))
    buys = 0.0
    for number, (one, quantity) in enumerate(zip(orders, left, strict=True)):
        part = opening(one["held"], quantity)
        closing = quantity - part
        cash -= closing * value_of(batch, number)
        if part > 0:
            buys += part * value_of(batch, number)
    if buys > 1e-6:
        assert cash - buys >= -credit - 1e-8 * (buys + abs(cash))


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6), st.floats(0.0, 5e4))
def test_pieces_of_a_buy_cost_what_the_whole_costs(pieces: list[int], cash: float) -> None:
    account = account_of(cash=cash)
    split = allowed(BuyingPower(), batch_of(*[order("A", piece) for piece in pieces]), account)
    (whole,) = allowed(BuyingPower(), batch_of(order("A", sum(pieces))), account)
    assert math.fsum(split) == pytest.approx(whole)


LIMITS: list[Gate] = [
    TradeRisk(),
    PositionSize(),
    SectorAllocation(),
    RegimeCompliance(),
    TotalAllocation(),
    BuyingPower(),
]


@pytest.mark.parametrize("gate", LIMITS, ids=lambda gate: type(gate).__name__)
def test_orders_that_only_make_positions_smaller_pass_beyond_every_limit(gate: Gate) -> None:
    orders = [
        order("A", -90, held=9_000, sector=0, stop=10.0),
        order("B", 9_000, held=-9_000, sector=0, stop=200.0),
        order("C", -1, held=1, price=NAN),
    ]
    account = account_for(orders[:2], 1_000, regime="crash", cash=-50_000.0)
    assert allowed(gate, batch_of(*orders), account) == [-90, 9_000, -1]


@pytest.mark.parametrize("gate", LIMITS[1:], ids=lambda gate: type(gate).__name__)
def test_a_price_that_is_not_known_opens_nothing(gate: Gate) -> None:
    orders = [order("A", 10, price=NAN, sector=0), order("B", 1)]
    account = account_for(orders[1:], 100_000, regime="neutral")
    assert allowed(gate, batch_of(*orders), account) == [0, 1]


@pytest.mark.parametrize("gate", LIMITS, ids=lambda gate: type(gate).__name__)
@given(orders=orders_of_few(repeats=False), equity=st.floats(1e3, 1e6), data=st.data())
def test_the_order_of_symbols_does_not_matter(
    gate: Gate, orders: list[dict[str, Any]], equity: float, data: st.DataObject
) -> None:
    account = account_for(orders, equity, regime="bear", cash=equity / 3)
    straight = allowed(gate, batch_of(*orders), account)
    shuffle = data.draw(st.permutations(range(len(orders))))
    shuffled = allowed(gate, batch_of(*[orders[number] for number in shuffle]), account)
    assert shuffled == near(*[straight[number] for number in shuffle])


@pytest.mark.parametrize("gate", LIMITS, ids=lambda gate: type(gate).__name__)
@given(orders=orders_of_few(), equity=st.floats(1e3, 1e6), scale=st.sampled_from([0.01, 8.0, 1e4]))
def test_a_larger_account_does_the_same_in_proportion(
    gate: Gate, orders: list[dict[str, Any]], equity: float, scale: float
) -> None:
    account = account_for(orders, equity, regime="bear", cash=equity / 3)
    scaled_orders = [{**one, "quantity": one["quantity"] * scale, "held": one["held"] * scale} for one in orders]
    scaled = account_for(scaled_orders, equity * scale, regime="bear", cash=equity * scale / 3)
    left = allowed(gate, batch_of(*orders), account)
    assert allowed(gate, batch_of(*scaled_orders), scaled) == near(*[quantity * scale for quantity in left])


@pytest.mark.parametrize("gate", LIMITS, ids=lambda gate: type(gate).__name__)
@given(orders=orders_of_few(repeats=False), equity=st.floats(1e3, 1e6))
def test_a_gate_has_nothing_to_add_to_what_it_has_left(gate: Gate, orders: list[dict[str, Any]], equity: float) -> None:
    account = account_for(orders, equity, regime="bear", cash=equity / 3)
    left = allowed(gate, batch_of(*orders), account)
    again = [{**one, "quantity": quantity} for one, quantity in zip(orders, left, strict=True)]
    assert allowed(gate, batch_of(*again), account) == near(*left)
