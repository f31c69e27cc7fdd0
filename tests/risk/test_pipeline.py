"""The pipeline: gates in their order, each on what the one before has left; nothing grows or turns round."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tradewind.contracts import AccountView, OrderBatch, Verdict
from tradewind.errors import PluginError
from tradewind.model import Instrument, OrderIntent, OrderType, Standing
from tradewind.risk.openings import Repeats, opening_parts
from tradewind.risk.pipeline import FLATTEN, GatePipeline


def intent(number: int, quantity: float, symbol: str = "", **terms: Any) -> OrderIntent:
    lot = terms.pop("lot_size", 0.0)
    instrument = Instrument(symbol=symbol or f"S{number}", lot_size=lot)
    return OrderIntent(order_id=f"o{number}", bar=0, instrument=instrument, quantity=quantity, **terms)


def batch_of(intents: Sequence[OrderIntent], held: Sequence[float]) -> OrderBatch:
    count = len(intents)
    quantities, own = np.array([one.quantity for one in intents]), np.array(held, dtype=np.float64)
    return OrderBatch(
        intents=tuple(intents),
        quantities=quantities,
        prices=np.full(count, 10.0),
        previous_prices=np.full(count, 10.0),
        ages=np.zeros(count, dtype=np.int64),
        multipliers=np.ones(count),
        held=own,
        openings=opening_parts(quantities, own),
        stops=np.full(count, np.nan),
        sectors=np.full(count, -1),
    )


def account(standing: Standing = Standing.ACTIVE, *, adjusted: bool = False) -> AccountView:
    return AccountView(
        bar=0,
        time=np.datetime64("2024-01-02", "ns"),
        equity=1000.0,
        cash=1000.0,
        credit=0.0,
        leverage=1.0,
        regime="",
        standing=standing,
        gross=0.0,
        sectors=(),
        sector_values=np.zeros(0),
        adjusted=adjusted,
        symbols=frozenset(),
        sent=(0, 0, 0),
        working={},
    )


class Half:
    """Leaves half of each order, and notes what it was shown."""

    def __init__(self, stage: int) -> None:
        self.stage = stage
        self.seen: list[list[float]] = []

    def check(self, batch: OrderBatch, account: AccountView) -> list[Verdict]:
        self.seen.append(batch.quantities.tolist())
        return [Verdict(order, quantity / 2.0, "half", "half of it") for order, quantity in enumerate(batch.quantities)]


class Says:
    """Gives one verdict, whatever it is."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = verdicts

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return self.verdicts


def test_gates_are_asked_by_stage_and_see_what_is_left() -> None:
    late, early = Half(40), Half(10)
    quantities, rulings = GatePipeline([("late", late), ("early", early)]).judge(
        batch_of([intent(0, 8.0), intent(1, -4.0)], [0.0, 0.0]), account()
    )
    assert (early.seen, late.seen) == ([[8.0, -4.0]], [[4.0, -2.0]])
    assert quantities.tolist() == [2.0, -1.0]
    assert [(one.gate, one.order, one.asked, one.allowed) for one in rulings] == [
        ("early", 0, 8.0, 4.0),
        ("early", 1, -4.0, -2.0),
        ("late", 0, 4.0, 2.0),
        ("late", 1, -2.0, -1.0),
    ]


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(0, 9.0, "grows", ""),
        Verdict(0, -1.0, "turns", ""),
        Verdict(0, float("nan"), "nothing", ""),
        Verdict(0, float("inf"), "everything", ""),
        Verdict(7, 0.0, "elsewhere", ""),
        Verdict(-1, 0.0, "before", ""),
    ],
)
def test_a_gate_that_breaks_its_promise_stops_the_run(verdict: Verdict) -> None:
    pipeline = GatePipeline([("odd", Says(verdict))])
    with pytest.raises(PluginError, match=r"gate 'odd': verdict .* a gate allows as much, less or nothing"):
        pipeline.judge(batch_of([intent(0, 8.0)], [0.0]), account())


