"""Hold what trades nearest to its 52-week high."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.contracts import Schedule
from tradewind.model import Market, Portfolio, Signals
from tradewind_plugins.factors import RollingHigh
from tradewind_strategies.ranking import highest

__all__ = ["High52Week"]


class High52Week:
    """The instruments whose close is nearest to their highest close of a year.

    Nearness is close / highest close of the last ``lookback_bars`` bars of the instrument, in (0, 1]. The ``top_n``
    nearest are scored with their nearness, the rest 0; of equal ones the earlier column is taken. Eligible is what
    trades on this bar and has ``lookback_bars`` bars. The paper buys the nearest 30 % and shorts the farthest for six
    months; this is its long side, decided anew on each date of the schedule (``semi_annual`` holds for six months).

    Parameters
    ----------
    top_n
        Number of instruments to hold.
    lookback_bars
        Bars over which the high is taken.
    schedule
        How often it decides.

    References
    ----------
    George and Hwang (2004), "The 52-Week High and Momentum Investing", *Journal of Finance* 59(5), 2145-2176.
    """

    def __init__(
        self,
        top_n: Annotated[int, Field(ge=1, description="Number of instruments to hold.")] = 10,
        lookback_bars: Annotated[int, Field(ge=2, description="Bars over which the high is taken.")] = 252,
        schedule: Annotated[Schedule, Field(description="How often it decides.")] = "monthly",
    ) -> None:
        self.top_n = top_n
        self.schedule: Schedule = schedule
        self.warmup = lookback_bars - 1
        self.factors = {"high": RollingHigh(lookback_bars)}

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals:
        """Score the nearest with their nearness and the rest 0."""
        nearness = np.where(market.tradable, market.current("close") / market.factor("high"), np.nan)
        return Signals(scores=np.where(highest(nearness, self.top_n), nearness, 0.0))
