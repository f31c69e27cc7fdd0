"""Run one peer's script for one job in this process and print what was measured, as JSON.

Usage: python benchmarks/measure.py SCRIPT JOB FOLDER [--runs 2] [--quick] [--points 6] [--profile FILE]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import importlib.util
import json
import pstats
import resource
import sys
import time
from pathlib import Path

from jobs import JOBS, POINTS, QUICK_POINTS, Script, Task, load_task


def load_scripts(path: Path) -> dict[str, Script]:
    sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location("peer_script", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["peer_script"] = module
    specification.loader.exec_module(module)
    return module.SCRIPTS


def peak_mb() -> float:
    """Peak of the largest process, this one or one it started."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024.0


def timed(script: Script, task: Task) -> dict[str, object]:
    gc.collect()
    start, busy = time.perf_counter(), time.process_time()
    answer = script.run(task)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    orders = answer.orders() if callable(answer.orders) else answer.orders
    return {"seconds": seconds, "processor_seconds": busy, "values": answer.values, "orders": orders}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("script", type=Path)
    parser.add_argument("job", choices=sorted(JOBS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--profile", type=Path)
    arguments = parser.parse_args()
    script = load_scripts(arguments.script.resolve())[arguments.job]
    points = (QUICK_POINTS if arguments.quick else POINTS) if arguments.job == "e" else ()
    task = load_task(arguments.folder, JOBS[arguments.job], script.form, points)
    loaded = peak_mb()
    if arguments.profile:
        profile(script, task, arguments.profile)
        return
    runs = [timed(script, task) for _ in range(arguments.runs)]
    print("\n" + json.dumps({"runs": runs, "fills": script.fills, "input_mb": loaded, "peak_mb": peak_mb()}))


def profile(script: Script, task: Task, path: Path) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(script.run, task)
    with path.open("w", encoding="utf-8") as out:
        pstats.Stats(profiler, stream=out).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
