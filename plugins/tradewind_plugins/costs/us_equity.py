"""Costs of trading US shares."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from tradewind.contracts import Cost, Costs, Trades
from tradewind.errors import ConfigError, DataError

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray

__all__ = ["UsEquity", "half_spread_bp", "square_root_impact_bp"]

_LIQUID_USD_PER_DAY = 1e8
_ILLIQUID_USD_PER_DAY = 1e6
_DECADES_OF_LIQUIDITY = math.log10(_LIQUID_USD_PER_DAY / _ILLIQUID_USD_PER_DAY)
_BASIS_POINT = 1e-4
_USUAL_DAILY_VOLATILITY = 0.02


def half_spread_bp(dollar_volume: FloatArray, tight_bp: float, wide_bp: float) -> FloatArray:
    """Return half the quoted spread in basis points of price.

    The full spread is ``tight_bp`` from 100 million dollars traded a day, ``wide_bp`` up to 1 million, linear in the
    logarithm between, and in the middle where volume is unknown (NaN).
    """
    position = np.log10(np.maximum(dollar_volume, 1.0) / _ILLIQUID_USD_PER_DAY) / _DECADES_OF_LIQUIDITY
    liquid = np.minimum(np.maximum(position, 0.0), 1.0)
    return (wide_bp - (wide_bp - tight_bp) * np.where(np.isnan(liquid), 0.5, liquid)) / 2.0


def square_root_impact_bp(participation: FloatArray, daily_volatility: FloatArray, coefficient: float) -> FloatArray:
    """Return the price impact in basis points: ``coefficient * volatility * sqrt(quantity / daily volume)``.

    References
    ----------
    Almgren, Thum, Hauptmann, Li (2005), "Direct Estimation of Equity Market Impact"; Tóth et al. (2011), Physical
    Review X 1, 021006, for the square root.

    >>> square_root_impact_bp(np.array([0.01, 1.0]), np.array([0.02, 0.02]), 1.0).round(2).tolist()
    [20.0, 200.0]
    """
    return coefficient * daily_volatility * np.sqrt(participation) / _BASIS_POINT


@dataclasses.dataclass(frozen=True, slots=True)
class UsEquity:
    """Commission, half the spread, slippage and square-root impact, each in cash.

    A fill of a resting limit order pays commission and impact only. Impact is 0 where volume is unknown, that of a
    whole day's volume where none was traded, and that of 2 % volatility a day where an instrument's is not known yet.
    Partial fills of an order each count as an order.

    Parameters
    ----------
    commission
        ``basis_points`` of value, ``per_share`` (with minimum and maximum, as in IBKR's fixed pricing for US shares) or
        ``per_order``.
    """

    commission: Annotated[
        Literal["basis_points", "per_share", "per_order"], Field(description="How commission is charged.")
    ] = "basis_points"
    commission_bp: Annotated[float, Field(ge=0, le=1000, description="Commission in basis points of value.")] = 1.0
    commission_per_share: Annotated[float, Field(ge=0, description="Commission a share, in USD.")] = 0.005
    commission_per_order: Annotated[float, Field(ge=0, description="Commission an order, in USD.")] = 1.0
    minimum_per_order: Annotated[float, Field(ge=0, description="Least commission per order, with per_share.")] = 1.0
    maximum_fraction: Annotated[float, Field(gt=0, le=1, description="Most commission per value, with per_share.")] = (
        0.01
    )
    spread_tight_bp: Annotated[float, Field(ge=0, le=1000, description="Quoted spread of the most liquid.")] = 2.0
    spread_wide_bp: Annotated[float, Field(ge=0, le=1000, description="Quoted spread of the least liquid.")] = 10.0
    slippage_bp: Annotated[float, Field(ge=0, le=1000, description="Slippage in basis points of value.")] = 5.0
    impact_coefficient: Annotated[float, Field(ge=0, le=10, description="Factor of the square-root impact.")] = 1.0

    def __post_init__(self) -> None:
        if self.spread_tight_bp > self.spread_wide_bp:
            raise ConfigError(
                f"spread_tight_bp is the spread of the most liquid and spread_wide_bp that of the "
                f"least; received {self.spread_tight_bp:g} above {self.spread_wide_bp:g}. Lower the first or raise the "
                f"second"
            )

    def costs(self, trades: Trades) -> Costs:
        """Return the cash costs of a batch of executions.

        Raises
        ------
        DataError
            If a price or quantity is not finite, or a price is negative.
        """
        multipliers = np.array([instrument.multiplier for instrument in trades.instruments])
        size = np.abs(trades.quantities)
        value = size * trades.prices * multipliers
        _check(trades, value)
        none = np.zeros(len(value))
        active = ~trades.passive
        return Costs(
            commission=self._commission(size, value),
            spread=self._spread(trades, multipliers, value) * active if self.spread_wide_bp else none,
            slippage=value * self.slippage_bp * _BASIS_POINT * active if self.slippage_bp else none,
            impact=value * self._impact_bp(trades, size) * _BASIS_POINT if self.impact_coefficient else none,
        )

    @property
    def uses_liquidity(self) -> bool:
        """Whether volume and volatility matter to it as it is configured."""
        return bool(self.impact_coefficient) or self.spread_tight_bp != self.spread_wide_bp

    def for_data(self, adjusted: bool, has_volume: bool) -> Cost:
        """Return the model for such data: adjusted prices have no meaning per share, so commission is by value."""
        if adjusted and self.commission == "per_share":
            return dataclasses.replace(self, commission="basis_points")
        return self

    def stamps(self, adjusted: bool, has_volume: bool) -> tuple[str, ...]:
        """Return what of the model does not apply to the data."""
        stamps: list[str] = []
        if adjusted and self.commission == "per_share":
            stamps.append(
                f"Commission per share is not applicable on adjusted prices: {self.commission_bp:g} bp instead."
            )
        if not has_volume:
            middle = (self.spread_tight_bp + self.spread_wide_bp) / 2
            stamps.append(f"No volume in the feed: spread {middle:g} bp for all, market impact not applicable.")
        return tuple(stamps)

    def _commission(self, size: FloatArray, value: FloatArray) -> FloatArray:
        if self.commission == "basis_points":
            return value * self.commission_bp * _BASIS_POINT
        if self.commission == "per_order":
            return np.where(size > 0, self.commission_per_order, 0.0)
        charged = np.maximum(size * self.commission_per_share, np.where(size > 0, self.minimum_per_order, 0.0))
        return np.minimum(charged, value * self.maximum_fraction)

    def _spread(self, trades: Trades, multipliers: FloatArray, value: FloatArray) -> FloatArray:
        dollar_volume = trades.average_daily_volume * trades.prices * multipliers
        return value * half_spread_bp(dollar_volume, self.spread_tight_bp, self.spread_wide_bp) * _BASIS_POINT

    def _impact_bp(self, trades: Trades, size: FloatArray) -> FloatArray:
        volume = trades.average_daily_volume
        participation = np.divide(size, volume, out=np.where(np.isnan(volume), 0.0, 1.0), where=volume > 0)
        volatility = np.where(np.isnan(trades.daily_volatility), _USUAL_DAILY_VOLATILITY, trades.daily_volatility)
        return square_root_impact_bp(participation, volatility, self.impact_coefficient)


def _check(trades: Trades, value: FloatArray) -> None:
    if not (value.min(initial=0.0) >= 0.0 and value.max(initial=0.0) < np.inf):
        first = int(np.argmin((value >= 0.0) & (value < np.inf)))
        raise DataError(
            f"costs us_equity: a trade of {trades.quantities[first]:g} {trades.instruments[first].symbol} at "
            f"{trades.prices[first]:g} cannot be charged; quantities are finite and prices finite and not negative. "
            f"Mend the feed's prices, or leave the symbol out under `data: symbols:`"
        )
