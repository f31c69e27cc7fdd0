"""Cost models with one fault each."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tradewind.contracts import Costs, Trades
from tradewind_plugins.costs import UsEquity

__all__ = ["MUTANTS"]


class Sound:
    """A model of our own without a fault, which the faulty ones change."""

    def __init__(self) -> None:
        self._model = UsEquity()

    def costs(self, trades: Trades) -> Costs:
        return self._model.costs(trades)


class Scalar(Sound):
    """A constant that is no array."""

    def costs(self, trades: Trades) -> Any:
        return dataclasses.replace(super().costs(trades), commission=1.0)


class Rebate(Sound):
    """Pays for orders that rest."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        return dataclasses.replace(costs, commission=np.where(trades.passive, -0.01, costs.commission))


class Discount(Sound):
    """Large orders cost less in all than smaller ones."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        rate = np.where(np.abs(trades.quantities) > 1e5, 0.1, 1.0)
        return dataclasses.replace(costs, commission=costs.commission * rate)


class Empty(Sound):
    """Answers an empty batch with one entry."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        return costs if len(costs.commission) else dataclasses.replace(costs, commission=np.zeros(1))


class PassiveSpread(Sound):
    """Charges the spread to orders that rest."""

    def costs(self, trades: Trades) -> Costs:
        return super().costs(dataclasses.replace(trades, passive=np.zeros(len(trades.passive), dtype=np.bool_)))


class Remembering(Sound):
    """A volume discount that begins after so many trades."""

    _traded = 0.0

    def costs(self, trades: Trades) -> Costs:
        type(self)._traded += float(np.abs(trades.quantities).sum())
        costs = super().costs(trades)
        return dataclasses.replace(costs, commission=costs.commission / (1.0 + type(self)._traded))


class OneBuffer(Sound):
    """Gives the caller an array that the next call overwrites."""

    def __init__(self) -> None:
        super().__init__()
        self._buffer = np.zeros(64)

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        count = len(costs.commission)
        self._buffer[:count] = costs.commission
        return dataclasses.replace(costs, commission=self._buffer[:count])


class Mutating(Sound):
    """Makes the quantities of the caller positive."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        np.abs(trades.quantities, out=trades.quantities)
        return costs


class Shared(Sound):
    """Spreads the commission of the batch over its trades."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        count = len(costs.commission)
        return dataclasses.replace(costs, commission=np.full(count, costs.commission.mean() if count else 0.0))


class FirstPays(Sound):
    """The first order of a batch pays the minimum."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        commission = costs.commission.copy()
        commission[:1] += 1.0
        return dataclasses.replace(costs, commission=commission)


class Poisoned(Sound):
    """Impact is NaN where volume is."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        impact = 1e-4 * np.abs(trades.quantities) / trades.average_daily_volume
        return dataclasses.replace(costs, impact=impact)


class Infinite(Sound):
    """Impact is infinite where nothing was traded."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        with np.errstate(divide="ignore"):
            impact = np.nan_to_num(np.abs(trades.quantities) / trades.average_daily_volume, nan=0.0, posinf=np.inf)
        return dataclasses.replace(costs, impact=impact)


class Undeclared(Sound):
    """Says that it needs no liquidity and uses it."""

    uses_liquidity = False


class Unadjusted(Sound):
    """Knows nothing for adjusted prices."""

    def for_data(self, adjusted: bool, has_volume: bool) -> Any:
        return None if adjusted else self


class OneStamp(Sound):
    """A stamp where a tuple of them belongs."""

    def stamps(self, adjusted: bool, has_volume: bool) -> Any:
        return "No volume." if not has_volume else ()


class BasisPoints(Sound):
    """Forgets that a basis point is a ten-thousandth."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        return dataclasses.replace(costs, slippage=costs.slippage / 1e-4)


class Hiding(Sound):
    """Charges nothing where the price is not known."""

    def costs(self, trades: Trades) -> Costs:
        known = dataclasses.replace(
            trades, prices=np.nan_to_num(trades.prices), quantities=np.nan_to_num(trades.quantities)
        )
        return super().costs(known)


class Drawn(Sound):
    """Slippage is drawn at random."""

    def costs(self, trades: Trades) -> Costs:
        costs = super().costs(trades)
        return dataclasses.replace(costs, slippage=costs.slippage * np.random.default_rng().uniform(0.5, 1.5))


MUTANTS: tuple[tuple[type[Sound], str, str], ...] = (
    (Scalar, "test_every_component_is_one_number_for_each_trade", r"commission is no float64 array of shape \(40,\)"),
    (Rebate, "test_no_component_is_negative_or_unknown", r"commission of .* is not finite and at least 0; received -0"),
    (Discount, "test_more_never_costs_less", r"commission falls from .* Make every component non-decreasing"),
    (Empty, "test_an_empty_batch_costs_nothing", r"an empty batch: commission is no float64 array of shape \(0,\)"),
    (PassiveSpread, "test_a_resting_limit_order_pays_no_spread_and_no_slippage", r"spread is charged"),
    (Remembering, "test_the_same_batch_costs_the_same_again", r"costs of one batch are others when asked again"),
    (OneBuffer, "test_the_same_batch_costs_the_same_again", r"are others when (asked again|kept by the caller)"),
    (Drawn, "test_the_same_batch_costs_the_same_again", r"are others when asked again; received slippage of trade 0"),
    (Mutating, "test_the_batch_is_left_as_it_was", r"trades\.quantities was changed; .* Work on a copy"),
    (Shared, "test_a_trade_costs_the_same_alone_and_in_a_batch", r"one trade of a batch, alone: a trade costs somethi"),
    (FirstPays, "test_the_order_of_trades_does_not_matter", r"a batch in another order: .* received commission of tra"),
    (Poisoned, "test_unknown_volume_and_volatility_give_a_cost", r"volume NaN: impact of .* received nan"),
    (Infinite, "test_unknown_volume_and_volatility_give_a_cost", r"no volume at all: impact of .* received inf"),
    (Undeclared, "test_liquidity_is_used_only_where_that_is_said", r"uses_liquidity is False, and the costs depend"),
    (Unadjusted, "test_the_model_for_other_data_is_a_model_too", r"for_data\(adjusted=True, .*: it is no cost model"),
    (OneStamp, "test_stamps_are_sentences", r"stamps\(adjusted=False, has_volume=False\): it is no tuple of sente"),
    (BasisPoints, "test_an_ordinary_trade_costs_less_than_it_is_worth", r"they cost more than they are worth"),
    (Hiding, "test_a_price_that_is_not_known_is_not_charged_in_silence", r"price NaN: the trade gets a finite cost"),
)
"""The faulty model, the test that must catch it, and what that must say."""
