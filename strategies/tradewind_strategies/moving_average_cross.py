"""Follow the trend of each instrument by the cross of two moving averages."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.errors import PluginError
from tradewind.model import Market, Path, Portfolio, Targets
from tradewind.model.typing import BoolArray, FloatArray
from tradewind_plugins.factors import Sma

__all__ = ["MovingAverageCross"]


class MovingAverageCross:
    """Buys an instrument on the bar on which its fast average crosses above the slow one, sells it on the way down.

    Each instrument stands for itself, with the same weight; between its crosses its holding is left alone, so that a
    position an exit has closed stays closed until the next cross. Averages that touch cross when they part again,
    whichever way.

    Parameters
    ----------
    fast_bars, slow_bars
        Bars of the two simple averages of closes.
    weight
        Weight of each instrument that is held, as a fraction of the sleeve's capital; 0: an equal part of it.

    References
    ----------
    Brock, Lakonishok and LeBaron (1992), "Simple Technical Trading Rules and the Stochastic Properties of Stock
    Returns", *Journal of Finance* 47(5), 1731-1764.
    """

    def __init__(
        self,
        fast_bars: Annotated[int, Field(ge=1, description="Bars of the fast average.")] = 50,
        slow_bars: Annotated[int, Field(ge=2, description="Bars of the slow average.")] = 200,
        weight: Annotated[float, Field(ge=0.0, le=1.0, description="Weight of what is held; 0: an equal part.")] = 0.0,
    ) -> None:
        if fast_bars >= slow_bars:
            raise PluginError(
                f"moving_average_cross: fast_bars must be less than slow_bars; received {fast_bars} and {slow_bars}. "
                f"Usual are 50 and 200"
            )
        self.weight = weight
        self.warmup = slow_bars
        self.factors = {"fast": Sma(fast_bars), "slow": Sma(slow_bars)}

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets | None:
        """Return a weight for each instrument that has crossed; None on a bar without a cross."""
        up, down = _crosses(market.factor_window("fast", 2) - market.factor_window("slow", 2))
        if not (up.any() or down.any()):
            return None
        weight = self.weight or 1.0 / len(market.instruments)
        return Targets(weights=np.where(up[0], weight, np.where(down[0], 0.0, np.nan)))

    def next_event(self, path: Path) -> int:
        """Return the first bar ahead on which any instrument crosses."""
        up, down = _crosses(path.factor_ahead("fast", before=1) - path.factor_ahead("slow", before=1))
        return path.first(up | down)


def _crosses(gap: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Return where a gap, shape (K + 1, N), has turned positive and negative on its last K rows."""
    before, after = gap[:-1], gap[1:]
    return (before <= 0.0) & (after > 0.0), (before >= 0.0) & (after < 0.0)
