"""No limit is ever exceeded, whatever a strategy wants: an oracle of our own looks at journal, fills and prices."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from tests.engine.helpers import run
from tradewind.engine.session import Session
from tradewind.model import Bars, Instrument, Market, Portfolio, Targets
from tradewind.testing import make_bars

SYMBOLS = 5
SECTORS = ("Tech", "Tech", "Energy", "Energy", "")
LIMITS = {"position": 0.15, "sector": 0.30, "total": 0.6}
EPSILON = 1e-6
DUST = 1e-9
"""Part of equity below which a position is the rounding of sums."""


def universe(seed: int, bars: int, volatility: float) -> Bars:
    random = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(random.normal(0.0, volatility, (bars, SYMBOLS)), axis=0))
    open_ = close * np.exp(random.normal(0.0, volatility / 2.0, close.shape))
    high, low = np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99
    made = make_bars(close, open=open_, high=high, low=low, volume=np.full(close.shape, 1e9))
    instruments = tuple(
        Instrument(symbol=f"S{number}", sector=sector, lot_size=float(number % 2), calendar="24/7")
        for number, sector in enumerate(SECTORS)
    )
    return Bars(timestamps=made.timestamps, instruments=instruments, fields=made.fields)


class Wild:
    """Other weights on every bar, far beyond every limit, in pieces and turned round."""

    def __init__(self, seed: int = 0, size: float = 1.0, shorts: bool = False, keeps: float = 0.3) -> None:
        self.seed, self.size, self.shorts, self.keeps = seed, size, shorts, keeps

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets:
        random = np.random.default_rng([self.seed, market.bar])
        weights = random.exponential(self.size, SYMBOLS)
        if self.shorts:
            weights *= random.choice([-1.0, 1.0], SYMBOLS)
        weights[random.random(SYMBOLS) < 0.2] = 0.0
        weights[random.random(SYMBOLS) < self.keeps] = np.nan
        return Targets(weights=weights)


def sleeves(seed: int, size: float, *, shorts: bool, count: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"s{number}",
            "strategy": {"python": "tests.engine.test_limits:Wild", "params": {"seed": seed + number, "size": size,
                                                                       "shorts": shorts}},
            "share": 1.0 / count,
        }
        for number in range(count)
    ]  # fmt: skip


RISK = {
    "gates": [{"name": "total_allocation", "params": {"maximum": LIMITS["total"]}}],
    "switched_off": ["drawdown", "daily_loss", "volatility_spike", "losing_streak", "error_rate", "stale_data"],
}


def decided(session: Session) -> dict[int, list[tuple[str, float]]]:
    """Return the market orders by bar of decision, from the journal."""
    orders: dict[int, list[tuple[str, float]]] = {}
    for record in session.ledger.journal.records:
        if record.kind == "intent":
            told = json.loads(record.payload)
            orders.setdefault(record.bar, []).append((told["symbol"], told["quantity"]))
    return orders


def require_within(session: Session, bars: Bars) -> int:
    """Require of every decision that what it opens stays within the limits; return how many orders there were.

    Prices without gaps: what was ordered on a close has been filled or refused before the next one.
    """
    tables = session.ledger.recorder.tables(bars.timestamps, None)
    equity, marks = tables["equity"]["equity"].to_numpy(), bars.fields["close"]
    names = [one.symbol for one in bars.instruments]
    held = np.zeros((len(bars), SYMBOLS))
    for row in tables["fills"].itertuples():
        held[row.bar :, names.index(row.symbol)] += row.quantity
    orders = decided(session)
    for bar, batch in orders.items():
        after = held[bar].copy()
        for symbol, quantity in batch:
            after[names.index(symbol)] += quantity
        opens = (np.abs(after) > np.abs(held[bar]) * (1.0 + EPSILON)) | (held[bar] * after < 0.0)
        values, most = np.abs(after) * marks[bar], equity[bar] * (1.0 + EPSILON)
        opens &= values > DUST * most
        assert (values[opens] <= LIMITS["position"] * most).all(), (bar, batch)
        assert not opens.any() or values.sum() <= LIMITS["total"] * most, (bar, batch)
        for sector in ("Tech", "Energy"):
            of = np.array([one == sector for one in SECTORS])
            assert not (opens & of).any() or values[of].sum() <= LIMITS["sector"] * most, (bar, batch)
    return sum(map(len, orders.values()))


def require_no_limit_exceeded(seed: int, size: float, shorts: bool, count: int) -> None:
    bars = universe(seed, 40, 0.03)
    session = run(bars, sleeves(seed, size, shorts=shorts, count=count), risk=RISK)
    require_within(session, bars)


STREAMS = (st.integers(0, 2**31), st.sampled_from([0.05, 0.3, 1.5]), st.booleans(), st.integers(1, 3))


@settings(max_examples=60)
@given(*STREAMS)
def test_no_limit_is_exceeded(seed: int, size: float, shorts: bool, count: int) -> None:
    require_no_limit_exceeded(seed, size, shorts, count)


@pytest.mark.soak
@settings(max_examples=10_000)
@given(*STREAMS)
def test_no_limit_is_exceeded_by_ten_thousand_streams(seed: int, size: float, shorts: bool, count: int) -> None:
    require_no_limit_exceeded(seed, size, shorts, count)


def test_the_oracle_sees_what_gates_would_have_prevented() -> None:
    session = run(universe(1, 40, 0.03), sleeves(1, 1.5, shorts=False, count=1), risk=False)
    with pytest.raises(AssertionError):
        require_within(session, universe(1, 40, 0.03))


LADDER = {"warn": 0.04, "halt": 0.06, "kill": 0.09}
COOL_DOWN, REARM = 4, 7


def standings_of(equity: np.ndarray) -> list[str]:
    """Go up and down the ladder with an equity curve, by the words of the guide."""
    told, peak, reference = [], -np.inf, -np.inf
    halted_since = killed_since = None
    for bar, value in enumerate(equity):
        if killed_since is not None and bar - killed_since >= REARM:
            killed_since = halted_since = None
            peak = reference = value
        elif killed_since is None and halted_since is not None and bar - halted_since >= COOL_DOWN:
            halted_since, reference = None, value
        peak, reference = max(peak, value), max(reference, value)
        loss = reference * (1.0 + 1e-9)
        kills = value <= peak * (1.0 - LADDER["kill"]) * (1.0 + 1e-9)
        if killed_since is None and kills:
            killed_since = bar
        elif not kills and halted_since is None and value <= loss * (1.0 - LADDER["halt"]):
            halted_since = bar
        reduced = value <= loss * (1.0 - LADDER["warn"])
        told.append(
            "killed" if killed_since is not None else "halted" if halted_since is not None else "reduced" if reduced
            else "active"
        )  # fmt: skip
    return told


def require_the_ladder(seed: int, volatility: float, on_kill: str) -> list[str]:
    bars = universe(seed, 60, volatility)
    risk = {
        "gates": [{"name": "position_size", "params": {"maximum": 1.0}}],
        "breakers": [{"name": "drawdown", "params": LADDER}],
        "switched_off": [
            "sector_allocation", "daily_loss", "volatility_spike", "losing_streak", "error_rate", "stale_data",
            "price_collar",
        ],
        "cool_down_bars": COOL_DOWN,
        "rearm_after_bars": REARM,
        "on_kill": on_kill,
    }  # fmt: skip
    session = run(bars, sleeves(seed, 0.3, shorts=False, count=1), risk=risk, account={"leverage": 1.0})
    tables = session.ledger.recorder.tables(bars.timestamps, None)
    equity = tables["equity"]["equity"].to_numpy()
    expected = standings_of(equity)
    told = dict(zip(tables["standings"]["bar"], tables["standings"]["after"], strict=True))
    standing, marks, names = "active", bars.fields["close"], [one.symbol for one in bars.instruments]
    held = np.zeros((len(bars), SYMBOLS))
    for row in tables["fills"].itertuples():
        held[row.bar :, names.index(row.symbol)] += row.quantity
    orders = decided(session)
    for bar in range(len(bars)):
        standing = told.get(bar, standing)
        assert standing == expected[bar], (bar, standing, expected[bar])
        batch = orders.get(bar, [])
        if standing == "halted" or (standing == "killed" and on_kill == "cancel"):
            assert batch == []
        if standing == "killed" and on_kill == "flatten":
            assert all(quantity == -held[bar][names.index(symbol)] for symbol, quantity in batch)
            if expected[max(bar - 1, 0)] == "killed":
                assert np.abs(held[bar] * marks[bar]).sum() <= 1e-6 * equity[bar]
    return expected


PATHS = (st.integers(0, 2**31), st.sampled_from([0.01, 0.02, 0.04]), st.sampled_from(["cancel", "flatten"]))


@settings(max_examples=60)
@given(*PATHS)
def test_breakers_climb_the_ladder(seed: int, volatility: float, on_kill: str) -> None:
    require_the_ladder(seed, volatility, on_kill)


@pytest.mark.soak
@settings(max_examples=1_000)
@given(*PATHS)
def test_breakers_climb_the_ladder_on_a_thousand_paths(seed: int, volatility: float, on_kill: str) -> None:
    require_the_ladder(seed, volatility, on_kill)


def test_the_paths_of_these_tests_reach_every_rung() -> None:
    seen = {word for seed in range(6) for word in require_the_ladder(seed, 0.04, "flatten")}
    assert seen == {"active", "reduced", "halted", "killed"}


def test_where_an_operator_is_a_kill_never_re_arms_itself() -> None:
    told: dict[str, set[str]] = {"bars": set(), "wall": set()}
    for clock, seed in itertools.product(told, range(6)):
        bars = universe(seed, 60, 0.04)
        risk = {
            "breakers": [{"name": "drawdown", "params": LADDER}],
            "gates": [{"name": "position_size", "params": {"maximum": 1.0}}],
            "switched_off": ["daily_loss", "sector_allocation"],
            "rearm_after_bars": REARM,
        }
        mode = {"mode": "paper", "clock": clock}
        session = run(bars, sleeves(seed, 0.3, shorts=False, count=1), risk=risk, mode=mode)
        told[clock] |= set(session.ledger.recorder.tables(bars.timestamps, None)["standings"]["before"])
    assert "killed" in told["bars"]
    assert "killed" not in told["wall"]


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_on_a_wrong_price_of_a_holding_nothing_is_opened(factor: float) -> None:
    bars = universe(5, 20, 0.01)
    close = bars.fields["close"].copy()
    close[10, 0] *= factor
    wrong = dataclasses.replace(bars, fields={**bars.fields, "close": close})
    session = run(wrong, sleeves(5, 0.3, shorts=False, count=1), risk=RISK)
    rulings = session.ledger.recorder.tables(bars.timestamps, None)["rulings"]
    assert session.ledger.recorder.tables(bars.timestamps, None)["weights"]["S0"].iloc[9] > 0.0
    at = rulings[rulings["bar"] == 10]
    assert set(at["code"]) == {"price_collar"}
    held = at[at["text"].str.contains("equity is in doubt|the price went")]
    assert len(held) == len(at) > 0
