"""Run a sweep: from Python, and what the command line calls."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.errors import ConfigError, TradewindError, UserError, choices
from tradewind.registry import Registry
from tradewind.report.definitions import METRICS
from tradewind.report.summary import json_safe
from tradewind.research.sweep.crew import Crew, default_start_method
from tradewind.research.sweep.groups import Panels
from tradewind.research.sweep.request import SweepRequest, as_seed, check_points, fingerprint
from tradewind.research.sweep.result import SweepResult, result_of
from tradewind.research.sweep.rows import read_rows
from tradewind.research.sweep.space import Axis, Choices, parse_axes
from tradewind.research.sweep.store import SweepStore, read_request
from tradewind.runs.arguments import as_overrides, as_paths, shown
from tradewind.runs.launch import interruptible

if TYPE_CHECKING:
    from tradewind.research.sweep.row import Row
    from tradewind.research.sweep.space import Point

__all__ = ["Progress", "run_sweep", "sweep"]

Progress = Callable[["Row | None", int, int, "Path | None"], None]
"""Called with a finished point (None at the start), the points done and in all, and the folder."""


def sweep(
    config: str | Path | Sequence[str | Path] | None = None,
    grid: Mapping[str, Sequence[Any] | str] | None = None,
    *,
    points: str | Path | Sequence[Mapping[str, Any]] | None = None,
    random: int | None = None,
    seed: int | None = None,
    metric: str = "sharpe",
    jobs: int | None = None,
    overrides: Sequence[str] = (),
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    sweeps_directory: str | Path | None = "sweeps",
    resume: str | Path | None = None,
    start_method: str | None = None,
) -> SweepResult:
    """Run a configuration at many points of its parameters, on all cores, over one copy of its data.

    A point that fails is a row of the result with its error, and stops nothing.

    Parameters
    ----------
    config
        Path of the idea file, or several files, later ones merged over earlier ones; None with ``resume``.
    grid
        Dotted path to its values: ``{"sleeves.0.strategy.params.top_n": [5, 10]}``; with ``random`` also to a range as
        text, ``"5..50"``.
    points
        Points one by one: mappings of path to value, or a CSV, YAML or JSON Lines file of them; instead of ``grid``.
    random
        Number of points to draw from ``grid``; None: every combination.
    seed
        Of the draws; None: 0.
    metric
        Figure the points are ordered by, one of `tradewind.report.definitions.METRICS`.
    jobs
        Processes; None: one a core.
    overrides, start, end
        As in `tradewind.run`, for all points.
    sweeps_directory
        Where the sweep's folder goes; None keeps nothing.
    resume
        Folder of an earlier sweep: only its missing points are run.
    start_method
        ``fork`` or ``spawn``; None: fork on Linux.

    Raises
    ------
    TradewindError
        One of its kinds where nothing can run: configuration, plugin, data, request.
    """
    if config is None and (grid is not None or points is not None):
        raise UserError("a grid or points need a configuration; give its path")
    request = None
    if config is not None:
        request = SweepRequest(
            config=tuple(as_paths(config)),
            axes=_axes({} if grid is None else grid),
            rows=tuple(_rows(points)),
            random=random,
            seed=as_seed(seed, random),
            overrides=as_overrides(overrides),
            start=None if start is None else str(start),
            end=None if end is None else str(end),
        )
    return run_sweep(
        request,
        metric=metric,
        jobs=jobs,
        sweeps_directory=None if sweeps_directory is None else Path(sweeps_directory),
        resume=None if resume is None else Path(resume),
        start_method=start_method,
    )


def run_sweep(
    request: SweepRequest | None,
    *,
    metric: str = "sharpe",
    jobs: int | None = None,
    sweeps_directory: Path | None = None,
    resume: Path | None = None,
    retry_failed: bool = False,
    start_method: str | None = None,
    progress: Progress = lambda *_: None,
    on_stop: Callable[[int], None] = lambda _: None,
) -> SweepResult:
    """Run what is missing of a sweep; SIGINT and SIGTERM let the running points finish and returns a partial result.

    Parameters
    ----------
    request
        What to run; None: what the sweep to resume was asked.
    retry_failed
        Whether points that failed count as missing.
    progress
        Told about every finished point.
    on_stop
        Told then how many points are still running.

    The others are those of `sweep`.

    Raises
    ------
    TradewindError
        Where nothing can run.
    """
    if metric not in METRICS:
        raise ConfigError(f"--metric {metric}: no such figure; {choices(metric, METRICS)}")
    workers, method = _workers(jobs), _start_method(start_method)
    if request is None or (resume is not None and not request.axes and not request.rows):
        if resume is None:
            raise UserError("no configuration; give one, or --resume with the folder of a sweep")
        request = read_request(resume)
    points = request.points()
    registry = Registry.load()
    plans = check_points(request, points, registry)
    first, made_of = plans[0], fingerprint(request, points, plans, registry)
    store: SweepStore | None = None
    if resume is not None:
        store = SweepStore.reopen(resume, request, made_of)
    elif sweeps_directory is not None:
        store = SweepStore.create(sweeps_directory, first.plan.name, request, made_of)
    try:
        done = store.rows() if store else {}
        if retry_failed:
            done = {number: row for number, row in done.items() if not row.error}
        panels = Panels(request, registry, points, done, mapped=method == "spawn", first=first)
        crew = Crew(workers, method, on_stop=on_stop, inherited=(store.handle,) if store else ())
        _run(crew, panels, done, len(points), store, progress)
    except TradewindError:
        if store and resume is None and not done:
            store.discard()
        raise
    finally:
        if store:
            store.close()
    result = result_of(
        done.values(),
        name=first.plan.name,
        metric=metric,
        parameters=_parameters(points),
        asked=len(points),
        warnings=(*_remarks(request, points), *panels.warnings),
        directory=store.directory if store else None,
    )
    if store:
        _write_results(result, store.directory)
    return result


def _run(
    crew: Crew, panels: Panels, done: dict[int, Row], asked: int, store: SweepStore | None, progress: Progress
) -> None:
    directory = store.directory if store else None
    progress(None, len(done), asked, directory)
    with interruptible() as interrupted:
        crew.stopped = interrupted.is_set
        for row in crew.run(panels.groups()):
            if store:
                store.add(row)
            done[row.number] = row
            progress(row, len(done), asked, directory)


def _write_results(result: SweepResult, directory: Path) -> None:
    from tradewind.research.sweep.page import page

    table = result.points.assign(warnings=["; ".join(found) for found in result.points["warnings"]])
    table.to_csv(directory / "results.csv", index=False)
    (directory / "heatmap.html").write_text(page(result), encoding="utf-8")


def _remarks(request: SweepRequest, points: Sequence[Point]) -> list[str]:
    if request.rows and len(points) < len(request.rows):
        return [f"{len(request.rows) - len(points)} points repeat others; each runs once"]
    if request.random is not None and len(points) < request.random:
        return [f"there are only {len(points)} different points to draw; received --random {request.random}"]
    return []


def _parameters(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(path for point in points for path in point.parameters))


def _workers(jobs: int | None) -> int:
    if jobs is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs < 1:
        raise UserError(f"--jobs {jobs}: out of range; allowed: 1 or more, or nothing for one a core")
    return jobs


def _start_method(name: str | None) -> str:
    known = ("fork", "spawn") if hasattr(os, "fork") else ("spawn",)
    if name is not None and name not in known:
        raise UserError(f"start_method {name!r}: not possible here; {choices(name, known)}")
    return name or default_start_method()


def _axes(grid: Mapping[str, Sequence[Any] | str]) -> dict[str, Axis]:
    if not isinstance(grid, Mapping):
        raise UserError(
            f"grid: received {shown(grid)}; give a mapping of path to values, as {{'strategy.params.top_n': [5, 10]}}"
        )
    axes: dict[str, Axis] = {}
    for path, values in grid.items():
        if not isinstance(path, str):
            raise UserError(f"grid: received the path {shown(path)}; give text, as 'strategy.params.top_n'")
        if isinstance(values, str):
            axes |= parse_axes([f"{path}={values}"], "grid")
            continue
        if not isinstance(values, Iterable):
            raise UserError(f"grid {path}: received {shown(values)}; give a list of values, as [{values}]")
        plain = _plain(list(values), f"grid {path}")
        if not plain:
            raise UserError(f"grid {path}: no values; give at least one")
        axes[path] = Choices(tuple(plain))
    return axes


def _rows(points: str | Path | Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    if points is None:
        return []
    if isinstance(points, str | Path):
        return list(read_rows(Path(points)))
    if isinstance(points, Mapping) or not isinstance(points, Iterable):
        raise UserError(f"points: received {shown(points)}; give a list of mappings of path to value, or a file")
    return [_row(row, f"point {number}") for number, row in enumerate(points, start=1)]


def _row(row: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(row, Mapping) or not row or not all(isinstance(path, str) for path in row):
        raise UserError(f"{where}: received {shown(row)}; a point is a mapping of path to value with at least one")
    plain: Mapping[str, Any] = _plain(dict(row), where)
    return plain


def _plain(value: Any, where: str) -> Any:
    _require_finite(value, where)
    try:
        return json_safe(value)
    except TypeError as error:
        raise UserError(f"{where}: {error}") from error


def _require_finite(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        _require_finite(list(value.values()), where)
    elif isinstance(value, list | tuple):
        for one in value:
            _require_finite(one, where)
    elif isinstance(value, float | np.floating) and not math.isfinite(value):
        raise UserError(f"{where}: received {value}; numbers are finite, and None stands for nothing")
