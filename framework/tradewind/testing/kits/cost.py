"""Conformance of cost models."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tradewind.contracts import Cost, Costs, Trades
from tradewind.errors import TradewindError
from tradewind.model import AssetClass, Instrument
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.failure import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["CostKit"]

_COMPONENTS = tuple(one.name for one in fields(Costs))
_COLUMNS = tuple(one.name for one in fields(Trades) if one.name != "instruments")
_DATA = tuple((adjusted, has_volume) for adjusted in (False, True) for has_volume in (False, True))
_ROUNDING = 1e-12


class CostKit(PluginKit):
    """What every cost model keeps: it is pure, never pays the trader, and never falls with size.

    Attributes
    ----------
    instruments
        What the model is made for; a share and an ETF unless the author says otherwise.
    """

    kind = "cost"
    instruments: ClassVar[tuple[Instrument, ...]] = (
        Instrument(symbol="SHARE"),
        Instrument(symbol="FUND", asset_class=AssetClass.ETF),
    )

    def test_every_component_is_one_number_for_each_trade(self) -> None:
        """`costs` returns `Costs` with four float64 arrays of shape (M,). Broadcast a constant with `numpy.full`."""
        for name, trades in self._batches():
            self._costs(trades, name)

    def test_no_component_is_negative_or_unknown(self) -> None:
        """A cost is finite and at least 0: a rebate would let a strategy earn by trading. Clip each at 0."""
        for name, trades in self._batches():
            costs = self._costs(trades, name)
            for component in _COMPONENTS:
                self._require_sound(name, component, getattr(costs, component), trades)

    def test_more_never_costs_less(self) -> None:
        """A component never falls as the same trade grows: else a sizer could save by trading more."""
        sizes = np.geomspace(0.01, 1e7, 60)
        for passive in (False, True):
            for sign in (1.0, -1.0):
                like = np.ones(len(sizes))
                costs = self._costs(self._trades(sign * sizes, 50.0 * like, 1e6 * like, 0.02 * like, passive), "sizes")
                for component in _COMPONENTS:
                    values = getattr(costs, component)
                    falls = np.flatnonzero(np.diff(values) < -_ROUNDING * np.abs(values[:-1]))
                    if len(falls):
                        at = int(falls[0])
                        fail(
                            self._where(f"{'passive' if passive else 'active'} trades of growing size"),
                            f"{component} falls from {values[at]:g} for {sizes[at]:g} units to {values[at + 1]:g} for "
                            f"{sizes[at + 1]:g}",
                            received=values[at : at + 2].tolist(),
                            remedy="Make every component non-decreasing in size.",
                        )

    def test_an_empty_batch_costs_nothing(self) -> None:
        """A batch may be empty: return four arrays of shape (0,)."""
        self._costs(self._trades(*(np.zeros(0),) * 4), "an empty batch")

    def test_a_resting_limit_order_pays_no_spread_and_no_slippage(self) -> None:
        """Where `passive` is true the order waited for its price: spread and slippage are 0. Multiply by `~passive`."""
        trades = replace(self._random(7), passive=np.arange(40) % 2 == 0)
        costs = self._costs(trades, "passive trades")
        for component in ("spread", "slippage"):
            paid = getattr(costs, component)[trades.passive]
            if paid.any():
                fail(
                    self._where("fills of resting limit orders"),
                    f"{component} is charged",
                    received=paid[paid != 0.0][:3].tolist(),
                    remedy=f"Set {component} to 0 where trades.passive is true.",
                )

    def test_the_same_batch_costs_the_same_again(self) -> None:
        """A model is pure: no memory, no randomness, no clock. Keep what changes out of `self`."""
        batches = list(self._batches())
        first, other = self._create(), self._create()
        before = [first.costs(trades) for _, trades in batches]
        kept = [_table(costs).copy() for costs in before]
        again = [first.costs(trades) for _, trades in reversed(batches)][::-1]
        fresh = [other.costs(trades) for _, trades in reversed(batches)][::-1]
        for (name, _), copy, old, new, made in zip(batches, kept, before, again, fresh, strict=True):
            for what, table in (("asked again", new), ("asked of a new model", made), ("kept by the caller", old)):
                if not np.array_equal(copy, _table(table), equal_nan=True):
                    fail(
                        self._where(name),
                        f"the costs of one batch are others when {what}",
                        received=_difference(copy, _table(table)),
                        remedy="Return new arrays that depend on the batch and the parameters only.",
                    )

    def test_the_batch_is_left_as_it_was(self) -> None:
        """The arrays of a batch belong to the exchange: copy what you want to change."""
        for name, trades in self._batches():
            copies = {column: getattr(trades, column).copy() for column in _COLUMNS}
            self._costs(trades, name)
            for column, copy in copies.items():
                if not np.array_equal(copy, getattr(trades, column), equal_nan=True):
                    fail(
                        self._where(name),
                        f"trades.{column} was changed",
                        received=_difference(copy, getattr(trades, column)),
                        remedy="Work on a copy.",
                    )

    def test_a_trade_costs_the_same_alone_and_in_a_batch(self) -> None:
        """Orders that meet in one bar do not share costs: each row depends on its own entries only."""
        trades = self._random(11)
        together = _table(self._costs(trades, "a batch"))
        for row in range(len(trades.quantities)):
            alone = _table(self._costs(_rows(trades, np.array([row])), "one trade"))
            self._require_equal("one trade of a batch, alone", together[:, row : row + 1], alone)

    def test_the_order_of_trades_does_not_matter(self) -> None:
        """The same trades in another order cost the same, each."""
        trades = self._random(13)
        order = np.random.default_rng(0).permutation(len(trades.quantities))
        expected = _table(self._costs(trades, "a batch"))[:, order]
        self._require_equal("a batch in another order", expected, _table(self._costs(_rows(trades, order), "permuted")))

    def test_unknown_volume_and_volatility_give_a_cost(self) -> None:
        """Feeds without volume give NaN: choose a usual value or 0, and say so in `stamps`; NaN would end the run."""
        like = np.full(40, np.nan)
        for name, changes in (
            ("volume NaN", {"average_daily_volume": like}),
            ("volatility NaN", {"daily_volatility": like}),
            ("both NaN", {"average_daily_volume": like, "daily_volatility": like}),
            ("no volume at all", {"average_daily_volume": np.zeros(40)}),
            ("no volatility at all", {"daily_volatility": np.zeros(40)}),
        ):
            trades = replace(self._random(17), **changes)
            costs = self._costs(trades, name)
            for component in _COMPONENTS:
                self._require_sound(name, component, getattr(costs, component), trades)

    def test_liquidity_is_used_only_where_that_is_said(self) -> None:
        """With ``uses_liquidity = False`` volume and volatility are not measured: the costs must not depend on them."""
        uses = getattr(self._create(), "uses_liquidity", True)
        if not isinstance(uses, bool):
            fail(self._where(""), "uses_liquidity is no bool", received=uses, remedy="Return True or False.")
        if uses:
            return
        trades = self._random(19)
        like = np.full(40, np.nan)
        unknown = replace(trades, average_daily_volume=like, daily_volatility=like)
        known = _table(self._costs(trades, "known liquidity"))
        if not np.array_equal(known, _table(self._costs(unknown, "unknown liquidity"))):
            fail(
                self._where("volume and volatility NaN"),
                "uses_liquidity is False, and the costs depend on volume or volatility",
                received=_difference(known, _table(self._costs(unknown, "unknown liquidity"))),
                remedy="Take `uses_liquidity` out or return True.",
            )

    def test_the_model_for_other_data_is_a_model_too(self) -> None:
        """`for_data` returns a model that keeps all this on adjusted prices and without volume."""
        chosen = getattr(self._create(), "for_data", None)
        for adjusted, has_volume in _DATA if chosen else ():
            name = f"for_data(adjusted={adjusted}, has_volume={has_volume})"
            model = chosen(adjusted, has_volume)  # type: ignore[misc]  # there is one where it is asked
            if not isinstance(model, Cost):
                fail(self._where(name), "it is no cost model", received=model, remedy="Return self or another model.")
            trades = self._random(23)
            if not has_volume:
                trades = replace(trades, average_daily_volume=np.full(40, np.nan))
            costs = self._read(model.costs(trades), trades, name)
            for component in _COMPONENTS:
                self._require_sound(name, component, getattr(costs, component), trades)

    def test_stamps_are_sentences(self) -> None:
        """`stamps` returns a tuple of sentences for the report: what of the model does not apply to the data."""
        asked = getattr(self._create(), "stamps", None)
        for adjusted, has_volume in _DATA if asked else ():
            stamps = asked(adjusted, has_volume)  # type: ignore[misc]  # there is one where it is asked
            if not isinstance(stamps, tuple) or not all(isinstance(one, str) and one.strip() for one in stamps):
                fail(
                    self._where(f"stamps(adjusted={adjusted}, has_volume={has_volume})"),
                    "it is no tuple of sentences",
                    received=stamps,
                    remedy="Return a tuple of strings that are not empty; () where all applies.",
                )

    def test_an_ordinary_trade_costs_less_than_it_is_worth(self) -> None:
        """Costs are cash, not basis points or percent: 100 shares at 50 do not cost 5,000 to trade."""
        like = np.ones(1)
        trades = self._trades(100.0 * like, 50.0 * like, 1e6 * like, 0.02 * like)
        total = float(_table(self._costs(trades, "an ordinary trade")).sum())
        if total >= 5_000.0:
            fail(
                self._where("100 units at 50, a million traded a day"),
                "they cost more than they are worth",
                received=total,
                remedy="Return cash: basis points times value times 0.0001.",
            )

    def test_a_price_that_is_not_known_is_not_charged_in_silence(self) -> None:
        """A NaN price or quantity raises `DataError`, or gives NaN, which stops the run; a number would hide it."""
        like = np.ones(1)
        for name, quantity, price in (("price NaN", 10.0, np.nan), ("quantity NaN", np.nan, 10.0)):
            trades = self._trades(quantity * like, price * like, 1e6 * like, 0.02 * like)
            try:
                costs = self._create().costs(trades)
            except TradewindError:
                continue
            if np.isfinite(_table(costs)).all():
                fail(
                    self._where(name),
                    "the trade gets a finite cost",
                    received=_table(costs)[:, 0].tolist(),
                    remedy="Raise tradewind.errors.DataError that names the symbol and the values.",
                )

    def _create(self) -> Cost:
        model: Cost = self.subject().create()
        return model

    def _costs(self, trades: Trades, name: str) -> Costs:
        return self._read(self._create().costs(trades), trades, name)

    def _read(self, costs: Costs, trades: Trades, name: str) -> Costs:
        shape = (len(trades.quantities),)
        for component in _COMPONENTS:
            values = getattr(costs, component, None)
            if not isinstance(values, np.ndarray) or values.shape != shape or values.dtype != np.float64:
                fail(
                    self._where(name),
                    f"{component} is no float64 array of shape {shape}",
                    received=values,
                    remedy="Return Costs(commission=, spread=, slippage=, impact=) with one number for each trade.",
                )
        return costs

    def _require_sound(self, name: str, component: str, values: FloatArray, trades: Trades) -> None:
        bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0.0)))
        if len(bad):
            row = int(bad[0])
            fail(
                self._where(name),
                f"{component} of {trades.quantities[row]:g} units at {trades.prices[row]:g} is not finite and at least "
                f"0",
                received=float(values[row]),
                remedy="Return at least 0, and a usual value where volume or volatility is NaN.",
            )

    def _require_equal(self, name: str, expected: FloatArray, received: FloatArray) -> None:
        if not np.allclose(expected, received, rtol=_ROUNDING, atol=0.0, equal_nan=True):
            fail(
                self._where(name),
                "a trade costs something else",
                received=_difference(expected, received),
                remedy="Compute each row from its own entries, without sums or maxima over the batch.",
            )

    def _where(self, name: str) -> str:
        return f"{self.subject().title}, {name}" if name else self.subject().title

    def _batches(self) -> Iterator[tuple[str, Trades]]:
        like = np.ones(6)
        yield "random trades", self._random(1)
        yield "random passive trades", replace(self._random(2), passive=np.ones(40, dtype=np.bool_))
        yield "tiny trades", self._trades(1e-6 * like, 1e-3 * like, 1e3 * like, 0.02 * like)
        yield "huge trades", self._trades(-1e9 * like, 1e5 * like, 1e3 * like, 0.9 * like)
        yield "an illiquid symbol", self._trades(1e4 * like, 2.0 * like, 1.0 * like, 0.2 * like)

    def _random(self, seed: int) -> Trades:
        random = np.random.default_rng(seed)
        quantities = np.round(random.choice([-1.0, 1.0], 40) * 10.0 ** random.uniform(0.0, 5.0, 40))
        prices = np.round(10.0 ** random.uniform(0.0, 3.0, 40), 2)
        volume = np.round(10.0 ** random.uniform(4.0, 8.0, 40))
        return self._trades(quantities, prices, volume, random.uniform(0.005, 0.06, 40))

    def _trades(
        self,
        quantities: FloatArray,
        prices: FloatArray,
        volume: FloatArray,
        volatility: FloatArray,
        passive: bool = False,
    ) -> Trades:
        count = len(quantities)
        return Trades(
            instruments=tuple(self.instruments[row % len(self.instruments)] for row in range(count)),
            quantities=quantities,
            prices=prices,
            average_daily_volume=volume,
            daily_volatility=volatility,
            passive=np.full(count, passive),
        )


def _rows(trades: Trades, rows: IntArray) -> Trades:
    columns = {column: getattr(trades, column)[rows] for column in _COLUMNS}
    return Trades(instruments=tuple(trades.instruments[row] for row in rows.tolist()), **columns)


def _table(costs: Costs) -> FloatArray:
    return np.array([getattr(costs, component) for component in _COMPONENTS], dtype=np.float64)


def _difference(expected: FloatArray, received: FloatArray) -> str:
    bad = np.argwhere(~((expected == received) | (np.isnan(expected) & np.isnan(received))))[0]
    at = tuple(bad.tolist())
    component = f"{_COMPONENTS[at[0]]} of trade {at[1]}: " if len(at) == 2 else f"entry {at[0]}: "
    return f"{component}{float(expected[at])!r} and {float(received[at])!r}"
