"""Measure the kill switch and the watchdog: `python benchmarks/kill_switch.py [--trials 20] [--orders 500]`.

A session in a process of its own rests many stops at a venue process and hangs. Each trial gives the command
`tradewind kill` and notes when the venue has nothing at work; the next process of the session must send nothing.
The venue counts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.orders.crash.scenario import ask_venue, start_venue  # noqa: E402 the path comes first
from tests.runs import hanging  # noqa: E402


def created(port: int) -> int:
    return len(ask_venue(port, {"op": "stats"})["created"])


def trial(orders: int, how: str) -> float:
    """Return the seconds until nothing was at work any more."""
    venue, port = start_venue()
    try:
        with tempfile.TemporaryDirectory() as folder:
            journal, file = Path(folder) / "journal.db", Path(folder) / "hang"
            file.touch()
            with hanging.started(port, journal, file, orders) as process:
                hanging.wait_for(lambda: Path(f"{file}.reached").exists(), process)
                assert hanging.at_work(port) == orders
                before = created(port)
                seconds = watched(port, journal) if how == "watchdog" else killed(port, journal)
                assert hanging.at_work(port) == 0
            file.unlink()
            with contextlib.redirect_stdout(sys.stderr):
                hanging.main(port, str(journal), str(file), orders)
            assert created(port) == before, "an order was accepted after the kill"
            return seconds
    finally:
        os.kill(venue, signal.SIGKILL)
        os.waitpid(venue, 0)


def killed(port: int, journal: Path) -> float:
    """Give the command, and return the seconds from its start until nothing is at work."""
    command = [sys.executable, "-m", "tradewind", "kill", hanging.NAME, "--journal", str(journal)]
    return seconds_until_quiet(port, command)


def watched(port: int, journal: Path) -> float:
    """Start a watchdog, and return the seconds until its policy is carried out."""
    command = [
        sys.executable,
        "-m",
        "tradewind",
        "watchdog",
        hanging.NAME,
        "--timeout",
        "30",
        "--policy",
        "kill",
        "--journal",
        str(journal),
    ]
    return seconds_until_quiet(port, command)


def seconds_until_quiet(port: int, command: list[str]) -> float:
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while hanging.at_work(port):
        time.sleep(0.005)
        assert process.poll() is None or not hanging.at_work(port), "the command ended and left orders"
    seconds = time.perf_counter() - begun
    process.terminate() if "watchdog" in command else process.wait(30.0)
    process.wait(30.0)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--how", choices=["kill", "watchdog"], default="kill")
    chosen = parser.parse_args()
    seconds = sorted(trial(chosen.orders, chosen.how) for _ in range(chosen.trials))
    print(
        f"{chosen.how}, {chosen.orders} orders at work, {chosen.trials} trials: until nothing was at work median "
        f"{seconds[len(seconds) // 2]:.3f} s, longest {seconds[-1]:.3f} s; no order accepted afterwards"
    )


if __name__ == "__main__":
    main()
