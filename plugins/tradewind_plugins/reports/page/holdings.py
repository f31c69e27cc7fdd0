"""What was held: exposure, number of positions, largest weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradewind.report.markup import Markup, join, tag
from tradewind_plugins.reports.page.charts import Layer, Line, time_chart

if TYPE_CHECKING:
    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["holdings"]

_LARGEST = 7
_DUST = 1e-9


def holdings(facts: Facts) -> Markup:
    """Return exposure, the number of positions and the largest weights over time."""
    table, weights = facts.result.equity, facts.result.weights
    names = {"gross": "Gross", "net": "Net"}
    lines = [
        Line(name=name, points=table[column].to_numpy(dtype=np.float64), style=f"c{at}")
        for at, (column, name) in enumerate(names.items())
        if column in table
    ]
    same = len(lines) == 2 and np.allclose(lines[0].points, lines[1].points, equal_nan=True)
    if same:
        lines = [Line(name="Gross and net", points=lines[0].points, style="c0", filled=True)]
    exposure = time_chart(
        "Exposure" + (", gross and net alike" if same else ""), facts.index, lines, unit="fraction", size="small",
        bands=facts.bands, description="Value of holdings as a part of equity.",
    )  # fmt: skip
    if weights.empty or not len(weights.columns):
        return join([exposure, tag("p", "The run held no positions.", class_="empty")])
    values = weights.reindex(facts.index).to_numpy(dtype=np.float64)
    held = (np.abs(np.nan_to_num(values)) > _DUST).sum(axis=1).astype(np.float64)
    count = time_chart(
        "Number of positions", facts.index, [Line(name="Positions", points=held, style="c3", filled=True)],
        unit="count", size="small", description=f"At most {held.max():.0f}.",
    )  # fmt: skip
    layers = _layers([str(name) for name in weights.columns], np.nan_to_num(values))
    stack = time_chart(
        "Largest holdings", facts.index, unit="fraction", layers=layers,
        description="Closing value of each holding as a part of equity, the largest on average and the rest.",
    )  # fmt: skip
    return join([tag("div", exposure, count, class_="pair"), stack])


def _layers(names: list[str], weights: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[Layer]:
    order = np.argsort(-np.abs(weights).mean(axis=0), kind="stable").tolist()
    chosen, rest = order[:_LARGEST], order[_LARGEST:]
    styles = [f"c{at}" for at in range(8) if at != 1]
    layers = [
        Layer(name=names[column], points=weights[:, column], style=style)
        for column, style in zip(chosen, styles, strict=False)
        if np.abs(weights[:, column]).max() > _DUST
    ]
    if rest:
        label = names[rest[0]] if len(rest) == 1 else f"{len(rest)} others"
        layers.append(Layer(name=label, points=weights[:, rest].sum(axis=1), style="c1"))
    return layers
