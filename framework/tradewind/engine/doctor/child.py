"""The guarded process of the trials: takes a job from standard input, writes findings as lines of JSON."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import math
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.doctor.effects import watch_effects
from tradewind.engine.doctor.lines import hints
from tradewind.engine.doctor.source import parse
from tradewind.engine.doctor.trial import Patient, Trials, describe, is_refusal
from tradewind.engine.doctor.usercode import Place, UserCode
from tradewind.engine.doctor.watch import watch_lines
from tradewind.errors import ConfigError, PluginError, TradewindError, choices
from tradewind.registry import load_class

if TYPE_CHECKING:
    from tradewind.engine.doctor.lines import Hint

__all__ = ["main"]

_VALUES = (bool, int, str, dt.date, type(None))
_NO_MODULE = (SyntaxError, ImportError)
_DECLARED = frozenset({"params", "lines", "plotinfo", "plotlines", "alias", "packages", "frompackages"})


class _Results:
    """Writes what is found at once, so that nothing is lost when the process ends early."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115  # until the process ends
        self._seen: set[tuple[str, Place | None]] = set()

    def write(self, **record: Any) -> None:
        """Write one record."""
        self._file.write(json.dumps(record) + "\n")

    def report(self, rule: str, place: Place | None, text: str) -> None:
        """Write a finding, once a place."""
        if (rule, place) not in self._seen:
            self._seen.add((rule, place))
            file, line = (place.file, place.line) if place else ("", 0)
            self.write(kind="finding", rule=rule, file=file, line=line, text=text)


def main() -> None:
    """Do the job on standard input."""
    job = json.loads(sys.stdin.read())
    sys.path[:] = job["path"]
    os.environ["MPLBACKEND"] = "Agg"
    results = _Results(job["results"])
    user = UserCode(_own_folders(job["target"]))
    _limit(job, user, results)
    watch_effects(user, results.report, job["folder"])
    try:
        _examine(job, user, results)
    except TradewindError as error:
        results.write(kind="refused", message=str(error), config=isinstance(error, ConfigError))
    # Threads and exit handlers of the strategy are not waited for.
    os._exit(0)


def _examine(job: dict[str, Any], user: UserCode, results: _Results) -> None:
    strategy = _load(job, user, results)
    if strategy is None:
        results.write(kind="done", trials=0)
        return
    _check_parameters(strategy, job["params"])
    hint, place = _read(strategy, user, results)
    _report_parameters(strategy, place, results)
    watch_lines(user, results.report)
    before = _class_values(strategy, user)
    trials = Trials(Patient(strategy, job["params"], _feed_names(hint, job["feeds"]), place), user, results.report)
    trials.run_all()
    after = _class_values(strategy, user)
    for name in sorted(name for name in before if before[name] != after.get(name)):
        results.report("class-state", place, f"a run changes {name[1]} of class {name[0]}")
    results.write(kind="done", trials=trials.completed)


def _load(job: dict[str, Any], user: UserCode, results: _Results) -> Any:
    directory = Path(job["directory"]) if job["directory"] else None
    try:
        loaded = load_class(job["target"], directory)
    except PluginError as error:
        cause = error.__cause__
        place = user.raised(cause.__traceback__) if cause else None
        if cause is None or place is None or (isinstance(cause, _NO_MODULE) and not is_refusal(cause)):
            raise
        if not is_refusal(cause):
            results.report("fails-at-import", place, f"{describe(cause)}, at import")
        return None
    if not issubclass(loaded, bt.Strategy):
        raise PluginError(f"{job['target']} is not a bt.Strategy; name a class that derives from it")
    return loaded


def _check_parameters(strategy: Any, given: dict[str, Any]) -> None:
    known = dict(strategy.params._getitems())  # noqa: SLF001  # Backtrader's only list of a strategy's parameters
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"{strategy.__name__} has no parameter {name!r}; {choices(name, known)}")
        if isinstance(value, str) and isinstance(known[name], int | float):
            what = "true or false" if isinstance(known[name], bool) else "a number"
            raise ConfigError(
                f"parameter {name}: expected {what}, as the default {known[name]} is; received {value!r} (text)"
            )


def _report_parameters(strategy: Any, place: Place, results: _Results) -> None:
    for name, value in strategy.params._getitems():  # noqa: SLF001  # as above
        if not _is_plain(value):
            shown = getattr(value, "__name__", type(value).__name__)
            results.report("params-value", place, f"the default of parameter {name!r} is {shown}")


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(item) for pair in value.items() for item in pair)
    return isinstance(value, _VALUES)


def _read(strategy: Any, user: UserCode, results: _Results) -> tuple[Hint, Place]:
    """Tell which classes and files make the strategy; return what it expects of feeds, and its place."""
    names: dict[str, list[str]] = {}
    for base in strategy.__mro__:
        file = getattr(sys.modules.get(base.__module__), "__file__", None) or ""
        if file and user.owns(file):
            names.setdefault(file, []).append(base.__name__)
            results.write(kind="class", file=file, name=base.__name__)
    units = []
    place = Place("", 0, "")
    for file, classes in names.items():
        source = parse(file, Path(file).read_text(encoding="utf-8"))
        units += source.used_by(classes)
        if strategy.__name__ in source.units and not place.file:
            place = Place(file, source.units[strategy.__name__].lineno, strategy.__name__)
    return hints(units)[0], place


def _feed_names(hint: Hint, wanted: int) -> tuple[str, ...]:
    count = wanted or max(hint.feeds, len(hint.names), 3 if hint.many else 1)
    made = (f"FEED{number}" for number in range(count))
    return (*hint.names, *made)[: max(count, len(hint.names))]


def _class_values(strategy: Any, user: UserCode) -> dict[tuple[str, str], str]:
    values: dict[tuple[str, str], str] = {}
    for base in strategy.__mro__:
        file = getattr(sys.modules.get(base.__module__), "__file__", None) or ""
        if not (file and user.owns(file)):
            continue
        for name, value in vars(base).items():
            if (
                not name.startswith("_")
                and name not in _DECLARED
                and isinstance(value, list | dict | set | int | float | str | type(None))
            ):
                values[base.__name__, name] = repr(value)
    return values


def _own_folders(target: str) -> tuple[str, ...]:
    """Return the folder of a module's top package, which is the user's even when it is installed."""
    source = target.partition(":")[0]
    if source.endswith(".py"):
        return ()
    found = importlib.util.find_spec(source.partition(".")[0]) if source else None
    locations = (found.submodule_search_locations or ()) if found else ()
    return tuple(str(Path(location).resolve()) for location in locations)


def _limit(job: dict[str, Any], user: UserCode, results: _Results) -> None:
    """End the process in time and below its memory, where the system can."""
    seconds = float(job["timeout_seconds"])
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = int(job["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    def out_of_time(_: int, frame: Any) -> None:
        results.report("too-slow", user.nearest(frame)[0], f"the trial was stopped after {seconds:g} s")
        os._exit(0)

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
