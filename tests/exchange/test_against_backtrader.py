"""Differential tests: the exchange against stock Backtrader's broker, equal to the last bit.

``TRADEWIND_EXAMPLES`` sets the number of examples, 200 unless told.
"""

from __future__ import annotations

import os
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.exchange.replay import Step, play_backtrader, play_exchange
from tradewind.exchange import ExchangeRules
from tradewind.model import OrderType

BARS = 16
LAST_SUBMISSION = BARS - 4
"""Later orders could still be waiting, or have expired one bar earlier here than there, at the end."""

play_settings = settings(
    max_examples=int(os.environ.get("TRADEWIND_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

factors = st.sampled_from([0.9, 0.95, 0.98, 0.99, 1.0, 1.0, 1.01, 1.02, 1.05, 1.1])
quantities = st.sampled_from([1.0, 3.0, 10.0, 25.0, 60.0, 0.5, 12.375]).flatmap(
    lambda size: st.sampled_from([size, -size])
)


@st.composite
def panels(draw: st.DrawFn) -> NDArray[np.float64]:
    """Random OHLCV of shape (BARS, 1 to 3, 5); on a coarse grid prices tie often, off it every digit counts."""
    symbols = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grid = draw(st.sampled_from([0.0, 0.25, 1.0]))
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, (BARS, symbols)), axis=0))
    opens = np.vstack([closes[:1], closes[:-1]]) * np.exp(rng.normal(0.0, 0.015, (BARS, symbols)))
    if grid:
        closes, opens = np.round(closes / grid) * grid, np.round(opens / grid) * grid
    wiggle = rng.exponential(0.01, (2, BARS, symbols))
    highs = np.maximum(opens, closes) * (1.0 + wiggle[0])
    lows = np.minimum(opens, closes) * (1.0 - wiggle[1])
    if grid:
        highs, lows = np.ceil(highs / grid) * grid, np.floor(lows / grid) * grid
    volumes = np.round(rng.uniform(0.0, 120.0, (BARS, symbols)))
    return np.stack([opens, highs, lows, closes, volumes], axis=2)


@st.composite
def scripts(draw: st.DrawFn, symbols: int, *, day: bool = True) -> list[Step]:
    """Orders and cancels in the order in which they are sent; a cancel names an order of an earlier bar.

    A day order is not cancelled on its only bar: it has expired there, in Backtrader it does so on the next.
    """
    steps: list[Step] = []
    for bar in sorted(draw(st.lists(st.integers(0, LAST_SUBMISSION), min_size=1, max_size=20))):
        earlier = [n for n, step in enumerate(steps) if step.cancel is None and step.bar + step.day < bar]
        if earlier and draw(st.integers(0, 5)) == 0:
            steps.append(Step(bar, cancel=draw(st.sampled_from(earlier))))
            continue
        kind = draw(st.sampled_from(OrderType))
        trail = draw(st.sampled_from([0.01, 0.03, 0.1]))
        by_amount = draw(st.booleans())
        steps.append(
            Step(
                bar,
                symbol=draw(st.integers(0, symbols - 1)),
                quantity=draw(quantities),
                order_type=kind,
                day=day and kind is not OrderType.MARKET and draw(st.booleans()),
                stop=draw(factors),
                limit=draw(factors),
                trail_amount=trail if by_amount else None,
                trail_fraction=None if by_amount else trail,
                trail_from=draw(st.sampled_from([None, None, 0.97, 1.03])),
            )
        )
    return steps


SLIPPAGE = st.fixed_dictionaries(
    {
        "slip_perc": st.sampled_from([0.0, 0.001, 0.02]),
        "slip_fixed": st.sampled_from([0.0, 0.07, 1.0]),
        "slip_open": st.booleans(),
        "slip_match": st.booleans(),
        "slip_limit": st.booleans(),
        "slip_out": st.booleans(),
    }
)
NAMES = {"slip_perc": "slip_percent", "coc": "cheat_on_close", "checksubmit": "check_cash"}


def assert_same(
    panel: NDArray[np.float64],
    script: list[Step],
    *,
    cash: float = 10_000.0,
    commission: float = 0.0,
    volume_limit: float = 0.0,
    **broker: Any,
) -> None:
    filler = {"filler": bt.broker.fillers.FixedBarPerc(perc=float(round(100.0 * volume_limit)))} if volume_limit else {}
    expected = play_backtrader(panel, script, cash=cash, commission=commission, broker=broker | filler)
    rules = ExchangeRules(
        percent_commission=commission,
        volume_limit=volume_limit,
        **{NAMES.get(name, name): value for name, value in broker.items()},
    )
    received = play_exchange(panel, script, cash=cash, rules=rules)
    assert received.fills == expected.fills
    assert received.states == expected.states
    assert received.cash == expected.cash
    assert received.value == expected.value
    assert received.commissions == expected.commissions


@given(data=st.data(), panel=panels(), cash=st.sampled_from([500.0, 3_000.0, 10_000.0, 1e6]))
@play_settings
def test_random_orders_fill_as_in_backtrader(data: st.DataObject, panel: NDArray[np.float64], cash: float) -> None:
    script = data.draw(scripts(panel.shape[1]))
    commission = data.draw(st.sampled_from([0.0, 0.001, 0.03]))
    assert_same(panel, script, cash=cash, commission=commission, checksubmit=data.draw(st.booleans()))


@given(data=st.data(), panel=panels(), slippage=SLIPPAGE)
@play_settings
def test_slippage_and_cheating_on_the_close_follow_backtrader(
    data: st.DataObject, panel: NDArray[np.float64], slippage: dict[str, Any]
) -> None:
    script = data.draw(scripts(panel.shape[1]))
    assert_same(panel, script, coc=data.draw(st.booleans()), **slippage)


@given(data=st.data(), panel=panels(), volume_limit=st.sampled_from([0.05, 0.1, 0.25, 0.29, 1.0]))
@play_settings
def test_partial_fills_follow_the_fixed_bar_percentage_filler(
    data: st.DataObject, panel: NDArray[np.float64], volume_limit: float
) -> None:
    script = data.draw(scripts(panel.shape[1]))
    cash = data.draw(st.sampled_from([3_000.0, 1e6]))
    assert_same(panel, script, cash=cash, volume_limit=volume_limit)


@pytest.mark.parametrize("order_type", OrderType)
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_every_order_type_fills_as_in_backtrader_on_a_long_random_walk(order_type: OrderType, side: float) -> None:
    rng = np.random.default_rng(5)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, 600)))
    opens = np.roll(closes, 1) * np.exp(rng.normal(0.0, 0.01, 600))
    opens[0] = closes[0]
    highs = np.maximum(opens, closes) * (1.0 + rng.exponential(0.01, 600))
    lows = np.minimum(opens, closes) * (1.0 - rng.exponential(0.01, 600))
    panel = np.stack([opens, highs, lows, closes, np.full(600, 1e6)], axis=1)[:, np.newaxis]
    choices = (0.97, 0.99, 1.0, 1.01, 1.03)
    script = [
        Step(
            bar,
            quantity=side * (1.0 + bar % 4) * (-1.0 if bar % 3 == 0 else 1.0),
            order_type=order_type,
            stop=choices[bar % 5],
            limit=choices[bar // 5 % 5],
            trail_fraction=0.02,
            day=bar % 7 == 0 and order_type is not OrderType.MARKET,
        )
        for bar in range(590)
    ]
    assert_same(panel, script, cash=1e6, commission=0.0007)
