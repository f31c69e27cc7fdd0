"""What was measured, kept as JSON between runs, and the tables made of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targets import BYTES_PER_MB, TARGETS, TITLES, Target

HEADING = "## Beside other engines"
AGREES = 1e-6
LINEAR = 1.05
"""Largest fitted power that passes as linear."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: its runs, fill convention, memory with the input loaded and at most; or what went wrong."""

    runs: Sequence[Mapping[str, Any]] = ()
    fills: str = ""
    input_mb: float = math.nan
    peak_mb: float = math.nan
    problem: str = ""

    @property
    def seconds(self) -> float:
        """Seconds of the last run, the warm one where there are two."""
        return self.runs[-1]["seconds"]


class Store:
    """A JSON file of results by job; a job measured again replaces the earlier one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def add(self, job: str, measured: Mapping[str, Any]) -> None:
        """Keep a job's measurements, with machine and date."""
        self.data.setdefault("jobs", {})[job] = {"where": machine(), **measured}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.data, default=dataclasses.asdict, indent=1), encoding="utf-8")
        self.data = json.loads(self.path.read_text(encoding="utf-8"))

    def add_versions(self, versions: Mapping[str, str]) -> None:
        """Keep the versions of the engines measured."""
        self.data.setdefault("versions", {}).update(versions)

    def job(self, job: str) -> dict[str, Any]:
        """Return what is known of a job; empty before it has run."""
        return self.data.get("jobs", {}).get(job, {})

    def processes(self, job: str, peer: str) -> list[Measured]:
        """Return a peer's measurements of a job that did not fail."""
        found = [Measured(**one) for one in self.job(job).get("peers", {}).get(peer, [])]
        return [one for one in found if not one.problem]

    def seconds(self, job: str, peer: str) -> float:
        """Return the median of a peer's warm runs; of backtrader (e), 200 times (a); NaN where there is none."""
        if (job, peer) == ("e", "backtrader"):
            return 200.0 * self.seconds("a", peer)
        found = self.processes(job, peer)
        return statistics.median(one.seconds for one in found) if found else math.nan


