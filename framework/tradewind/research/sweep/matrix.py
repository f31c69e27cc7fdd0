"""Points arranged in rows and columns of two parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradewind.research.sweep.result import LOWER_IS_BETTER, short_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.research.sweep.result import SweepResult

__all__ = ["Cell", "Matrix", "matrix_of"]

MOST_LEVELS = 16
BINS = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """The points of one row and column.

    Parameters
    ----------
    middle, best
        Median and best of the metric; NaN where no point has it.
    finished, failed
        Numbers of points.
    """

    middle: float
    best: float
    finished: int
    failed: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """A metric by one or two parameters.

    Parameters
    ----------
    down, across
        Names of the parameters; ``across`` is empty with one.
    rows, columns
        Labels of their values; one empty label without ``across``.
    cells
        By row, then by column.
    others
        Names of the parameters the cells go over.
    binned
        Names of the parameters whose values are put together in ranges.
    """

    down: str
    across: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    others: tuple[str, ...] = ()
    binned: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether a cell stands for more than one point."""
        return any(cell.finished > 1 for row in self.cells for cell in row)


def matrix_of(result: SweepResult) -> Matrix | None:
    """Return the metric by the first two parameters that have several values; None where none has."""
    points, names = result.points.sort_values("point"), short_names(result.parameters)
    varied = [path for path in result.parameters if len({_key(value) for value in points[path]}) > 1]
    if not varied:
        return None
    labels = {path: _labels(list(points[path])) for path in varied[:2]}
    down, across = varied[0], varied[1] if len(varied) > 1 else ""
    rows = tuple(labels[down].values())
    columns = tuple(labels[across].values()) if across else ("",)
    places: dict[tuple[str, str], list[int]] = {}
    for number in range(len(points)):
        row = labels[down][_key(points[down].iloc[number])]
        column = labels[across][_key(points[across].iloc[number])] if across else ""
        places.setdefault((row, column), []).append(number)
    rows, columns = tuple(dict.fromkeys(rows)), tuple(dict.fromkeys(columns))
    return Matrix(
        down=names[down],
        across=names[across] if across else "",
        rows=rows,
        columns=columns,
        cells=tuple(
            tuple(_cell(points.iloc[places.get((row, column), [])], result.metric) for column in columns)
            for row in rows
        ),
        others=tuple(names[path] for path in varied[2:]),
        binned=tuple(names[path] for path in labels if len(set(labels[path].values())) < len(labels[path])),
    )


def _cell(points: pd.DataFrame, metric: str) -> Cell:
    values = points[metric].dropna()
    best = values.min() if metric in LOWER_IS_BETTER else values.max()
    return Cell(
        middle=float(values.median()) if len(values) else float("nan"),
        best=float(best) if len(values) else float("nan"),
        finished=len(points),
        failed=int((points["status"] == "failed").sum()),
    )


def _labels(values: Sequence[Any]) -> Mapping[str, str]:
    """Return a label for the key of each value, in the order of the axis: numbers ascending, others as they came."""
    different = {_key(value): value for value in values}
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in different.values())
    if not numbers:
        return {key: _shown(value) for key, value in different.items()}
    ordered = sorted(different.items(), key=lambda item: (item[1] != item[1], item[1]))
    if len(ordered) <= MOST_LEVELS:
        return {key: _shown(value) for key, value in ordered}
    labels = {}
    for number in range(BINS):
        part = ordered[number * len(ordered) // BINS : (number + 1) * len(ordered) // BINS]
        label = f"{part[0][1]:.4g} to {part[-1][1]:.4g}" if len(part) > 1 else _shown(part[0][1])
        labels.update({key: label for key, _ in part})
    return labels


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return "not set" if value != value else f"{value:g}"
    return _key(value)
