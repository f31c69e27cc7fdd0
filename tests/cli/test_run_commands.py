"""`run`, `runs`, `report`, `reproduce` and `compare`, as a user types them."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradewind.cli import main
from tradewind.cli.run import show
from tradewind.testing.results import make_result

STRATEGY = '''
from tradewind import Signals


class Hold:
    """Own everything."""

    schedule = "monthly"

    def __init__(self, from_bar: int = 0) -> None:
        self.warmup = from_bar

    def on_bar(self, market, portfolio):
        return Signals(scores=market.tradable.astype(float))
'''

CONFIG = """
name: hold
data: {feed: sample, symbols: [KO, XOM], references: {benchmark: SP500}, start: 2015-01-02, end: 2016-12-30}
strategy: {python: "./hold.py:Hold"}
sizer: equal_weight
reports: [html]
"""

SLOW = """
import os
import signal
from tradewind import Signals


class Slow:
    def on_bar(self, market, portfolio):
        if market.bar == 50:
            os.kill(os.getpid(), signal.SIGINT)
        return Signals(scores=market.tradable.astype(float))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "hold.py").write_text(STRATEGY)
    (tmp_path / "hold.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Return a function that runs a command in this process, as a shell would run it in the project's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        output = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code or 0, output.out, output.err)

    return run


def tradewind(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(project, "-m", "tradewind", *arguments)


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "120"},
    )


def test_run_prints_a_short_table_and_where_the_report_is(project):
    done = tradewind(project, "run", "hold.yaml")
    assert done.returncode == 0, done.stderr
    assert "CAGR" in done.stdout
    (report,) = [line for line in done.stdout.splitlines() if line.startswith("report: ")]
    assert (project / report.removeprefix("report: ")).is_file()
    assert "warning" not in done.stdout


def test_json_is_the_only_thing_on_stdout(project):
    done = tradewind(project, "run", "hold.yaml", "--json", "--no-reports")
    data = json.loads(done.stdout)
    assert data["schema_version"] == 1
    assert data["mode"] == "backtest"
    assert data["metrics"]["final_equity"] > 0


def test_paper_is_one_flag_and_the_same_decisions(project):
    backtest = json.loads(tradewind(project, "run", "hold.yaml", "--json").stdout)
    paper = json.loads(tradewind(project, "run", "hold.yaml", "--mode", "paper", "--json").stdout)
    assert paper["decision_hash"] == backtest["decision_hash"]


def test_live_refuses_with_exit_code_one(project, typed):
    done = typed("run", "hold.yaml", "--mode", "live")
    assert done.returncode == 1
    assert "refused before anything was sent" in done.stderr
    assert not (project / "runs").exists()


def test_kept_runs_are_listed_reported_reproduced_and_compared(project, typed):
    typed("run", "hold.yaml")
    typed("run", "hold.yaml", "--set", "sleeves.0.strategy.params.from_bar=30")
    runs = json.loads(typed("runs", "list", "--json").stdout)
    assert len(runs) == 2
    listed = typed("runs", "list").stdout
    assert all(run["decision_hash"][:8] in listed for run in runs)
    reproduced = typed("reproduce", "latest")
    assert reproduced.returncode == 0
    assert reproduced.stdout.startswith("reproduced: ")
    compared = typed("compare", runs[0]["run"], runs[1]["run"])
    assert compared.returncode == 0
    assert "decisions: different" in compared.stdout
    assert "parameter sleeves.0.strategy.params.from_bar" in compared.stdout
    report = typed("report", runs[0]["run"])
    assert Path(project / report.stdout.strip()).is_file()


def test_the_reports_of_the_configuration_are_written_again(project, typed):
    own = "class Own:\n    def write(self, result, directory):\n        path = directory / 'own.txt'\n"
    (project / "own.py").write_text(f"{own}        path.write_text(result.name)\n        return path\n")
    typed("run", "hold.yaml", "--no-reports", "--set", 'reports=[html, {python: "./own.py:Own"}]')
    done = typed("report", "latest")
    assert done.returncode == 0, done.stderr
    page, own = map(Path, done.stdout.split())
    assert (page.name, (project / own).read_text()) == ("report.html", "hold")
    (only,) = typed("report", "latest", "--report", "html").stdout.split()
    assert Path(only).name == "report.html"


def test_no_runs_yet_is_no_error_and_a_folder_that_is_not_there_is(project, typed):
    assert typed("runs", "list").returncode == 0
    done = typed("runs", "list", "--runs", "nonexist")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--runs nonexist: no such folder" in done.stderr


def test_a_terminated_run_is_kept_and_marked_partial(project):
    (project / "slow.py").write_text(SLOW.replace("SIGINT", "SIGTERM"))
    (project / "slow.yaml").write_text(CONFIG.replace("./hold.py:Hold", "./slow.py:Slow"))
    done = tradewind(project, "run", "slow.yaml", "--no-reports")
    assert done.returncode == 130, done.stderr
    (run,) = json.loads(tradewind(project, "runs", "list", "--json").stdout)
    assert run["status"] == "partial"


