"""What the tests of gates share, batches and accounts; and what holds for all gates."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from tradewind.config.risk import DEFAULT_GATES
from tradewind.contracts import AccountView, Gate, OrderBatch, Verdict
from tradewind.errors import ConfigError
from tradewind.model import Instrument, OrderIntent, Standing
from tradewind.registry import Registry
from tradewind.registry.reference import PluginRef
from tradewind_plugins.gates import FatFinger, PositionSize, tradewind_gates

NAN = float("nan")
WEDNESDAY = np.datetime64("2020-01-08T00:00:00", "ns")
TERMS = ("order_type", "limit_price", "stop_price", "trail_amount", "trail_fraction")


def opening(position: float, quantity: float) -> float:
    """Part of an order that opens or increases a position, as one would say it."""
    if position * quantity >= 0:
        return quantity
    beyond = abs(quantity) - abs(position)
    return 0.0 if beyond <= 0 else (beyond if quantity > 0 else -beyond)


def order(symbol: str, quantity: float, **options: Any) -> dict[str, Any]:
    return {"symbol": symbol, "quantity": quantity, **options}


def batch_of(*orders: dict[str, Any]) -> OrderBatch:
    positions: dict[str, float] = {}
    openings, intents = [], []
    for number, one in enumerate(orders):
        symbol, quantity = one["symbol"], one["quantity"]
        before = positions.setdefault(symbol, float(one.get("held", 0.0)))
        openings.append(opening(before, quantity))
        positions[symbol] = before + quantity
        terms = {name: one[name] for name in TERMS if name in one}
        instrument = Instrument(
            symbol=symbol, multiplier=one.get("multiplier", 1.0), lot_size=0.0, **one.get("instrument", {})
        )
        intents.append(
            OrderIntent(order_id=f"o{number}", bar=5, instrument=instrument, quantity=quantity or 1.0, **terms)
        )

    def column(name: str, default: Any, dtype: Any = np.float64) -> Any:
        return np.array([one.get(name, default) for one in orders], dtype=dtype)

    prices = column("price", 100.0)
    before = column("previous", NAN)
    return OrderBatch(
        intents=tuple(intents),
        quantities=column("quantity", 0.0),
        prices=prices,
        previous_prices=np.where(np.isnan(before), prices, before),
        ages=column("age", 0, np.int64),
        multipliers=column("multiplier", 1.0),
        held=column("held", 0.0),
        openings=np.array(openings, dtype=np.float64),
        stops=column("stop", NAN),
        sectors=column("sector", -1, np.int64),
    )


def account_of(**changes: Any) -> AccountView:
    values: dict[str, Any] = {
        "bar": 5,
        "time": WEDNESDAY,
        "equity": 100_000.0,
        "cash": 100_000.0,
        "credit": 0.0,
        "leverage": 1.0,
        "regime": "",
        "standing": Standing.ACTIVE,
        "gross": 0.0,
        "sectors": (),
        "sector_values": np.zeros(0),
        "adjusted": False,
        "symbols": frozenset("ABCDEFGH"),
        "sent": (0, 0, 0),
        "working": types.MappingProxyType({}),
    }
    return AccountView(**{**values, **changes})


def verdicts_of(gate: Gate, batch: OrderBatch, account: AccountView | None = None) -> list[Verdict]:
    """Ask a gate and check what holds for every answer: it is smaller, on the same side, and given once."""
    before = [array.copy() for array in (batch.quantities, batch.openings, batch.held, batch.prices)]
    verdicts = list(gate.check(batch, account_of() if account is None else account))
    assert len({verdict.order for verdict in verdicts}) == len(verdicts)
    for verdict in verdicts:
        asked = float(batch.quantities[verdict.order])
        assert verdict.quantity == 0 or 0 < verdict.quantity / asked < 1
        assert type(verdict.quantity) is float
        assert type(verdict.order) is int
        assert verdict.code
        assert batch.intents[verdict.order].instrument.symbol in verdict.text
    for old, new in zip(before, (batch.quantities, batch.openings, batch.held, batch.prices), strict=True):
        np.testing.assert_array_equal(old, new)
    return verdicts


def allowed(gate: Gate, batch: OrderBatch, account: AccountView | None = None) -> list[float]:
    """Quantities that a gate leaves."""
    left = batch.quantities.tolist()
    for verdict in verdicts_of(gate, batch, account):
        left[verdict.order] = verdict.quantity
    return left


def text_of(gate: Gate, batch: OrderBatch, account: AccountView | None = None) -> str:
    (verdict,) = verdicts_of(gate, batch, account)
    return verdict.text


def value_of(batch: OrderBatch, number: int) -> float:
    return float(batch.prices[number] * batch.multipliers[number])


@st.composite
def orders_of_few(draw: st.DrawFn, *, repeats: bool = True) -> list[dict[str, Any]]:
    """Random orders, several of one instrument, long and short, opening, closing, and through zero."""
    symbols = draw(st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=9, unique=not repeats))
    size = st.integers(-400, 400)
    instruments = {
        symbol: {
            # Few prices, so that different instruments often have the same one.
            "price": draw(st.sampled_from([5.0, 20.0, 100.0, 333.33])),
            "held": float(draw(size)),
            "multiplier": draw(st.sampled_from([1.0, 1.0, 10.0])),
            "sector": draw(st.integers(-1, 2)),
        }
        for symbol in sorted(set(symbols))
    }
    quantities = [float(draw(size.filter(bool))) for _ in symbols]
    stops = [draw(st.sampled_from([NAN, 0.8, 0.99, 1.2])) for _ in symbols]
    return [
        order(symbol, quantity, **instruments[symbol], stop=stop * float(instruments[symbol]["price"]))
        for symbol, quantity, stop in zip(symbols, quantities, stops, strict=True)
    ]


def gate(name: str, **params: Any) -> object:
    registry = Registry.load()
    assert not registry.broken
    return registry.create("gate", PluginRef(name=name, params=params))


def test_every_default_gate_is_built_in_and_made_by_the_registry() -> None:
    assert {plugin.name for plugin in tradewind_gates()} == set(DEFAULT_GATES)
    made = [gate(name) for name in DEFAULT_GATES]
    assert all(isinstance(one, Gate) for one in made)
    stages = [one.stage for one in made]  # type: ignore[attr-defined]
    assert stages == sorted(set(stages))
    assert stages[0] == 0
    assert stages[-1] <= 40
    assert [getattr(one, "structural", False) for one in made] == [True] + [False] * (len(made) - 1)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("symbol", {"minimum_price": -1}, "minimum_price"),
        ("symbol", {"restricted": "AAPL"}, "restricted"),
        ("market_hours", {"sessions": "always"}, "sessions"),
        ("stale_quote", {"maximum_age_bars": -1}, "maximum_age_bars"),
        ("stale_quote", {"maximum_age_bars": 1.5}, "maximum_age_bars"),
        ("price_collar", {"limit": 0}, "limit"),
        ("price_collar", {"jmp": 0.5}, "Did you mean 'jump'"),
        ("fat_finger", {"maximum_fraction": 0}, "maximum_fraction"),
        ("fat_finger", {"maximum_notional": -5}, "maximum_notional"),
        ("order_rate", {"per_day": 0}, "per_day"),
        ("short_availability", {"allowed": "yes"}, "allowed"),
        ("trade_risk", {"maximum": 2}, "maximum"),
        ("position_size", {"maximum": 0}, "maximum"),
        ("position_size", {"maximum": float("nan")}, "maximum"),
        ("sector_allocation", {"maximun": 0.2}, "Did you mean 'maximum'"),
        ("regime_compliance", {"exposure": {"bull": -0.1}}, "exposure"),
        ("total_allocation", {"maximum": -1}, "maximum"),
    ],
)
def test_a_parameter_out_of_range_is_named(name: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        gate(name, **params)


def test_parameters_reach_the_gate() -> None:
    made = gate("regime_compliance", exposure={"storm": 0.1})
    assert isinstance(made, Gate)
    storm = account_of(regime="storm")
    assert allowed(made, batch_of(order("A", 200)), storm) == [pytest.approx(100)]
    assert allowed(made, batch_of(order("A", 200)), account_of(regime="crash")) == [200]


@pytest.mark.parametrize("name", [name for name in DEFAULT_GATES if name != "order_structure"])
def test_orders_that_were_refused_before_are_let_alone(name: str) -> None:
    made = gate(name)
    assert isinstance(made, Gate)
    saturday = np.datetime64("2020-01-11T00:00:00", "ns")
    batch = batch_of(order("A", 0.0, price=0.5, age=99, previous=90.0), order("Z", 0.0, held=1e6), order("A", 0.0))
    account = account_of(time=saturday, regime="crash", cash=-1e9, gross=1e9, sent=(10**6,) * 3)
    assert verdicts_of(made, batch, account) == []


@pytest.mark.parametrize(
    "made",
    [PositionSize(), FatFinger(), *(gate(name) for name in ("trade_risk", "total_allocation", "buying_power"))],
)
def test_nothing_may_be_opened_without_equity(made: Gate) -> None:
    batch = batch_of(order("A", 10, stop=90.0), order("B", -10, held=20))
    for equity in (0.0, -5_000.0, NAN):
        broke = account_of(equity=equity, cash=-1e5, gross=2_000.0)
        assert allowed(made, batch, broke) == [0, -10]
