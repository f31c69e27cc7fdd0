"""The benchmark's jobs on small inputs: every engine at hand ends where a plain calculation does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def python(*arguments: object) -> str:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=BENCHMARKS).stdout


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folders: dict[str, Path] = {}

    def of(job: str) -> Path:
        if job not in folders:
            folders[job] = tmp_path_factory.mktemp(f"job_{job}")
            python("prepare.py", job, folders[job], "--quick")
        return folders[job]

    return of


ENGINES = {"tradewind": "abcde", "tradewind_cerebro": "abcdh", "backtrader": "abcdh"}


@pytest.mark.parametrize(("engine", "job"), [(engine, job) for engine, jobs in ENGINES.items() for job in jobs])
def test_an_engine_ends_where_the_reference_does(inputs, engine, job):
    folder = inputs(job)
    reference = json.loads((folder / "reference.json").read_text(encoding="utf-8"))["next_open"]
    printed = python("measure.py", f"peers/{engine}/script.py", job, folder, "--quick")
    (run,) = json.loads(printed.strip().splitlines()[-1])["runs"]
    assert run["values"] == pytest.approx(reference["values"], rel=1e-9)
    assert run["orders"] == reference["orders"]
    assert reference["orders"] is None or reference["orders"] > 50
