"""From configuration files to a `Result`."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.config.loader import LoadedPlan, check_plan, load_plan
from tradewind.config.trust import require_trusted
from tradewind.errors import UserError
from tradewind.model import Result
from tradewind.modes import require_mode
from tradewind.registry import Registry
from tradewind.report.notebook import result_html
from tradewind.runs.arguments import as_overrides, as_paths
from tradewind.runs.execute import Execution, execute
from tradewind.runs.reports import make_reports, report_command, write_reports

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from tradewind.runs.reports import GuardedReport

__all__ = ["interruptible", "keep", "reports_of", "require_writable", "run", "run_plan", "with_reports"]

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class NotebookResult(Result):
    """A result that a notebook shows as a table and a chart."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return result_html(self)


def run(
    config: str | Path | Sequence[str | Path],
    mode: str = "backtest",
    *,
    overrides: Sequence[str] = (),
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    runs_directory: str | Path | None = "runs",
    reports: bool = True,
    verifies: bool = True,
) -> Result:
    """Run a configuration and return its result.

    Parameters
    ----------
    config
        Path of the idea file, or several files, later ones merged over earlier ones.
    mode
        ``backtest``, ``paper`` or ``live``.
    overrides
        ``path=value``, as with ``--set``.
    start, end
        First and last session, inclusive.
    runs_directory
        Where the run's capsule goes; None keeps nothing.
    reports
        Whether the configured reports are written into the capsule.
    verifies
        Whether a backtest also looks for look-ahead, for a quarter of its own time at most.

    Raises
    ------
    TradewindError
        One of its kinds for everything that a user can mend: configuration, plugin, data.
    """
    loaded = load_plan(
        as_paths(config),
        mode=mode,
        overrides=as_overrides(overrides),
        start=None if start is None else str(start),
        end=None if end is None else str(end),
    )
    result = run_plan(
        loaded,
        Registry.load(),
        runs_directory=None if runs_directory is None else Path(runs_directory),
        reports=reports,
        verifies=verifies,
    )
    return NotebookResult(**{field.name: getattr(result, field.name) for field in dataclasses.fields(result)})


def run_plan(
    loaded: LoadedPlan,
    registry: Registry,
    *,
    runs_directory: Path | None,
    reports: bool = True,
    verifies: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Result:
    """Check and run a loaded plan; keep it as a capsule unless ``runs_directory`` is None.

    Unless ``verifies`` is False, a backtest then looks for look-ahead for a quarter of its own time at most.
    ``progress`` is called with a phase, the bars done and the bars in all (0 where unknown).
    SIGINT or SIGTERM ends the run after the current bar; the capsule is then marked partial. After the last bar the run
    is kept whole, without reports, and ``interruption`` of the result tells.
    """
    check_plan(loaded, registry)
    require_mode(loaded.plan.mode.mode)
    require_trusted(loaded.plan, registry, loaded.directory)
    if runs_directory is not None:
        require_writable(runs_directory)
    made = reports_of(loaded, registry) if reports and runs_directory is not None else []
    begun = time.process_time()
    with interruptible() as interrupted:
        execution = execute(
            loaded.plan, registry, directory=loaded.directory, progress=progress, stopped=interrupted.is_set
        )
        if verifies and (execution.result.mode, execution.result.status) == ("backtest", "complete"):
            from tradewind.runs.verification import verified

            seconds = time.process_time() - begun
            execution = verified(
                execution,
                registry,
                loaded.directory,
                run_seconds=seconds,
                progress=progress,
                stopped=interrupted.is_set,
            )
        result = keep(execution, runs_directory, reports=reports, directory=loaded.directory)
    if interrupted.is_set() and result.status == "complete":
        return dataclasses.replace(result, interruption=_left_undone(result, made))
    return with_reports(result, made, progress)


def _left_undone(result: Result, reports: Sequence[GuardedReport]) -> str:
    told = "the run is complete"
    if result.directory is not None:
        told += f" and kept in {result.directory}"
    if result.verification.get("interrupted"):
        told += "; the look-ahead check was cut short"
    if result.directory is not None and reports:
        told += f"; no report was written, `{report_command(result.directory)}` writes them"
    return told


def require_writable(directory: Path) -> None:
    """Refuse a folder in which no run could be kept, before the run.

    Raises
    ------
    UserError
        If it is none, or cannot be made or written to.
    """
    there = next(place for place in (directory, *directory.absolute().parents) if place.exists())
    if not there.is_dir():
        raise UserError(f"--runs {directory}: {there} is a file; name a folder for the run, or move the file away")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"--runs {directory}: {there} cannot be written to; name another folder for the run")


def keep(
    execution: Execution,
    runs_directory: Path | None,
    *,
    reports: bool,
    directory: Path,
) -> Result:
    """Write the capsule of an execution; with what only reports show, where there are to be ``reports``."""
    from tradewind.runs.capsule import write_capsule
    from tradewind.runs.portfolio_risk import with_portfolio_risk

    result = execution.result
    if runs_directory is None:
        return result
    if reports:
        execution = dataclasses.replace(execution, result=with_portfolio_risk(result, execution.bars))
    return write_capsule(execution, runs_directory, directory)


def reports_of(loaded: LoadedPlan, registry: Registry) -> list[GuardedReport]:
    """Make the reports of a plan: what cannot be made is told before a run.

    Raises
    ------
    TradewindError
        If one cannot be made.
    """
    refs = ((f"reports.{number}", ref) for number, ref in enumerate(loaded.plan.reports))
    return make_reports(registry, refs, loaded.directory)


def with_reports(
    result: Result, reports: Sequence[GuardedReport], progress: Callable[[str, int, int], None] | None = None
) -> Result:
    """Write the reports of a run that is kept, and return the result with their paths."""
    if result.directory is None:
        return result
    return dataclasses.replace(result, reports=write_reports(reports, result, progress))


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first SIGINT or SIGTERM into an event, looked at after every bar; a second one interrupts at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(*_: Any) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    previous = {number: signal.signal(number, stop) for number in _STOPPING}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
