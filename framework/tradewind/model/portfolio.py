"""What a plugin sees of the holdings it decides about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.instrument import Instrument
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["Portfolio"]


@dataclass(frozen=True, slots=True, eq=False)
class Portfolio:
    """One sleeve's holdings at the close of bar t, and the account around it.

    Arrays have shape (N,), in the market's column order.

    Parameters
    ----------
    equity
        Value of the whole account, in its currency.
    capital
        Capital of the sleeve: its share in the current regime times ``equity``.
    cash
        Cash of the whole account.
    quantities
        Signed holdings of the sleeve.
    entry_prices
        Average entry price; NaN where flat.
    entry_bars
        Bar of the first fill of the present position; -1 where flat.
    highest_closes, lowest_closes
        Extremes of the close since entry, the entry price included; NaN where flat.
    target_weights
        The sleeve's last decided weights of its capital; 0 before the first decision.
    others
        Holdings of instruments that have no column (option legs).
    regime
        Label of the confirmed regime; empty where the run has no detector.
    """

    equity: float
    capital: float
    cash: float
    quantities: FloatArray
    entry_prices: FloatArray
    entry_bars: IntArray
    highest_closes: FloatArray
    lowest_closes: FloatArray
    target_weights: FloatArray
    others: Mapping[Instrument, float] = field(default_factory=dict)
    regime: str = ""
