"""Job (c) as a tradewind strategy with factors, and its resting stop."""

from __future__ import annotations

import numpy as np

from tradewind.model import Market, Path, Portfolio, Targets
from tradewind_plugins.factors import Sma


class CrossWithStop:
    """Long while the fast average is above the slow one."""

    def __init__(self, fast: int = 50, slow: int = 200, invested: float = 0.95) -> None:
        self.invested = invested
        self.warmup = slow
        self.factors = {"fast": Sma(fast), "slow": Sma(slow)}

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets | None:
        above = market.factor("fast")[0] > market.factor("slow")[0]
        before = market.factor("fast", -1)[0] > market.factor("slow", -1)[0]
        held = portfolio.quantities[0] != 0.0
        if above and not before and not held:
            return Targets(weights=np.array([self.invested]))
        if before and not above and held:
            return Targets(weights=np.array([0.0]))
        return None

    def next_event(self, path: Path) -> int:
        above = path.factor_ahead("fast", before=1) > path.factor_ahead("slow", before=1)
        return path.first(above[1:] != above[:-1])


class StopBelowEntry:
    """A stop order that rests a fraction below the entry price."""

    def __init__(self, fraction: float = 0.01) -> None:
        self.fraction = fraction

    def stop_prices(self, market: Market, portfolio: Portfolio) -> np.ndarray:  # noqa: ARG002 fixed by the contract
        return np.where(portfolio.quantities > 0.0, portfolio.entry_prices * (1.0 - self.fraction), np.nan)

    def limit_prices(self, market: Market, portfolio: Portfolio) -> np.ndarray:  # noqa: ARG002 fixed by the contract
        return np.full(len(portfolio.quantities), np.nan)

    def next_event(self, path: Path) -> int:
        return path.stop
