"""Trading costs, each component by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tradewind.model.instrument import Instrument
    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["Cost", "Costs", "Trades"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trades:
    """A batch of M executions about to be charged.

    Parameters
    ----------
    instruments
        What is traded, length M.
    quantities
        Signed, shape (M,).
    prices
        Per unit, shape (M,).
    average_daily_volume
        Units a day over the last 20 bars, shape (M,); NaN where the feed has no volume.
    daily_volatility
        Standard deviation of daily log returns over the last 20 bars, as a fraction, shape (M,); NaN where unknown.
    passive
        Fill of a resting limit order, which pays no spread and no slippage, shape (M,).
    """

    instruments: tuple[Instrument, ...]
    quantities: FloatArray
    prices: FloatArray
    average_daily_volume: FloatArray
    daily_volatility: FloatArray
    passive: BoolArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Costs:
    """Cash cost of each execution by component, each of shape (M,) and at least 0."""

    commission: FloatArray
    spread: FloatArray
    slippage: FloatArray
    impact: FloatArray


@runtime_checkable
class Cost(Protocol):
    """A cost model: pure, non-negative, non-decreasing in size.

    Optional method ``stamps(adjusted: bool, has_volume: bool) -> tuple[str, ...]``: what of the model does not apply to
    the data (a per-share commission on adjusted prices, impact without volume); printed on the report.

    Optional method ``for_data(adjusted: bool, has_volume: bool) -> Cost``: the model to use on such data; called once
    before the run. ``stamps`` is asked of the model as configured.

    Optional attribute ``uses_liquidity: bool = True``: False spares the measuring of volume and volatility, which are
    then NaN.
    """

    def costs(self, trades: Trades) -> Costs:
        """Return what a batch of executions costs."""
        ...
