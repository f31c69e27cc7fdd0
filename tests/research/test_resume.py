"""What is kept while a sweep runs, and how one goes on after any end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tradewind
from tests.research.conftest import GATE, LOOKBACK, TOP_N, TROUBLE
from tradewind.errors import ConfigError, UserError
from tradewind.research.sweep.api import run_sweep
from tradewind.research.sweep.store import SweepStore

GRID = {LOOKBACK: [10, 20, 30]}


def until(condition, seconds=30.0):
    """Wait for a condition, and return what it returns."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "points.jsonl").read_bytes().splitlines()]


@pytest.fixture
def gate(project):
    (project / "gate").mkdir()
    return project / "gate"


@pytest.fixture
def running(project, environment, gate):
    """A sweep whose first point is done and whose second waits at the gate."""
    (gate / "open-10").touch()
    command = [sys.executable, "-m", "tradewind", "sweep", "rotate.yaml", "--grid", f"{LOOKBACK}=10,20,30"]
    process = subprocess.Popen(
        [*command, "--set", f"{GATE}={gate}", "--jobs", "1"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    until(lambda: (gate / "started-20").exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    yield process
    with contextlib.suppress(ProcessLookupError):  # workers that outlive it would hold its pipes open
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def folder_of(project: Path) -> Path:
    (folder,) = (project / "sweeps").iterdir()
    return folder


def worker_at(gate: Path, lookback: int) -> int:
    return int((gate / f"started-{lookback}").read_text())


def open_all(gate: Path) -> None:
    for lookback in GRID[LOOKBACK]:
        (gate / f"open-{lookback}").touch()


def test_a_killed_sweep_goes_on_with_the_missing_points_only(project, config, gate, running, tradewind):
    running.kill()
    running.wait()
    folder = folder_of(project)
    assert [line["point"] for line in lines(folder)] == [1]
    assert not gone(worker_at(gate, 20))
    SweepStore(folder).close()
    open_all(gate)
    until(lambda: gone(worker_at(gate, 20)))
    whole = (folder / "points.jsonl").read_bytes()
    with (folder / "points.jsonl").open("ab") as file:
        file.write(b'{"point": 2, "parameters": {"sle')
    (gate / "started-10").unlink()
    done = tradewind("sweep", "--resume", folder, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "1 of them done before" in done.stderr
    assert (folder / "points.jsonl").read_bytes().startswith(whole)
    assert [line["point"] for line in lines(folder)] == [1, 2, 3]
    assert not (gate / "started-10").exists()
    fresh = run_sweep_of(config, gate)
    assert {line["decision_hash"] for line in lines(folder)} == set(fresh.points["decision_hash"])
    assert [line["metrics"]["sharpe"] for line in lines(folder)] == list(fresh.points.sort_values("point")["sharpe"])


def run_sweep_of(config, gate):
    open_all(gate)
    return tradewind.sweep(config, GRID, overrides=[f"{GATE}={gate}"], sweeps_directory=None)


def test_an_interrupted_sweep_finishes_what_runs_and_says_how_to_go_on(project, gate, running, tradewind):
    os.killpg(running.pid, signal.SIGINT)
    seen = []
    until(lambda: "finish first" in (seen.append(running.stderr.readline()) or seen[-1]))
    assert not gone(worker_at(gate, 20))
    open_all(gate)
    _, errors = running.communicate(timeout=60)
    folder = folder_of(project)
    assert running.returncode == 130
    assert "2 of 3 points are done; go on with: tradewind sweep --resume" in errors
    assert [line["point"] for line in lines(folder)] == [1, 2]
    assert len((folder / "results.csv").read_text().splitlines()) == 3
    assert "Sweep of 2 of 3 (interrupted) points" in (folder / "heatmap.html").read_text()
    done = tradewind("sweep", "--resume", folder)
    assert done.returncode == 0, done.stderr
    assert len(lines(folder)) == 3
    assert len((folder / "results.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_a_terminated_sweep_has_its_table_and_page_and_goes_on(project, gate, running, tradewind, send):
    send(running.pid, signal.SIGTERM)
    seen = []
    if send is os.kill:
        until(lambda: "finish first" in (seen.append(running.stderr.readline()) or seen[-1]))
    open_all(gate)
    output, errors = running.communicate(timeout=60)
    folder = folder_of(project)
    assert running.returncode == 130, errors
    done = 2 if send is os.kill else 1
    assert f"{done} of 3 points are done; go on with: tradewind sweep --resume" in errors
    assert f"best {done} of {done} points" in output
    assert [line["status"] for line in lines(folder)] == ["complete"] * done
    assert (folder / "heatmap.html").exists()
    assert tradewind("sweep", "--resume", folder).returncode == 0


def test_a_second_interruption_ends_at_once_and_leaves_no_worker(project, gate, running):
    os.killpg(running.pid, signal.SIGINT)
    until(lambda: "finish first" in running.stderr.readline())
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    until(lambda: gone(worker_at(gate, 20)))
    assert [line["point"] for line in lines(folder_of(project))] == [1]


def test_two_processes_cannot_run_one_sweep(project, gate, running, tradewind):
    done = tradewind("sweep", "--resume", folder_of(project))
    assert done.returncode == 1
    assert "another process is running this sweep" in done.stderr
    open_all(gate)
    running.communicate(timeout=60)
    assert running.returncode == 0


@pytest.fixture
def kept(config, project):
    """A finished sweep of which the last line is taken away."""
    result = tradewind.sweep(config, GRID, sweeps_directory=project / "sweeps", jobs=1)
    path = result.directory / "points.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    return result.directory


def test_a_finished_sweep_can_be_resumed_and_does_nothing(config, project):
    first = tradewind.sweep(config, GRID, sweeps_directory=project / "sweeps")
    before = (first.directory / "points.jsonl").read_bytes()
    again = tradewind.sweep(resume=first.directory)
    assert (first.directory / "points.jsonl").read_bytes() == before
    assert list(again.points["decision_hash"]) == list(first.points["decision_hash"])


def test_the_whole_command_may_be_repeated_and_must_be_the_same(config, kept):
    with pytest.raises(UserError, match=r"grid: .* then, .* now"):
        tradewind.sweep(config, {LOOKBACK: [10, 20, 31]}, resume=kept)
    with pytest.raises(UserError, match="start: None then, '2007-06-01' now"):
        tradewind.sweep(config, GRID, start="2007-06-01", resume=kept)
    result = tradewind.sweep(config, GRID, resume=kept)
    assert (result.status, len(result.points)) == ("complete", 3)


def test_another_metric_orders_a_resumed_sweep_anew(kept):
    result = tradewind.sweep(resume=kept, metric="max_drawdown")
    assert result.best["max_drawdown"] == result.points["max_drawdown"].min()


def test_a_changed_configuration_is_refused(config, kept):
    config.write_text(config.read_text().replace("50_000", "60_000"))
    with pytest.raises(UserError, match=r"cannot be continued(.|\n)*configuration: \w{12} then, \w{12} now"):
        tradewind.sweep(resume=kept)


def test_changed_code_is_refused_and_named(project, kept):
    (project / "rotate.py").write_text((project / "rotate.py").read_text() + "\n# changed\n")
    with pytest.raises(UserError, match=r"code of sleeves\.0\.strategy \S+: \w{12} then, \w{12} now"):
        tradewind.sweep(resume=kept)


def test_other_versions_are_refused_and_named(kept):
    path = kept / "sweep.yaml"
    path.write_text(path.read_text().replace("    numpy: ", "    numpy: 0"))
    with pytest.raises(UserError, match=r"versions of numpy: 0\S+ then"):
        tradewind.sweep(resume=kept)


def test_other_prices_are_refused(kept):
    path = kept / "points.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row | {"data_hash": "0" * 64}) + "\n" for row in rows))
    with pytest.raises(UserError, match="the feed delivers other prices than before: data hash 000000000000 then"):
        tradewind.sweep(resume=kept)


def test_what_is_no_sweep_is_refused(tmp_path, kept):
    with pytest.raises(UserError, match="no sweep there"):
        tradewind.sweep(resume=tmp_path)
    (kept / "points.jsonl").write_text('{"point": 1}\n')
    with pytest.raises(UserError, match=r"points\.jsonl:1: not a finished point"):
        tradewind.sweep(resume=kept)
    (kept / "sweep.yaml").write_text("schema_version: 99\n")
    with pytest.raises(UserError, match="another version"):
        tradewind.sweep(resume=kept)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _: "", "it has no schema_version"),
        (lambda _: "5", "it has no schema_version"),
        (lambda _: "a: [", "in line 1"),
        (lambda _: "\0", "it is no YAML text"),
        (lambda _: "schema_version: 1\nrequest: 5\n", "it has no mapping request"),
        (lambda text: text.replace("made_of:", "made_off:"), "it has no mapping made_of"),
        (lambda text: text.replace("  seed: 0\n", ""), "request.seed is missing"),
        (lambda text: text.replace("  seed: 0\n", "  seed: none\n"), "request.seed is 'none'"),
        (
            lambda text: text.replace("  overrides: []\n", "  overrides: [3]\n"),
            "request.overrides holds what is no text",
        ),
        (lambda text: text.replace("  points: []\n", "  points: [3]\n"), "request.points holds what is no mapping"),
    ],
)
def test_a_malformed_request_is_told_in_one_line(kept, change, why):
    path = kept / "sweep.yaml"
    path.write_text(change(path.read_text()))
    with pytest.raises(ConfigError) as caught:
        tradewind.sweep(resume=kept)
    assert "\n" not in str(caught.value)
    assert f"not what a sweep writes: {why}" in str(caught.value) or why == "in line 1"
    assert why in str(caught.value)


def test_failed_points_run_again_only_when_asked(config, project):
    grid = {TROUBLE: ["", "once"], TOP_N: [1]}
    first = tradewind.sweep(config, grid, sweeps_directory=project / "sweeps")
    assert first.failed == 1
    (project / "healed").touch()
    assert tradewind.sweep(resume=first.directory).failed == 1
    again = run_sweep(None, resume=first.directory, retry_failed=True)
    assert (again.failed, len(again.points)) == (0, 2)
    assert tradewind.sweep(resume=first.directory).failed == 0


def test_every_row_is_on_the_disk_before_the_next(config, project, monkeypatch):
    synced, seen = [], []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    add = SweepStore.add

    def spy(self, row):
        add(self, row)
        seen.append(len((self.directory / "points.jsonl").read_bytes()))

    monkeypatch.setattr(SweepStore, "add", spy)
    tradewind.sweep(config, GRID, sweeps_directory=project / "sweeps", jobs=1)
    assert synced == seen
    assert len(seen) == 3


def test_sweeps_of_one_second_get_folders_of_their_own(config, project):
    found = {tradewind.sweep(config, {TOP_N: [1]}, sweeps_directory=project / "sweeps").directory for _ in range(3)}
    assert len(found) == 3


def test_a_folder_that_cannot_be_written_is_refused(config, project):
    with pytest.raises(UserError, match=r"cannot write the sweep there .*; give another folder with --sweeps"):
        tradewind.sweep(config, {TOP_N: [1]}, sweeps_directory=config)
