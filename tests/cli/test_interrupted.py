"""What is kept of a run, and what is told, where a signal comes after its last bar."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_run_commands import CONFIG, STRATEGY, python, tradewind

AT_A_FILE = """
import errno, os, signal
from tradewind.runs import capsule

write, written = capsule._write_table, []


def write_table(path, table):
    write(path, table)
    written.append(path)
    if len(written) == 3:
        {happens}


capsule._write_table = write_table
"""
ONE = "os.kill(os.getpid(), signal.{signal})"
TWO = "[os.kill(os.getpid(), signal.SIGINT) for _ in range(2)]"
FULL = "raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "hold.py").write_text(STRATEGY)
    (tmp_path / "hold.yaml").write_text(CONFIG)
    return tmp_path


def run_with(source: str, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the configuration in a process that has executed ``source`` before."""
    return python(project, "-c", f"{source}\nfrom tradewind.cli import main\nmain()", "run", "hold.yaml", *arguments)


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_run_is_kept_whole_where_it_is_interrupted_while_it_is_written(project, number):
    done = run_with(AT_A_FILE.format(happens=ONE.format(signal=number)), project)
    assert done.returncode == 130, done.stderr
    (run,) = (project / "runs").iterdir()
    (listed,) = json.loads(tradewind(project, "runs", "list", "--json").stdout)
    assert (listed["run"], listed["status"]) == (run.name, "complete")
    assert not (run / "report.html").exists()
    assert (
        f"interrupted: the run is complete and kept in runs/{run.name}; no report was written, "
        f"`tradewind report {run.name}` writes them\n"
    ) in done.stderr
    assert done.stdout.endswith(f"run: runs/{run.name}\n")
    assert tradewind(project, "report", run.name).returncode == 0


def test_json_is_printed_of_a_run_that_is_interrupted_while_it_is_written(project):
    done = run_with(AT_A_FILE.format(happens=ONE.format(signal="SIGINT")), project, "--json", "--no-reports")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (130, "complete")
    assert done.stderr == f"interrupted: the run is complete and kept in {json.loads(done.stdout)['directory']}\n"


def test_a_second_interruption_ends_the_writing_and_leaves_nothing(project):
    done = run_with(AT_A_FILE.format(happens=TWO), project)
    assert (done.returncode, list((project / "runs").iterdir())) == (130, [])
    assert done.stderr.endswith("error: interrupted while the run was written; nothing of it is kept in runs\n")


def test_a_run_that_cannot_be_written_leaves_nothing(project):
    done = run_with(AT_A_FILE.format(happens=FULL), project)
    assert (done.returncode, list((project / "runs").iterdir())) == (1, [])
    assert done.stderr.endswith("error: cannot write: No space left on device; free some space or write elsewhere\n")


IN_THE_CHECK = """
import os, signal
from tradewind.runs import verification
from tradewind.verify import work

verification.PART_OF_RUN = 1e6
look, looked = work.look_ahead, []


def look_ahead(*arguments, **options):
    looked.append(1)
    if len(looked) == {cut}:
        os.kill(os.getpid(), signal.SIGINT)
    return look(*arguments, **options)


work.look_ahead = look_ahead
"""


def test_a_look_ahead_check_that_is_interrupted_says_so_and_keeps_the_run(project):
    done = run_with(IN_THE_CHECK.format(cut=4), project)
    assert done.returncode == 130, done.stderr
    (run,) = (project / "runs").iterdir()
    kept = json.loads((run / "result.json").read_text())
    verdict = kept["verification"]
    assert (kept["status"], verdict["cuts"], verdict["interrupted"], verdict["skipped"]) == ("complete", 4, True, "")
    assert verdict["sentence"].startswith("No look-ahead found at 4 cuts")
    assert verdict["sentence"].endswith(" Cut short: it was interrupted.")
    assert verdict["not_checked"][0] == "Further cuts: it was interrupted after 4."
    assert (
        f"interrupted: the run is complete and kept in runs/{run.name}; the look-ahead check was cut short; no report"
    ) in done.stderr


def test_a_look_ahead_check_that_had_ended_was_not_cut_short(project):
    done = run_with(IN_THE_CHECK.format(cut=12), project, "--no-reports", "--json")
    assert done.returncode == 130, done.stderr
    assert (json.loads(done.stdout)["verification"]["interrupted"], "cut short" in done.stderr) == (False, False)


def test_an_interruption_while_a_report_is_written_ends_with_130(project):
    (project / "own.py").write_text(
        "import os, signal\n\n\nclass Own:\n    def write(self, result, directory):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
    )
    source = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    done = run_with(source, project, "--no-verify", "--set", 'reports=[{python: "./own.py:Own"}]')
    (run,) = (project / "runs").iterdir()
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        130,
        f"error: interrupted while writing the report ./own.py:Own; the run is kept in runs/{run.name}, and "
        f"`tradewind report {run.name}` writes its reports",
    )
