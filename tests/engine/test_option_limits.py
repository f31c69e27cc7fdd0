"""Limits of size and options: what is sold short counts with what stands behind it, and sectors see all of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.engine.helpers import fills_of, run, scripted
from tests.engine.test_risk_orders import RISK, entries, on_a_venue
from tests.engine.test_session import Chain
from tests.orders.test_asynchronous_venue import SlowCancels
from tests.plugins.test_gates_common import NAN, account_of, allowed, batch_of, order
from tradewind.contracts import Gate
from tradewind.engine.session import Session
from tradewind.model import AssetClass, Bars, ExerciseStyle, Instrument, OptionRight, Targets
from tradewind.testing import make_bars
from tradewind_plugins.gates import BuyingPower, FatFinger, PositionSize, SectorAllocation, TotalAllocation

BREAKERS_OFF = {"switched_off": RISK["switched_off"]}
CALL, PUT = OptionRight.CALL, OptionRight.PUT


def option(right: OptionRight = CALL, strike: float = 105.0, sector: str = "", underlying: str = "XYZ") -> Instrument:
    return Instrument(
        symbol=f"{underlying} 231220{right.value[0].upper()}{strike:g}", asset_class=AssetClass.OPTION, sector=sector,
        multiplier=100.0, underlying=underlying, expiry=dt.date(2023, 12, 20), strike=strike, right=right,
        style=ExerciseStyle.EUROPEAN,
    )  # fmt: skip


def traded(
    plan: dict[int, dict[Instrument, float]], *, price: float = 0.05, sector: str = "", **risk: Any
) -> tuple[Session, dict[str, float]]:
    """Run a plan on an underlying at 100 and its options at one price; return what is held after it."""
    made = make_bars(np.full((8, 1), 100.0), symbols=["XYZ"], start="2023-03-01")
    stock = Instrument(symbol="XYZ", sector=sector)
    bars = Bars(timestamps=made.timestamps, instruments=(stock,), fields=made.fields)
    options = {one for wishes in plan.values() for one in wishes if one.strike is not None}
    quotes = {str(time)[:10]: price for time in bars.timestamps}
    session = run(
        bars,
        [{"strategy": scripted("options", {bar: Targets(quantities=wishes) for bar, wishes in plan.items()})}],
        account={"cash": 100_000.0},
        quote_sources=lambda panel: [Chain(one, quotes, panel) for one in options],
        risk={**BREAKERS_OFF, **risk},
    )
    return session, {one.symbol: held for one, held in session.ledger.holdings().items()}


@pytest.mark.parametrize(("right", "strike", "contracts"), [(CALL, 400.0, 1.0), (PUT, 50.0, 3.0), (PUT, 200.0, 0.0)])
def test_an_option_sold_short_counts_with_what_stands_behind_it(
    right: OptionRight, strike: float, contracts: float
) -> None:
    # 15 % of 100,000 are 15,000: one call on shares at 100, three puts at 50, no put at 200.
    one = option(right, strike)
    session, held = traded({1: {one: -4.0}})
    assert held == ({one.symbol: -contracts} if contracts else {})
    assert entries(session, "gate")[0][1]["code"] == "position_size"


def test_an_option_that_is_bought_counts_with_its_price() -> None:
    one = option()
    session, held = traded({1: {one: 2_000.0}})
    assert held == {one.symbol: 2_000.0}
    assert entries(session, "gate") == []


def test_an_option_on_what_has_no_price_is_not_sold_short() -> None:
    off = {"switched_off": [*RISK["switched_off"], "symbol"]}
    session, held = traded({1: {option(underlying="ABC"): -1.0}}, **off)
    assert held == {}
    assert "of unknown value" in entries(session, "gate")[0][1]["text"]


def test_a_short_sale_of_an_option_counts_until_its_cancel_is_confirmed() -> None:
    # Each is 10 % of 100,000, and 15 % are allowed in all: the first may still fill when the second is wanted.
    one, other = option(CALL, 105.0), option(CALL, 110.0)
    bars = make_bars(np.full((8, 1), 100.0), symbols=["XYZ"], start="2023-03-01")
    quotes = {str(time)[:10]: 0.05 for time in bars.timestamps}
    gates = [{"name": "total_allocation", "params": {"maximum": 0.15}}]
    plan = {1: Targets(quantities={one: -1.0}), 3: Targets(quantities={one: 0.0, other: -1.0})}
    broker = SlowCancels()
    session, path = on_a_venue(
        bars, [{"strategy": scripted("options_slow", plan)}], broker, {}, {**BREAKERS_OFF, "gates": gates},
        quote_sources=lambda panel: [Chain(each, quotes, panel) for each in (one, other)],
    )  # fmt: skip
    assert [order.intent.instrument for order in path.open_orders.values()] == [one]
    assert {(bar, told["code"]) for bar, told in entries(session, "gate")} == {(3, "total_allocation")}


def test_options_sold_short_together_count_in_sector_and_total() -> None:
    # Two calls on each of two strikes are 40,000: 30 % of a sector leave 1.5 of each, in lots 1.
    one, other = option(CALL, 105.0), option(CALL, 110.0)
    gates = [{"name": "position_size", "params": {"maximum": 9.0}}]
    session, held = traded({1: {one: -2.0, other: -2.0}}, sector="Tech", gates=gates)
    assert held == {one.symbol: -1.0, other.symbol: -1.0}
    assert {told["code"] for _, told in entries(session, "gate")} == {"sector_allocation"}
    # In all 25 %, of which the first two take 20 %.
    gates = [*gates, {"name": "total_allocation", "params": {"maximum": 0.25}}]
    session, held = traded({1: {one: -1.0}, 3: {one: -2.0}, 5: {other: -1.0}}, gates=gates)
    assert held == {one.symbol: -2.0}
    assert {told["code"] for _, told in entries(session, "gate")} == {"total_allocation"}


@pytest.mark.parametrize("own", ["Tech", ""])
def test_sectors_see_options_by_their_own_sector_or_their_underlyings(own: str) -> None:
    calls, stock = option(sector=own), Instrument(symbol="XYZ", sector="Tech")
    gates = [{"name": "position_size", "params": {"maximum": 0.9}}]
    session, _ = traded({1: {calls: 100.0, stock: 150.0}}, price=5.0, sector="Tech", gates=gates)
    value = sum(quantity * price * (1 if name == "XYZ" else 100) for _, name, quantity, price in fills_of(session))
    assert 0.25 * 100_000 < value <= 0.3 * 100_000
    # What is held without a column takes room too.
    session, held = traded({1: {calls: 60.0}, 3: {stock: 150.0}}, price=5.0, sector="Tech", gates=gates)
    assert (held[calls.symbol], entries(session, "gate")[-1][1]["asked"]) == (60.0, 150.0)
    assert "XYZ" not in held


@pytest.mark.parametrize(
    ("gate", "left"),
    [
        (PositionSize(), [-1.0, -1.5]),
        (TotalAllocation(0.12), [-0.4, -0.8]),
        (SectorAllocation(0.12), [-0.4, -0.8]),
        (FatFinger(0.12), [-1.0, 0.0]),
    ],
)
def test_each_limit_of_size_counts_what_stands_behind(gate: Gate, left: list[float]) -> None:
    terms = {"price": 0.05, "multiplier": 100.0, "sector": 0}
    batch = batch_of(order("A", -1.0, **terms), order("B", -2.0, **terms), order("C", -1.0, **terms))
    account = account_of(sectors=("Tech",), sector_values=np.zeros(1))
    known = dataclasses.replace(batch, short_prices=np.array([100.0, 100.0, 1e-9]))
    assert allowed(gate, known, account)[:2] == pytest.approx(left)
    unknown = dataclasses.replace(batch, short_prices=np.array([100.0, 100.0, NAN]))
    assert allowed(gate, unknown, account)[2] == 0.0


def test_what_closes_a_short_option_makes_its_room_and_costs_its_price() -> None:
    terms = {"price": 0.05, "multiplier": 100.0}
    batch = batch_of(order("A", 5.0, held=-5.0, **terms), order("B", 40.0, price=1_000.0))
    batch = dataclasses.replace(batch, short_prices=np.array([100.0, 0.0]))
    account = account_of(gross=90_000.0, cash=41_000.0)
    assert allowed(TotalAllocation(), batch, account) == [5.0, 40.0]
    assert allowed(BuyingPower(), batch, account) == [5.0, 40.0]
    assert allowed(BuyingPower(), batch, account_of(cash=20_025.0)) == [5.0, pytest.approx(20.0)]
