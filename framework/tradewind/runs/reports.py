"""Reports as a run asks them: made before it, written after it, and what goes wrong in one is told as its fault."""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tradewind.engine.blame import line_at_fault
from tradewind.errors import PluginError, TradewindError
from tradewind.registry.raised import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tradewind.config.plan import PluginRef
    from tradewind.contracts import Report
    from tradewind.model import Result
    from tradewind.registry import Registry

__all__ = ["GuardedReport", "make_reports", "report_command", "write_reports"]

_DEFAULT_RUNS = Path("runs")


class GuardedReport:
    """A report whose errors and wrong answers are told with its name; errors of tradewind pass as they are.

    Parameters
    ----------
    label
        As the configuration names it.
    report
        Asked.
    """

    def __init__(self, label: str, report: Report) -> None:
        self.label = label
        self._report = report
        self._called = f"report {label!r}: {type(report).__name__}.write"

    def write(self, result: Result, directory: Path) -> Path:
        """Write the report and return its path.

        Raises
        ------
        PluginError
            If it raises anything but an error of tradewind, or returns no path of a file.
        """
        try:
            path = self._report.write(result, directory)
        except (TradewindError, KeyboardInterrupt):
            raise
        except BaseException as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise  # a full disk is nobody's fault, and is told as such
            raise PluginError(f"{self._called} raised {told(error)} {line_at_fault(error)}") from error
        if not isinstance(path, str | os.PathLike) or not Path(path).is_file():
            shown = repr(path) if path is None or isinstance(path, str | os.PathLike) else f"a {type(path).__name__}"
            raise PluginError(f"{self._called} returned {shown}, which is no file; return the path of the file written")
        return Path(path)


def make_reports(
    registry: Registry, refs: Iterable[tuple[str, PluginRef]], directory: Path | None
) -> list[GuardedReport]:
    """Make reports from references with their places in the configuration.

    Raises
    ------
    TradewindError
        If one cannot be made, because a library it needs is missing, say.
    """
    return [
        GuardedReport(ref.label, cast("Report", registry.create("report", ref, directory=directory, where=where)))
        for where, ref in refs
    ]


def report_command(directory: Path) -> str:
    """Return the command that writes the reports of the run kept in a folder."""
    command = f"tradewind report {directory.name}"
    return command if directory.parent == _DEFAULT_RUNS else f"{command} --runs {shlex.quote(str(directory.parent))}"


def write_reports(
    reports: Sequence[GuardedReport], result: Result, progress: Callable[[str, int, int], None] | None = None
) -> tuple[Path, ...]:
    """Write reports into the folder of a kept run and return their paths.

    Raises
    ------
    TradewindError
        Of its kind, saying also where the run is kept and how to write its reports again.
    KeyboardInterrupt
        As well, saying the same.
    """
    directory = result.directory
    assert directory is not None
    kept = f"the run is kept in {directory}, and `{report_command(directory)}` writes its reports"
    paths = []
    for report in reports:
        if progress is not None:
            progress(f"report {report.label}", 0, 0)
        try:
            paths.append(report.write(result, directory))
        except TradewindError as error:
            error.args = (f"{error}; {kept}",)
            raise
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"while writing the report {report.label}; {kept}") from None
    return tuple(paths)
