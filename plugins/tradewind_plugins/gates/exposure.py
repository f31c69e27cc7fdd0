"""How much of the account may be in the market: as a whole, and by regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind_plugins.gates.limits import closed_values, exceeds, part, shrink, symbol_of

if TYPE_CHECKING:
    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["EXPOSURE_BY_REGIME", "RegimeCompliance", "TotalAllocation"]

EXPOSURE_BY_REGIME: Mapping[str, float] = {"bull": 1.0, "neutral": 0.7, "bear": 0.3, "crash": 0.0}

_Fraction = Annotated[float, Field(ge=0.0)]


class TotalAllocation:
    """Makes openings smaller that would put more into the market than is allowed, all by the same part.

    Longs and shorts both count with their absolute value (gross exposure). What the batch closes makes room.

    Parameters
    ----------
    maximum
        Largest gross exposure, as a fraction of equity; the declared leverage where it is not given.
    """

    stage: ClassVar[int] = 26

    def __init__(
        self,
        maximum: Annotated[
            float | None,
            Field(ge=0.0, description="Largest gross exposure, a fraction of equity; leave out for the leverage."),
        ] = None,
    ) -> None:
        self._maximum = maximum

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of openings that would be too much in all."""
        fraction = account.leverage if self._maximum is None else self._maximum
        return _limit_gross(batch, account, fraction, "total_allocation", "")


class RegimeCompliance:
    """Makes openings smaller that would put more into the market than the regime allows, all by the same part.

    Longs and shorts both count with their absolute value. What the batch closes makes room. Runs without regimes and
    labels that are not listed are not limited here.

    Parameters
    ----------
    exposure
        Largest gross exposure by regime, as a fraction of equity times the declared leverage.
    """

    stage: ClassVar[int] = 24

    def __init__(
        self,
        exposure: Annotated[
            Mapping[str, _Fraction],
            Field(description="Largest gross exposure by regime, a fraction of equity times leverage."),
        ] = EXPOSURE_BY_REGIME,
    ) -> None:
        self._exposure = dict(exposure)

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of openings that would be too much in this regime."""
        allowed = self._exposure.get(account.regime)
        if allowed is None:
            return ()
        fraction = allowed * account.leverage
        return _limit_gross(batch, account, fraction, "regime_compliance", f" in regime {account.regime}")


def _limit_gross(batch: OrderBatch, account: AccountView, fraction: float, code: str, where: str) -> Sequence[Verdict]:
    limit = max(0.0, fraction * account.equity)
    values = batch.opening_values
    opened = float(np.add.reduce(values))
    if opened == 0.0 or not exceeds(account.gross + opened, limit):
        return ()
    base = account.gross - float(np.add.reduce(closed_values(batch)))
    if not exceeds(base + opened, limit):
        return ()
    text = f"gross exposure would be {part(base + opened, account.equity)}, allowed are {100.0 * fraction:.4g} %{where}"
    return shrink(batch, values, limit - base, code, lambda order: f"{symbol_of(batch, order)}: {text}")