def test_a_rejected_order_stays_rejected() -> None:
    again = Says(Verdict(0, 0.0, "no", "again"))
    quantities, rulings = GatePipeline([("a", Says(Verdict(0, 0.0, "no", "first"))), ("b", again)]).judge(
        batch_of([intent(0, 8.0)], [0.0]), account()
    )
    assert quantities.tolist() == [0.0]
    assert [one.gate for one in rulings] == ["a"]
    with pytest.raises(PluginError):
        GatePipeline([("a", Says(Verdict(0, 0.0, "no", ""))), ("b", Says(Verdict(0, 1.0, "yes", "")))]).judge(
            batch_of([intent(0, 8.0)], [0.0]), account()
        )


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing.ACTIVE, [10.0, -4.0, -9.0, -5.0, -5.0]),
        (Standing.REDUCED, [7.0, -4.0, -5.0 - 0.7 * 4.0, -5.0, -5.0]),
        (Standing.REDUCE_ONLY, [0.0, -4.0, -5.0, -5.0, -5.0]),
        (Standing.HALTED, [0.0, 0.0, 0.0, -5.0, -5.0]),
        (Standing.KILLED, [0.0, 0.0, 0.0, 0.0, -5.0]),
    ],
)
def test_a_standing_allows_what_it_says(standing: Standing, expected: list[float]) -> None:
    intents = [
        intent(0, 10.0),
        intent(1, -4.0),
        intent(2, -9.0),
        intent(3, -5.0, order_type=OrderType.STOP, stop_price=9.0),
        intent(4, -5.0, reason=FLATTEN),
    ]
    batch = batch_of(intents, [0.0, 5.0, 5.0, 5.0, 5.0])
    quantities, rulings = GatePipeline([]).judge(batch, account(standing))
    assert quantities.tolist() == pytest.approx(expected)
    assert {one.code for one in rulings} <= {standing.word}


def test_a_stop_that_would_open_is_no_protection() -> None:
    stop = intent(0, 5.0, order_type=OrderType.STOP, stop_price=11.0)
    for standing in (Standing.REDUCE_ONLY, Standing.HALTED, Standing.KILLED):
        assert GatePipeline([]).judge(batch_of([stop], [0.0]), account(standing))[0].tolist() == [0.0]


@pytest.mark.parametrize("adjusted", [False, True])
def test_what_is_left_is_in_whole_lots(adjusted: bool) -> None:
    pipeline = GatePipeline([("cut", Says(Verdict(0, 35.0, "cut", "")))])
    batch = batch_of([intent(0, 100.0, lot_size=10.0)], [0.0])
    assert pipeline.judge(batch, account(adjusted=adjusted))[0].tolist() == [30.0]


def test_a_closing_part_is_not_rounded_away() -> None:
    pipeline = GatePipeline([("cut", Says(Verdict(0, -18.0, "cut", "")))])
    batch = batch_of([intent(0, -100.0, lot_size=10.0)], [15.0])
    assert pipeline.judge(batch, account())[0].tolist() == [-15.0]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-9, 9).filter(bool)), min_size=1, max_size=8),
       st.lists(st.integers(-9, 9), min_size=3, max_size=3))  # fmt: skip
def test_openings_and_closings_walk_the_position(orders: list[tuple[int, int]], start: list[int]) -> None:
    quantities = np.array([float(quantity) for _, quantity in orders])
    held = np.array([float(start[number]) for number, _ in orders])
    repeats = np.array([number for number, _ in orders])
    openings = opening_parts(quantities, held, Repeats(repeats, np.full(len(repeats), -1)))
    position = [float(one) for one in start]
    for (number, quantity), opening in zip(orders, openings.tolist(), strict=True):
        before, after = position[number], position[number] + quantity
        grown = after if before * after < 0.0 else (quantity if abs(after) > abs(before) else 0.0)
        assert opening == grown
        position[number] = after


def test_of_orders_that_cancel_each_other_one_fills() -> None:
    """A stop and a limit that both close the position of an entry before them open nothing."""
    quantities, held = np.array([10.0, -10.0, -10.0, 3.0]), np.zeros(4)
    repeats = Repeats(np.zeros(4, dtype=np.int64), np.array([-1, 7, 7, -1]))
    assert opening_parts(quantities, held, repeats).tolist() == [10.0, 0.0, 0.0, 3.0]
    apart = repeats._replace(groups=np.full(4, -1))
    assert opening_parts(quantities, held, apart).tolist() == [10.0, 0.0, -10.0, 0.0]


def test_an_order_without_a_number_can_be_rejected() -> None:
    batch = batch_of([intent(0, 8.0)], [0.0])
    broken = dataclasses.replace(batch, quantities=np.array([np.nan]), openings=np.array([np.nan]))
    quantities, rulings = GatePipeline([("no", Says(Verdict(0, 0.0, "no", "")))]).judge(broken, account())
    assert quantities.tolist() == [0.0]
    assert len(rulings) == 1
