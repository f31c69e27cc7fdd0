"""`tradewind sweep`, as a user types it."""

import csv
import json

import pytest

from tests.research.conftest import LOOKBACK, TOP_N, TROUBLE


def test_a_grid_prints_the_best_and_where_everything_is(tradewind, project):
    done = tradewind("sweep", "rotate.yaml", "--grid", f"{TOP_N}=1,2,3", "--grid", f"{LOOKBACK}=20,60", "--top", 4)
    assert done.returncode == 0, done.stderr
    assert "best 4 of 6 points by Sharpe ratio" in done.stdout
    assert "Best of 6: expect luck." in done.stdout
    (folder,) = (project / "sweeps").iterdir()
    assert f"sweep: sweeps/{folder.name}" in done.stdout.splitlines()
    with (folder / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert [float(row["sharpe"]) for row in rows] == sorted((float(row["sharpe"]) for row in rows), reverse=True)
    assert {(row[TOP_N], row[LOOKBACK]) for row in rows} == {(n, b) for n in "123" for b in ("20", "60")}
    assert "<table" in (folder / "heatmap.html").read_text()


def test_without_a_terminal_there_is_a_line_a_point_on_stderr(tradewind):
    done = tradewind("sweep", "rotate.yaml", "--grid", f"{TOP_N}=1,2")
    told = [line for line in done.stderr.splitlines() if line.startswith(("1/2 ", "2/2 "))]
    assert len(told) == 2
    assert "top_n=" in told[0]
    assert "sharpe" in told[0]
    assert "best" in told[1]
    assert "\x1b" not in done.stderr


def test_json_is_the_only_thing_on_stdout_even_when_strategies_print(tradewind):
    done = tradewind("sweep", "rotate.yaml", "--grid", f"{TROUBLE}=print", "--grid", f"{TOP_N}=1,2", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert (document["asked"], document["finished"], document["failed"]) == (2, 2, 0)
    assert document["points"][0]["parameters"][TROUBLE] == "print"
    assert document["luck"]["trials"] == 2


def test_failed_points_are_told_and_end_with_exit_code_one(tradewind):
    done = tradewind("sweep", "rotate.yaml", "--grid", f"{TROUBLE}=raise,print", "--grid", f"{TOP_N}=1,2")
    assert done.returncode == 1
    assert "2 of 4 points failed" in done.stderr
    assert "failed: trouble=raise, top_n=1: " in done.stderr
    assert "told to fail" in done.stderr
    assert "best 2 of 4 points" in done.stdout
    assert "Traceback" not in done.stderr


def test_points_of_a_file_and_random_ones(tradewind, project):
    (project / "points.csv").write_text(f"{TOP_N},{LOOKBACK}\n1,20\n2,\n")
    done = tradewind("sweep", "rotate.yaml", "--points", "points.csv", "--json")
    assert done.returncode == 0, done.stderr
    given = {row["point"]: row["parameters"] for row in json.loads(done.stdout)["points"]}
    assert given == {1: {TOP_N: 1, LOOKBACK: 20}, 2: {TOP_N: 2}}
    arguments = ("sweep", "rotate.yaml", "--grid", f"{LOOKBACK}=10..80", "--random", 3, "--seed", 9, "--json")
    one, two = (json.loads(tradewind(*arguments).stdout)["points"] for _ in range(2))
    assert [row["parameters"] for row in one] == [row["parameters"] for row in two]
    assert all(10 <= row["parameters"][LOOKBACK] <= 80 for row in one)


def test_points_that_trade_nothing_are_not_compared(tradewind):
    done = tradewind("sweep", "rotate.yaml", "--grid", "share=0,0.0")
    assert (done.returncode, "best 1 of 1 points" in done.stdout) == (0, True), done.stderr
    assert "No point has a Sharpe ratio: there is nothing to compare." in done.stdout


def test_set_start_and_end_hold_for_all_points(tradewind):
    grid = ("--grid", f"{TOP_N}=1,2")
    plain = json.loads(tradewind("sweep", "rotate.yaml", *grid, "--json").stdout)
    changed = tradewind("sweep", "rotate.yaml", *grid, "--json", "--set", "account.cash=1000", "--start", "2008-01-02")
    assert {row["metrics"]["start_equity"] for row in plain["points"]} == {50_000.0}
    assert {row["metrics"]["start_equity"] for row in json.loads(changed.stdout)["points"]} == {1_000.0}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["rotate.yaml"], 1, "nothing to vary given; give --grid"),
        ([], 1, "no configuration"),
        (["--grid", "a=1"], 1, "--grid without a configuration"),
        (["rotate.yaml", "--resume", "x"], 1, "--resume knows the configuration"),
        (["--resume", "nowhere"], 1, "no sweep there"),
        (["rotat.yaml", "--grid", "a=1"], 1, "Did you mean 'rotate.yaml'?"),
        (["rotate.yaml", "--grid", "a"], 2, "expected path=value,value"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1..5"], 2, "give --random N"),
        (["rotate.yaml", "--grid", "sleeves.0.strategy.params.top_m=1"], 2, "Did you mean 'top_n'?"),
        (["rotate.yaml", "--grid", "sleeves.3.sizer=kelly"], 2, "sleeves is a list"),
        (["rotate.yaml", "--grid", f"{TOP_N}=many"], 2, "expected a whole number; received 'many'"),
        (["rotate.yaml", "--grid", "sizer=kely"], 3, "Did you mean 'kelly'?"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--set", 'data.symbols=["NONE"]'], 4, "NONE"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--metric", "sharp"], 2, "Did you mean 'sharpe'?"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--jobs", "0"], 1, "--jobs 0: out of range"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--jobs", "many"], 1, "--jobs"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--random", "0"], 1, "--random 0: out of range"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--seed", "3"], 1, "--seed 3: has no effect without --random"),
        (["rotate.yaml", "--grid", f"{TOP_N}=1", "--grid", "strategy.params.top_n=2"], 2, "given twice, first as"),
        (["rotate.yaml", "--points", "nowhere.csv"], 1, "cannot be read"),
        (["rotate.yaml", "--points", "rotate.py"], 1, "unknown kind of file"),
        (["rotate.yaml", "--points", "rotate.yaml"], 2, "expected a list of points"),
    ],
)
def test_bad_input_says_what_to_do_and_keeps_nothing(in_process, project, arguments, code, message):
    got, _, errors = in_process("sweep", *arguments)
    assert (got, "Traceback" in errors) == (code, False)
    assert message in errors
    assert not (project / "sweeps").exists() or not list((project / "sweeps").iterdir())


@pytest.fixture
def in_process(project, monkeypatch, capsys):
    """Run the command line here, which starts faster; for what ends before the first point."""
    from tradewind.cli import main

    monkeypatch.chdir(project)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run
