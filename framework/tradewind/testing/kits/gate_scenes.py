"""Batches of orders and accounts on which gates are examined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.contracts import AccountView, OrderBatch
from tradewind.model import Instrument, OrderIntent, OrderType, Standing
from tradewind.risk.openings import Repeats, opening_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["GateScene", "Holdings", "gate_scenes", "hostile_scenes", "scene_of", "streamed_scenes"]

_SECTORS = ("Energy", "Health", "Tech")
_REGIMES = ("", "bull", "neutral", "bear", "crash")
_DUST = 1e-9
_WEDNESDAY = np.datetime64("2020-01-08T20:00:00", "ns")
_SATURDAY = np.datetime64("2020-01-11T20:00:00", "ns")


@dataclass(frozen=True, slots=True, eq=False)
class GateScene:
    """A batch, its account, and which of its orders are for one instrument (None: each has its own)."""

    name: str
    batch: OrderBatch
    account: AccountView
    repeats: Repeats | None = None

    def left(self, quantities: FloatArray) -> GateScene:
        """Return the scene with the quantities that a gate has left."""
        openings = opening_parts(quantities, self.batch.held, self.repeats)
        return replace(self, batch=replace(self.batch, quantities=quantities, openings=openings))


@dataclass(slots=True, eq=False)
class Holdings:
    """Instruments with their prices, sectors and positions, and cash."""

    instruments: tuple[Instrument, ...]
    prices: FloatArray
    sectors: IntArray
    held: FloatArray
    cash: float

    @property
    def units(self) -> FloatArray:
        """Value of one unit of each."""
        units: FloatArray = self.prices * np.array([one.multiplier for one in self.instruments])
        return units

    @classmethod
    def drawn(cls, random: np.random.Generator, count: int = 8, *, flat: bool = False) -> Holdings:
        """Return random holdings, about half of them long, some short."""
        instruments = tuple(
            Instrument(symbol=f"S{number}", multiplier=10.0 if number % 5 == 4 else 1.0, lot_size=0.0)
            for number in range(count)
        )
        prices = np.round(10.0 ** random.uniform(0.7, 2.5, count), 2)
        held = np.round(random.choice([0.0, 0.0, 1.0, 1.0, -1.0], count) * 20_000.0 / prices * random.random(count))
        sectors = random.integers(-1, len(_SECTORS), count)
        return cls(instruments, prices, sectors, np.zeros(count) if flat else held, 100_000.0)

    def account(self, random: np.random.Generator, **changes: Any) -> AccountView:
        """Return the account on these holdings."""
        values = np.abs(self.held) * self.units
        weights = [float(values[self.sectors == sector].sum()) for sector in range(len(_SECTORS))]
        fields: dict[str, Any] = {
            "bar": 5,
            "time": _WEDNESDAY,
            "equity": self.cash + float((self.held * self.units).sum()),
            "cash": self.cash,
            "credit": 0.0,
            "leverage": 1.0,
            "regime": _REGIMES[int(random.integers(len(_REGIMES)))],
            "standing": Standing.ACTIVE,
            "gross": float(values.sum()),
            "sectors": _SECTORS,
            "sector_values": np.array(weights),
            "adjusted": False,
            "symbols": frozenset(one.symbol for one in self.instruments),
            "sent": (0, 0, 0),
            "working": MappingProxyType({}),
        }
        return AccountView(**{**fields, **changes})

    def scene(
        self,
        name: str,
        columns: Sequence[int],
        quantities: FloatArray,
        account: AccountView,
        *,
        terms: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
        **changes: Any,
    ) -> GateScene:
        """Return orders for instruments (by number), with the terms of some and other columns of the batch."""
        chosen = np.asarray(columns, dtype=np.int64)
        repeats = Repeats(chosen, np.full(len(chosen), -1)) if len(set(columns)) < len(columns) else None
        intents = tuple(
            OrderIntent(
                order_id=f"5-S{column}-{number}",
                bar=5,
                instrument=self.instruments[column],
                quantity=float(quantity) if np.isfinite(quantity) and quantity else 1.0,
                **terms.get(number, {}),
            )
            for number, (column, quantity) in enumerate(zip(columns, quantities.tolist(), strict=True))
        )
        held = self.held[chosen]
        batch = OrderBatch(
            intents=intents,
            quantities=quantities,
            prices=self.prices[chosen],
            previous_prices=self.prices[chosen] * 0.99,
            ages=np.zeros(len(chosen), dtype=np.int64),
            multipliers=np.array([self.instruments[column].multiplier for column in columns]),
            held=held,
            openings=opening_parts(quantities, held, repeats),
            stops=self.prices[chosen] * np.where(quantities > 0.0, 0.9, 1.1),
            sectors=self.sectors[chosen],
        )
        return GateScene(name, replace(batch, **changes), account, repeats)

    def trade(self, batch: OrderBatch) -> None:
        """Fill a batch at the prices; what roundings leave of a position is nothing."""
        for intent, quantity in zip(batch.intents, batch.quantities.tolist(), strict=True):
            column = self.instruments.index(intent.instrument)
            self.held[column] += quantity
            self.cash -= quantity * float(self.units[column])
            if abs(self.held[column]) < _DUST:
                self.held[column] = 0.0

    def wanted(self, random: np.random.Generator, columns: Sequence[int]) -> FloatArray:
        """Return random quantities worth 0.1 % to 200 % of 100,000 each, long and short."""
        count = len(columns)
        values = random.choice([-1.0, 1.0, 1.0], count) * 10.0 ** random.uniform(2.0, 5.3, count)
        quantities: FloatArray = np.round(values / self.units[np.asarray(columns, dtype=np.int64)])
        quantities[quantities == 0.0] = 1.0
        return quantities


def scene_of(seed: int, *, repeats: bool = False, **changes: Any) -> GateScene:
    """Return a random scene; with ``repeats``, some instruments have several orders."""
    random = np.random.default_rng(seed)
    holdings = Holdings.drawn(random)
    columns = random.permutation(8)[:6].tolist() if not repeats else random.integers(0, 5, 9).tolist()
    account = holdings.account(random, **changes)
    name = f"random orders {seed}{', several of one instrument' if repeats else ''}"
    return holdings.scene(name, columns, holdings.wanted(random, columns), account)


def gate_scenes() -> Iterator[GateScene]:
    """Yield sound scenes: opening, closing, turning, several of one instrument, resting orders, a weekend."""
    for seed in range(8):
        yield scene_of(seed)
        yield scene_of(100 + seed, repeats=True)
    yield scene_of(200, time=_SATURDAY)
    yield scene_of(201, sent=(10**6,) * 3)
    yield scene_of(202, adjusted=True, leverage=2.0, credit=50_000.0)
    for seed in range(300, 304):
        yield _closing(seed)
    yield _resting()


def streamed_scenes(seed: int, bars: int = 30) -> Iterator[tuple[Holdings, GateScene]]:
    """Yield the bars of a stream at constant prices, begun flat; the caller moves what is held."""
    random = np.random.default_rng(seed)
    holdings = Holdings.drawn(random, flat=True)
    for bar in range(bars):
        columns = random.permutation(8)[: random.integers(1, 6)].tolist()
        account = holdings.account(random, bar=bar)
        yield (
            holdings,
            holdings.scene(f"bar {bar} of stream {seed}", columns, holdings.wanted(random, columns), account),
        )


def hostile_scenes() -> Iterator[GateScene]:
    """Yield scenes of what goes wrong: unknown prices, no equity, absurd sizes, many orders, unknown symbols."""
    random = np.random.default_rng(5)
    holdings = Holdings.drawn(random)
    columns = list(range(8))
    wanted = holdings.wanted(random, columns)
    account = holdings.account(random)
    nothing = np.full(8, np.nan)
    yield holdings.scene("no prices", columns, wanted, account, prices=nothing, previous_prices=nothing, stops=nothing)
    half = np.where(np.arange(8) % 2 == 0, holdings.prices, np.nan)
    yield holdings.scene("half of the prices", columns, wanted, account, prices=half)
    yield holdings.scene("prices of 0", columns, wanted, account, prices=np.zeros(8))
    yield holdings.scene("old prices", columns, wanted, account, ages=np.full(8, 99))
    yield holdings.scene("a jump", columns, wanted, account, previous_prices=holdings.prices * 10.0)
    yield holdings.scene("no stops", columns, wanted, account, stops=nothing)
    yield holdings.scene("absurd sizes", columns, wanted * 1e12, account)
    yield holdings.scene("tiny sizes", columns, wanted * 1e-12, account)
    for equity in (0.0, -5_000.0, np.nan):
        broke = replace(account, equity=equity, cash=-1e5)
        yield holdings.scene(f"an equity of {equity:g}", columns, wanted, broke)
    yield holdings.scene("unknown symbols", columns, wanted, replace(account, symbols=frozenset()))
    yield holdings.scene("an unknown regime", columns, wanted, replace(account, regime="storm"))
    yield holdings.scene("no sectors", columns, wanted, replace(account, sectors=(), sector_values=np.zeros(0)),
                         sectors=np.full(8, -1))  # fmt: skip
    for standing in Standing:
        yield holdings.scene(f"standing {standing.word}", columns, wanted, replace(account, standing=standing))
    yield holdings.scene("refused before", columns, np.zeros(8), account)
    many = Holdings.drawn(random, 500)
    every = list(range(500))
    yield many.scene("500 orders", every, many.wanted(random, every), many.account(random))


def _closing(seed: int) -> GateScene:
    """A scene of orders that only make positions smaller, each of another instrument, in an account in trouble."""
    random = np.random.default_rng(seed)
    holdings = Holdings.drawn(random)
    columns = np.flatnonzero(holdings.held).tolist()
    part = random.choice([0.25, 0.5, 1.0], len(columns))
    account = holdings.account(random, cash=-1e5, equity=1_000.0, sent=(10**6,) * 3)
    return holdings.scene(f"orders that only close {seed}", columns, -holdings.held[columns] * part, account)


def _resting() -> GateScene:
    random = np.random.default_rng(400)
    holdings = Holdings.drawn(random)
    columns = [0, 1, 2, 3]
    price = holdings.prices
    terms = {
        0: {"order_type": OrderType.LIMIT, "limit_price": float(price[0]) * 0.98},
        1: {"order_type": OrderType.STOP, "stop_price": float(price[1]) * 1.02},
        2: {"order_type": OrderType.STOP_LIMIT, "stop_price": float(price[2]), "limit_price": float(price[2]) * 1.01},
        3: {"order_type": OrderType.TRAILING_STOP, "trail_fraction": 0.05},
    }
    quantities = np.abs(holdings.wanted(random, columns))
    return holdings.scene("resting orders", columns, quantities, holdings.account(random), terms=terms)
