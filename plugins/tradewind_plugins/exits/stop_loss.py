"""A stop a fixed fraction away from the entry price."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Exit, RestingExit
from tradewind.model import Path, Portfolio
from tradewind.model.typing import FloatArray, IntArray
from tradewind_plugins.exits.stops import ClosingStop, RestingStop, Stop

__all__ = ["RestingStopLoss", "StopLoss", "stop_loss"]


class _AtEntry(Stop):
    def prices(self, portfolio: Portfolio) -> FloatArray:
        """Return the stops of what is held, shape (N,); NaN where flat."""
        held = portfolio.quantities
        shorts = np.where(held < 0, portfolio.entry_prices * (1.0 + self.fraction), np.nan)
        return np.where(held > 0, portfolio.entry_prices * (1.0 - self.fraction), shorts)

    def prices_ahead(self, path: Path, columns: IntArray) -> FloatArray:
        """Return the stops of held columns, which do not move while a position stays."""
        stops: FloatArray = self.prices(path.portfolio)[columns]
        return stops


class StopLoss(_AtEntry, ClosingStop):
    """Closes a position that has lost a fraction of its average entry price.

    A long is closed at or below ``(1 - fraction) * entry price``, a short at or above ``(1 + fraction) * entry price``.
    Decided on the close, so the fill can be worse than the stop. A halted instrument is left alone until it trades
    again.

    Parameters
    ----------
    fraction
        Loss to stop at, as a fraction of the entry price, in (0, 1).
    """


class RestingStopLoss(_AtEntry, RestingStop):
    """The same stop as an order that rests at the exchange from the close of the entry bar on.

    Parameters
    ----------
    fraction
        Loss to stop at, as a fraction of the entry price, in (0, 1).
    """


def stop_loss(
    fraction: Annotated[float, Field(gt=0.0, lt=1.0, description="Loss to stop at, a fraction of the entry price.")] = (
        0.1
    ),
    resting: Annotated[bool, Field(description="Rest at the exchange, instead of deciding on the close.")] = False,
) -> Exit | RestingExit:
    """Return a `StopLoss`, or a `RestingStopLoss` where ``resting``."""
    return RestingStopLoss(fraction) if resting else StopLoss(fraction)
