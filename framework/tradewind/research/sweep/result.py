"""What a sweep found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradewind.report.definitions import METRICS
from tradewind.report.summary import json_safe
from tradewind.research.sweep.luck import Luck, luck_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tradewind.research.sweep.row import Row

__all__ = ["LOWER_IS_BETTER", "SweepResult", "result_of", "short_names"]

_LESS = ("volatility", "drawdown", "recovery_days", "value_at_risk", "shortfall", "turnover", "costs", "traded_value")
LOWER_IS_BETTER = frozenset(name for name in METRICS if any(word in name for word in _LESS))
"""Figures of which less is better."""

_HEAD = ("point", "status")
_TAIL = ("decision_hash", "seconds", "error", "warnings")
_RESERVED = frozenset({*_HEAD, *METRICS, *_TAIL})
_MISSING = float("nan")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SweepResult:
    """A finished (or interrupted) sweep.

    Parameters
    ----------
    name, status
        Name of the configuration; ``complete`` or ``partial`` (interrupted).
    metric
        What the points are ordered by.
    parameters
        Dotted paths that were varied, as the columns of ``points`` are named; one that is also the name of a figure
        begins with ``plan.``.
    asked
        Number of points asked for.
    points
        One row a finished point, best first, failed ones last: ``point``, ``status``, one column a path, one a figure,
        ``decision_hash``, ``seconds``, ``error``, ``warnings``.
    luck
        What the best would be by luck alone.
    warnings
        What the data checks found.
    directory
        The sweep's folder; None when not kept.
    """

    name: str
    status: str
    metric: str
    parameters: tuple[str, ...]
    asked: int
    points: pd.DataFrame
    luck: Luck
    warnings: tuple[str, ...] = ()
    directory: Path | None = None

    @property
    def failed(self) -> int:
        """Number of points without figures."""
        return int((self.points["status"] == "failed").sum())

    @property
    def best(self) -> pd.Series | None:
        """The row of the best point; None where no point has the metric."""
        known = self.points[self.points[self.metric].notna()] if len(self.points) else self.points
        return None if known.empty else known.iloc[0]

    def document(self) -> dict[str, Any]:
        """Return the sweep as data that JSON can hold; NaN becomes null."""
        figures = [name for name in METRICS if name in self.points]
        rows = [
            {
                "point": row["point"],
                "status": row["status"],
                "parameters": {name: row[name] for name in self.parameters if not _absent(row[name])},
                "metrics": {name: row[name] for name in figures} if row["status"] == "complete" else {},
                "decision_hash": row["decision_hash"] or None,
                "seconds": row["seconds"],
                "error": row["error"] or None,
                "warnings": row["warnings"],
            }
            for row in self.points.to_dict("records")
        ]
        document: dict[str, Any] = json_safe(
            {
                "schema_version": 1,
                "name": self.name,
                "status": self.status,
                "metric": self.metric,
                "asked": self.asked,
                "finished": len(self.points),
                "failed": self.failed,
                "luck": {
                    "trials": self.luck.trials,
                    "best_sharpe": self.luck.best,
                    "expected_maximum_sharpe": self.luck.expected_maximum,
                },
                "points": rows,
                "warnings": self.warnings,
                "directory": self.directory,
            }
        )
        return document

    def _repr_html_(self) -> str:
        from tradewind.research.sweep.page import table_html

        return str(table_html(self))


def result_of(
    rows: Iterable[Row],
    *,
    name: str,
    metric: str,
    parameters: Sequence[str],
    asked: int,
    warnings: tuple[str, ...] = (),
    directory: Path | None = None,
) -> SweepResult:
    """Return the result of finished points."""
    listed = list(rows)
    columns = {path: f"plan.{path}" if path in _RESERVED else path for path in parameters}
    points = pd.DataFrame(
        [_record(row, columns) for row in listed],
        columns=[*_HEAD, *columns.values(), *METRICS, *_TAIL],
        dtype=object,
    )
    for column in [*METRICS, "seconds"]:
        points[column] = points[column].astype(float)
    points["point"] = points["point"].astype(int)
    order = points[metric] if metric in LOWER_IS_BETTER else -points[metric]
    ranked = points.assign(_order=order, _failed=points["status"] == "failed")
    ranked = ranked.sort_values(["_failed", "_order", "point"], na_position="last", kind="stable")
    return SweepResult(
        name=name,
        status="complete" if len(listed) == asked else "partial",
        metric=metric,
        parameters=tuple(columns.values()),
        asked=asked,
        points=ranked.drop(columns=["_order", "_failed"]).reset_index(drop=True),
        luck=luck_of([row.metrics.get("sharpe", float("nan")) for row in listed]),
        warnings=warnings,
        directory=directory,
    )


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Return the shortest end of each path that no other one has: ``sleeves.0.strategy.params.top_n`` is ``top_n``."""
    names = {}
    for path in paths:
        steps = path.split(".")
        ends = (".".join(steps[-count:]) for count in range(1, len(steps) + 1))
        names[path] = next(
            (end for end in ends if not any(f".{other}".endswith(f".{end}") for other in paths if other != path)), path
        )
    return names


def _record(row: Row, columns: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "point": row.number,
        "status": row.status,
        **{column: row.parameters.get(path, _MISSING) for path, column in columns.items()},
        **{name: row.metrics.get(name, float("nan")) for name in METRICS},
        "decision_hash": row.decision_hash,
        "seconds": row.seconds,
        "error": row.error,
        "warnings": list(row.warnings),
    }


def _absent(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
