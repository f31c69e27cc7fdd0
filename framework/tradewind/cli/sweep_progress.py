"""The progress of a sweep on stderr: a bar with remaining time and the best so far, or a line a point."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tradewind.research.sweep.row import Row

__all__ = ["sweep_progress"]


@contextmanager
def sweep_progress(
    metric: str, *, quiet: bool = False
) -> Iterator[Callable[[Row | None, int, int, Path | None], None]]:
    """Yield what is called with every finished point; None as the point tells how many are there at the start."""
    best = _Best(metric)
    if quiet or not sys.stderr.isatty():
        yield lambda row, done, asked, directory: None if quiet else _line(best, row, done, asked, directory)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    # No thread of its own: workers are forked from this process.
    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[best]}"),
        console=Console(stderr=True),
        auto_refresh=False,
    ) as bar:
        task = bar.add_task("sweep", total=None, best="")

        def tell(row: Row | None, done: int, asked: int, directory: Path | None) -> None:
            if row is None:
                _say_folder(bar.console.print, directory, done, asked)
            elif row.error:
                bar.console.print(_told(row, best), style="red", markup=False, highlight=False)
            else:
                best.take(row)
            bar.update(task, total=asked, completed=done, best=str(best))
            bar.refresh()

        yield tell


class _Best:
    def __init__(self, metric: str) -> None:
        from tradewind.report.definitions import format_metric
        from tradewind.research.sweep.result import LOWER_IS_BETTER

        self.metric, self.form = metric, format_metric
        self._sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
        self._row: Row | None = None

    def value(self, row: Row) -> float:
        return row.metrics.get(self.metric, math.nan)

    def take(self, row: Row) -> None:
        value = self.value(row)
        if math.isfinite(value) and (self._row is None or self._sign * value > self._sign * self.value(self._row)):
            self._row = row

    def __str__(self) -> str:
        return "" if self._row is None else f"best {self.form(self.metric, self.value(self._row))} {_named(self._row)}"


def _line(best: _Best, row: Row | None, done: int, asked: int, directory: Path | None) -> None:
    if row is None:
        _say_folder(_write, directory, done, asked)
        return
    best.take(row)
    tail = "" if row.error or not str(best) else f"; {best}"
    _write(f"{done}/{asked} {_told(row, best)}{tail}")


def _say_folder(write: Any, directory: Path | None, done: int, asked: int) -> None:
    there = f", {done} of them done before" if done else ""
    write(f"sweep of {asked} points{there}{f' in {directory}' if directory else ''}")


def _told(row: Row, best: _Best) -> str:
    if row.error:
        return f"failed: {_named(row)}: {row.error}"
    return f"{_named(row)}: {best.metric} {best.form(best.metric, best.value(row))} in {row.seconds:.2f} s"


def _named(row: Row) -> str:
    from tradewind.research.sweep.page import shown
    from tradewind.research.sweep.result import short_names

    names = short_names(list(row.parameters))
    return ", ".join(f"{names[path]}={shown(value)}" for path, value in row.parameters.items())


def _write(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
