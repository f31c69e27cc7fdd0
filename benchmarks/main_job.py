"""Wall time and peak memory of the commands a user waits for, each in a process of its own.

Usage: python benchmarks/main_job.py [REPEATS]
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "tradewind --help": (["--help"], "0.4 s"),
    "run regime_adaptive (33 years, reports)": (["run", "configs/regime_adaptive.yaml"], "10 s, 400 MB"),
    "run regime_adaptive --mode paper": (["run", "configs/regime_adaptive.yaml", "--mode", "paper"], "-"),
    "run quickstart": (["run", "configs/quickstart.yaml"], "-"),
}
MEASURE = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run([sys.executable, "-m", "tradewind", *sys.argv[1:]], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": code, "wall": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime,
                  "peak_mb": usage.ru_maxrss / 1024}))
"""


def measure(arguments: list[str], runs: str) -> dict[str, float]:
    keep = ["--runs", runs] if arguments[0] == "run" else []
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *arguments, *keep], cwd=ROOT, capture_output=True, text=True, check=True
    )
    measured = json.loads(done.stdout)
    if measured["code"] != 0:
        raise SystemExit(f"tradewind {' '.join(arguments)} ended with exit code {measured['code']}")
    return measured


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, median of {repeats}\n")
    print("| command | wall, s | processor, s | peak memory, MB | must hold |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as runs:
        for name, (arguments, wanted) in COMMANDS.items():
            measured = [measure(arguments, runs) for _ in range(repeats)]
            wall, cpu, peak = (statistics.median(one[key] for one in measured) for key in ("wall", "cpu", "peak_mb"))
            print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {wanted} |", flush=True)


if __name__ == "__main__":
    main()
