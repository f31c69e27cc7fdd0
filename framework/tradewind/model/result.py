"""What a run leaves behind, as tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["Result"]


def _no_rows() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result:
    """A finished (or interrupted) run. Index of all time tables: bar timestamps, tz-naive UTC.

    Parameters
    ----------
    name, mode, status
        Name of the configuration; ``backtest`` or ``paper``; ``complete`` or ``partial`` (interrupted).
    config
        The resolved plan, as plain data.
    versions
        Version by library and by plugin distribution.
    seed, decision_hash, data_hash
        What makes the run reproducible, and the two hashes that say whether it was reproduced.
    data
        ``start``, ``end``, ``bars``, ``symbols``, ``close_only``, ``adjusted`` and so on.
    equity
        Columns ``equity``, ``cash``, ``gross`` and ``net`` (exposure as fractions of equity), ``benchmark`` (close of
        the reference of that role; NaN where there is none).
    weights
        Closing value of each holding as a fraction of equity; one column a symbol.
    orders
        One row an order: ``order_id, bar, timestamp, symbol, quantity, order_type, reason, status, sleeves``
        (``sleeves``: the split, JSON).
    fills
        One row a fill: ``order_id, bar, timestamp, symbol, quantity, price, commission, spread, slippage, impact,
        reason``.
    rulings
        One row for each verdict of a gate that changed an order: ``order_id, bar, timestamp, symbol, gate, code, asked,
        allowed, price, text``.
    standings
        One row for each new standing of the account: ``bar, timestamp, before, after, by, text``.
    risk
        The portfolio's risk every `tradewind.report.portfolio_risk.EVERY_BARS` bars: ``bar, window_bars``, the figures
        of `tradewind.risk.measures.RiskHistory.columns`; empty where it was not asked for.
    breaches
        One row an excursion beyond a limit of ``risk.limits``: ``first, last, samples, every_bars, measure, limit,
        worst, worst_timestamp``.
    counterfactual
        One row a ruling, with what it withheld would have gained: see `tradewind.report.counterfactual`.
    regimes
        Columns ``regime`` (confirmed), ``label`` (detector's), ``confidence`` ``p_<label>``; empty without a detector.
    sleeves
        Cumulative profit of each sleeve in cash, costs included; one column a sleeve; sums to equity minus start cash.
    metrics
        Figures by name; definitions in `tradewind.report.metrics`.
    without_overlay
        ``equity`` table of the same portfolio held at its calmest regime's shares; None without a detector.
    detectors
        Rows: detectors; columns ``balanced_accuracy, recall, accuracy, switches`` against the press bears.
    verification
        What is known of the plan's look-ahead, as plain data: see `tradewind.verify.Verdict.as_data`; empty where
        nobody has looked for any.
    stamps, warnings
        What a reader must know about how the figures came about; what went wrong without stopping the run.
    directory
        The run's capsule; None when not kept.
    reports
        Files that the run's reports have just written; empty for a run that is read again.
    interruption
        What a complete run that was interrupted after its last bar still is, and lacks; empty for any other, and for a
        run that is read again.
    """

    name: str
    mode: str
    status: str
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    seed: int
    decision_hash: str
    data_hash: str
    data: Mapping[str, Any]
    equity: pd.DataFrame
    weights: pd.DataFrame
    orders: pd.DataFrame
    fills: pd.DataFrame
    regimes: pd.DataFrame
    sleeves: pd.DataFrame
    metrics: Mapping[str, float] = field(default_factory=dict)
    rulings: pd.DataFrame = field(default_factory=_no_rows)
    standings: pd.DataFrame = field(default_factory=_no_rows)
    risk: pd.DataFrame = field(default_factory=_no_rows)
    breaches: pd.DataFrame = field(default_factory=_no_rows)
    counterfactual: pd.DataFrame = field(default_factory=_no_rows)
    without_overlay: pd.DataFrame | None = None
    detectors: pd.DataFrame | None = None
    verification: Mapping[str, Any] = field(default_factory=dict)
    stamps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    directory: Path | None = None
    reports: tuple[Path, ...] = ()
    interruption: str = ""
