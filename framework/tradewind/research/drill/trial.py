"""One run of a plan over given prices, by the real engine, as far as a drill looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.config.risk import ALL, RiskConfig
from tradewind.engine.assemble import Builder, check_needs, run_session
from tradewind.errors import RiskHaltError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from tradewind.config.plan import Plan
    from tradewind.engine.session import Session
    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray

__all__ = ["Trial", "latched", "try_plan", "unlimited"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trial:
    """A finished run.

    Parameters
    ----------
    equity
        At each close, shape (T,); 0 from the bar on at which the account was gone.
    weights
        Of each position in equity, shape (T, N).
    tables
        Orders, fills, rulings, standings as in a run.
    gone
        Whether the account was lost.
    """

    equity: FloatArray
    weights: FloatArray
    tables: Mapping[str, pd.DataFrame]
    gone: bool = False


def latched(plan: Plan) -> Plan:
    """Return a plan whose kills stay, as in paper and live, where no operator re-arms them."""
    return plan.model_copy(update={"risk": plan.risk.model_copy(update={"rearm_after_bars": 0})})


def unlimited(plan: Plan) -> Plan:
    """Return a plan with ``risk: off``."""
    return plan.model_copy(update={"risk": RiskConfig(switched_off=(ALL,))})


def try_plan(builder: Builder, bars: Bars) -> Trial:
    """Run a plan over bars."""
    check_needs(builder, bars)
    begun: list[Session] = []
    gone = False
    try:
        session = run_session(builder, bars, prepared=begun.append)
    except RiskHaltError:
        if not begun:
            raise
        session, gone = begun[0], True
    tables: Mapping[str, Any] = session.ledger.recorder.tables(bars.timestamps, None)
    equity = np.zeros(len(bars))
    curve = session.ledger.recorder.equity_curve()
    equity[: len(curve)] = curve
    weights = np.zeros((len(bars), len(bars.instruments)))
    weights[: len(curve)] = tables["weights"].to_numpy(dtype=np.float64)
    return Trial(equity=equity, weights=weights, tables=tables, gone=gone)
