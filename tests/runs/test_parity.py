"""Planted differences show up in their own part, with the amount computed by hand."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.runs.planted import CASH, Churn, Planted, Proportional, bars_of, holds
from tradewind.errors import UserError
from tradewind.exchange import ExchangeRules
from tradewind.journal.store import open_store
from tradewind.model import Bars, OrderIntent
from tradewind.runs.parity import PARTS, Parity, RecordedSession, read_session

ORDERS = {2: {0: 100.0}, 4: {1: 50.0}, 6: {0: 60.0}}
THRICE = holds(ORDERS)
"""Buys 100 of the first, then 50 of the second, then sells 40 of the first."""
TRADES = ((2, 0, 100.0), (4, 1, 50.0), (6, 0, -40.0))
"""Bar of the decision, column, quantity of the strategy above."""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def assert_only(parity: Parity, expected: dict[str, float]) -> None:
    for name in PARTS:
        assert parity.parts[name] == pytest.approx(expected.get(name, 0.0), rel=1e-9, abs=1e-7), name
    assert_sums(parity)


def assert_sums(parity: Parity) -> None:
    assert parity.backtest_profit + math.fsum(parity.parts.values()) + parity.rounding == pytest.approx(
        parity.paper_profit, rel=1e-12, abs=1e-9
    )
    assert abs(parity.rounding) <= 1e-9 * max(abs(parity.paper_profit), abs(parity.backtest_profit), 1.0)


def test_paper_like_its_backtest_differs_in_nothing(journal: Path) -> None:
    result, parity = Planted(strategy=Churn).run(journal)
    assert dict(parity.parts) == dict.fromkeys(PARTS, 0.0)
    assert (parity.rounding, parity.same_decisions, parity.explained) == (0.0, True, True)
    assert (parity.first_difference, parity.data_difference, parity.within_band) == (None, "", True)
    assert parity.paper_profit == result.equity["equity"].iloc[-1] - CASH
    assert parity.counts["orders"] == len(result.orders) > 10


def test_costs_of_the_venue_are_the_part_of_costs(journal: Path) -> None:
    planted = Planted(strategy=THRICE, cost=Proportional(commission=0.001, spread=0.0005))
    _, parity = planted.run(journal)
    open_ = planted.bars.fields["open"]
    value = sum(abs(quantity) * open_[bar + 1, column] for bar, column, quantity in TRADES)
    assert_only(parity, {"cost": -0.0015 * value})
    assert parity.cost_parts["commission"] == pytest.approx(-0.001 * value)
    assert parity.cost_parts["spread"] == pytest.approx(-0.0005 * value)
    assert parity.cost_parts["consequences"] == pytest.approx(0.0, abs=1e-9)
    assert parity.explained
    assert parity.counts["cost"] == 3


def test_a_late_venue_is_the_part_of_fill_time(journal: Path) -> None:
    planted = Planted(strategy=THRICE, late=True)
    _, parity = planted.run(journal)
    open_ = planted.bars.fields["open"]
    expected = sum(quantity * (open_[bar + 1, column] - open_[bar + 2, column]) for bar, column, quantity in TRADES)
    assert_only(parity, {"fill_time": expected})
    assert parity.counts["fill_time"] == 3


def test_a_late_and_dear_venue_is_divided_between_time_price_and_cost(journal: Path) -> None:
    planted = Planted(
        strategy=THRICE,
        late=True,
        cost=Proportional(commission=0.002),
        rules=ExchangeRules(slip_percent=0.001, slip_open=True),
    )
    _, parity = planted.run(journal)
    open_ = planted.bars.fields["open"]
    time = sum(quantity * (open_[bar + 1, column] - open_[bar + 2, column]) for bar, column, quantity in TRADES)
    price = -0.001 * sum(abs(quantity) * open_[bar + 2, column] for bar, column, quantity in TRADES)
    paid = sum(abs(quantity) * open_[bar + 2, column] + 0.001 * quantity * open_[bar + 2, column]
               for bar, column, quantity in TRADES)  # fmt: skip
    assert_only(parity, {"fill_time": time, "fill_price": price, "cost": -0.002 * paid})


def test_a_volume_limit_is_the_part_of_fill_time(journal: Path) -> None:
    planted = Planted(bars=bars_of(volume=60.0), strategy=THRICE, rules=ExchangeRules(volume_limit=0.5))
    _, parity = planted.run(journal)
    open_, last = planted.bars.fields["open"], planted.bars.fields["close"][-1]
    at_once = sum(quantity * (last[column] - open_[bar + 1, column]) for bar, column, quantity in TRADES)
    # At most 30 a bar; the new decision on the first symbol, on bar 6, finds 100 of 100 filled: 30, 30, 30, 10.
    pieces = [(3, 0, 30), (4, 0, 30), (5, 0, 30), (6, 0, 10), (5, 1, 30), (6, 1, 20), (7, 0, -30), (8, 0, -10)]
    in_pieces = sum(quantity * (last[column] - open_[bar, column]) for bar, column, quantity in pieces)
    assert_only(parity, {"fill_time": in_pieces - at_once})


def test_slippage_in_the_price_is_the_part_of_fill_price(journal: Path) -> None:
    planted = Planted(strategy=THRICE, rules=ExchangeRules(slip_percent=0.001, slip_open=True))
    _, parity = planted.run(journal)
    open_ = planted.bars.fields["open"]
    expected = -0.001 * sum(abs(quantity) * open_[bar + 1, column] for bar, column, quantity in TRADES)
    assert_only(parity, {"fill_price": expected})


def test_a_refused_order_is_the_part_of_gates(journal: Path) -> None:
    planted = Planted(strategy=THRICE, refuses=lambda intent: intent.instrument.symbol == "S1")
    _, parity = planted.run(journal)
    open_, last = planted.bars.fields["open"], planted.bars.fields["close"][-1]
    assert_only(parity, {"gate": -50.0 * (last[1] - open_[5, 1])})
    assert parity.counts["refused"] == 1
    assert parity.first_difference is not None
    assert "planted" in parity.first_difference.paper
    assert parity.first_difference.bar == 4


def test_an_order_that_only_the_backtest_refused_is_a_part_of_gates(journal: Path) -> None:
    bars = bars_of()
    gap = 1.02 * bars.fields["close"][2, 0]
    planted = Planted(
        bars=changed(bars, 3, 0, gap - bars.fields["open"][3, 0]),
        strategy=holds({2: {0: 1e6}}),
        plan_cost=Proportional(commission=0.02),
        cost=Proportional(),
    )
    result, parity = planted.run(journal)
    assert len(result.fills) == 1
    quantity = float(result.fills["quantity"].iloc[0])
    assert quantity * gap < CASH < 1.02 * quantity * gap  # affordable without the plan's costs only
    cost = 0.02 * quantity * gap
    assert_only(parity, {"gate": parity.difference - cost, "cost": cost})
    assert parity.parts["gate"] != 0.0


def changed(bars: Bars, bar: int, column: int, by: float) -> Bars:
    fields = {name: np.array(values) for name, values in bars.fields.items()}
    fields["open"][bar, column] += by
    fields["high"][bar, column] = max(fields["high"][bar, column], fields["open"][bar, column])
    return dataclasses.replace(bars, fields=fields)


def test_a_bar_that_the_feed_has_corrected_is_the_part_of_data(journal: Path) -> None:
    bars = bars_of()
    planted = Planted(bars=bars, history=changed(bars, 3, 0, -0.5), strategy=THRICE)
    _, parity = planted.run(journal)
    assert_only(parity, {"data": -0.5 * 100.0})
    assert parity.same_decisions
    assert "bar 3 " in parity.data_difference
    assert "S0 open" in parity.data_difference


def test_a_strategy_that_has_changed_since_is_the_part_of_decisions(journal: Path) -> None:
    planted = Planted(strategy=THRICE)
    planted.run(journal)

    planted.strategy = holds({**ORDERS, 4: {1: 80.0}})
    parity = planted.compare(journal)
    open_, last = planted.bars.fields["open"], planted.bars.fields["close"][-1]
    # Paper bought 50 where the plan as it is now buys 80; of the 80 the part that paper filled, all, is executed.
    assert_only(parity, {"decision": -30.0 * (last[1] - open_[5, 1])})
    assert not parity.explained
    assert parity.first_unexplained is not None
    assert (parity.first_unexplained.bar, parity.first_unexplained.kind) == (4, "targets")


def test_what_execution_brings_about_later_counts_to_its_cause(journal: Path) -> None:
    _, parity = Planted(strategy=Churn, cost=Proportional(commission=0.003)).run(journal)
    assert not parity.same_decisions
    assert parity.explained
    assert parity.parts["cost"] == pytest.approx(parity.difference)
    assert parity.parts["cost"] < 0.0
    assert_only(parity, {"cost": parity.difference})
    assert parity.cost_parts["consequences"] != 0.0


def test_cash_that_the_venue_had_more_is_the_part_of_the_outside(journal: Path) -> None:
    planted = Planted(strategy=Churn, venue_cash=1.5 * CASH)
    _, parity = planted.run(journal)
    assert parity.parts["outside"] == pytest.approx(0.5 * parity.backtest_profit, rel=0.02)
    assert_only(parity, {"outside": parity.difference})
    assert parity.explained


def test_a_position_traded_by_hand_and_adopted_is_the_part_of_the_outside(journal: Path) -> None:
    planted = Planted(strategy=THRICE)
    planted.kept_venue = planted.venue()
    planted.run(journal, last_bar=8)
    third = planted.bars.instruments[2]
    planted.kept_venue.trade_by_hand(OrderIntent(order_id="by-hand", bar=8, instrument=third, quantity=10.0))
    with open_store(journal) as store:
        store.post(1, "adopt", {})
    _, parity = planted.run(journal)
    bought, last = planted.bars.fields["open"][9, 2], planted.bars.fields["close"][-1, 2]
    assert_only(parity, {"outside": 10.0 * (last - bought)})
    assert parity.finished


def test_orders_put_off_as_nobody_explained_a_difference_are_the_part_of_the_outside(journal: Path) -> None:
    planted = Planted(strategy=Churn)
    planted.kept_venue = planted.venue()
    planted.run(journal, last_bar=8)
    third = planted.bars.instruments[2]
    planted.kept_venue.trade_by_hand(OrderIntent(order_id="by-hand", bar=8, instrument=third, quantity=10.0))
    result, parity = planted.run(journal)
    assert not (result.orders["bar"] > 8).any()
    assert abs(parity.difference) > 1.0
    assert_only(parity, {"outside": parity.difference})
    assert parity.explained
    last = len(planted.bars) - 1
    (warning,) = [one for one in result.warnings if f"no order was sent from bar 9 to bar {last}" in one]
    assert third.symbol in warning


def test_a_session_that_goes_on_is_compared_up_to_its_last_complete_bar(journal: Path) -> None:
    result, parity = Planted(strategy=Churn).run(journal, last_bar=9)
    assert (parity.bars, parity.finished, parity.same_decisions) == (10, False, True)
    assert parity.paper_profit == pytest.approx(result.equity["equity"].iloc[9] - CASH, rel=1e-12)
    assert "not finished" in parity.notes[0]
    assert_only(parity, {})


def test_borrowing_at_another_rate_is_a_part_of_costs(journal: Path) -> None:
    planted = Planted(
        strategy=holds({2: {0: -100.0}}),
        plan={"exchange": {"borrow_rate_per_year": 0.02}},
        rules=ExchangeRules(borrow_rate_per_year=0.10),
    )
    _, parity = planted.run(journal)
    assert parity.cost_parts["borrowing"] == pytest.approx(parity.parts["cost"])
    days = np.diff(planted.bars.timestamps) / np.timedelta64(1, "D") / 365.25
    closes = planted.bars.fields["close"][3:-1, 0]
    assert_only(parity, {"cost": -float((100.0 * closes * days[3:] * 0.08).sum())})


SMA = "tests.runs.planted_bt:Crosses"


def test_a_backtrader_session_like_its_backtest_differs_in_nothing(journal: Path) -> None:
    result, parity = Planted(bars=bars_of(30), backtrader=SMA).run(journal)
    assert parity.counts["orders"] == len(result.orders) > 2
    assert dict(parity.parts) == dict.fromkeys(PARTS, 0.0)
    assert parity.same_decisions
    assert parity.paper_profit == pytest.approx(result.equity["equity"].iloc[-1] - CASH)


def test_a_backtrader_session_whose_costs_have_changed_since_shows_them(journal: Path) -> None:
    planted = Planted(bars=bars_of(30), backtrader=SMA, plan_cost=Proportional())
    result, _ = planted.run(journal)
    planted.plan_cost = Proportional(commission=0.001)
    parity = planted.compare(journal)
    value = float((result.fills["quantity"].abs() * result.fills["price"]).sum())
    assert_only(parity, {"cost": 0.001 * value})


VENUES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000),
        "late": st.booleans(),
        "commission": st.sampled_from([0.0, 0.001]),
        "slip_percent": st.sampled_from([0.0, 0.002]),
        "volume_limit": st.sampled_from([0.0, 0.5]),
        "refused": st.sampled_from(["", "S0", "S2"]),
        "data": st.sampled_from([0.0, 0.3]),
        "cash": st.sampled_from([CASH, 1.2 * CASH]),
    }
)

HALF_FILLED: dict[str, Any] = {
    "late": False,
    "commission": 0.0,
    "slip_percent": 0.0,
    "volume_limit": 0.5,
    "refused": "",
    "data": 0.0,
    "cash": CASH,
}
"""A sale in parts leaves too little cash for a purchase, which is refused when it is executed, and tried again."""


@settings(deadline=None, max_examples=25)
@given(venue=VENUES)
@example(venue={**HALF_FILLED, "seed": 325})
@example(venue={**HALF_FILLED, "seed": 54, "cash": 1.2 * CASH})
def test_the_parts_of_any_venue_sum_to_the_difference(
    venue: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    class Seeded(Churn):
        seed = venue["seed"]

    bars = bars_of(seed=venue["seed"], volume=2000.0)
    planted = Planted(
        bars=bars,
        history=changed(bars, 4, 0, venue["data"]),
        strategy=Seeded,
        cost=Proportional(commission=venue["commission"]),
        rules=ExchangeRules(
            volume_limit=venue["volume_limit"], slip_percent=venue["slip_percent"], slip_open=venue["slip_percent"] > 0
        ),
        refuses=lambda intent: intent.instrument.symbol == venue["refused"],
        late=venue["late"],
        venue_cash=venue["cash"],
    )
    result, parity = planted.run(tmp_path_factory.mktemp("parity") / "journal.db")
    assert_sums(parity)
    assert parity.paper_profit == pytest.approx(result.equity["equity"].iloc[-1] - venue["cash"], rel=1e-9, abs=1e-6)
    assert parity.explained
    assert parity.parts["decision"] == pytest.approx(0.0, abs=1e-6)


def test_a_session_without_a_complete_bar_says_so(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    planted = Planted(strategy=THRICE)
    header = {"config": planted.configuration().model_dump(mode="json", exclude_none=True), "tag": "0" * 8}
    with open_store(journal) as store:
        store.begin("planted", header).close()
        with pytest.raises(UserError, match="no complete bar"):
            read_session(store, store.sessions()[0])


def test_the_session_s_bars_are_those_of_the_feed_to_the_last_bit(journal: Path) -> None:

    planted = Planted(strategy=THRICE)
    planted.run(journal)
    with open_store(journal) as store:
        session: RecordedSession = read_session(store, store.sessions()[0])
    assert session.bars(planted.bars).sha256() == planted.bars.sha256()