def machine() -> dict[str, str]:
    """Return what a reader must know of the machine, and when it was."""
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "kind": f"{platform.system()} {platform.machine()}, {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / BYTES_PER_MB / 1024:.0f} GB",
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def explain(store: Store, job: str) -> str:
    """Return a job's table: times, memory, orders, end values and how they differ from the reference."""
    lines = [
        "| engine | median, s | range, s | first run in a process, s | peak memory, MB (input) | orders | end value "
        "| off its reference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for peer, processes in store.job(job).get("peers", {}).items():
        found = store.processes(job, peer)
        lines.append(_row(store, job, peer, found) if found else f"| {peer} | {_problem(processes)} |||||||")
    return "\n".join(lines)


def _problem(processes: Sequence[Mapping[str, Any]]) -> str:
    return f"failed: {processes[0]['problem']}" if processes else "not run"


def _row(store: Store, job: str, peer: str, found: Sequence[Measured]) -> str:
    seconds = [one.seconds for one in found]
    last = found[-1].runs[-1]
    cold = f"{statistics.median(one.runs[0]['seconds'] for one in found):.3g}" if len(found[0].runs) > 1 else "the same"
    spread = f"{min(seconds):.3g} to {max(seconds):.3g}, {len(seconds)} runs" if len(seconds) > 1 else "one run"
    peak, loaded = max(one.peak_mb for one in found), max(one.input_mb for one in found)
    off = difference(store, job, found[-1])
    value = f"{last['values'][0]:,.2f}" if len(last["values"]) == 1 else f"{len(last['values'])} points"
    orders = "" if last["orders"] is None else f"{last['orders']:,}"
    verdict = "" if off <= AGREES else " DIFFERS"
    return (
        f"| {peer} | {statistics.median(seconds):.3g} | {spread} | {cold} | {peak:.0f} ({loaded:.0f}) | {orders} "
        f"| {value} | {off:.0e}{verdict}, {found[-1].fills} |"
    )


def difference(store: Store, job: str, one: Measured) -> float:
    """Return the largest relative difference of end values from the reference with the peer's fill convention."""
    expected = store.job(job)["reference"][one.fills]["values"]
    pairs = zip(one.runs[-1]["values"], expected, strict=True)
    return max(abs(value / wanted - 1.0) for value, wanted in pairs)


def checks(store: Store, job: str) -> list[str]:
    """Return a row for each of the job's targets: what is wanted, what was measured, whether it was reached."""
    return [
        f"| ({job}) | {target.words} | {_reached(store, target)} |"
        for target in TARGETS
        if target.job == job and not math.isnan(store.seconds(job, target.engine))
    ]


def _reached(store: Store, target: Target) -> str:
    ours = store.seconds(target.job, target.engine)
    if target.memory_mb:
        peak = max(one.peak_mb for one in store.processes(target.job, target.engine))
        return f"{peak:.0f} MB{_verdict(peak < target.memory_mb)}"
    if target.microseconds_per_order:
        orders = store.processes(target.job, target.engine)[-1].runs[-1]["orders"]
        each = ours / orders * 1e6
        return f"{each:.1f} µs{_verdict(each <= target.microseconds_per_order)}"
    theirs = store.seconds(target.job, target.against)
    if math.isnan(theirs):
        return f"not measured: no run of {target.against}"
    ratio = ours / theirs
    text = f"{1.0 / ratio:.1f} times faster" if target.times_faster else f"{ratio:.4g}"
    return f"{text}{_verdict(ratio <= target.most * (1.0 + 1e-9))}"


def _verdict(reached: bool) -> str:
    return ": reached" if reached else ": **not reached**"


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the power of growth: the least-squares slope of the logarithms.

    >>> round(exponent([1.0, 2.0, 4.0], [3.0, 6.0, 12.0]), 6)
    1.0
    """
    return statistics.linear_regression([math.log(x) for x in sizes], [math.log(y) for y in seconds]).slope


def write_results(store: Store, path: Path) -> None:
    """Replace what stands after the heading, which is made here; what stands before it is kept."""
    before = path.read_text(encoding="utf-8").split(HEADING)[0].rstrip() if path.exists() else "# Results"
    versions = ", ".join(f"{name} {version}" for name, version in store.data.get("versions", {}).items())
    goals = [line for job in TITLES if store.job(job) for line in checks(store, job)]
    parts = [before, HEADING, _introduction(), f"Versions: {versions}.", _table("| job | wanted | measured |", goals)]
    for job, title in TITLES.items():
        if store.job(job) and job != "g":
            parts += [f"### ({job}) {title}", _where(store, job), explain(store, job)]
    parts += ["### (f) Peak memory, MB", memory_table(store)]
    if store.job("g"):
        parts += ["### (g) Growth of job (a) on tradewind", _where(store, "g"), growth_table(store)]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def memory_table(store: Store) -> str:
    """Return the peak memory of each engine and job, the whole process."""
    jobs = [job for job in TITLES if store.job(job).get("peers")]
    engines = dict.fromkeys(engine for job in jobs for engine in store.job(job)["peers"])
    rows = []
    for engine in engines:
        peaks = [max((one.peak_mb for one in store.processes(job, engine)), default=math.nan) for job in jobs]
        rows.append(f"| {engine} | {' | '.join('' if math.isnan(peak) else f'{peak:.0f}' for peak in peaks)} |")
    return _table(f"| engine | {' | '.join(f'({job})' for job in jobs)} |", rows)


def _table(head: str, rows: Sequence[str]) -> str:
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *rows])


def growth_table(store: Store) -> str:
    """Return times by size and the fitted exponents."""
    lines = ["| symbols | bars | median, s | peak memory, MB |", "|---|---|---|---|"]
    fitted = []
    for axis in ("symbols", "bars"):
        rows = store.job("g")[axis]
        lines += [f"| {row['symbols']} | {row['bars']} | {row['seconds']:.3g} | {row['peak_mb']:.0f} |" for row in rows]
        power = exponent([row[axis] for row in rows], [row["seconds"] for row in rows])
        fitted.append(f"time grows with {axis} to the power of {power:.2f}{_verdict(power <= LINEAR)}")
    return "\n".join([*lines, "", f"{'; '.join(fitted)} (linear or better is wanted).".capitalize()])


def _introduction() -> str:
    return (
        "`make bench-peers` measures these tables side by side; [jobs.md](jobs.md) says what each engine has to do and "
        "how its fills differ. The clock runs from DataFrames in memory to the account's value on every bar; imports "
        "are not timed. Every figure is the median of runs in processes of their own, engines in turn; where an engine "
        "is warmed by a first run, the second of the process counts and the first is given too. Memory is the whole "
        "process, in (e) the largest one, in brackets with libraries and input loaded. The last column compares the "
        "end value with a plain calculation in numpy that fills as the engine does."
    )


def _where(store: Store, job: str) -> str:
    where = store.job(job)["where"]
    text = f"{where['date']}, Python {where['python']}, {where['cores']} cores, {where['memory']}, {where['kind']}."
    compiled = store.job(job).get("compiled_seconds")
    text += f" vectorbt's first run on a machine compiles: {compiled:.1f} s." if compiled else ""
    return " ".join([text, *([store.job(job)["note"]] if store.job(job).get("note") else [])])
