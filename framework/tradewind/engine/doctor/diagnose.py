"""Examine a Backtrader strategy: read its source, and run it in a guarded process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.engine.doctor.calls import call_findings, script_findings
from tradewind.engine.doctor.finding import Finding, Report, merge
from tradewind.engine.doctor.lines import hints, line_findings
from tradewind.engine.doctor.source import parse
from tradewind.engine.doctor.state import state_findings
from tradewind.errors import ConfigError, PluginError
from tradewind.registry.python_source import check_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["diagnose"]

TIMEOUT_SECONDS = 60.0
MEMORY_BYTES = 4 * 1024**3
GRACE_SECONDS = 10.0
"""Time to start and to stop, beyond the trial's own limit."""

_READS_FUTURE = frozenset({"future-index", "future-array", "whole-length", "read-in-init", "before-first-bar"})
_FAILS_BY_ITSELF = _READS_FUTURE | {"own-store", "own-feed", "unknown-name", "asks-input"}
_CAUSES: dict[str, frozenset[str]] = {
    "not-repeatable": frozenset({"unseeded-random", "wall-clock", "class-state", "network", "thread"}),
    "future-decides": _READS_FUTURE,
    "depends-on-loop": _READS_FUTURE | {"future-decides"},
}
"""A rule that only knows the effect, to those that name its cause."""


@dataclass(slots=True)
class _Trial:
    """What the guarded process told."""

    findings: list[Finding] = field(default_factory=list)
    classes: dict[str, list[str]] = field(default_factory=dict)
    trials: int = 0
    done: bool = False


def diagnose(
    target: str,
    *,
    directory: Path | None = None,
    params: Mapping[str, Any] | None = None,
    feeds: int = 0,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Report:
    """Return what a `bt.Strategy` does that cannot be honoured or will surprise.

    The class is imported and run on made-up markets in a process of its own, which records reads of bars that are not
    there yet, refuses connections, processes and changes of files, and is limited in time and memory.

    Parameters
    ----------
    target
        ``package.module:Class`` or ``./file.py:Class``.
    directory
        Where a relative file lies; the working directory by default.
    params
        Parameters of the strategy, instead of its defaults.
    feeds
        Number of feeds of the trial; 0 takes it from the source.
    timeout_seconds
        Most time for the trial.

    Raises
    ------
    ConfigError
        If the target has neither form, or a parameter is unknown or text where the strategy has a number.
    PluginError
        If file, module or class is missing, the file is no Python or imports what is not there, or the class is not a
        `bt.Strategy`.
    """
    source, name = check_form(target)
    trial = _try(target, directory, dict(params or {}), feeds, timeout_seconds)
    if not trial.classes and source.endswith(".py"):
        trial.classes = {str(Path(directory or Path.cwd(), source).resolve()): [name]}
    read = [finding for file, names in trial.classes.items() for finding in _read(file, names)]
    return Report(target, merge(_explained([*trial.findings, *read])), trial.trials)


def _read(file: str, names: list[str]) -> Iterator[Finding]:
    """Yield what the source of a file shows."""
    try:
        source = parse(file, Path(file).read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, OSError):
        return  # The trial has said so.
    units = source.used_by(names)
    found = [*line_findings(source, units), *call_findings(source, units), *state_findings(units)]
    for rule, line, text in (*found, *script_findings(source)):
        yield Finding.of(rule, file, line, text)
    taken = hints(units)[1]
    if taken is not None:
        yield Finding.of("feed-position", file, *taken)


def _explained(findings: list[Finding]) -> Iterator[Finding]:
    """Yield the findings without those that only repeat another's effect."""
    rules = {finding.rule for finding in findings}
    failing = {(finding.file, finding.line) for finding in findings if finding.rule in _FAILS_BY_ITSELF}
    starts = {(finding.rule, finding.file) for finding in findings if not finding.observed}
    for finding in findings:
        repeats = bool(rules & _CAUSES.get(finding.rule, frozenset()))
        fails_for_it = finding.rule in {"raised", "fails-at-import"} and (finding.file, finding.line) in failing
        placed = finding.rule in {"class-state", "unseeded-random"} and (finding.rule, finding.file) in starts
        if not (repeats or fails_for_it or (placed and finding.observed)):
            yield finding


def _try(target: str, directory: Path | None, params: dict[str, Any], feeds: int, timeout_seconds: float) -> _Trial:
    with tempfile.TemporaryDirectory(prefix="tradewind-doctor-") as folder:
        results = Path(folder, "results.jsonl")
        results.touch()
        job = {
            "target": target,
            "directory": str(directory) if directory else "",
            "params": params,
            "feeds": feeds,
            "timeout_seconds": timeout_seconds,
            "memory_bytes": MEMORY_BYTES,
            "path": sys.path,
            "folder": folder,
            "results": str(results),
        }
        ended = _run_child(_as_json(job), timeout_seconds + GRACE_SECONDS)
        trial = _collect(results)
    known = {finding.rule for finding in trial.findings}
    if ended is None and "too-slow" not in known:
        trial.findings.append(_nowhere("too-slow", f"the trial was killed after {timeout_seconds + GRACE_SECONDS:g} s"))
    elif not trial.done and "too-slow" not in known:
        trial.findings.append(_nowhere("trial-ended", f"the trial ended early, with exit code {ended}"))
    return trial


def _run_child(job: str, limit_seconds: float) -> int | None:
    """Return the exit code of the trial's process; None if it had to be killed."""
    command = [sys.executable, "-P", "-W", "ignore", "-m", "tradewind.engine.doctor.child"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        ended = subprocess.run(  # noqa: S603  # our own interpreter and module
            command,
            input=job,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit_seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return ended.returncode


def _collect(results: Path) -> _Trial:
    trial = _Trial()
    for text in results.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(text)
        except ValueError:
            continue  # cut off when the process ended
        if record["kind"] == "refused":
            raise (ConfigError if record["config"] else PluginError)(record["message"])
        if record["kind"] == "class":
            trial.classes.setdefault(record["file"], []).append(record["name"])
        elif record["kind"] == "done":
            trial.done, trial.trials = True, record["trials"]
        else:
            found = Finding.of(record["rule"], record["file"], record["line"], record["text"], observed=True)
            trial.findings.append(found)
    return trial


def _nowhere(rule: str, text: str) -> Finding:
    return Finding.of(rule, "", 0, text, observed=True)


def _as_json(job: dict[str, Any]) -> str:
    try:
        return json.dumps(job)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"parameters must be numbers, strings, lists or maps: {error}") from error