def test_a_changed_file_is_not_reproduced_and_says_what_changed(project, typed):
    typed("run", "hold.yaml", "--no-reports")
    (project / "hold.py").write_text(STRATEGY.replace("monthly", "weekly"))
    done = typed("reproduce", "latest")
    assert done.returncode == 1
    assert "NOT reproduced" in done.stdout
    assert "changed: sleeves.0.strategy" in done.stdout
    assert "first difference: bar" in done.stdout


def test_an_interrupt_keeps_a_partial_run(project):
    (project / "slow.py").write_text(SLOW)
    (project / "slow.yaml").write_text(CONFIG.replace("./hold.py:Hold", "./slow.py:Slow"))
    done = tradewind(project, "run", "slow.yaml", "--json")
    assert done.returncode == 130
    data = json.loads(done.stdout)
    assert data["status"] == "partial"
    (run,) = (project / "runs").iterdir()
    assert len((run / "equity.csv").read_text().splitlines()) == 52


def test_an_unwritable_place_for_runs_is_said(project, typed):
    (project / "runs").write_text("a file")
    done = typed("run", "hold.yaml")
    assert done.returncode == 1
    assert "name a folder for the run" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "hold.yml"), 1, "hold.yaml"),
        (("run", "hold.yaml", "--set", "sizer=equal_wait"), 3, "Did you mean 'equal_weight'"),
        (("run", "hold.yaml", "--set", "acount.cash=3"), 2, "Did you mean 'account'"),
        (("run", "hold.yaml", "--set", "data.symbols=[KOO]"), 4, "KO"),
        (("run", "hold.yaml", "--start", "2031-01-01", "--end", "2031-02-01"), 4, "2031"),
        (("reproduce", "nothing"), 1, "no run 'nothing'"),
        (("runs", "lisst"), 1, "Did you mean 'list'"),
        (("rum", "hold.yaml"), 1, "Did you mean 'run'"),
    ],
)
def test_every_mistake_ends_with_one_message_and_its_exit_code(project, arguments, code, words, typed):
    done = typed(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_strategy_that_raises_is_named_with_bar_and_line(project, typed):
    (project / "hold.py").write_text(
        STRATEGY.replace("return Signals", "1 / (market.bar - market.bar)\n        return Signals")
    )
    done = typed("run", "hold.yaml")
    assert done.returncode == 3
    assert "hold.py" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "at bar" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("return Signals", "raise SystemExit(0)\n        return Signals", "SystemExit"),
        ('schedule = "monthly"', 'schedule = "weakly"', "Did you mean 'weekly'"),
        ("self.warmup = from_bar", 'self.warmup = "x"', "expected the number of bars"),
        ("market.tradable.astype(float)", "market.tradable / 0.0", "infinite Signals.scores"),
        ("market.tradable.astype(float)", "market.tradable.astype(str)", "expected numbers"),
        ("return Signals", "market.fields['close'].base[-1] *= 2.0\n        return Signals", "prices are not what"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_strategy_that_breaks_its_contract_is_named(project, before, after, words, typed):
    (project / "hold.py").write_text(STRATEGY.replace(before, after))
    done = typed("run", "hold.yaml")
    assert done.returncode == 3, done.stderr
    assert words in done.stderr


def test_a_run_without_orders_says_so(project, typed):
    (project / "hold.py").write_text(STRATEGY.replace("return Signals", "return None\n        return Signals"))
    assert "no order was made" in typed("run", "hold.yaml").stderr


def test_one_damaged_run_hides_no_other(project, typed):
    typed("run", "hold.yaml", "--no-reports")
    broken = project / "runs" / "20000101T000000Z-broken-00000000"
    broken.mkdir()
    (broken / "result.json").write_text("{")
    done = typed("runs", "list")
    assert done.returncode == 0
    assert "hold" in done.stdout
    assert "not readable" in done.stderr


def test_no_unfinished_capsule_is_left_behind(project, typed):
    typed("run", "hold.yaml", "--no-reports")
    (run,) = (project / "runs").iterdir()
    assert not run.name.startswith(".")


def test_a_changed_journal_is_found(project, typed):
    typed("run", "hold.yaml", "--no-reports")
    (run,) = (project / "runs").iterdir()
    journal = run / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))
    done = typed("reproduce", "latest")
    assert done.returncode == 1
    assert "one of the two was changed" in done.stderr


def test_a_closed_output_is_no_crash(project):
    code = (
        "import os, subprocess, sys; os.close(1); "
        "sys.exit(subprocess.run([sys.executable, '-m', 'tradewind', 'version']).returncode)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "is closed" in done.stderr


def test_init_prints_a_command_that_a_shell_understands(tmp_path, typed):
    done = typed("init", "my desk")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("next: ")]
    change = line.removeprefix("next: ").partition(" && ")[0]
    moved = subprocess.run(["sh", "-c", f"{change} && pwd"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(moved.stdout.strip()) == tmp_path / "my desk"


@pytest.mark.parametrize(
    ("reports", "place"), [((), "2 more; see --verbose"), ((Path("r.txt"),), "2 more; see the report or --verbose")]
)
def test_further_warnings_are_where_it_says(capsys, reports, place):
    result = dataclasses.replace(make_result(), warnings=tuple("abcde"), reports=reports)
    show(result, as_json=False, verbose=False)
    assert place in capsys.readouterr().err
