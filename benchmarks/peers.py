"""Measure tradewind beside other engines: the same jobs and input, each engine in an environment of its own.

Usage: python benchmarks/peers.py [--jobs a,b] [--peers tradewind,vectorbt] [--repeats 5] [--quick]

Results of full runs go to `benchmarks/RESULTS.md`; `--quick` takes small inputs and prints only. `benchmarks/jobs.md`
says what the jobs are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from environments import PEERS, Environment, environment
from results import Measured, Store, checks, explain, write_results

HERE = Path(__file__).resolve().parent
LONG_SECONDS = 300.0
"""A run that takes longer is not repeated."""
SLOW_SECONDS = 60.0
"""A run of stock Backtrader that takes longer is repeated as often as `--slow-repeats` says."""


@dataclass(frozen=True, slots=True)
class Peer:
    """An engine: the folder of its script, the package whose version counts, the jobs it can do.

    `runs` are made one after another in each process; the last is the warm one. `once` names jobs that no goal compares
    with and that take long.
    """

    folder: str
    package: str
    jobs: str
    runs: int = 1
    once: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


PEERS_BY_NAME: Mapping[str, Peer] = {
    "tradewind": Peer("tradewind", "tradewind", "abcde", runs=2),
    "tradewind.engine.Cerebro": Peer("tradewind_cerebro", "tradewind", "abcdh", once="abd"),
    "backtrader": Peer("backtrader", "backtrader", "abcdh"),
    "vectorbt": Peer("vectorbt", "vectorbt", "ade", runs=2),
    "vectorbt (Rust)": Peer("vectorbt", "vectorbt", "ad", runs=2, variables={"VECTORBT_ENGINE": "rust"}),
    "bt": Peer("bt", "bt", "ab", runs=2),
    "NautilusTrader": Peer("nautilus_trader", "nautilus_trader", "ab", once="b"),
    "backtesting.py": Peer("backtesting", "backtesting", "c", runs=2),
    "zipline-reloaded": Peer("zipline", "zipline-reloaded", "a", once="a"),
}
LONG_JOBS = "e"
"""Warm and cold make no difference to them: one run a process."""
GROWTH = {
    "symbols": tuple({"symbols": count, "bars": 2_520} for count in (125, 250, 500, 1_000)),
    "bars": tuple({"symbols": 500, "bars": count} for count in (1_260, 2_520, 5_040, 10_080)),
}


def prepare(job: str, folder: Path, *options: str) -> dict[str, object]:
    command = [sys.executable, str(HERE / "prepare.py"), job, str(folder), *options]
    subprocess.run(command, check=True)
    return json.loads((folder / "reference.json").read_text(encoding="utf-8"))


def run(peer: Peer, python: Path, job: str, folder: Path, *options: str, **variables: str) -> Measured:
    """Run a peer's script in a process of its own; a failure is part of the result."""
    script = PEERS / peer.folder / "script.py"
    command = [str(python), str(HERE / "measure.py"), str(script), job, str(folder), *options]
    quiet = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**quiet, **peer.variables, **variables}
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Measured(problem=lines[-1] if lines else f"exit code {done.returncode}")
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def measure(job: str, names: Sequence[str], found: Mapping[str, Environment], arguments: argparse.Namespace) -> dict:
    """Run one job on every peer in turn, as often as asked, and return what was measured by peer."""
    quick = ("--quick",) if arguments.quick else ()
    measured: dict[str, list[Measured]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        reference = prepare(job, Path(folder), *quick)
        for turn in range(arguments.repeats):
            for name in names:
                before, peer = measured[name], PEERS_BY_NAME[name]
                if before and (job in peer.once or _enough(name, before, arguments.slow_repeats)):
                    continue
                runs = 1 if job in LONG_JOBS else peer.runs
                one = run(peer, found[name].python, job, Path(folder), *quick, "--runs", str(runs))
                before.append(one)
                told = one.problem or f"{one.seconds:.3f} s, {one.peak_mb:.0f} MB"
                print(f"({job}) {turn + 1}/{arguments.repeats} {name}: {told}", flush=True)
        compiled = _first_ever(job, names, found, Path(folder), *quick)
    return {"reference": reference, "peers": measured, "compiled_seconds": compiled, "note": arguments.note}


def _enough(name: str, before: Sequence[Measured], slow_repeats: int) -> bool:
    first = before[0]
    if first.problem or first.seconds > LONG_SECONDS:
        return True
    return name == "backtrader" and first.seconds > SLOW_SECONDS and len(before) >= slow_repeats


def _first_ever(
    job: str, names: Sequence[str], found: Mapping[str, Environment], folder: Path, *options: str
) -> float | None:
    """Seconds of vectorbt's first run on a machine, which compiles; None where it is not asked."""
    if "vectorbt" not in names or job in LONG_JOBS:
        return None
    with tempfile.TemporaryDirectory() as cache:
        one = run(PEERS_BY_NAME["vectorbt"], found["vectorbt"].python, job, folder, *options, NUMBA_CACHE_DIR=cache)
    return None if one.problem else one.runs[0]["seconds"]


def growth(python: Path, repeats: int) -> dict[str, list[dict[str, float]]]:
    """Median warm seconds of job (a) on tradewind at several sizes."""
    table: dict[str, list[dict[str, float]]] = {}
    for axis, sizes in GROWTH.items():
        table[axis] = []
        for size in sizes:
            options = [text for name, count in size.items() for text in (f"--{name}", str(count))]
            with tempfile.TemporaryDirectory() as folder:
                prepare("a", Path(folder), *options)
                one = run(PEERS_BY_NAME["tradewind"], python, "a", Path(folder), "--runs", str(repeats + 1))
            if one.problem:
                raise SystemExit(f"(g) {size}: {one.problem}")
            seconds = sorted(each["seconds"] for each in one.runs[1:])[repeats // 2]
            table[axis].append({**size, "seconds": seconds, "peak_mb": one.peak_mb})
            print(f"(g) {size}: {seconds:.3f} s", flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", default="a,c,h,g,b,e,d", help="letters, in the order to run them")
    parser.add_argument("--peers", default="", help="names; empty: all")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--slow-repeats", type=int, default=5, help="of stock runs over a minute")
    parser.add_argument("--note", default="", help="what a reader must know of how this run was made")
    parser.add_argument("--quick", action="store_true", help="small inputs, printed only")
    parser.add_argument("--cache", type=Path, default=HERE.parent / "build" / "benchmarks")
    arguments = parser.parse_args()
    wanted = [name.strip() for name in arguments.peers.split(",") if name.strip()] or list(PEERS_BY_NAME)
    unknown = [name for name in wanted if name not in PEERS_BY_NAME]
    if unknown:
        raise SystemExit(f"--peers: no such peer {', '.join(unknown)}; there are: {'; '.join(PEERS_BY_NAME)}")
    found = {
        name: environment(PEERS_BY_NAME[name].folder, PEERS_BY_NAME[name].package, arguments.cache) for name in wanted
    }
    store = Store(arguments.cache / ("quick.json" if arguments.quick else "results.json"))
    store.add_versions({name: one.version or one.problem for name, one in found.items()})
    for job in arguments.jobs.replace(",", ""):
        if job == "g":
            if not arguments.quick:
                store.add("g", growth(Path(sys.executable), arguments.repeats))
            continue
        names = [name for name in wanted if job in PEERS_BY_NAME[name].jobs and found[name].python]
        store.add(job, measure(job, names, found, arguments))
        print("\n".join([explain(store, job), *checks(store, job)]), flush=True)
    if not arguments.quick:
        write_results(store, HERE / "RESULTS.md")


if __name__ == "__main__":
    main()
