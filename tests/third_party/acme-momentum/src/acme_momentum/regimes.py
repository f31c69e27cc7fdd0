"""A regime detector."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind.model import Market, RegimeEstimate

__all__ = ["Breadth"]


class Breadth:
    """Calm where at least half of what trades stands above its close some bars ago."""

    labels: tuple[str, ...] = ("calm", "rough")

    def __init__(self, bars: Annotated[int, Field(ge=1, description="Bars to look back.")] = 20) -> None:
        self.bars = bars
        self.warmup = bars

    def estimate(self, market: Market) -> RegimeEstimate:
        """Count what rises."""
        rises = market.current("close") > market.current("close", -self.bars)
        share = float(np.mean(rises[market.tradable])) if market.tradable.any() else 0.5
        label = "calm" if share >= 0.5 else "rough"
        return RegimeEstimate(
            label=label,
            probabilities={"calm": share, "rough": 1.0 - share},
            confidence=max(share, 1.0 - share),
            fitted_until=market.bar,
        )
