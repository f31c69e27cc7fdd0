"""A run in about ten lines for the terminal, and as data for ``--json`` and ``result.json``."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tradewind.report.attribution import overlay_comparison, profit_by_regime, profit_by_sleeve
from tradewind.report.breaches import breaches_by_measure
from tradewind.report.counterfactual import counterfactual_ledger
from tradewind.report.definitions import METRICS, format_metric
from tradewind.report.drawdowns import worst_drawdown
from tradewind.report.metrics import compute_metrics, growth_metrics

if TYPE_CHECKING:
    from rich.table import Table

    from tradewind.model.result import Result

__all__ = ["SCHEMA_VERSION", "all_metrics", "json_safe", "summary_data", "summary_table"]

SCHEMA_VERSION = 1

_ROWS = (
    ("final_equity", "Final equity"),
    ("cagr", "CAGR"),
    ("volatility", "Volatility"),
    ("sharpe", "Sharpe"),
    ("max_drawdown", "Max drawdown"),
    ("calmar", "Calmar"),
)


def all_metrics(result: Result) -> dict[str, float]:
    """Return the run's own figures, and those it lacks computed from its tables; empty without a bar."""
    if result.equity.empty or result.metrics.keys() >= METRICS.keys():
        return dict(result.metrics)
    return compute_metrics(result.equity, result.fills, orders=result.orders) | dict(result.metrics)


def summary_table(result: Result) -> Table:
    """Return a short table: the run beside its benchmark and beside itself without the regime overlay."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    metrics = all_metrics(result)
    others = _others(result, metrics)
    period = f"{result.data.get('start', '?')} to {result.data.get('end', '?')}"
    status = "" if result.status == "complete" else f", [bold yellow]{escape(result.status.upper())}[/]"
    title = f"[bold]{escape(result.name)}[/] {escape(result.mode)}, {escape(period)}{status}"
    table = Table(title=title, title_justify="left", title_style="none", box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in ("this run", *others):
        table.add_column(column, justify="right")
    for name, label in _ROWS:
        values = [format_metric(name, metrics.get(name)), *(format_metric(name, o.get(name)) for o in others.values())]
        table.add_row(label, *values)
    blanks = [""] * len(others)
    costs = format_metric("costs", metrics.get("costs"))
    basis_points = format_metric("costs_basis_points", metrics.get("costs_basis_points"))
    table.add_row("Costs", f"{costs} ({basis_points} bp)", *blanks)
    counts = (format_metric(name, metrics.get(name)) for name in ("orders", "trades"))
    table.add_row("Orders / closed trades", " / ".join(counts), *blanks)
    table.add_row("Turnover a year", format_metric("turnover", metrics.get("turnover")), *blanks)
    table.add_row("Decisions", escape(result.decision_hash[:12]), *blanks)
    return table


def _others(result: Result, metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    others: dict[str, dict[str, float]] = {}
    if math.isfinite(metrics.get("benchmark_total_return", math.nan)):
        prefix = "benchmark_"
        benchmark = {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
        benchmark["final_equity"] = metrics["start_equity"] * (1.0 + benchmark["total_return"])
        others["benchmark"] = benchmark
    if result.without_overlay is not None and not result.without_overlay.empty:
        curve = result.without_overlay["equity"]
        others["without overlay"] = growth_metrics(curve) | {"final_equity": float(curve.iloc[-1])}
    return others


def summary_data(result: Result) -> dict[str, Any]:
    """Return a run's figures as JSON-safe data: the content of ``result.json`` and of ``--json``.

    The schema is stable: within ``schema_version`` 1 keys may be added, never removed or given another meaning. What is
    not defined is null, never NaN. Losses are positive fractions; times are ISO 8601 in UTC.

    Keys
    ----
    schema_version
        1.
    name, mode, status, seed, decision_hash, data_hash, directory
        As in `tradewind.model.Result`; ``directory`` is null when the run was not kept.
    data
        What it ran on: ``start``, ``end``, ``bars``, ``symbols``, ``close_only``, ``adjusted`` and so on.
    metrics
        Figure by name; `tradewind.report.definitions.METRICS` has label, unit and definition of each.
    max_drawdown
        ``depth``, ``peak``, ``trough``, ``recovered`` (null while under water).
    overlay
        Null without a detector; else figure to ``with_overlay``, ``without_overlay``, ``better``.
    regimes
        Label to ``bars``, ``fraction``, ``profit``, ``compound_return``, by the regime of the previous close.
    sleeves
        Sleeve to profit in cash.
    detectors
        Null, or detector to ``balanced_accuracy``, ``recall``, ``accuracy``, ``switches``.
    counterfactual
        List of what each gate and breaker withheld and what it was worth; keys and meaning of
        `tradewind.report.counterfactual.counterfactual_ledger`; empty where reports were not written.
    breaches
        Measure to ``limit``, ``excursions``, ``worst``, ``worst_timestamp``: where limits of portfolio risk were
        exceeded.
    verification
        Null, or what is known of look-ahead: ``passed``, ``short``, ``sentence``, ``skipped``, ``interrupted``,
        ``cuts``, ``decisions``, ``confidence``, ``seed``, ``checks``, ``findings``, ``not_checked``.
    stamps, warnings
        Lists of sentences.
    versions, config
        What it ran with: version by library, the resolved plan.
    """
    labels = result.regimes["regime"] if "regime" in result.regimes else pd.Series(dtype=str)
    equity = result.equity["equity"] if "equity" in result.equity else pd.Series(dtype=np.float64)
    comparison = overlay_comparison(result)
    data: dict[str, Any] = json_safe(
        {
            "schema_version": SCHEMA_VERSION,
            "name": result.name,
            "mode": result.mode,
            "status": result.status,
            "seed": result.seed,
            "decision_hash": result.decision_hash,
            "data_hash": result.data_hash,
            "directory": result.directory,
            "data": result.data,
            "metrics": all_metrics(result),
            "max_drawdown": _drawdown(equity),
            "overlay": None if comparison is None else comparison.to_dict("index"),
            "regimes": profit_by_regime(equity, labels).to_dict("index"),
            "sleeves": profit_by_sleeve(result.sleeves).to_dict(),
            "detectors": None if result.detectors is None else result.detectors.to_dict("index"),
            "counterfactual": counterfactual_ledger(result.counterfactual).to_dict("records"),
            "breaches": breaches_by_measure(result.breaches),
            "verification": result.verification or None,
            "stamps": result.stamps,
            "warnings": result.warnings,
            "versions": result.versions,
            "config": result.config,
        }
    )
    return data


def json_safe(value: Any) -> Any:
    """Return plain data that ``json.dumps(..., allow_nan=False)`` takes: NaN and infinities become None.

    Raises
    ------
    TypeError
        For a type that has no plain form.
    """
    match value:
        case None | bool() | str() | int():
            return value
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case np.bool_() | np.integer():
            return value.item()
        case _ if value is pd.NaT:
            return None
        case dt.date():
            return value.isoformat()
        case PurePath():
            return str(value)
        case Mapping():
            return {str(key): json_safe(entry) for key, entry in value.items()}
        case list() | tuple() | set() | frozenset() | np.ndarray():
            return [json_safe(entry) for entry in value]
    raise TypeError(
        f"{type(value).__name__} value {value!r} has no plain form for JSON; convert it to a number or text"
    )


def _drawdown(equity: pd.Series) -> dict[str, Any] | None:
    if equity.empty:
        return None
    worst = worst_drawdown(equity)
    return {"depth": worst.depth, "peak": worst.peak, "trough": worst.trough, "recovered": worst.recovered}
