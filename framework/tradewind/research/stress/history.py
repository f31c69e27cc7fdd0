"""Scenarios applied to every date of a run: had the crash begun then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.research.stress.apply import drawdown_after, path_drawdowns, shocks

if TYPE_CHECKING:
    import pandas as pd

    from tradewind.research.stress.holdings import Holdings
    from tradewind.research.stress.scenario import Scenario

__all__ = ["HistoryImpact", "apply_over_history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryImpact:
    """One scenario at many dates of a run. Losses and drawdowns are positive fractions of equity.

    Parameters
    ----------
    scenario
        Its name.
    dates, invested_dates
        Dates looked at, and those with positions.
    worst_date, worst_loss, worst_loss_money
        When it would have cost the largest part of equity, and how much.
    median_loss
        Over all dates.
    share_beyond_limit
        Part of the dates at which the loss on top of the drawdown that stood is at or above the limit.
    worst_path_drawdown
        Largest drawdown through the path, fixed holdings, over all dates.
    """

    scenario: str
    dates: int
    invested_dates: int
    worst_date: pd.Timestamp
    worst_loss: float
    worst_loss_money: float
    median_loss: float
    share_beyond_limit: float
    worst_path_drawdown: float


def apply_over_history(scenario: Scenario, holdings: Holdings, *, limit: float = 0.12) -> HistoryImpact:
    """Apply a scenario at each of the dates; betas are those estimated up to the date."""
    moved, _ = shocks(scenario, holdings)
    losses = -(holdings.weights * np.nan_to_num(moved)).sum(axis=1)
    worst = int(losses.argmax())
    return HistoryImpact(
        scenario=scenario.name,
        dates=len(losses),
        invested_dates=int(holdings.weights.any(axis=1).sum()),
        worst_date=holdings.times[worst],
        worst_loss=float(losses[worst]),
        worst_loss_money=float(losses[worst] * holdings.equity[worst]),
        median_loss=float(np.median(losses)),
        share_beyond_limit=float((drawdown_after(losses, holdings.drawdown) >= limit).mean()),
        worst_path_drawdown=float(path_drawdowns(scenario, losses, holdings.drawdown).max()),
    )
